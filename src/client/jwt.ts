import { encodeBase64Url, encodeUtf8 } from '../codec/bytes'
import { toInteger } from '../codec/der'
import { decodeEcdsaSignature } from '../codec/ecdsa-signature'
import type { SigningAlgorithmSpec } from '../model/generated/types'

interface Row {
  readonly algorithm: SigningAlgorithmSpec
  /** Of what is signed where it is too long to be sent; Ed25519 signs no digests. */
  readonly hash?: string
  /** Length of r, and of s. */
  readonly fieldBytes?: number
  /** n of the curve, where s is kept in the lower half. */
  readonly order?: bigint
}

/** RFC 7518 section 3.1, RFC 8037 and RFC 8812, as far as KMS signs it. */
const rows = {
  RS256: { algorithm: 'RSASSA_PKCS1_V1_5_SHA_256', hash: 'SHA-256' },
  PS256: { algorithm: 'RSASSA_PSS_SHA_256', hash: 'SHA-256' },
  ES256: { algorithm: 'ECDSA_SHA_256', hash: 'SHA-256', fieldBytes: 32 },
  ES384: { algorithm: 'ECDSA_SHA_384', hash: 'SHA-384', fieldBytes: 48 },
  ES512: { algorithm: 'ECDSA_SHA_512', hash: 'SHA-512', fieldBytes: 66 },
  ES256K: {
    algorithm: 'ECDSA_SHA_256',
    hash: 'SHA-256',
    fieldBytes: 32,
    order: 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n,
  },
  EdDSA: { algorithm: 'ED25519_SHA_512' },
} as const satisfies Readonly<Record<string, Row>>

export type JwtAlgorithm = keyof typeof rows

/** What a signer needs of a client. */
export interface SignClient {
  sign(input: {
    KeyId: string
    Message: Bytes
    MessageType: 'RAW' | 'DIGEST'
    SigningAlgorithm: SigningAlgorithmSpec
  }): Promise<{ readonly Signature?: Uint8Array | undefined }>
}
export interface PublicKeyClient {
  getPublicKey(input: { KeyId: string }): Promise<{
    readonly PublicKey?: Uint8Array | undefined
    readonly KeySpec?: string | undefined
    readonly KeyId?: string | undefined
  }>
}

export interface JwtSignerOptions {
  readonly kms: SignClient
  /** Id or ARN of a key of the algorithm's kind; an alias only together with `kid`. */
  readonly keyId: string
  /** Of the key's kind. KMS cannot tell ES256 from ES256K: with the other's key the tokens verify nowhere. */
  readonly alg: JwtAlgorithm
  /** The key's id unless given. */
  readonly kid?: string
}

export interface JwtSigner {
  readonly alg: JwtAlgorithm
  readonly kid: string
  /**
   * A compact JWT (RFC 7519) of these claims, to which nothing is added: `iat` and `exp` are the caller's. `header`:
   * members besides `alg`, `kid` and `typ`; `typ` alone may be another one. Throws what the client throws.
   */
  sign(claims: object, header?: Readonly<Record<string, unknown>>): Promise<string>
}

/** Longer messages go to KMS as their digest. */
const maxMessageBytes = 4096

/** Signs JSON Web Tokens with a key that stays in KMS. Throws a RangeError for another `alg`, or an alias without `kid`. */
export function kmsJwtSigner({ kms, keyId, alg, kid = idOf(keyId) }: JwtSignerOptions): JwtSigner {
  const row: Row | undefined = Object.hasOwn(rows, alg) ? rows[alg] : undefined
  if (!row) throw new RangeError(`${alg} is none of ${Object.keys(rows).join(', ')}`)
  if (kid === undefined) throw new RangeError('an alias needs a kid: which key it means can change')
  return {
    alg,
    kid,
    async sign(claims, header = {}) {
      const head = encodeJson({ typ: 'JWT', ...header, alg, kid })
      const signed = `${head}.${encodeJson(claims)}`
      const asked = { KeyId: keyId, SigningAlgorithm: row.algorithm, ...(await messageOf(encodeUtf8(signed), row)) }
      const { Signature } = await kms.sign(asked)
      const signature = Signature && joseForm(new Uint8Array(Signature), row)
      if (!signature) throw new TypeError('Sign gave no signature of the expected form')
      return `${signed}.${encodeBase64Url(signature)}`
    },
  }
}

/** JWS has r and s side by side (RFC 7518 section 3.4), KMS answers in DER. */
function joseForm(signature: Bytes, { fieldBytes, order }: Row): Bytes | undefined {
  if (!fieldBytes) return signature
  const raw = decodeEcdsaSignature(signature, fieldBytes)
  return raw && order ? withLowS(raw, order) : raw
}

/**
 * The same signature with the lesser of s and n - s, both of which verify. RFC 8812 leaves the choice; libsecp256k1 and
 * its kin take only the lower half, and AWS KMS answers with either.
 */
function withLowS(raw: Bytes, order: bigint): Bytes {
  const half = raw.length / 2
  const s = toInteger(raw.subarray(half))
  if (2n * s < order) return raw
  let low = order - s
  for (let at = raw.length; at-- > half; low >>= 8n) raw[at] = Number(low & 0xffn)
  return raw
}

async function messageOf(Message: Bytes, { hash }: Row) {
  if (!hash || Message.length <= maxMessageBytes) return { Message, MessageType: 'RAW' } as const
  return { Message: new Uint8Array(await crypto.subtle.digest(hash, Message)), MessageType: 'DIGEST' } as const
}

const encodeJson = (value: object) => encodeBase64Url(encodeUtf8(JSON.stringify(value)))

/** The last part of a key ARN, or an id as it is; undefined for an alias. */
const idOf = (keyId: string): string | undefined =>
  keyId.includes('alias/') ? undefined : keyId.slice(keyId.lastIndexOf('/') + 1)

export interface JwksOptions {
  readonly kms: PublicKeyClient
  /**
   * The keys to verify with, the one that signs among them: a new key is published before it signs, and an old one until
   * its last token has expired. `kid` as the signer has it, `alg` where the key could be used with several.
   */
  readonly keyIds: readonly (string | { readonly keyId: string; readonly kid?: string; readonly alg?: JwtAlgorithm })[]
}

export interface PublicJwk extends JsonWebKey {
  readonly kid: string
  readonly use: 'sig'
}

type ReadJwk = (spki: Bytes) => JsonWebKey

/** How a key of each spec is imported, or read where WebCrypto lacks it, and its algorithm where it has one alone. */
const specs: Readonly<Record<string, readonly [how: object | ReadJwk, alg?: JwtAlgorithm]>> = {
  ECC_NIST_P256: [{ name: 'ECDSA', namedCurve: 'P-256' }, 'ES256'],
  ECC_NIST_P384: [{ name: 'ECDSA', namedCurve: 'P-384' }, 'ES384'],
  ECC_NIST_P521: [{ name: 'ECDSA', namedCurve: 'P-521' }, 'ES512'],
  ECC_SECG_P256K1: [readSecp256k1, 'ES256K'],
  ECC_NIST_EDWARDS25519: [{ name: 'Ed25519' }, 'EdDSA'],
}
const rsa = [{ name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' }] as const

/** All that a key of secp256k1 has before x, in base64url: DER has one way to say it (RFC 5480 section 2, SEC 2). */
const secp256k1Head = 'MFYwEAYHKoZIzj0CAQYFK4EEAAoDQgAE'

/**
 * x and y, 32 bytes each (RFC 8812 section 3.1). Whether they are on the curve is for the verifier to say. Throws a
 * RangeError for another curve, or a point that is compressed.
 */
function readSecp256k1(spki: Bytes): JsonWebKey {
  const head = encodeBase64Url(spki.subarray(0, 24))
  if (head !== secp256k1Head || spki.length !== 88) throw new RangeError('not a point of secp256k1')
  const [x, y] = [encodeBase64Url(spki.subarray(24, 56)), encodeBase64Url(spki.subarray(56))]
  return { kty: 'EC', crv: 'secp256k1', x, y }
}

async function importAndRead(spki: Bytes, algorithm: object): Promise<JsonWebKey> {
  const key = await crypto.subtle.importKey('spki', spki, algorithm as never, true, ['verify'])
  return (await crypto.subtle.exportKey('jwk', key)) as JsonWebKey
}

/**
 * A JWK Set (RFC 7517) of public keys, by GetPublicKey. What a key's answer is never changes: keep the result, and let
 * others keep it, for as long as a new key is published before it signs. Throws what the client throws, and a RangeError
 * for a key of another kind.
 */
export async function jwks({ kms, keyIds }: JwksOptions): Promise<{ readonly keys: readonly PublicJwk[] }> {
  const keys = keyIds.map(async (given) => {
    const { keyId, kid, alg } = typeof given === 'string' ? { keyId: given } : given
    const { PublicKey, KeySpec = '', KeyId = '' } = await kms.getPublicKey({ KeyId: keyId })
    const [how, only] = KeySpec.startsWith('RSA_') ? rsa : (specs[KeySpec] ?? [])
    if (!how || !PublicKey) throw new RangeError(`${KeyId} is of ${KeySpec}, which signs no JWT`)
    const spki = new Uint8Array(PublicKey)
    const { kty, crv, x, y, n, e } = typeof how === 'function' ? how(spki) : await importAndRead(spki, how)
    const parts = Object.entries({ kty, crv, x, y, n, e, alg: alg ?? only }).filter(([, value]) => value !== undefined)
    return { ...Object.fromEntries(parts), use: 'sig', kid: kid ?? idOf(KeyId) ?? keyId } as PublicJwk
  })
  return { keys: await Promise.all(keys) }
}
