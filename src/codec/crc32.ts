/** Of each byte its remainder, lowest bit first: polynomial 0x04C11DB7 reflected. */
const remainders = Int32Array.from({ length: 256 }, (_, byte) => {
  let remainder = byte
  for (let bit = 0; bit < 8; bit++) remainder = (remainder >>> 1) ^ (remainder & 1 ? 0xedb88320 : 0)
  return remainder
})

/**
 * CRC-32 of IEEE 802.3, as zlib and gzip have it (RFC 1952 section 8), of the first `length` bytes: an unsigned number.
 * Finds accidents. It hides and proves nothing: whoever changes the bytes can change it too.
 */
export function crc32(bytes: Uint8Array, length = bytes.length): number {
  let remainder = -1
  for (let i = 0; i < length; i++) {
    remainder = (remainder >>> 8) ^ (remainders[(remainder ^ (bytes[i] as number)) & 0xff] as number)
  }
  return ~remainder >>> 0
}
