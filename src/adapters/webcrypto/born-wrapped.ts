/**
 * The only file in which a CryptoKey is extractable. Three moments: material at birth, until it is wrapped; material
 * and secrets while they move from one root key to another; a secret access key on its way to its wrapped form. In all
 * three the extractable key is a local variable of one function that ends with the wrapping; no function returns it,
 * and no bytes of material come to light in any of them.
 */
import { type GcmParameters, gcm, hkdf, noSalt } from './aes-gcm'
import type { Family, HmacRecipe, KeyRecipe } from './families'

const extractable = true

/** One use of a wrapping key. */
export interface Wrapping extends GcmParameters {
  readonly key: CryptoKey
}

interface Birth {
  readonly materialId: Bytes
  /** Each call gives one of the family's non-extractable keys. */
  open(recipe: KeyRecipe): Promise<CryptoKey>
}

/**
 * New material under a lasting wrapping key. `idInfo` is the HKDF info of the material id (32 bytes), which is known
 * before `wrapping` is asked, so that it can be authenticated with the bytes.
 */
export async function bearWrapped(
  family: Family,
  idInfo: Bytes,
  wrapping: (materialId: Bytes) => Promise<Wrapping>,
): Promise<{ readonly materialId: Bytes; readonly iv: Bytes; readonly sealed: Bytes }> {
  const newborn = await generate(family)
  const { materialId } = await wrapOnce(family, newborn, idInfo)
  const to = await wrapping(materialId)
  return { materialId, iv: to.iv, sealed: await wrap(family.format, newborn, to) }
}

/** New material as CryptoKeys alone: the wrapping key is made here, used once and dropped. */
export async function bearNative(
  family: Family,
  idInfo: Bytes,
): Promise<{ readonly materialId: Bytes; readonly keys: { readonly HKDF: CryptoKey } }> {
  const birth = await wrapOnce(family, await generate(family), idInfo)
  return { materialId: birth.materialId, keys: { HKDF: await birth.open(family.keys.HKDF) } }
}

/** The same bytes under another wrapping. Rejects with an OperationError when they do not open under `from`. */
export async function rewrapBytes(birth: HmacRecipe, sealed: Bytes, from: Wrapping, to: Wrapping): Promise<Bytes> {
  const key = await crypto.subtle.unwrapKey('raw', sealed, from.key, gcm(from), birth, extractable, ['sign'])
  return wrap('raw', key, to)
}

/** A secret that came from outside, as an HMAC-SHA-256 key. Overwrites `secret`. */
export async function wrapHmacSecret(secret: Bytes, to: Wrapping): Promise<Bytes> {
  const recipe = { name: 'HMAC', hash: 'SHA-256' }
  try {
    return await wrap('raw', await crypto.subtle.importKey('raw', secret, recipe, extractable, ['sign']), to)
  } finally {
    secret.fill(0)
  }
}

async function generate({ birth }: Family): Promise<CryptoKey> {
  return (await crypto.subtle.generateKey(birth.algorithm, extractable, [...birth.usages])) as CryptoKey
}

async function wrap(format: 'raw', key: CryptoKey, { key: wrappingKey, ...parameters }: Wrapping): Promise<Bytes> {
  return new Uint8Array(await crypto.subtle.wrapKey(format, key, wrappingKey, gcm(parameters)))
}

/** Wraps under a key that never leaves this function, and reads the material id through it. */
async function wrapOnce(family: Family, newborn: CryptoKey, idInfo: Bytes): Promise<Birth> {
  const usages: ('wrapKey' | 'unwrapKey')[] = ['wrapKey', 'unwrapKey']
  const key = (await crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, false, usages)) as CryptoKey
  // A zero IV is right for a key that seals one message in its life.
  const once: Wrapping = { key, iv: new Uint8Array(12), additionalData: new Uint8Array(0) }
  const sealed = await wrap(family.format, newborn, once)
  const idKey = await crypto.subtle.unwrapKey('raw', sealed, key, gcm(once), 'HKDF', false, ['deriveBits'])
  const materialId = new Uint8Array(await crypto.subtle.deriveBits(hkdf(noSalt, idInfo), idKey, 256))
  return {
    materialId,
    open: ({ algorithm, usages }) =>
      crypto.subtle.unwrapKey(family.format, sealed, key, gcm(once), algorithm, false, [...usages]),
  }
}
