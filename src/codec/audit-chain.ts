import { concatBytes, decodeHex, encodeHex, encodeUtf8 } from './bytes'

/** The last batch before some place of the log. */
export interface ChainLink {
  readonly sequence: number
  /** 64 hexadecimal digits. */
  readonly hash: string
}

/** A batch as it is read from the log. */
interface HashedBatch extends ChainLink {
  readonly entries: readonly unknown[]
}

/** What stands before the first batch, whose sequence is 1. */
export const chainStart: ChainLink = { sequence: 0, hash: '0'.repeat(64) }

/**
 * The hash of a batch: SHA-256(previous hash, 32 bytes ‖ the batch's entries as a JSON array in UTF-8), lower-case
 * hexadecimal. Throws a TypeError when `previousHex` is not 64 hexadecimal digits.
 */
export async function chainHash(previousHex: string, entriesJson: Bytes | string): Promise<string> {
  const previous = decodeHex(previousHex)
  if (previous?.length !== 32) throw new TypeError('A chain hash has 64 hexadecimal digits')
  const entries = typeof entriesJson === 'string' ? encodeUtf8(entriesJson) : entriesJson
  return encodeHex(new Uint8Array(await crypto.subtle.digest('SHA-256', concatBytes(previous, entries))))
}

/**
 * Checks batches in ascending order that follow `from`. Answers the sequence of the first one that is changed, missing
 * or out of order, undefined when all are sound. Entries are serialized again: JSON text that JSON.stringify made comes
 * out of parse and stringify unchanged.
 */
export async function verifyChain(batches: Iterable<HashedBatch>, from = chainStart): Promise<number | undefined> {
  let { sequence, hash } = from
  for (const batch of batches) {
    sequence += 1
    if (batch.sequence !== sequence) return sequence
    const expected = await chainHash(hash, JSON.stringify(batch.entries))
    if (batch.hash !== expected) return sequence
    hash = expected
  }
  return undefined
}
