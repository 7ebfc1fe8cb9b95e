import { decodeHex } from '../src/codec/bytes'
import { toInteger } from '../src/codec/der'

/** I2OSP (RFC 8017 section 4.1). RangeError for an integer that does not fit. */
export function toOctets(integer: bigint, byteLength: number): Bytes {
  const bytes = decodeHex(integer.toString(16).padStart(2 * byteLength, '0'))
  if (bytes?.length !== byteLength) throw new RangeError('an integer is too large for its octets')
  return bytes
}

export const bitLength = (integer: bigint): number => (integer === 0n ? 0 : integer.toString(2).length)

/** The residue from 0 to modulus - 1. */
export function mod(integer: bigint, modulus: bigint): bigint {
  const residue = integer % modulus
  return residue < 0n ? residue + modulus : residue
}

const windowBits = 4

/**
 * Fixed windows: as many multiplications for every exponent of one length. BigInt's own arithmetic takes time that
 * depends on its operands; whoever raises a secret power blinds base and exponent.
 */
export function power(base: bigint, exponent: bigint, modulus: bigint): bigint {
  const powers = [1n]
  for (let i = 1; i < 1 << windowBits; i++) powers.push(((powers[i - 1] as bigint) * base) % modulus)
  let result = 1n
  for (const digit of exponent.toString(1 << windowBits)) {
    for (let i = 0; i < windowBits; i++) result = (result * result) % modulus
    result = (result * (powers[Number.parseInt(digit, 1 << windowBits)] as bigint)) % modulus
  }
  return result
}

/** The inverse modulo `modulus`, or undefined where there is none. */
export function inverse(integer: bigint, modulus: bigint): bigint | undefined {
  let [a, b, x, y] = [modulus, mod(integer, modulus), 0n, 1n]
  while (b !== 0n) {
    const quotient = a / b
    ;[a, b, x, y] = [b, a - quotient * b, y, x - quotient * y]
  }
  return a === 1n ? mod(x, modulus) : undefined
}

/** Uniform but for 2^-64, from 1 to `end` - 1. */
export function randomBelow(end: bigint): bigint {
  const byteLength = Math.ceil(bitLength(end) / 8) + 8
  return 1n + (toInteger(crypto.getRandomValues(new Uint8Array(byteLength))) % (end - 1n))
}
