import { chainHash, chainStart } from '../../codec/audit-chain'
import { encodeUtf8 } from '../../codec/bytes'
import type { AuditPosition, LoggedBatch } from './audit-retention'

/** A batch as it is stored: `entries` is the JSON array that was hashed. */
export type ChainedBatch = LoggedBatch & { readonly entries: string }

export const logStart: AuditPosition = { ...chainStart, totalEntries: 0, totalBytes: 0 }

/** Rows of the log stay well below what a store takes, so that reading a page of them stays small; UTF-16 code units. */
const batchLength = 262_144

/** Makes batches that follow `last` of entries, each given as JSON; all from about `newestMs`, wall clock. */
export async function chainEntries(
  entries: readonly string[],
  newestMs: number,
  last: AuditPosition,
): Promise<ChainedBatch[]> {
  const batches: ChainedBatch[] = []
  let previous = last
  for (const group of splitEntries(entries)) {
    const text = `[${group.join(',')}]`
    const bytes = encodeUtf8(text)
    const batch = {
      sequence: previous.sequence + 1,
      hash: await chainHash(previous.hash, bytes),
      atMs: newestMs,
      totalEntries: previous.totalEntries + group.length,
      totalBytes: previous.totalBytes + bytes.length,
      entries: text,
    }
    batches.push(batch)
    previous = batch
  }
  return batches
}

/** In order, in groups of about batchLength at most; a larger entry stands alone. */
function splitEntries(entries: readonly string[]): string[][] {
  const groups: string[][] = []
  let length = Number.POSITIVE_INFINITY
  for (const entry of entries) {
    if (length + entry.length > batchLength) {
      groups.push([])
      length = 0
    }
    groups.at(-1)?.push(entry)
    length += entry.length
  }
  return groups
}

export const positionOf = ({ sequence, hash, totalEntries, totalBytes }: AuditPosition): AuditPosition => ({
  sequence,
  hash,
  totalEntries,
  totalBytes,
})
