import { unwrapKwp } from '../../codec/aes-kwp'
import { concatBytes, decodeBase64Url, equalBytes } from '../../codec/bytes'
import { type BroughtKey, isSamePoint } from '../../codec/pkcs8'
import { encodeEcSpki, encodeEd25519Spki, parseSpki } from '../../codec/spki'
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
 * and the latter came as bytes. `software`: knows the public halves of curves that WebCrypto lacks.
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
      return deriveEc(key, software)
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

type EcKey = Extract<BroughtKey, { kind: 'ec' }>

async function deriveEc(key: EcKey, software: SoftwareProvider | undefined): Promise<Bytes | undefined> {
  const namedCurve = nistCurves[key.keySpec]
  const point = namedCurve ? await nistPoint(key, namedCurve) : await softwarePoint(key, software)
  if (!point || (key.point && !isSamePoint(key.point, point))) return undefined
  return encodeEcSpki(key.curve, point)
}

/** PKCS#8 without a public point makes every runtime compute it; JWK shows it. */
async function nistPoint({ pkcs8, curve: { byteLength } }: EcKey, namedCurve: string): Promise<Bytes | undefined> {
  const jwk = await exported(pkcs8, { name: 'ECDSA', namedCurve })
  const [x, y] = [coordinate(jwk?.x), coordinate(jwk?.y)]
  if (x?.length !== byteLength || y?.length !== byteLength) return undefined
  return concatBytes(Uint8Array.of(4), x, y)
}

async function softwarePoint({ pkcs8, keySpec }: EcKey, software: SoftwareProvider | undefined): Promise<Bytes> {
  if (!software) throw unsupported()
  const parts = parseSpki(await software.derivePublicKey(keySpec, pkcs8))
  if (parts?.kind !== 'ec') throw new TypeError('a key of a curve has a public half without a point')
  return parts.point
}

async function deriveEd25519(key: Extract<BroughtKey, { kind: 'ed25519' }>): Promise<Bytes | undefined> {
  const point = coordinate((await exported(key.pkcs8, { name: 'Ed25519' }))?.x)
  if (point?.length !== 32) return undefined
  return key.statedKey && !equalBytes(key.statedKey, point) ? undefined : encodeEd25519Spki(point)
}

const coordinate = (text: string | undefined) => (text === undefined ? undefined : decodeBase64Url(text))

type Named = { readonly name: string } | { readonly name: string; readonly namedCurve: string }

const exported = (pkcs8: Bytes, algorithm: Named) => attempt(() => readPublicPoint(pkcs8, algorithm))
