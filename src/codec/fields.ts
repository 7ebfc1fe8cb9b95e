import { concatBytes, encodeUtf8 } from './bytes'

/** The longest field that the 16-bit length can state. */
export const maxFieldBytes = 0xffff

/**
 * Fields one after another, each preceded by its length in two bytes, big-endian: no two lists give the same bytes.
 * Text is UTF-8. For info strings and additional authenticated data (docs/formats.md, field lists).
 * Throws RangeError for a field over 65,535 bytes and for text with a lone surrogate, which UTF-8 cannot tell apart.
 */
export function encodeFields(...fields: readonly (string | Uint8Array)[]): Bytes {
  const parts: Uint8Array[] = []
  for (const field of fields) {
    if (typeof field === 'string' && !field.isWellFormed()) throw new RangeError('a field is not well-formed text')
    const bytes = typeof field === 'string' ? encodeUtf8(field) : field
    if (bytes.length > maxFieldBytes) throw new RangeError('a field is too long')
    parts.push(Uint8Array.of(bytes.length >> 8, bytes.length & 0xff), bytes)
  }
  return concatBytes(...parts)
}
