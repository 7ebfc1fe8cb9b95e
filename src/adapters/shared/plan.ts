import type { CollectionName } from '../../keys/collections'
import type { UseRecord } from '../../keys/records'
import type { ReadMark } from '../../ports/storage'

/** A change on its way to a store, its value in the store's own form; null deletes the row. */
export type PendingChange = ReadMark & { readonly value: unknown }

/** One commit on its way to a store. */
export interface PendingCommit<C extends PendingChange> {
  readonly reads: readonly ReadMark[]
  readonly changes: readonly C[]
  /** Audit entries, each as JSON. */
  readonly entries: readonly string[]
  /** Wall clock of the newest of them, ms. */
  readonly newestMs: number
  readonly uses: readonly UseRecord[]
}

export interface CommitPlan<C extends PendingChange> {
  /** Whether each commit goes through, in the order given. */
  readonly accepted: readonly boolean[]
  /** What the accepted ones leave behind of each row that they change. `nextVersion` is 0 for a deleted row. */
  readonly changes: readonly { readonly change: C; readonly nextVersion: number }[]
  readonly entries: readonly string[]
  readonly newestMs: number
  /** The newest use of each key. */
  readonly uses: readonly UseRecord[]
  /** Keys that are gone afterwards; their last use goes with them. */
  readonly goneKeyIds: readonly string[]
}

/** One text per row; no collection name holds a slash. */
export const rowKey = (collection: CollectionName, id: string) => `${collection}/${id}`

/** Whether `use` replaces `known`: the later one does, and of two at the same time the one told last. */
export const isNewerUse = (use: UseRecord, known: UseRecord | undefined): boolean => !known || use.atMs >= known.atMs

/**
 * Decides a group of commits as if they came one after the other: each sees the rows as those accepted before left
 * them. `versionOf` answers the stored version, 0 for an absent row.
 */
export function planCommits<C extends PendingChange>(
  commits: readonly PendingCommit<C>[],
  versionOf: (collection: CollectionName, id: string) => number,
): CommitPlan<C> {
  const after = new Map<string, { readonly change: C; readonly nextVersion: number }>()
  const uses = new Map<string, UseRecord>()
  const entries: string[] = []
  let newestMs = 0
  const stands = (mark: ReadMark) =>
    mark.version === (after.get(rowKey(mark.collection, mark.id))?.nextVersion ?? versionOf(mark.collection, mark.id))

  const accepted = commits.map((commit) => {
    if (!commit.reads.every(stands) || !commit.changes.every(stands)) return false
    for (const change of commit.changes) {
      const nextVersion = change.value === null ? 0 : change.version + 1
      after.set(rowKey(change.collection, change.id), { change, nextVersion })
    }
    for (const use of commit.uses) if (isNewerUse(use, uses.get(use.keyId))) uses.set(use.keyId, use)
    for (const entry of commit.entries) entries.push(entry)
    newestMs = Math.max(newestMs, commit.newestMs)
    return true
  })
  const changes = [...after.values()]
  const goneKeyIds = changes
    .filter(({ change, nextVersion }) => change.collection === 'key' && nextVersion === 0)
    .map(({ change }) => change.id)
  return { accepted, changes, entries, newestMs, uses: [...uses.values()], goneKeyIds }
}
