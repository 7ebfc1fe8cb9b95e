import { decodeHex, encodeHex } from '../../codec/bytes'
import type { StoredMaterial } from '../../keys/records'
import type { CryptoPort, SecretPort } from '../../ports/crypto'
import { noSalt } from './aes-gcm'
import { bearNative } from './born-wrapped'
import { findFamily, symmetricFamily } from './families'
import { type KeyScope, materialIdInfo } from './labels'
import { requireFamily } from './root-crypto'
import type { RootKeys } from './roots'
import { encodeSecret, secretRecipe } from './secrets'
import { createSymmetricHandle } from './symmetric'
import { createTokens } from './tokens'

/** What a browser keeps beside its rows: non-extractable CryptoKeys alone, stored by structured clone. */
export interface NativeKeyring {
  /** HKDF; every token key is derived from it. */
  readonly tokens: CryptoKey
}

/** A new keyring. A browser makes one, once, and stores it. */
export async function createNativeKeyring(): Promise<NativeKeyring> {
  const { keys } = await bearNative(symmetricFamily, noSalt)
  return { tokens: keys.HKDF }
}

export interface NativeCryptoOptions extends KeyScope {
  readonly keyring: NativeKeyring
}

const nativeRootId = 'native'

/**
 * The boundary in a browser: material is kept as non-extractable CryptoKeys (StoredMaterial, form `native`). They are
 * bound to their row by nothing but the material id, which every handle checks in the blob.
 */
export function createNativeCrypto({ keyring, ...scope }: NativeCryptoOptions): CryptoPort & SecretPort {
  const roots: RootKeys = { primaryId: nativeRootId, keys: new Map([[nativeRootId, keyring.tokens]]) }
  return {
    ...createTokens(roots, scope),
    supports: (keySpec) => findFamily(keySpec) !== undefined,
    random: (byteLength) => crypto.getRandomValues(new Uint8Array(byteLength)),

    async createMaterial(binding) {
      const { materialId, keys } = await bearNative(requireFamily(binding), materialIdInfo(binding.keyId))
      return { materialId: encodeHex(materialId), stored: { form: 'native', keys } }
    },

    async openMaterial(stored, materialId, binding) {
      requireFamily(binding)
      const id = decodeHex(materialId)
      if (id?.length !== 32) throw new Error('a key material id is 64 hexadecimal digits')
      return createSymmetricHandle(requireNative(stored, 'HKDF'), id)
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

    openSecret: async (stored) => requireNative(stored, 'HMAC'),
    rewrapSecret: async () => undefined,
  }
}

function requireNative(stored: StoredMaterial, algorithm: 'HKDF' | 'HMAC'): CryptoKey {
  const key = stored.form === 'native' ? stored.keys[algorithm] : undefined
  if (!key || key.algorithm.name !== algorithm) throw new Error(`stored material has no ${algorithm} key`)
  if (key.extractable) throw new Error('a stored key is extractable')
  return key
}
