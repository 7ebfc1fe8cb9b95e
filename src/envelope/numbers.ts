import { failure } from './errors'

/** Big-endian numbers, and what callers hand in. */

/** No bytes. */
export const none = /* @__PURE__ */ new Uint8Array(0)

/** To be written into bytes, which takes the low 8 bits of each. */
export const u16 = (value: number) => [value >> 8, value]
export const u32 = (value: number) => [value >> 24, value >> 16, value >> 8, value]

/** Bytes preceded by their length in two bytes. Throws `tooLarge`. */
export const encodeField = (bytes: Bytes): Bytes => joinBytes([u16(bytes.length), requireFit(bytes)])

/** What two bytes can give the length of. Throws `tooLarge`. */
export function requireFit(bytes: Bytes): Bytes {
  if (bytes.length > 0xffff) throw failure('tooLarge', 'field')
  return bytes
}

/** A list of any length in one; a call with so many arguments would overflow the stack. */
export function joinBytes(parts: readonly ArrayLike<number>[]): Bytes {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}

/** Exact up to 2^53, beyond that only as large as it should be. */
export const toNumber = (bytes: Uint8Array): number => bytes.reduce((sum, byte) => sum * 256 + byte, 0)

/** BufferSource of Web IDL, by a name that every runtime's types know. */
export type ByteSource = ArrayBuffer | ArrayBufferView

/** A view of exactly the bytes that a source shows. Throws a TypeError for anything else, such as text. */
export function toBytes(source: ByteSource): Bytes {
  const { buffer, byteOffset, byteLength } = ArrayBuffer.isView(source) ? source : new DataView(source)
  // WebCrypto takes no shared memory, and says so.
  return new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength)
}

/** A whole number from 1 to `max`, or `invalidOption`. */
export function requireCount(name: string, value: number, max: number): number {
  if (Number.isInteger(value) && value >= 1 && value <= max) return value
  throw failure('invalidOption', name)
}
