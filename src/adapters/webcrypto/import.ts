import { unwrapKwp } from '../../codec/aes-kwp'
import { concatBytes, decodeBase64Url, equalBytes } from '../../codec/bytes'
import { type BroughtKey, isSamePoint } from '../../codec/pkcs8'
import { encodeEcSpki, encodeEd25519Spki } from '../../codec/spki'
import { unsupported } from '../../model/errors'
import type { AlgorithmSpec, KeySpec, WrappingKeySpec } from '../../model/generated/types'
import type { SoftwareProvider } from '../../ports/crypto'
import type { ImportPort } from '../../ports/import'
import { bearPair, readPublicPoint } from './born-wrapped'
import { findFamily } from './families'

/** How an EncryptedKeyMaterial is made: the hash of RSA-OAEP, and whether an AES key stands between. */
const wrappings: { readonly [A in AlgorithmSpec]?: { readonly hash: string; readonly viaAes: boolean } } = {
  RSAES_OAEP_SHA_1: { hash: 'SHA-1', viaAes: false },
  RSAES_OAEP_SHA_256: { hash: 'SHA-256', viaAes: false },
  RSA_AES_KEY_WRAP_SHA_1: { hash: 'SHA-1', viaAes: true },
  RSA_AES_KEY_WRAP_SHA_256: { hash: 'SHA-256', viaAes: true },
}

const nistCurves: { readonly [S in KeySpec]?: string } = {
  ECC_NIST_P256: 'P-256',
  ECC_NIST_P384: 'P-384',
  ECC_NIST_P521: 'P-521',
}

/**
 * Import on WebCrypto. Wrapping keys and brought keys are extractable here, since the former must travel in its token
 * and the latter came as bytes. `software`: tries the keys that WebCrypto does not know.
 */
export function createImport({ software }: { readonly software?: SoftwareProvider | undefined } = {}): ImportPort {
  return {
    async newWrappingKey(spec: WrappingKeySpec) {
      const family = spec === 'SM2' ? undefined : findFamily(spec, 'SIGN_VERIFY')
      return family && bearPair(family)
    },

    async unwrap(algorithm, privateKey, encrypted) {
      const wrapping = wrappings[algorithm]
      if (!wrapping) throw unsupported()
      const rsa = { name: 'RSA-OAEP', hash: wrapping.hash }
      const key = await crypto.subtle.importKey('pkcs8', privateKey, rsa, false, ['decrypt', 'unwrapKey'])
      if (!wrapping.viaAes) return attempt(async () => new Uint8Array(await crypto.subtle.decrypt(rsa, key, encrypted)))
      const rsaBytes = (key.algorithm as { modulusLength?: number }).modulusLength ?? 0
      return openViaAes(key, encrypted, rsaBytes / 8)
    },

    derivePublicKey(key) {
      if (key.kind === 'rsa') return tryRsa(key.pkcs8, key.publicKey)
      if (key.kind === 'ed25519') return deriveEd25519(key)
      return key.keySpec === 'ECC_SECG_P256K1' ? trySecp256k1(key, software) : deriveNist(key)
    },
  }
}

/** RSA-OAEP of an AES-256 key, then the material under it. The AES key goes from one to the other unseen. */
async function openViaAes(key: CryptoKey, encrypted: Bytes, rsaBytes: number): Promise<Bytes | undefined> {
  const [head, tail] = [encrypted.subarray(0, rsaBytes), encrypted.subarray(rsaBytes)]
  const oaep = { name: 'RSA-OAEP' }
  const usages: KeyUsage[] = ['encrypt', 'decrypt']
  const aes = await attempt(() =>
    crypto.subtle.unwrapKey('raw', head, key, oaep, { name: 'AES-CBC', length: 256 }, false, usages),
  )
  if ((aes?.algorithm as { length?: number } | undefined)?.length !== 256) return undefined
  return aes && unwrapKwp(aes, tail)
}

/** Undefined for what the caller's bytes make impossible. WebCrypto says so with one of two errors. */
async function attempt<T>(action: () => Promise<T>): Promise<T | undefined> {
  try {
    return await action()
  } catch (error) {
    if (error instanceof Error && refusals.has(error.name)) return undefined
    throw error
  }
}

const refusals = new Set(['OperationError', 'DataError'])

const probe = () => crypto.getRandomValues(new Uint8Array(32))

/** A signature that verifies shows that the numbers are a key: with a composite "prime" it would not. */
async function tryRsa(pkcs8: Bytes, publicKey: Bytes): Promise<Bytes | undefined> {
  const algorithm = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' }
  const message = probe()
  try {
    const key = await crypto.subtle.importKey('pkcs8', pkcs8, algorithm, false, ['sign'])
    const signature = await crypto.subtle.sign(algorithm, key, message)
    const other = await crypto.subtle.importKey('spki', publicKey, algorithm, false, ['verify'])
    return (await crypto.subtle.verify(algorithm, other, signature, message)) ? publicKey : undefined
  } catch {
    return undefined // whatever it is called: only this key can be at fault, and workerd says Error for its numbers
  }
}

/** PKCS#8 without a public point makes every runtime compute it; JWK shows it. */
async function deriveNist(key: Extract<BroughtKey, { kind: 'ec' }>): Promise<Bytes | undefined> {
  const jwk = await exported(key.pkcs8, { name: 'ECDSA', namedCurve: nistCurves[key.keySpec] as string })
  const [x, y] = [coordinate(jwk?.x), coordinate(jwk?.y)]
  const { byteLength } = key.curve
  if (x?.length !== byteLength || y?.length !== byteLength) return undefined
  const point = concatBytes(Uint8Array.of(4), x, y)
  return key.point && !isSamePoint(key.point, point) ? undefined : encodeEcSpki(key.curve, point)
}

async function deriveEd25519(key: Extract<BroughtKey, { kind: 'ed25519' }>): Promise<Bytes | undefined> {
  const point = coordinate((await exported(key.pkcs8, { name: 'Ed25519' }))?.x)
  if (point?.length !== 32) return undefined
  return key.statedKey && !equalBytes(key.statedKey, point) ? undefined : encodeEd25519Spki(point)
}

const coordinate = (text: string | undefined) => (text === undefined ? undefined : decodeBase64Url(text))

type Named = { readonly name: string } | { readonly name: string; readonly namedCurve: string }

const exported = (pkcs8: Bytes, algorithm: Named) => attempt(() => readPublicPoint(pkcs8, algorithm))

/**
 * WebCrypto has no secp256k1 and the software provider derives no points: the file must state the point, uncompressed,
 * and a signature of the one half that the other verifies shows that they belong together.
 */
async function trySecp256k1(
  key: Extract<BroughtKey, { kind: 'ec' }>,
  software: SoftwareProvider | undefined,
): Promise<Bytes | undefined> {
  const { point, keySpec } = key
  if (!software?.supports(keySpec, 'SIGN_VERIFY') || point?.[0] !== 4) throw unsupported()
  const publicKey = encodeEcSpki(key.curve, point)
  const handle = software.handle(
    { keyArn: '', keyId: '', keySpec, keyUsage: 'SIGN_VERIFY' },
    async () => key.pkcs8.slice(),
    publicKey,
  )
  if (handle.kind !== 'signing') throw unsupported()
  const toSign = { algorithm: 'ECDSA_SHA_256', messageType: 'RAW', message: probe() } as const
  // A point off the curve makes the verification throw.
  const works = await handle.verify(toSign, await handle.sign(toSign)).catch(() => false)
  return works ? publicKey : undefined
}
