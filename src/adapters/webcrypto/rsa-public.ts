import { decodeHex, encodeHex } from '../../codec/bytes'

/** The public half of RSA, for digests: public numbers alone, so that time tells nothing. */

export interface RsaPublicKey {
  readonly n: bigint
  readonly e: bigint
}

/**
 * Modulus and exponent of a SubjectPublicKeyInfo that the boundary has exported or checked (RFC 8017 appendix A.1.1).
 * Throws for anything else.
 */
export function rsaPublic(spki: Bytes): RsaPublicKey {
  const outer = readElement(spki, 0, 0x30)
  const algorithm = readElement(spki, outer.start, 0x30)
  const bits = readElement(spki, algorithm.end, 0x03)
  const key = readElement(spki, bits.start + 1, 0x30)
  const modulus = readElement(spki, key.start, 0x02)
  const exponent = readElement(spki, modulus.end, 0x02)
  const ends = [outer.end, bits.end, key.end, exponent.end]
  if (ends.some((end) => end !== spki.length)) throw new Error('not the public key of an RSA pair')
  return {
    n: toNumber(spki.subarray(modulus.start, modulus.end)),
    e: toNumber(spki.subarray(exponent.start, exponent.end)),
  }
}

/** RSAVP1: `signature` raised to e, as long as it was; undefined when it is not below the modulus. */
export function rsaPublicOperation({ n, e }: RsaPublicKey, signature: Bytes): Bytes | undefined {
  const base = toNumber(signature)
  if (base >= n) return undefined
  let result = 1n
  for (const bit of e.toString(2)) {
    result = (result * result) % n
    if (bit === '1') result = (result * base) % n
  }
  return decodeHex(result.toString(16).padStart(2 * signature.length, '0'))
}

const toNumber = (bytes: Bytes): bigint => BigInt(`0x${encodeHex(bytes)}`)

/** Where the contents of the DER element at `at` begin and end. */
function readElement(der: Bytes, at: number, tag: number): { readonly start: number; readonly end: number } {
  const first = der[at + 1]
  if (der[at] !== tag || first === undefined) throw new Error('not the public key of an RSA pair')
  const lengthBytes = first > 0x7f ? first & 0x7f : 0
  const start = at + 2 + lengthBytes
  let length = lengthBytes ? 0 : first
  for (const byte of der.subarray(at + 2, start)) length = length * 256 + byte
  if (start + length > der.length) throw new Error('not the public key of an RSA pair')
  return { start, end: start + length }
}
