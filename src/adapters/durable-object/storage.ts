import type { UseRecord } from '../../keys/records'
import type { MaintenancePort, StoragePort } from '../../ports/storage'
import { takeCommit } from '../shared/pending'
import { type PendingCommit, planCommits } from '../shared/plan'
import { createGroupQueue } from '../shared/queue'
import type { CacheLimits } from '../shared/row-cache'
import { AuditLog, type AuditOptions, type AuditTotals } from './audit-log'
import { createGather } from './gather'
import { RowTable, type SqlChange, takeChange } from './rows'
import { migrate } from './schema'

export interface SqlStorageOptions {
  readonly audit: AuditOptions
  /** Wall clock, ms: the age of audit batches. */
  readonly now?: () => number
  /** How many calls the object is working on, this one included: lets a lone call write without waiting. */
  readonly inFlight?: () => number
  readonly cache?: CacheLimits
}

export interface SqlStorage extends StoragePort, MaintenancePort {
  auditTotals(): AuditTotals
  /** For the object's alarm: one bounded step of archiving and dropping. Answers whether there is more to do. */
  maintainAudit(): Promise<boolean>
  /** What the row cache holds now. */
  cached(): CacheLimits
}

const defaultCache: CacheLimits = { rows: 20_000, bytes: 24 * 1024 * 1024 }

/**
 * The store of one SQLite-backed Durable Object, which must be the only one over its database: it keeps rows in memory.
 *
 * Commits that arrive together are written in one transaction, with one audit row, and so share one fsync. A group that
 * cannot be written leaves nothing behind and rejects all its commits; the next group is not affected.
 *
 * Durability rests on the output gate of the runtime: a commit resolves when its transaction is done in SQLite, and no
 * reply or other message leaves the object before that transaction is on disk. If the disk fails the runtime ends the
 * object and its callers get an error instead of the reply.
 */
export function createSqlStorage(storage: DurableObjectStorage, options: SqlStorageOptions): SqlStorage {
  migrate(storage)
  const { sql } = storage
  const rows = new RowTable(sql, options.cache ?? defaultCache)
  const audit = new AuditLog(storage, options.audit, options.now ?? Date.now)
  const gather = createGather(options.inFlight)

  const commit = createGroupQueue<PendingCommit<SqlChange>>({
    gather: (waiting) => (gather.shouldWait(waiting) ? new Promise((resolve) => setTimeout(resolve, 0)) : undefined),
    async flush(group) {
      gather.note(group.length)
      const plan = planCommits(group, (collection, id) => rows.find(collection, id)?.version ?? 0)
      const append = await audit.prepare(plan.entries, plan.newestMs)
      storage.transactionSync(() => {
        for (const { change, nextVersion } of plan.changes) rows.write(change, nextVersion)
        for (const use of plan.uses) writeUse(sql, use)
        for (const keyId of plan.goneKeyIds) sql.exec('DELETE FROM last_use WHERE key_id = ?', keyId)
        audit.write(append)
      })
      for (const { change, nextVersion } of plan.changes) rows.remember(change, nextVersion)
      audit.remember(append)
      return plan.accepted
    },
  })

  return {
    read: async (collection, id) => rows.find(collection, id),
    list: async (collection, query) => rows.list(collection, query),
    commit: async (one) => commit(takeCommit(one, takeChange)),
    lastUse: async (keyId) => readUse(sql, keyId),
    readAudit: async (query) => audit.read(query),
    listDue: async (collection, nowMs, limit) => rows.listDue(collection, nowMs, limit),
    nextDueMs: async (collection) => rows.nextDueMs(collection),
    listSealedByOthers: async (collection, rootId, limit) => rows.listSealedByOthers(collection, rootId, limit),
    countSealed: async (collection) => rows.countSealed(collection),
    auditTotals: () => audit.totals(),
    maintainAudit: () => audit.maintain(),
    cached: () => rows.cached,
  }
}

/** Of two uses at the same time the one told last stays, as isNewerUse says. */
function writeUse(sql: DurableObjectStorage['sql'], use: UseRecord): void {
  sql.exec(
    `INSERT INTO last_use (key_id, at, value) VALUES (?, ?, ?)
      ON CONFLICT (key_id) DO UPDATE SET at = excluded.at, value = excluded.value WHERE excluded.at >= at`,
    use.keyId,
    use.atMs,
    JSON.stringify(use),
  )
}

function readUse(sql: DurableObjectStorage['sql'], keyId: string): UseRecord | undefined {
  const row = sql.exec<{ value: string }>('SELECT value FROM last_use WHERE key_id = ?', keyId).toArray()[0]
  return row && (JSON.parse(row.value) as UseRecord)
}
