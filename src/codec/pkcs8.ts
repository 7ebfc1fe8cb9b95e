import type { KeySpec } from '../model/generated/types'
import { concatBytes, equalBytes } from './bytes'
import {
  contentsOf,
  type DerElement,
  encodeBitString,
  encodeDer,
  encodeUnsigned,
  readBitString,
  readDer,
  readSequence,
  readUnsigned,
  tags,
  toInteger,
} from './der'
import {
  algorithmElements,
  type Curve,
  ed25519Algorithm,
  findCurve,
  readKeyAlgorithm,
  rsaAlgorithm,
  rsaSpecs,
} from './key-algorithms'
import { bitLength, encodeRsaSpki, isPoint, isRsaExponent } from './spki'

/** A private key that somebody brought, in its one form. Whoever gets it overwrites what is secret after use. */
export type BroughtKey = {
  readonly keySpec: KeySpec
  /** PrivateKeyInfo version 0, DER: no attributes, no public key, no curve parameters inside. */
  readonly pkcs8: Bytes
} & (
  | { readonly kind: 'rsa'; readonly publicKey: Bytes }
  /** `point` and `statedKey`: the public key as the file states it, which may be a lie. */
  | { readonly kind: 'ec'; readonly curve: Curve; readonly scalar: Bytes; readonly point: Bytes | undefined }
  | { readonly kind: 'ed25519'; readonly statedKey: Bytes | undefined }
)

/** Longer than any private key of RSA_4096, with attributes. */
const maxBytes = 6144
const version0 = Uint8Array.of(tags.integer, 1, 0)
const version1 = Uint8Array.of(tags.integer, 1, 1)
const attributes = 0xa0
/** PublicKey of OneAsymmetricKey version 1, IMPLICIT BIT STRING. */
const publicKeyField = 0x81

/**
 * PKCS#8 (RFC 5208, RFC 5958) of RSA with two primes and 2048, 3072 or 4096 bits, the four named curves, or Ed25519.
 * BER with definite lengths is taken too. Undefined for everything else: encrypted files, three primes, explicit curve
 * parameters, numbers that do not belong together, bytes left over. Source: AWS KMS developer guide, importing key
 * material. Only the primality of an RSA key is left for a trial of the key to show.
 */
export function parsePkcs8(bytes: Bytes): BroughtKey | undefined {
  if (bytes.length > maxBytes) return undefined
  const [version, identifier, key, ...rest] = readSequence(bytes, 'BER') ?? []
  const number = readUnsigned(version)
  const algorithm = readKeyAlgorithm(algorithmElements(identifier, 'BER'))
  const octets = contentsOf(key, tags.octetString)
  const extras = readExtras(rest, number)
  if (!algorithm || !octets || !extras) return undefined
  if (algorithm.kind === 'rsa') return extras.publicKey ? undefined : parseRsa(octets)
  if (algorithm.kind === 'ed25519') return parseEd25519(octets, extras.publicKey)
  return extras.publicKey ? undefined : parseEc(octets, algorithm.curve)
}

/** What may follow the private key: attributes, which nobody needs, and from version 1 on a public key. */
function readExtras(rest: readonly DerElement[], version: Bytes | undefined): { publicKey?: Bytes } | undefined {
  if (version?.length !== 1 || (version[0] as number) > 1) return undefined
  const [first, ...others] = rest[0]?.tag === attributes ? rest.slice(1) : rest
  if (!first) return {}
  if (first.tag !== publicKeyField || version[0] !== 1 || others.length > 0) return undefined
  return first.contents[0] === 0 ? { publicKey: first.contents.subarray(1) } : undefined
}

/** RSAPrivateKey version 0 (RFC 8017 appendix A.1.2); version 1 is the one with more primes. */
function parseRsa(octets: Bytes): BroughtKey | undefined {
  const elements = readSequence(octets, 'BER')
  if (elements?.length !== 9) return undefined
  const magnitudes: Bytes[] = []
  for (const element of elements) {
    const magnitude = readUnsigned(element)
    if (!magnitude) return undefined
    magnitudes.push(magnitude)
  }
  const [version, n, e, ...secrets] = magnitudes as [Bytes, Bytes, Bytes, ...Bytes[]]
  const keySpec = rsaSpecs[bitLength(n)]
  if (version.length !== 1 || version[0] !== 0 || !keySpec || !isRsaExponent(e)) return undefined
  if (!belongTogether(n, e, secrets)) return undefined
  const key = encodeDer(tags.sequence, ...[version, n, e, ...secrets].map(encodeUnsigned))
  return { kind: 'rsa', keySpec, pkcs8: encodePkcs8(rsaAlgorithm, key), publicKey: encodeRsaSpki(n, e) }
}

/** The equations of RFC 8017 section 3.2. */
function belongTogether(modulus: Bytes, exponent: Bytes, secrets: readonly Bytes[]): boolean {
  const [n, e, d, p, q, dP, dQ, qInv] = [modulus, exponent, ...secrets].map(toInteger) as [
    bigint,
    bigint,
    bigint,
    bigint,
    bigint,
    bigint,
    bigint,
    bigint,
  ]
  if (p <= 2n || q <= 2n || p === q || p * q !== n || d >= n || dP >= p || dQ >= q || qInv >= p) return false
  const inverse = (a: bigint, b: bigint, prime: bigint) => (a * b) % (prime - 1n) === 1n
  return inverse(e, d, p) && inverse(e, d, q) && inverse(e, dP, p) && inverse(e, dQ, q) && (qInv * q) % p === 1n
}

/** ECPrivateKey (RFC 5915 section 3). */
function parseEc(octets: Bytes, curve: Curve): BroughtKey | undefined {
  const [version, number, ...fields] = readSequence(octets, 'BER') ?? []
  const scalarOctets = contentsOf(number, tags.octetString)
  if (contentsOf(version, tags.integer)?.join() !== '1' || !scalarOctets?.length) return undefined
  if (scalarOctets.length > curve.byteLength) return undefined
  if (fields[0]?.tag === 0xa0) {
    const [oid, ...others] = readDer((fields.shift() as DerElement).contents, 'BER') ?? []
    if (others.length > 0 || findCurve(contentsOf(oid, tags.objectIdentifier)) !== curve) return undefined
  }
  let point: Bytes | undefined
  if (fields[0]?.tag === 0xa1) {
    const [bits, ...others] = readDer((fields.shift() as DerElement).contents, 'BER') ?? []
    point = readBitString(bits)
    if (!point || others.length > 0 || !isPoint(curve, point)) return undefined
  }
  if (fields.length > 0) return undefined
  const value = toInteger(scalarOctets)
  if (value < 1n || value >= curve.order) return undefined
  const scalar = concatBytes(new Uint8Array(curve.byteLength - scalarOctets.length), scalarOctets)
  return { kind: 'ec', keySpec: curve.keySpec, curve, scalar, point, pkcs8: encodeEcPkcs8(curve, scalar) }
}

/** CurvePrivateKey is an OCTET STRING of 32 bytes (RFC 8410 section 7). */
function parseEd25519(octets: Bytes, statedKey: Bytes | undefined): BroughtKey | undefined {
  const [seed, ...others] = readDer(octets, 'BER') ?? []
  const contents = contentsOf(seed, tags.octetString)
  if (contents?.length !== 32 || others.length > 0 || (statedKey && statedKey.length !== 32)) return undefined
  const pkcs8 = encodePkcs8(ed25519Algorithm, encodeDer(tags.octetString, contents))
  return { kind: 'ed25519', keySpec: 'ECC_NIST_EDWARDS25519', pkcs8, statedKey }
}

/** ECPrivateKey in PKCS#8, with the public point where it is known, as OpenSSL and WebCrypto write it. */
export function encodeEcPkcs8(curve: Curve, scalar: Uint8Array, point?: Uint8Array): Bytes {
  const publicKey = point ? [encodeDer(0xa1, encodeBitString(point))] : []
  const number = encodeDer(tags.octetString, scalar)
  const key = encodeDer(tags.sequence, version1, number, ...publicKey)
  number.fill(0)
  return encodePkcs8(curve.algorithm, key)
}

/**
 * PrivateKeyInfo version 0 (RFC 5958 section 2) of an AlgorithmIdentifier, DER, and what its privateKey holds.
 * Overwrites `key`, which it has copied.
 */
export function encodePkcs8(algorithm: Bytes, key: Bytes): Bytes {
  const octets = encodeDer(tags.octetString, key)
  const pkcs8 = encodeDer(tags.sequence, version0, algorithm, octets)
  octets.fill(0)
  key.fill(0)
  return pkcs8
}

/** Whether a stated point, compressed or not, is this uncompressed one. */
export function isSamePoint(stated: Bytes, point: Bytes): boolean {
  if (stated[0] === 4) return equalBytes(stated, point)
  const parity = (point.at(-1) as number) & 1
  const x = point.subarray(1, 1 + (point.length - 1) / 2)
  return stated[0] === 2 + parity && equalBytes(stated.subarray(1), x)
}
