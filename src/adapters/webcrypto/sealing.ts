import { decodeBase64, encodeBase64 } from '../../codec/bytes'
import { decodeWrappedMaterial, encodeWrappedMaterial, wrappedLayout } from '../../codec/wrapped-material'
import { decryptGcm, deriveGcmKey, gcm, isOpenFailure, noSalt } from './aes-gcm'
import { rewrapBytes, type Sealed, type Wrapping } from './born-wrapped'
import type { KeyRecipe } from './families'
import { type KekPurpose, type KeyScope, rootInfo } from './labels'
import type { RootKeys } from './roots'

/** What additional data binds bytes to, given the root key's id. */
export type AadOf = (rootId: string) => Bytes

/** Bytes at rest under the keys that are derived from root keys for one purpose. */
export interface Sealing {
  /** A fresh use of the key that seals now. */
  newWrapping(aad: AadOf): Promise<Wrapping>
  /** The base64 of docs/formats.md, wrapped material. */
  encode(sealed: Sealed): string
  /** As a non-extractable key. Throws when the bytes do not open. */
  openKey(text: string, aad: AadOf, format: 'raw' | 'pkcs8', recipe: KeyRecipe): Promise<CryptoKey>
  /** As bytes: under the software KEK alone. Throws when they do not open. */
  openBytes(text: string, aad: AadOf): Promise<Bytes>
  /** The same under the first root key; undefined when it already is. Throws when the bytes do not open. */
  move(text: string, aad: AadOf): Promise<string | undefined>
}

const usages = {
  kek: ['wrapKey', 'unwrapKey'],
  'software-kek': ['wrapKey', 'unwrapKey', 'decrypt'],
} as const

export function createSealing(roots: RootKeys, scope: KeyScope, purpose: KekPurpose): Sealing {
  const keks = new Map<string, CryptoKey>()

  /** Settled keys alone are kept: workerd forbids one request to wait for another's promise. */
  async function findKek(rootId: string): Promise<CryptoKey> {
    const known = keks.get(rootId)
    if (known) return known
    const root = roots.keys.get(rootId)
    if (!root) throw new Error(`no root key with the id ${rootId} is configured`)
    const kek = await deriveGcmKey(root, noSalt, rootInfo(purpose, scope), [...usages[purpose]])
    keks.set(rootId, kek)
    return kek
  }

  async function newWrapping(aad: AadOf): Promise<Wrapping> {
    const iv = crypto.getRandomValues(new Uint8Array(wrappedLayout.ivBytes))
    return { key: await findKek(roots.primaryId), iv, additionalData: aad(roots.primaryId) }
  }

  async function read(text: string, aad: AadOf) {
    const bytes = decodeBase64(text)
    const wrapped = bytes && decodeWrappedMaterial(bytes)
    if (!wrapped) throw new Error('stored bytes are not wrapped material')
    const { rootId, iv, sealed } = wrapped
    return { rootId, sealed, wrapping: { key: await findKek(rootId), iv, additionalData: aad(rootId) } }
  }

  const encode = ({ iv, sealed }: Sealed) =>
    encodeBase64(encodeWrappedMaterial({ rootId: roots.primaryId, iv, sealed }))

  return {
    newWrapping,
    encode,

    async openKey(text, aad, format, { algorithm, usages: keyUsages }) {
      const { sealed, wrapping } = await read(text, aad)
      return explained(
        crypto.subtle.unwrapKey(format, sealed, wrapping.key, gcm(wrapping), algorithm, false, [...keyUsages]),
      )
    },

    async openBytes(text, aad) {
      const { sealed, wrapping } = await read(text, aad)
      const bytes = await decryptGcm(wrapping.key, wrapping, sealed)
      if (!bytes) throw doesNotOpen()
      return bytes
    },

    async move(text, aad) {
      const { rootId, sealed, wrapping } = await read(text, aad)
      if (rootId === roots.primaryId) return undefined
      const to = await newWrapping(aad)
      return encode({ iv: to.iv, sealed: await explained(rewrapBytes(sealed, wrapping, to)) })
    },
  }
}

const doesNotOpen = (cause?: unknown) =>
  new Error('wrapped bytes do not open: another root key, another place, or changed bytes', { cause })

/** Says in words what an OperationError means here. */
async function explained<T>(opening: Promise<T>): Promise<T> {
  try {
    return await opening
  } catch (error) {
    if (!isOpenFailure(error)) throw error
    throw doesNotOpen(error)
  }
}
