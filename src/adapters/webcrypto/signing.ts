import { equalBytes } from '../../codec/bytes'
import { decodeEcdsaSignature, encodeEcdsaSignature } from '../../codec/ecdsa-signature'
import { unsupported } from '../../model/errors'
import type { SigningHandle, ToSign } from '../../ports/crypto'
import { encodePkcs1, encodePss, isPkcs1, isPss, type RsaHash } from './emsa'
import { modulusBytes, type OpenPair } from './handles'
import { rsaPublic, rsaPublicOperation } from './rsa-public'

/**
 * RSASP1 (RFC 8017 section 5.2.1) with a non-extractable key: `block` and the answer are as long as the modulus. Where
 * the platform has it beside WebCrypto (node:crypto), a digest is signed natively.
 */
export type RsaPrivateOperation = (key: CryptoKey, block: Bytes) => Promise<Bytes>

/** How WebCrypto signs one message of a key. */
interface Scheme {
  /** Name of the key. */
  readonly name: string
  readonly algorithm:
    | { readonly name: string }
    | { readonly name: string; readonly hash: string }
    | { readonly name: string; readonly saltLength: number }
}

const fieldBytes = { 'P-256': 32, 'P-384': 48, 'P-521': 66 } as const
/** RFC 8032 section 5.1.6; FIPS 204, table 2. */
const signatureBytes: Readonly<Record<string, number>> = {
  Ed25519: 64,
  'ML-DSA-44': 2420,
  'ML-DSA-65': 3309,
  'ML-DSA-87': 4627,
}
const digestBytes: Readonly<Record<string, number>> = { 256: 32, 384: 48, 512: 64 }

/** The handle of every key that signs: RSA, ECDSA, Ed25519, ML-DSA. */
export function createSigningHandle(pair: OpenPair): SigningHandle {
  const { family, secretKey, publicKey, prehashed } = pair
  const curve = 'namedCurve' in family.birth.algorithm ? family.birth.algorithm.namedCurve : undefined
  const coordinate = curve && fieldBytes[curve as keyof typeof fieldBytes]
  const rsa = family.prehashed === 'rsa' ? createRsaDigests(pair) : undefined
  const rawBytes = rsa?.bytes ?? (coordinate ? 2 * coordinate : signatureBytes[family.birth.algorithm.name])

  return {
    kind: 'signing',

    async sign(toSign) {
      if (!isNative(toSign)) {
        if (rsa?.canSign) return rsa.sign(toSign)
        if (prehashed) return prehashed.sign(toSign)
        throw unsupported()
      }
      const { name, algorithm } = schemeOf(pair, toSign)
      const signature = new Uint8Array(await crypto.subtle.sign(algorithm, await secretKey(name), toSign.message))
      return coordinate ? encodeEcdsaSignature(signature, coordinate) : signature
    },

    async verify(toSign, signature) {
      if (!isNative(toSign)) {
        if (rsa?.canSign) return rsa.verify(toSign, signature)
        if (prehashed) return prehashed.verify(toSign, signature)
        throw unsupported()
      }
      const { name, algorithm } = schemeOf(pair, toSign)
      const raw = coordinate ? decodeEcdsaSignature(signature, coordinate) : signature
      // workerd throws for some lengths, others answer false: none is asked about another than the scheme's.
      if (!raw || raw.length !== rawBytes) return false
      return crypto.subtle.verify(algorithm, await publicKey(name), raw, toSign.message)
    },
  }
}

/** WebCrypto hashes every message itself. */
const isNative = ({ messageType, algorithm }: ToSign) => messageType === 'RAW' && algorithm !== 'ED25519_PH_SHA_512'

function schemeOf({ family }: OpenPair, { algorithm }: ToSign): Scheme {
  const size = algorithm.slice(-3)
  if (algorithm.startsWith('RSASSA')) {
    if (!Object.hasOwn(family.keys, algorithm)) throw new RangeError('the key has no such algorithm')
    return algorithm.includes('PSS')
      ? { name: algorithm, algorithm: { name: 'RSA-PSS', saltLength: digestBytes[size] as number } }
      : { name: algorithm, algorithm: { name: 'RSASSA-PKCS1-v1_5' } }
  }
  const name = Object.keys(family.keys)[0] as string
  const fits = algorithm.startsWith('ECDSA')
    ? name === 'ECDSA'
    : algorithm === 'ED25519_SHA_512'
      ? name === 'Ed25519'
      : algorithm === 'ML_DSA_SHAKE_256' && name.startsWith('ML-DSA')
  if (!fits) throw new RangeError('the key has no such algorithm')
  return { name, algorithm: name === 'ECDSA' ? { name, hash: `SHA-${size}` } : { name } }
}

/** Digests under RSA: the encodings of RFC 8017 around the bare operations of both halves. */
function createRsaDigests({ keySpec, secretKey, spki, rsaPrivate, family }: OpenPair) {
  const bytes = modulusBytes(keySpec)
  const key = rsaPublic(spki)
  const hashOf = ({ algorithm, message }: ToSign): RsaHash => {
    const hash = `SHA-${algorithm.slice(-3)}` as RsaHash
    if (!Object.hasOwn(family.keys, algorithm) || message.length !== digestBytes[algorithm.slice(-3)]) {
      throw new RangeError('not a digest of the algorithm')
    }
    return hash
  }
  return {
    bytes,
    canSign: rsaPrivate !== undefined,

    async sign(toSign: ToSign): Promise<Bytes> {
      if (!rsaPrivate) throw unsupported()
      const hash = hashOf(toSign)
      const block = isPssAlgorithm(toSign)
        ? await encodePss(hash, toSign.message, bytes)
        : encodePkcs1(hash, toSign.message, bytes)
      const signature = await rsaPrivate(await secretKey(toSign.algorithm), block)
      // One fault in an operation by the Chinese remainder theorem gives the factors away (Boneh, DeMillo, Lipton 1997).
      const check = signature.length === bytes ? rsaPublicOperation(key, signature) : undefined
      if (!check || !equalBytes(check, block)) throw new Error('an RSA signature does not verify')
      return signature
    },

    async verify(toSign: ToSign, signature: Bytes): Promise<boolean> {
      const hash = hashOf(toSign)
      const block = signature.length === bytes ? rsaPublicOperation(key, signature) : undefined
      if (!block) return false
      return isPssAlgorithm(toSign) ? isPss(hash, toSign.message, block) : isPkcs1(hash, toSign.message, block)
    },
  }
}

const isPssAlgorithm = ({ algorithm }: ToSign) => algorithm.startsWith('RSASSA_PSS')
