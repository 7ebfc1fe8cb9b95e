import { equalBytes } from '../src/codec/bytes'
import { readSequence, readUnsigned, toInteger } from '../src/codec/der'
import { rsaAlgorithm } from '../src/codec/key-algorithms'
import type { ToSign } from '../src/ports/crypto'
import { bitLength, inverse, mod, power, randomBelow, toOctets } from './big-integers'
import { digestOf, hashOf } from './digests'
import { privateKeyOf, publicKeyOf } from './key-files'
import { refused, type SignatureScheme } from './material'
import { encodePkcs1, encodePss, isPss } from './rsa-padding'

const modulusBits = { RSA_2048: 2048, RSA_3072: 3072, RSA_4096: 4096 } as const

export type RsaSpec = keyof typeof modulusBits

interface PublicKey {
  readonly modulus: bigint
  readonly exponent: bigint
}

/** RSAPrivateKey of two primes (RFC 8017 appendix A.1.2). Integers stay in memory until they are collected. */
interface PrivateKey extends PublicKey {
  readonly p: bigint
  readonly q: bigint
  readonly dP: bigint
  readonly dQ: bigint
  readonly qInv: bigint
}

const noSuchKey = () => new Error('no such RSA key')

const integersOf = (sequence: Bytes) =>
  (readSequence(sequence) ?? []).map((element) => {
    const magnitude = readUnsigned(element)
    if (!magnitude) throw noSuchKey()
    return toInteger(magnitude)
  })

/** A public exponent that verifying can afford: SP 800-56B section 6.2 stops at 256 bits as well. */
function requireFit<K extends PublicKey>(key: K, bits: number): K {
  const { modulus, exponent } = key
  const odd = modulus & exponent & 1n
  if (bitLength(modulus) !== bits || !odd || exponent < 3n || bitLength(exponent) > 256) throw noSuchKey()
  return key
}

function readPublicKey(spki: Bytes, bits: number): PublicKey {
  const [modulus = 0n, exponent = 0n] = integersOf(publicKeyOf(rsaAlgorithm, spki))
  return requireFit({ modulus, exponent }, bits)
}

function readPrivateKey(pkcs8: Bytes, bits: number): PrivateKey {
  const [version, modulus = 0n, exponent = 0n, , p = 0n, q = 0n, dP = 0n, dQ = 0n, qInv = 0n] = integersOf(
    privateKeyOf(rsaAlgorithm, pkcs8),
  )
  if (version !== 0n || p < 3n || q < 3n) throw noSuchKey()
  return requireFit({ modulus, exponent, p, q, dP, dQ, qInv }, bits)
}

/** A secret exponent modulo prime - 1 plus a random multiple of prime - 1, so that its digits differ every time. */
const blinded = (exponent: bigint, prime: bigint) => exponent + randomBelow(1n << 64n) * (prime - 1n)

/**
 * RSASP1 (RFC 8017 section 5.2.1) by the Chinese remainder theorem, base and exponents blinded against timing. What it
 * gives has been raised to the public exponent again: one wrong residue, let out, would reveal a factor (Boneh, DeMillo,
 * Lipton: On the importance of checking cryptographic protocols for faults, 1997).
 */
export function rawSign(key: PrivateKey, representative: bigint): bigint {
  const { modulus, exponent, p, q, dP, dQ, qInv } = key
  const factor = randomBelow(modulus)
  const unblinding = inverse(factor, modulus)
  // Only a multiple of a prime has no inverse, and nobody draws one of a sound key.
  if (unblinding === undefined) throw noSuchKey()
  const base = (representative * power(factor, exponent, modulus)) % modulus
  const byP = power(base % p, blinded(dP, p), p)
  const byQ = power(base % q, blinded(dQ, q), q)
  const joined = byQ + q * mod(qInv * (byP - byQ), p)
  const signature = mod(joined * unblinding, modulus)
  if (power(signature, exponent, modulus) !== representative) throw new Error('an RSA signature failed its own check')
  return signature
}

type Padding = 'PKCS1' | 'PSS'

function paddingOf({ algorithm }: ToSign): Padding {
  if (algorithm.startsWith('RSASSA_PKCS1_V1_5_')) return 'PKCS1'
  if (algorithm.startsWith('RSASSA_PSS_')) return 'PSS'
  throw refused()
}

/** RSASSA-PKCS1-v1_5 and RSASSA-PSS (RFC 8017 section 8) over digests, the salt as long as the digest. */
export function rsaScheme(keySpec: RsaSpec): SignatureScheme {
  const bits = modulusBits[keySpec]
  const byteLength = bits / 8
  return {
    sign(privateKey, toSign) {
      const padding = paddingOf(toSign)
      const digest = digestOf(toSign)
      const salt = () => crypto.getRandomValues(new Uint8Array(digest.length))
      const encoded =
        padding === 'PKCS1'
          ? encodePkcs1(digest, byteLength)
          : encodePss(digest, salt(), bits - 1, hashOf(toSign.algorithm))
      return toOctets(rawSign(readPrivateKey(privateKey, bits), toInteger(encoded)), byteLength)
    },
    verify(publicKey, toSign, signature) {
      const padding = paddingOf(toSign)
      const digest = digestOf(toSign)
      const { modulus, exponent } = readPublicKey(publicKey, bits)
      const number = toInteger(signature)
      if (signature.length !== byteLength || number >= modulus) return false
      const encoded = toOctets(power(number, exponent, modulus), byteLength)
      return padding === 'PKCS1'
        ? equalBytes(encoded, encodePkcs1(digest, byteLength))
        : isPss(digest, encoded, bits - 1, hashOf(toSign.algorithm))
    },
  }
}
