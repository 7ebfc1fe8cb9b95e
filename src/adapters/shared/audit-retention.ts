import type { ChainLink } from '../../codec/audit-chain'

/** How much of the log is kept: whichever limit is reached first. */
export interface AuditLimits {
  readonly days: number
  /** UTF-8 bytes of the entries. */
  readonly bytes: number
}

/** A place in the log with what was written up to and including it, since the log began. */
export interface AuditPosition extends ChainLink {
  readonly totalEntries: number
  readonly totalBytes: number
}

export interface LoggedBatch extends AuditPosition {
  /** Wall clock of its newest entry, ms. */
  readonly atMs: number
}

/** Oldest batches on their way out, whole: the chain from `previousHash` to the last hash can be verified from it. */
export interface AuditSegment {
  readonly previousHash: string
  /** Ascending by sequence; `entries` is the JSON array that was hashed. */
  readonly batches: readonly { readonly sequence: number; readonly hash: string; readonly entries: string }[]
}

const dayMs = 86_400_000

/** Whether a batch whose newest entry is from `atMs` has reached the age limit. */
export const isExpired = (atMs: number, limits: AuditLimits, nowMs: number): boolean =>
  nowMs - atMs > limits.days * dayMs

/**
 * How many of the oldest batches have to go.
 *
 * In: `oldest`, ascending, the beginning of what is kept; `droppedBytes` and `writtenBytes`, totals since the log began;
 *     `writtenBytes` may count batches that are just being written.
 */
export function countToDrop(
  oldest: readonly LoggedBatch[],
  droppedBytes: number,
  writtenBytes: number,
  limits: AuditLimits,
  nowMs: number,
): number {
  let before = droppedBytes
  let count = 0
  for (const batch of oldest) {
    if (writtenBytes - before <= limits.bytes && !isExpired(batch.atMs, limits, nowMs)) break
    before = batch.totalBytes
    count += 1
  }
  return count
}
