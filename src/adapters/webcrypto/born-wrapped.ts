/**
 * The only file in which a secret or private CryptoKey is extractable. Five moments: material at birth, until it is
 * wrapped; bytes that came from outside (secret access keys, imported material, what the software provider made) on
 * their way to their wrapped form; wrapped bytes of any kind while they move from one root key to another; a data key
 * pair, which is made to be handed out; and a brought key whose public point the runtime shows as JWK. In the first
 * three the extractable key is a local variable of one function that ends with the wrapping; no function returns it,
 * and no bytes of material come to light in births and moves.
 */
import { type GcmParameters, gcm, hkdf, noSalt } from './aes-gcm'
import type { Family, ImportParameters, KeyRecipe } from './families'

const extractable = true

/** One use of a wrapping key. */
export interface Wrapping extends GcmParameters {
  readonly key: CryptoKey
}

export interface Born {
  readonly materialId: Bytes
  /** SubjectPublicKeyInfo, DER; of a pair. */
  readonly publicKey?: Bytes
}

export interface Sealed {
  readonly iv: Bytes
  readonly sealed: Bytes
}

/** Any bytes are an HMAC key: the way to wrap and unwrap them without reading them. */
const anyBytes = { name: 'HMAC', hash: 'SHA-256' } as const

/**
 * New material, sealed once under each wrapping that `wrappings` gives. `idInfo` is the HKDF info of the material id
 * (32 bytes), which is known before `wrappings` is asked, so that it can be authenticated with the bytes.
 */
export async function bearWrapped(
  family: Family,
  idInfo: Bytes,
  wrappings: (born: Born) => Promise<readonly Wrapping[]>,
): Promise<Born & { readonly copies: readonly Sealed[] }> {
  const newborn = await generate(family)
  const publicKey = newborn.publicKey && (await exportKey('spki', newborn.publicKey))
  const materialId = publicKey
    ? await materialIdOf(publicKey, idInfo)
    : (await wrapOnce(family, newborn.key, idInfo)).materialId
  const born: Born = publicKey ? { materialId, publicKey } : { materialId }
  const copies: Sealed[] = []
  for (const to of await wrappings(born)) {
    copies.push({ iv: to.iv, sealed: await wrap(family.format, newborn.key, to) })
  }
  return { ...born, copies }
}

/** New material as CryptoKeys alone: the wrapping key is made here, used once and dropped. */
export async function bearNative(
  family: Family,
  idInfo: Bytes,
): Promise<Born & { readonly keys: Readonly<Record<string, CryptoKey>> }> {
  const newborn = await generate(family)
  const publicKey = newborn.publicKey && (await exportKey('spki', newborn.publicKey))
  const once = await wrapOnce(family, newborn.key, publicKey ? undefined : idInfo)
  const keys: Record<string, CryptoKey> = {}
  for (const [name, recipe] of Object.entries(family.keys)) keys[name] = await once.open(recipe)
  if (!publicKey) return { materialId: once.materialId, keys }
  return { materialId: await materialIdOf(publicKey, idInfo), publicKey, keys }
}

/** A data key pair: PKCS#8 and SubjectPublicKeyInfo. Whoever gets `privateKey` overwrites it after use. */
export async function bearPair(
  family: Family,
): Promise<{ readonly privateKey: Bytes; readonly publicKey: Bytes } | undefined> {
  const { key, publicKey } = await generate(family)
  if (!publicKey) return undefined
  return { privateKey: await exportKey('pkcs8', key), publicKey: await exportKey('spki', publicKey) }
}

/** The same bytes under another wrapping. Rejects with an OperationError when they do not open under `from`. */
export async function rewrapBytes(sealed: Bytes, from: Wrapping, to: Wrapping): Promise<Bytes> {
  const key = await crypto.subtle.unwrapKey('raw', sealed, from.key, gcm(from), anyBytes, extractable, ['sign'])
  return wrap('raw', key, to)
}

/** Bytes that came from outside, sealed once under each wrapping. Overwrites `bytes`. */
export async function wrapBytes(bytes: Bytes, wrappings: readonly Wrapping[]): Promise<Sealed[]> {
  try {
    const key = await crypto.subtle.importKey('raw', bytes, anyBytes, extractable, ['sign'])
    const copies: Sealed[] = []
    for (const to of wrappings) copies.push({ iv: to.iv, sealed: await wrap('raw', key, to) })
    return copies
  } finally {
    bytes.fill(0)
  }
}

/** HKDF of secret material, or of the public key of a pair: 32 bytes. */
export async function materialIdOf(material: Bytes, idInfo: Bytes): Promise<Bytes> {
  const key = await crypto.subtle.importKey('raw', material, 'HKDF', false, ['deriveBits'])
  return readId(key, idInfo)
}

async function readId(key: CryptoKey, idInfo: Bytes): Promise<Bytes> {
  return new Uint8Array(await crypto.subtle.deriveBits(hkdf(noSalt, idInfo), key, 256))
}

async function generate({ birth }: Family): Promise<{ readonly key: CryptoKey; readonly publicKey?: CryptoKey }> {
  const made = await crypto.subtle.generateKey(birth.algorithm, extractable, [...birth.usages])
  return 'privateKey' in made ? { key: made.privateKey, publicKey: made.publicKey } : { key: made as CryptoKey }
}

async function exportKey(format: 'pkcs8' | 'spki', key: CryptoKey): Promise<Bytes> {
  return new Uint8Array((await crypto.subtle.exportKey(format, key)) as ArrayBuffer)
}

async function wrap(format: Family['format'], key: CryptoKey, { key: by, ...parameters }: Wrapping): Promise<Bytes> {
  return new Uint8Array(await crypto.subtle.wrapKey(format, key, by, gcm(parameters)))
}

/**
 * Wraps under a key that never leaves this function. `open` gives one of the family's non-extractable keys at a time;
 * the id of secret material, whose HKDF info is given, is read through it too.
 */
async function wrapOnce(family: Family, newborn: CryptoKey, idInfo?: Bytes) {
  const usages: ('wrapKey' | 'unwrapKey')[] = ['wrapKey', 'unwrapKey']
  const key = (await crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, false, usages)) as CryptoKey
  // A zero IV is right for a key that seals one message in its life.
  const once: Wrapping = { key, iv: new Uint8Array(12), additionalData: new Uint8Array(0) }
  const sealed = await wrap(family.format, newborn, once)
  const open = (format: Family['format'], algorithm: ImportParameters, keyUsages: readonly KeyUsage[]) =>
    crypto.subtle.unwrapKey(format, sealed, key, gcm(once), algorithm, false, [...keyUsages])
  return {
    materialId: idInfo ? await readId(await open('raw', 'HKDF', ['deriveBits']), idInfo) : new Uint8Array(0),
    open: (recipe: KeyRecipe) => open(family.format, recipe.algorithm, recipe.usages),
  }
}

/** The public point of a private key that came as PKCS#8 without one. What else the JWK holds goes no further. */
export async function readPublicPoint(
  pkcs8: Bytes,
  algorithm: { readonly name: string } | { readonly name: string; readonly namedCurve: string },
): Promise<{ readonly x?: string | undefined; readonly y?: string | undefined }> {
  const key = await crypto.subtle.importKey('pkcs8', pkcs8, algorithm, extractable, ['sign'])
  const { x, y } = (await crypto.subtle.exportKey('jwk', key)) as JsonWebKey
  return { x, y }
}
