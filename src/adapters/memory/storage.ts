import type { CollectionName, Collections, RowIndex } from '../../keys/collections'
import type { UseRecord } from '../../keys/records'
import type { AuditEntry } from '../../ports/audit'
import type { Change, MaintenancePort, Row, StoragePort } from '../../ports/storage'
import type { AuditPosition } from '../shared/audit-retention'
import { type ChainedBatch, chainEntries, logStart, positionOf } from '../shared/chain-entries'
import { indexOfChange, takeCommit } from '../shared/pending'
import { isNewerUse, type PendingCommit, planCommits } from '../shared/plan'
import { createGroupQueue } from '../shared/queue'
import { Table } from './table'

type MemoryChange = Change & { readonly index: RowIndex }

function takeChange(change: Change): MemoryChange {
  const copy = structuredClone(change)
  return { ...copy, index: indexOfChange(copy) }
}

/**
 * A store that lives as long as the object: for tests and for processes that keep nothing. Values are copied on their
 * way in and out, so that no caller can change what is stored.
 */
export function createMemoryStorage(): StoragePort & MaintenancePort {
  const tables = new Map<CollectionName, Table>()
  const lastUse = new Map<string, UseRecord>()
  /** The batch of sequence n is at n - 1. */
  const audit: ChainedBatch[] = []
  let last: AuditPosition = logStart

  function table(collection: CollectionName): Table {
    const found = tables.get(collection) ?? new Table()
    tables.set(collection, found)
    return found
  }

  function row<C extends CollectionName>(collection: C, id: string): Row<C> | undefined {
    const stored = table(collection).get(id)
    return stored && { id, version: stored.version, value: structuredClone(stored.value) as Collections[C] }
  }

  const rows = <C extends CollectionName>(collection: C, ids: readonly string[]): Row<C>[] =>
    ids.map((id) => row(collection, id)).filter((found) => found !== undefined)

  const commit = createGroupQueue<PendingCommit<MemoryChange>>({
    async flush(group) {
      const plan = planCommits(group, (collection, id) => table(collection).get(id)?.version ?? 0)
      const chained = await chainEntries(plan.entries, plan.newestMs, last)
      // From here on nothing waits and nothing throws: all or nothing.
      for (const { change, nextVersion } of plan.changes) {
        if (change.value === null) table(change.collection).delete(change.id)
        else table(change.collection).set(change.id, { version: nextVersion, value: change.value, index: change.index })
      }
      for (const use of plan.uses) if (isNewerUse(use, lastUse.get(use.keyId))) lastUse.set(use.keyId, use)
      for (const keyId of plan.goneKeyIds) lastUse.delete(keyId)
      audit.push(...chained)
      last = positionOf(chained.at(-1) ?? last)
      return plan.accepted
    },
  })

  return {
    read: async (collection, id) => row(collection, id),
    list: async (collection, query) => rows(collection, table(collection).list(query)),
    commit: async (commits) => commit(takeCommit(commits, takeChange)),
    lastUse: async (keyId) => {
      const use = lastUse.get(keyId)
      return use && { ...use }
    },
    readAudit: async ({ before = audit.length + 1, limit }) => {
      const end = Math.max(0, Math.min(before - 1, audit.length))
      const start = Math.max(0, end - limit)
      return audit
        .slice(start, end)
        .map(({ sequence, hash, entries }) => ({ sequence, hash, entries: JSON.parse(entries) as AuditEntry[] }))
        .reverse()
    },
    listDue: async (collection, nowMs, limit) => rows(collection, table(collection).listDue(nowMs, limit)),
    nextDueMs: async (collection) => table(collection).nextDueMs(),
    listSealedByOthers: async (collection, rootId, limit) =>
      rows(collection, table(collection).listSealedByOthers(rootId, limit)),
    countSealed: async (collection) => table(collection).countSealed(),
  }
}
