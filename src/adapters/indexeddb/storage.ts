import { openDB } from 'idb'
import type { CollectionName, Collections } from '../../keys/collections'
import type { AuditEntry } from '../../ports/audit'
import type { Change, MaintenancePort, ReadMark, Row, StoragePort } from '../../ports/storage'
import type { AuditLimits, AuditPosition } from '../shared/audit-retention'
import { chainEntries, logStart, positionOf } from '../shared/chain-entries'
import { indexOfChange, takeCommit } from '../shared/pending'
import { type PendingCommit, planCommits, rowKey } from '../shared/plan'
import { createGroupQueue } from '../shared/queue'
import { type Database, type StoredRow, type StoreSchema, upgrades } from './schema'
import { dropOldest, type IndexedDbChange, type Seen, writeUnlessMoved } from './write'

export interface IndexedDbOptions {
  /** 90 days and 64 MiB unless given. */
  readonly audit?: AuditLimits
  /** Wall clock, ms: the age of audit batches. */
  readonly now?: () => number
  /** Another page holds an older version of the database open; opening goes on once that page lets go. */
  readonly onBlocked?: () => void
}

export interface IndexedDbStorage extends StoragePort, MaintenancePort {
  close(): void
}

/** Between looks at the limits of the log so many groups of commits are written. */
const groupsPerDrop = 16
const defaultAudit: AuditLimits = { days: 90, bytes: 64 * 1024 * 1024 }

/**
 * The store of one origin in IndexedDB, shared by all its pages and workers: nothing is kept in memory but the place in
 * the audit chain, and that is checked in each commit. Hashes are made before a transaction opens; when another page was
 * faster the commit is planned and hashed again, so each time somebody makes progress. CryptoKeys are kept as they are.
 *
 * A page that wants a newer version gets it at once: this store then closes, and every later call rejects.
 * Rejects with a VersionError when the database is of a newer version already.
 */
export async function openIndexedDbStorage(name: string, options: IndexedDbOptions = {}): Promise<IndexedDbStorage> {
  let closed: string | undefined
  const connection: Database = await openDB<StoreSchema>(name, upgrades.length, {
    upgrade(db, oldVersion, _newVersion, transaction) {
      for (const step of upgrades.slice(oldVersion)) step(db, transaction)
    },
    blocked: () => options.onBlocked?.(),
    blocking() {
      closed = 'another page needs a newer version of it; reload this page'
      connection.close()
    },
    terminated() {
      closed = 'the browser has ended it'
    },
  })
  const database = (): Database => {
    if (closed !== undefined) throw new Error(`The store ${name} is closed: ${closed}`)
    return connection
  }

  let last: AuditPosition = (await connection.get('auditHead', 'last')) ?? logStart
  let groups = 0
  const dropIfDue = async () => {
    if (groups++ % groupsPerDrop > 0) return
    await dropOldest(database(), options.audit ?? defaultAudit, (options.now ?? Date.now)())
  }

  const commit = createGroupQueue<PendingCommit<IndexedDbChange>>({
    async flush(group) {
      await dropIfDue()
      const marks = distinctMarks(group)
      let seen: Seen = { last, versions: new Map(marks.map((m) => [rowKey(m.collection, m.id), m.version])) }
      for (;;) {
        const { versions } = seen
        const plan = planCommits(group, (collection, id) => versions.get(rowKey(collection, id)) ?? 0)
        const batches = await chainEntries(plan.entries, plan.newestMs, seen.last)
        const found = await writeUnlessMoved(database(), seen, marks, plan, batches)
        if (!found) {
          last = positionOf(batches.at(-1) ?? seen.last)
          return plan.accepted
        }
        seen = found
      }
    },
  })

  /** Ids that follow `past` among those that begin with `prefix`: an array sorts after every string. */
  const following = (prefix: readonly IDBValidKey[], past?: string) =>
    IDBKeyRange.bound(past === undefined ? prefix : [...prefix, past], [...prefix, []], past !== undefined)

  async function rootIds(collection: CollectionName): Promise<string[]> {
    const roots: string[] = []
    const index = database().transaction('rows').store.index('sealedBy')
    let cursor = await index.openKeyCursor(following([collection]))
    while (cursor) {
      const root = cursor.key[1]
      roots.push(root)
      cursor = await cursor.continue([collection, root, []] as unknown as typeof cursor.key)
    }
    return roots
  }

  return {
    async read<C extends CollectionName>(collection: C, id: string) {
      const stored = await database().get('rows', [collection, id])
      return stored && toRow<C>(stored)
    },
    async list<C extends CollectionName>(
      collection: C,
      { owner, after, limit }: { owner?: string; after?: string; limit: number },
    ) {
      const rows =
        owner === undefined
          ? await database().getAll('rows', following([collection], after), limit)
          : await database().getAllFromIndex('rows', 'owner', following([collection, owner], after), limit)
      return rows.map(toRow<C>)
    },
    commit: async (one) => {
      database()
      return commit(takeCommit(one, takeChange))
    },
    lastUse: async (keyId) => database().get('lastUse', keyId),
    async readAudit({ before = Number.POSITIVE_INFINITY, limit }) {
      const batches = []
      const range = IDBKeyRange.upperBound(before, true)
      let cursor = limit > 0 ? await database().transaction('audit').store.openCursor(range, 'prev') : null
      while (cursor) {
        const { sequence, hash, entries } = cursor.value
        batches.push({ sequence, hash, entries: JSON.parse(entries) as AuditEntry[] })
        cursor = batches.length < limit ? await cursor.continue() : null
      }
      return batches
    },
    async listDue<C extends CollectionName>(collection: C, nowMs: number, limit: number) {
      const range = IDBKeyRange.bound([collection], [collection, nowMs, []])
      return (await database().getAllFromIndex('rows', 'due', range, limit)).map(toRow<C>)
    },
    async nextDueMs(collection) {
      const cursor = await database()
        .transaction('rows')
        .store.index('due')
        .openKeyCursor(following([collection]))
      return cursor?.key[1]
    },
    async listSealedByOthers<C extends CollectionName>(collection: C, rootId: string, limit: number) {
      const others = (await rootIds(collection)).filter((other) => other !== rootId)
      const rows = await Promise.all(
        others.map((other) => database().getAllFromIndex('rows', 'sealedBy', following([collection, other]), limit)),
      )
      return rows
        .flat()
        .sort((a, b) => (a.id < b.id ? -1 : 1))
        .slice(0, limit)
        .map(toRow<C>)
    },
    async countSealed(collection) {
      const counts = new Map<string, number>()
      for (const rootId of await rootIds(collection)) {
        counts.set(rootId, await database().countFromIndex('rows', 'sealedBy', following([collection, rootId])))
      }
      return counts
    },
    close() {
      closed ??= 'its owner has closed it'
      connection.close()
    },
  }
}

function takeChange(change: Change): IndexedDbChange {
  const copy = structuredClone(change)
  return { ...copy, index: indexOfChange(copy) }
}

/** The rows that a group names, each once, with the version that is claimed first. */
function distinctMarks(group: readonly PendingCommit<IndexedDbChange>[]): ReadMark[] {
  const marks = new Map<string, ReadMark>()
  for (const { reads, changes } of group) {
    for (const mark of [...reads, ...changes]) {
      const key = rowKey(mark.collection, mark.id)
      if (!marks.has(key)) marks.set(key, mark)
    }
  }
  return [...marks.values()]
}

const toRow = <C extends CollectionName>({ id, version, value }: StoredRow): Row<C> => ({
  id,
  version,
  value: value as Collections[C],
})
