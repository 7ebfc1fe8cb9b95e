import type { KeySpec } from '../model/generated/types'
import { encodeBitString, encodeDer, encodeUnsigned, readBitString, readSequence, readUnsigned, tags } from './der'
import {
  algorithmElements,
  type Curve,
  ed25519Algorithm,
  readKeyAlgorithm,
  rsaAlgorithm,
  rsaSpecs,
} from './key-algorithms'

/** A public key as SubjectPublicKeyInfo says it (RFC 5280 section 4.1.2.7). Views into what was read. */
export type PublicKeyParts =
  | { readonly kind: 'rsa'; readonly keySpec: KeySpec; readonly modulus: Bytes; readonly exponent: Bytes }
  /** `point`: SEC 1 section 2.3.3, compressed or not. Whether it is on the curve is for arithmetic to say. */
  | { readonly kind: 'ec'; readonly keySpec: KeySpec; readonly curve: Curve; readonly point: Bytes }
  | { readonly kind: 'ed25519'; readonly keySpec: KeySpec; readonly point: Bytes }

/** Longer than the key of RSA_4096 is. */
const maxBytes = 1024

/** RSA of the three lengths, the four named curves, Ed25519, in DER without a byte too many; undefined for all else. */
export function parseSpki(bytes: Bytes): PublicKeyParts | undefined {
  if (bytes.length > maxBytes) return undefined
  const [identifier, key, ...others] = readSequence(bytes) ?? []
  const algorithm = readKeyAlgorithm(algorithmElements(identifier, 'DER'))
  const octets = readBitString(key)
  if (!algorithm || !octets || others.length > 0) return undefined
  if (algorithm.kind === 'rsa') return parseRsa(octets)
  if (algorithm.kind === 'ed25519') {
    return octets.length === 32 ? { kind: 'ed25519', keySpec: 'ECC_NIST_EDWARDS25519', point: octets } : undefined
  }
  const { curve } = algorithm
  return isPoint(curve, octets) ? { kind: 'ec', keySpec: curve.keySpec, curve, point: octets } : undefined
}

function parseRsa(octets: Bytes): PublicKeyParts | undefined {
  const [n, e, ...others] = readSequence(octets) ?? []
  const modulus = readUnsigned(n)
  const exponent = readUnsigned(e)
  if (!modulus || !exponent || others.length > 0) return undefined
  const keySpec = rsaSpecs[bitLength(modulus)]
  return keySpec && isRsaExponent(exponent) ? { kind: 'rsa', keySpec, modulus, exponent } : undefined
}

export const bitLength = (magnitude: Bytes): number =>
  magnitude.length ? magnitude.length * 8 - (Math.clz32(magnitude[0] as number) - 24) : 0

/** Odd, at least 3, in at most 32 bits: what every runtime takes. */
export function isRsaExponent(exponent: Bytes): boolean {
  const value = exponent.reduce((sum, octet) => sum * 256 + octet, 0)
  return exponent.length <= 4 && value >= 3 && value % 2 === 1
}

/** Whether these octets have the form of a point: 04 x y, or 02 or 03 and x. */
export function isPoint({ byteLength }: Curve, octets: Bytes): boolean {
  if (octets[0] === 4) return octets.length === 1 + 2 * byteLength
  return (octets[0] === 2 || octets[0] === 3) && octets.length === 1 + byteLength
}

/** SubjectPublicKeyInfo of an AlgorithmIdentifier, DER, and what its subjectPublicKey holds. */
export const encodeSpki = (algorithm: Bytes, publicKey: Uint8Array): Bytes =>
  encodeDer(tags.sequence, algorithm, encodeBitString(publicKey))

/** Magnitudes, big-endian, without zeros in front. */
export const encodeRsaSpki = (modulus: Bytes, exponent: Bytes): Bytes =>
  encodeSpki(rsaAlgorithm, encodeDer(tags.sequence, encodeUnsigned(modulus), encodeUnsigned(exponent)))

export const encodeEcSpki = (curve: Curve, point: Uint8Array): Bytes => encodeSpki(curve.algorithm, point)

export const encodeEd25519Spki = (point: Uint8Array): Bytes => encodeSpki(ed25519Algorithm, point)
