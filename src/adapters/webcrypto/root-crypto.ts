import { decodeBase64, decodeHex, encodeBase64, encodeHex } from '../../codec/bytes'
import { LruMap } from '../../codec/lru'
import { decodeWrappedMaterial, encodeWrappedMaterial, wrappedLayout } from '../../codec/wrapped-material'
import type { StoredMaterial } from '../../keys/records'
import { unsupported } from '../../model/errors'
import type { CryptoPort, MaterialBinding, SecretPort, SymmetricHandle } from '../../ports/crypto'
import { deriveGcmKey, gcm, hkdf, isOpenFailure, noSalt } from './aes-gcm'
import { bearWrapped, rewrapBytes, type Wrapping, wrapHmacSecret } from './born-wrapped'
import { type Family, findFamily, type HmacRecipe } from './families'
import { type KeyScope, materialAad, materialIdInfo, rootInfo, secretAad } from './labels'
import type { RootKeys } from './roots'
import { encodeSecret, secretRecipe } from './secrets'
import { createSymmetricHandle } from './symmetric'
import { createTokens } from './tokens'

export interface RootCryptoOptions extends KeyScope {
  readonly roots: RootKeys
  /** How many opened materials stay at hand; 1,024 unless given. */
  readonly handleCacheSize?: number
}

/** The boundary at the edge: material and secrets rest as bytes under root keys (docs/formats.md, key hierarchy). */
export interface RootCrypto extends CryptoPort, SecretPort {
  /** The root key that seals. */
  readonly primaryRootId: string
  /** The same material under the first root key; undefined when it already is. Throws when it does not open. */
  rewrap(stored: StoredMaterial, materialId: string, binding: MaterialBinding): Promise<StoredMaterial | undefined>
  /**
   * Per root id a value that only that root key gives for this account and Region, 64 hexadecimal digits: kept beside
   * what the key sealed, it tells a mistyped or swapped root key. It says nothing about the key.
   */
  checkValues(): Promise<ReadonlyMap<string, string>>
}

export function createRootCrypto({ roots, handleCacheSize = 1024, ...scope }: RootCryptoOptions): RootCrypto {
  const keks = new Map<string, CryptoKey>()
  const handles = new LruMap<string, SymmetricHandle>(handleCacheSize)

  /** Settled keys alone are kept: workerd forbids one request to wait for another's promise. */
  async function findKek(rootId: string): Promise<CryptoKey> {
    const known = keks.get(rootId)
    if (known) return known
    const root = roots.keys.get(rootId)
    if (!root) throw new Error(`no root key with the id ${rootId} is configured`)
    const kek = await deriveGcmKey(root, noSalt, rootInfo('kek', scope), ['wrapKey', 'unwrapKey'])
    keks.set(rootId, kek)
    return kek
  }

  /** `aad` binds the bytes to their place and to the root key's id. */
  async function newWrapping(aad: (rootId: string) => Bytes): Promise<Wrapping> {
    const iv = crypto.getRandomValues(new Uint8Array(wrappedLayout.ivBytes))
    return { key: await findKek(roots.primaryId), iv, additionalData: aad(roots.primaryId) }
  }

  async function readWrapped(stored: StoredMaterial, aad: (rootId: string) => Bytes) {
    const bytes = stored.form === 'wrapped' ? decodeBase64(stored.bytes) : undefined
    const wrapped = bytes && decodeWrappedMaterial(bytes)
    if (!wrapped) throw new Error('stored bytes are not wrapped material')
    const { rootId, iv, sealed } = wrapped
    return { rootId, sealed, wrapping: { key: await findKek(rootId), iv, additionalData: aad(rootId) } }
  }

  const toStored = (iv: Bytes, sealed: Bytes): StoredMaterial => ({
    form: 'wrapped',
    rootId: roots.primaryId,
    bytes: encodeBase64(encodeWrappedMaterial({ rootId: roots.primaryId, iv, sealed })),
  })

  async function moveToPrimary(recipe: HmacRecipe, stored: StoredMaterial, aad: (rootId: string) => Bytes) {
    const { rootId, sealed, wrapping } = await readWrapped(stored, aad)
    if (rootId === roots.primaryId) return undefined
    const to = await newWrapping(aad)
    return toStored(to.iv, await explained(rewrapBytes(recipe, sealed, wrapping, to)))
  }

  return {
    primaryRootId: roots.primaryId,
    ...createTokens(roots, scope),
    supports: (keySpec) => findFamily(keySpec) !== undefined,
    random: (byteLength) => crypto.getRandomValues(new Uint8Array(byteLength)),

    async createMaterial(binding) {
      const family = requireFamily(binding)
      const { materialId, iv, sealed } = await bearWrapped(family, materialIdInfo(binding.keyId), (id) =>
        newWrapping((rootId) => materialAad(rootId, encodeHex(id), binding)),
      )
      return { materialId: encodeHex(materialId), stored: toStored(iv, sealed) }
    },

    async openMaterial(stored, materialId, binding) {
      const place = `${binding.keyArn} ${materialId} ${binding.keySpec} ${binding.keyUsage}`
      const known = handles.get(place)
      if (known) return known
      const family = requireFamily(binding)
      const id = decodeHex(materialId)
      if (id?.length !== 32) throw new Error('a key material id is 64 hexadecimal digits')
      const { sealed, wrapping } = await readWrapped(stored, (rootId) => materialAad(rootId, materialId, binding))
      const { algorithm, usages } = family.keys.HKDF
      const opened = crypto.subtle.unwrapKey(family.format, sealed, wrapping.key, gcm(wrapping), algorithm, false, [
        ...usages,
      ])
      const handle = createSymmetricHandle(await explained(opened), id)
      handles.set(place, handle)
      return handle
    },

    async rewrap(stored, materialId, binding) {
      const { birth } = requireFamily(binding)
      return moveToPrimary(birth.algorithm, stored, (rootId) => materialAad(rootId, materialId, binding))
    },

    async wrapSecret(secretAccessKey, binding) {
      const to = await newWrapping((rootId) => secretAad(rootId, binding))
      const sealed = await wrapHmacSecret(encodeSecret(secretAccessKey), to)
      return toStored(to.iv, sealed)
    },

    async openSecret(stored, binding) {
      const { sealed, wrapping } = await readWrapped(stored, (rootId) => secretAad(rootId, binding))
      return explained(
        crypto.subtle.unwrapKey('raw', sealed, wrapping.key, gcm(wrapping), secretRecipe, false, ['sign']),
      )
    },

    rewrapSecret: (stored, binding) => moveToPrimary(secretRecipe, stored, (rootId) => secretAad(rootId, binding)),

    async checkValues() {
      const values = new Map<string, string>()
      for (const [id, root] of roots.keys) {
        const bits = await crypto.subtle.deriveBits(hkdf(noSalt, rootInfo('check', scope)), root, 256)
        values.set(id, encodeHex(new Uint8Array(bits)))
      }
      return values
    },
  }
}

export function requireFamily({ keySpec }: MaterialBinding): Family {
  const family = findFamily(keySpec)
  if (!family) throw unsupported()
  return family
}

/** Says in words what an OperationError means here. */
async function explained<T>(opening: Promise<T>): Promise<T> {
  try {
    return await opening
  } catch (error) {
    if (!isOpenFailure(error)) throw error
    throw new Error('wrapped bytes do not open: another root key, another place, or changed bytes', { cause: error })
  }
}
