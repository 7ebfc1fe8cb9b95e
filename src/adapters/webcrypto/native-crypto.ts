import { equalBytes } from '../../codec/bytes'
import type { StoredMaterial } from '../../keys/records'
import type {
  CryptoPort,
  KeyHandle,
  MaterialBinding,
  RestingMaterial,
  SecretPort,
  SoftwareProvider,
} from '../../ports/crypto'
import { noSalt } from './aes-gcm'
import { bearNative, materialIdOf } from './born-wrapped'
import { type Family, symmetricFamily } from './families'
import { createHandle } from './handles'
import { type KeyScope, materialIdInfo } from './labels'
import {
  aadOf,
  bornOf,
  dataKeyPairs,
  named,
  openEvery,
  requireHome,
  requireMaterialId,
  sealSoftware,
  supports,
} from './material'
import type { RootKeys } from './roots'
import { createSealing } from './sealing'
import { encodeSecret, secretRecipe } from './secrets'
import { createTokens } from './tokens'

/** What a browser keeps beside its rows: non-extractable CryptoKeys alone, stored by structured clone. */
export interface NativeKeyring {
  /** HKDF; every token key, and the key that seals software material, is derived from it. */
  readonly tokens: CryptoKey
}

/** A new keyring. A browser makes one, once, and stores it. */
export async function createNativeKeyring(): Promise<NativeKeyring> {
  const { keys } = await bearNative(symmetricFamily, noSalt)
  return { tokens: keys.HKDF as CryptoKey }
}

export interface NativeCryptoOptions extends KeyScope {
  readonly keyring: NativeKeyring
  /** For specs that WebCrypto lacks; without it they are unsupported. */
  readonly software?: SoftwareProvider | undefined
}

const nativeRootId = 'native'

/**
 * The boundary in a browser: material is kept as non-extractable CryptoKeys (StoredMaterial, form `native`). They are
 * bound to their row by nothing but the material id, which symmetric handles check in the blob and pairs in their public
 * key. Message types that WebCrypto lacks are unsupported: a native key has no copy that could be read.
 */
export function createNativeCrypto({ keyring, software, ...scope }: NativeCryptoOptions): CryptoPort & SecretPort {
  const roots: RootKeys = { primaryId: nativeRootId, keys: new Map([[nativeRootId, keyring.tokens]]) }
  const readable = createSealing(roots, scope, 'software-kek')

  async function openNative(family: Family, material: RestingMaterial, binding: MaterialBinding): Promise<KeyHandle> {
    const { materialId, stored, publicKey } = material
    const id = requireMaterialId(materialId)
    for (const name of Object.keys(family.keys)) requireNative(stored, name, family)
    if (publicKey && !equalBytes(await materialIdOf(publicKey, materialIdInfo(binding.keyId)), id)) {
      throw new Error('stored material has another public key')
    }
    return createHandle({
      family,
      keySpec: binding.keySpec,
      materialId: id,
      secretKey: async (name) => requireNative(stored, name, family),
      publicKey,
      prehashed: undefined,
      rsaPrivate: undefined,
    })
  }

  return {
    ...createTokens(roots, scope),
    ...dataKeyPairs(software),
    supports: supports(software),
    random: (byteLength) => crypto.getRandomValues(new Uint8Array(byteLength)),

    async createMaterial(binding) {
      const home = requireHome(binding, software)
      if (home.software) {
        const { material, publicKey } = await home.software.generate(binding.keySpec)
        return sealSoftware(readable, nativeRootId, material, publicKey, binding)
      }
      const { keys, ...born } = await bearNative(home.family, materialIdInfo(binding.keyId))
      return { ...named(born), stored: { form: 'native', keys } }
    },

    async openMaterial(material, binding) {
      const home = requireHome(binding, software)
      if (!home.software) return openNative(home.family, material, binding)
      const { stored, materialId, publicKey } = material
      if (stored.form !== 'software') throw new Error('stored bytes are not software material')
      const open = () => readable.openBytes(stored.bytes, aadOf(materialId, binding, publicKey))
      const opened = await open()
      opened.fill(0)
      return home.software.handle(binding, open, publicKey)
    },

    async adoptMaterial(bytes, publicKey, binding) {
      try {
        const home = requireHome(binding, software)
        if (home.software) return await sealSoftware(readable, nativeRootId, bytes, publicKey, binding)
        const born = named(await bornOf(bytes, publicKey, binding))
        return { ...born, stored: { form: 'native', keys: await openEvery(home.family, bytes, publicKey) } }
      } finally {
        bytes.fill(0)
      }
    },

    async wrapSecret(secretAccessKey) {
      const secret = encodeSecret(secretAccessKey)
      try {
        const key = await crypto.subtle.importKey('raw', secret, secretRecipe, false, ['sign'])
        return { form: 'native', keys: { HMAC: key } }
      } finally {
        secret.fill(0)
      }
    },

    openSecret: async (stored) => requireKey(stored, 'HMAC', 'HMAC'),
    rewrapSecret: async () => undefined,
  }
}

function requireNative(stored: StoredMaterial, name: string, family: Family): CryptoKey {
  const algorithm = family.keys[name]?.algorithm ?? ''
  return requireKey(stored, name, typeof algorithm === 'string' ? algorithm : algorithm.name)
}

function requireKey(stored: StoredMaterial, name: string, algorithm: string): CryptoKey {
  const key = stored.form === 'native' ? stored.keys[name] : undefined
  if (!key || key.algorithm.name !== algorithm) throw new Error(`stored material has no ${name} key`)
  if (key.extractable) throw new Error('a stored key is extractable')
  return key
}
