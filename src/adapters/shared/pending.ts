import { encodeUtf8 } from '../../codec/bytes'
import { type CollectionName, type Collections, type RowIndex, rowIndex } from '../../keys/collections'
import type { Change, Commit } from '../../ports/storage'
import { type PendingChange, type PendingCommit, rowKey } from './plan'

/** How many UTF-8 bytes one stored value may have: a Durable Object refuses rows over 2 MB, other columns included. */
export const maxValueBytes = 1_900_000

/**
 * Takes a commit over from its caller: nothing in the result can be changed by the caller any more, and what cannot be
 * stored is refused here, before it joins a group, so that it harms nobody else. Throws a RangeError for a value over
 * maxValueBytes and a TypeError for a row that is changed twice; what `take` throws.
 */
export function takeCommit<C extends PendingChange>(commit: Commit, take: (change: Change) => C): PendingCommit<C> {
  const entries: string[] = []
  const uses = []
  let newestMs = 0
  for (const append of commit.appends) {
    if (append.kind === 'use') uses.push({ ...append.use })
    else {
      requireFits(append.json, 'audit entry')
      entries.push(append.json)
      newestMs = Math.max(newestMs, append.wallMs)
    }
  }
  const changed = new Set(commit.changes.map((change) => rowKey(change.collection, change.id)))
  if (changed.size !== commit.changes.length) throw new TypeError('A commit changes a row twice')
  const reads = commit.reads.map(({ collection, id, version }) => ({ collection, id, version }))
  return { reads, changes: commit.changes.map(take), entries, newestMs, uses }
}

/** What the store can look the new row up by; nothing for a deletion. */
export function indexOfChange({ collection, value }: Change): RowIndex {
  if (value === null) return {}
  // Value and index function belong to the same collection, which the union no longer shows.
  const indexOf = rowIndex[collection] as (value: Collections[CollectionName]) => RowIndex
  return indexOf(value)
}

/** Throws a RangeError, without any of the text in it. */
export function requireFits(text: string, what: string): void {
  if (text.length * 3 <= maxValueBytes) return
  const byteLength = encodeUtf8(text).length
  if (byteLength > maxValueBytes) {
    throw new RangeError(`The ${what} has ${byteLength} bytes; a stored value has at most ${maxValueBytes}`)
  }
}
