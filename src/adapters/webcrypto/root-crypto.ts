import { encodeHex } from '../../codec/bytes'
import { LruMap } from '../../codec/lru'
import type { StoredMaterial } from '../../keys/records'
import type {
  CryptoPort,
  KeyHandle,
  MaterialBinding,
  RestingMaterial,
  SecretPort,
  SoftwareProvider,
} from '../../ports/crypto'
import { hkdf, noSalt } from './aes-gcm'
import { bearWrapped, type Sealed, type Wrapping, wrapBytes } from './born-wrapped'
import type { Family } from './families'
import { createHandle } from './handles'
import { type KeyScope, materialIdInfo, rootInfo, secretAad } from './labels'
import {
  aadOf,
  bornOf,
  dataKeyPairs,
  named,
  openEvery,
  openSealedKeys,
  openSoftware,
  requireHome,
  requireMaterialId,
  sealSoftware,
  softwareHandle,
  supports,
} from './material'
import type { RootKeys } from './roots'
import { createSealing } from './sealing'
import { encodeSecret, secretRecipe } from './secrets'
import type { RsaPrivateOperation } from './signing'
import { createTokens } from './tokens'

export interface RootCryptoOptions extends KeyScope {
  readonly roots: RootKeys
  /** How many opened materials stay at hand; 1,024 unless given. */
  readonly handleCacheSize?: number
  /** For specs and message types that WebCrypto lacks; without it they are unsupported. */
  readonly software?: SoftwareProvider | undefined
  /** Signs digests with native RSA keys; without it the software provider does, if there is one. */
  readonly rsaPrivate?: RsaPrivateOperation | undefined
}

/** The boundary at the edge: material and secrets rest as bytes under root keys (docs/formats.md, key hierarchy). */
export interface RootCrypto extends CryptoPort, SecretPort {
  /** The root key that seals. */
  readonly primaryRootId: string
  /** The same material under the first root key; undefined when it already is. Throws when it does not open. */
  rewrap(material: RestingMaterial, binding: MaterialBinding): Promise<StoredMaterial | undefined>
  /**
   * Per root id a value that only that root key gives for this account and Region, 64 hexadecimal digits: kept beside
   * what the key sealed, it tells a mistyped or swapped root key. It says nothing about the key.
   */
  checkValues(): Promise<ReadonlyMap<string, string>>
}

export function createRootCrypto({
  roots,
  handleCacheSize = 1024,
  software,
  rsaPrivate,
  ...scope
}: RootCryptoOptions): RootCrypto {
  const handles = new LruMap<string, KeyHandle>(handleCacheSize)
  const keys = createSealing(roots, scope, 'kek')
  const readable = createSealing(roots, scope, 'software-kek')
  const rootId = roots.primaryId

  /** Whether new keys get a copy that the provider can read. */
  const wantsCopy = ({ prehashed }: Family) =>
    software !== undefined && (prehashed === 'software' || (prehashed === 'rsa' && rsaPrivate === undefined))

  async function wrappingsOf(
    family: Family,
    materialId: string,
    binding: MaterialBinding,
    publicKey: Bytes | undefined,
  ): Promise<Wrapping[]> {
    const aad = aadOf(materialId, binding, publicKey)
    const wrappings = [await keys.newWrapping(aad)]
    if (wantsCopy(family)) wrappings.push(await readable.newWrapping(aad))
    return wrappings
  }

  function toStored([sealed, copy]: readonly Sealed[]): StoredMaterial {
    if (!sealed) throw new Error('nothing was sealed')
    const stored = { form: 'wrapped', rootId, bytes: keys.encode(sealed) } as const
    return copy ? { ...stored, software: readable.encode(copy) } : stored
  }

  function requireForm<F extends 'wrapped' | 'software'>(stored: StoredMaterial, form: F) {
    if (stored.form !== form) throw new Error(`stored bytes are not ${form} material`)
    return stored as Extract<StoredMaterial, { form: F }>
  }

  async function openNative(family: Family, material: RestingMaterial, binding: MaterialBinding): Promise<KeyHandle> {
    const { materialId, publicKey } = material
    const stored = requireForm(material.stored, 'wrapped')
    const secretKey = await openSealedKeys(keys, stored.bytes, aadOf(materialId, binding, publicKey), family)
    const copy =
      software && stored.software !== undefined
        ? softwareHandle(readable, software, stored.software, material, binding)
        : undefined
    return createHandle({
      family,
      keySpec: binding.keySpec,
      materialId: requireMaterialId(materialId),
      secretKey,
      publicKey,
      prehashed: copy?.kind === 'signing' ? copy : undefined,
      rsaPrivate,
    })
  }

  return {
    primaryRootId: rootId,
    ...createTokens(roots, scope),
    ...dataKeyPairs(software),
    supports: supports(software),
    random: (byteLength) => crypto.getRandomValues(new Uint8Array(byteLength)),

    async createMaterial(binding) {
      const home = requireHome(binding, software)
      if (home.software) {
        const { material, publicKey } = await home.software.generate(binding.keySpec)
        return sealSoftware(readable, rootId, material, publicKey, binding)
      }
      const { family } = home
      const { copies, ...born } = await bearWrapped(
        family,
        materialIdInfo(binding.keyId),
        ({ materialId, publicKey }) => wrappingsOf(family, encodeHex(materialId), binding, publicKey),
      )
      return { ...named(born), stored: toStored(copies) }
    },

    async openMaterial(material, binding) {
      const place = `${binding.keyArn} ${material.materialId} ${binding.keySpec} ${binding.keyUsage}`
      const known = handles.get(place)
      if (known) return known
      requireMaterialId(material.materialId)
      const home = requireHome(binding, software)
      const handle = home.software
        ? await openSoftware(readable, home.software, requireForm(material.stored, 'software').bytes, material, binding)
        : await openNative(home.family, material, binding)
      handles.set(place, handle)
      return handle
    },

    async adoptMaterial(bytes, publicKey, binding) {
      try {
        const home = requireHome(binding, software)
        if (home.software) return await sealSoftware(readable, rootId, bytes, publicKey, binding)
        const { family } = home
        await openEvery(family, bytes, publicKey)
        const born = named(await bornOf(bytes, publicKey, binding))
        const wrappings = await wrappingsOf(family, born.materialId, binding, publicKey)
        return { ...born, stored: toStored(await wrapBytes(bytes, wrappings)) }
      } finally {
        bytes.fill(0)
      }
    },

    async rewrap({ stored, materialId, publicKey }, binding) {
      const aad = aadOf(materialId, binding, publicKey)
      if (stored.form === 'native') throw new Error('stored bytes are not wrapped material')
      if (stored.form === 'software') {
        const bytes = await readable.move(stored.bytes, aad)
        return bytes === undefined ? undefined : { form: 'software', rootId, bytes }
      }
      // Both are always sealed together, so that they move together.
      const bytes = await keys.move(stored.bytes, aad)
      if (bytes === undefined) return undefined
      if (stored.software === undefined) return { form: 'wrapped', rootId, bytes }
      const copy = await readable.move(stored.software, aad)
      return { form: 'wrapped', rootId, bytes, software: copy ?? stored.software }
    },

    async wrapSecret(secretAccessKey, binding) {
      const secret = encodeSecret(secretAccessKey)
      return toStored(await wrapBytes(secret, [await keys.newWrapping((id) => secretAad(id, binding))]))
    },

    openSecret: async (stored, binding) =>
      keys.openKey(requireForm(stored, 'wrapped').bytes, (id) => secretAad(id, binding), 'raw', {
        algorithm: secretRecipe,
        usages: ['sign'],
      }),

    async rewrapSecret(stored, binding) {
      const bytes = await keys.move(requireForm(stored, 'wrapped').bytes, (id) => secretAad(id, binding))
      return bytes === undefined ? undefined : { form: 'wrapped', rootId, bytes }
    },

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
