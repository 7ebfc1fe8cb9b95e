import type { IDBPTransaction } from 'idb'
import type { RowIndex } from '../../keys/collections'
import type { Change, ReadMark } from '../../ports/storage'
import { type AuditLimits, type AuditPosition, countToDrop } from '../shared/audit-retention'
import { type ChainedBatch, logStart, positionOf } from '../shared/chain-entries'
import { type CommitPlan, isNewerUse, rowKey } from '../shared/plan'
import type { Database, StoredRow, StoreSchema } from './schema'

export type IndexedDbChange = Change & { readonly index: RowIndex }

/** What a commit was planned on. */
export interface Seen {
  readonly last: AuditPosition
  /** By rowKey. */
  readonly versions: ReadonlyMap<string, number>
}

/** The oldest batches that one transaction looks at. */
const stepBatches = 64
const storeNames = ['rows', 'lastUse', 'audit', 'auditHead'] as const
type Writing = IDBPTransaction<StoreSchema, typeof storeNames, 'readwrite'>

/**
 * Writes a plan in one transaction, provided that everything is still as it was when the plan was made; answers
 * undefined then, else what it found instead, having written nothing. Rows are on disk when it resolves (durability
 * strict); appends alone are handed to the operating system (relaxed).
 */
export async function writeUnlessMoved(
  db: Database,
  seen: Seen,
  marks: readonly ReadMark[],
  plan: CommitPlan<IndexedDbChange>,
  batches: readonly ChainedBatch[],
): Promise<Seen | undefined> {
  const durability = plan.changes.length > 0 ? 'strict' : 'relaxed'
  return transact(db, durability, async (tx, issue) => {
    const rows = tx.objectStore('rows')
    const [last = logStart, ...stored] = await Promise.all([
      tx.objectStore('auditHead').get('last'),
      ...marks.map((mark) => rows.get([mark.collection, mark.id])),
    ])
    const versions = new Map(marks.map((mark, i) => [rowKey(mark.collection, mark.id), stored[i]?.version ?? 0]))
    const moved = [...versions].some(([key, version]) => seen.versions.get(key) !== version)
    if (moved || last.hash !== seen.last.hash) return { last, versions }

    for (const { change, nextVersion } of plan.changes) {
      if (change.value === null) issue(rows.delete([change.collection, change.id]))
      else issue(rows.put(toStored(change, nextVersion)))
    }
    for (const batch of batches) issue(tx.objectStore('audit').add(batch))
    const newest = batches.at(-1)
    if (newest) issue(tx.objectStore('auditHead').put(positionOf(newest), 'last'))
    const lastUse = tx.objectStore('lastUse')
    const known = await Promise.all(plan.uses.map((use) => lastUse.get(use.keyId)))
    plan.uses.forEach((use, i) => {
      if (isNewerUse(use, known[i])) issue(lastUse.put(use))
    })
    for (const keyId of plan.goneKeyIds) issue(lastUse.delete(keyId))
    return undefined
  })
}

/** Drops some of the oldest batches when the log is past its limits, leaving hash and count of the last of them. */
export function dropOldest(db: Database, limits: AuditLimits, nowMs: number): Promise<void> {
  return transact(db, 'relaxed', async (tx, issue) => {
    const [last = logStart, dropped = logStart, oldest] = await Promise.all([
      tx.objectStore('auditHead').get('last'),
      tx.objectStore('auditHead').get('dropped'),
      tx.objectStore('audit').getAll(undefined, stepBatches),
    ])
    const count = countToDrop(oldest, dropped.totalBytes, last.totalBytes, limits, nowMs)
    const drop = oldest[count - 1]
    if (!drop) return
    issue(tx.objectStore('audit').delete(IDBKeyRange.upperBound(drop.sequence)))
    issue(tx.objectStore('auditHead').put(positionOf(drop), 'dropped'))
  })
}

/**
 * All or nothing: whatever fails, a request, the transaction or `work` itself, undoes everything and is thrown. Nothing
 * but requests of the transaction may be awaited in `work`. Requests handed to `issue` need not be awaited.
 */
async function transact<T>(
  db: Database,
  durability: 'strict' | 'relaxed',
  work: (tx: Writing, issue: (request: Promise<unknown>) => void) => Promise<T>,
): Promise<T> {
  const tx = db.transaction(storeNames, 'readwrite', { durability })
  const issued: Promise<unknown>[] = []
  try {
    const result = await work(tx, (request) => issued.push(request))
    await Promise.all([...issued, tx.done])
    return result
  } catch (error) {
    try {
      tx.abort()
    } catch (late) {
      // A transaction that has ended by itself says so; any other fault is worth knowing.
      if (!(late instanceof DOMException && late.name === 'InvalidStateError')) throw late
    }
    await Promise.allSettled([...issued, tx.done])
    throw error
  }
}

function toStored(change: IndexedDbChange, version: number): StoredRow {
  const { owner, dueAtMs, sealedBy } = change.index
  return {
    collection: change.collection,
    id: change.id,
    version,
    ...(owner !== undefined && { owner }),
    ...(dueAtMs !== undefined && { due: dueAtMs }),
    ...(sealedBy !== undefined && { sealedBy }),
    value: change.value,
  }
}
