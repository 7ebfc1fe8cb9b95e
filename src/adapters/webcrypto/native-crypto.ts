import { encodeHex, equalBytes } from '../../codec/bytes'
import type { StoredMaterial } from '../../keys/records'
import { unsupported } from '../../model/errors'
import type {
  BornMaterial,
  CryptoPort,
  KeyHandle,
  MaterialBinding,
  RestingMaterial,
  SecretPort,
  SoftwareProvider,
} from '../../ports/crypto'
import { noSalt } from './aes-gcm'
import { bearNative, bearWrapped, materialIdOf } from './born-wrapped'
import { type Family, symmetricFamily } from './families'
import { createHandle } from './handles'
import { type KeyScope, materialIdInfo } from './labels'
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

/** A key that is about to rest in a form that page script can open as bytes. */
export interface SoftwareRequest extends Pick<MaterialBinding, 'keyArn' | 'keySpec' | 'keyUsage'> {
  /**
   * What a no gives. `native`: a key that no script can read, and that never signs a digest, Ed25519ph or an external μ.
   * `refused`: UnsupportedOperationException, since the browser has no such keys.
   */
  readonly otherwise: 'native' | 'refused'
}

/** What WebCrypto lacks, for the keys that somebody agrees to. */
export interface AgreedSoftware {
  readonly provider: SoftwareProvider
  /**
   * Asked before each material that would be software is made or imported, more than once when the call runs again
   * after a conflict. It may take its time and ask the user. What it throws fails the call.
   */
  agreed(request: SoftwareRequest): boolean | Promise<boolean>
}

export interface NativeCryptoOptions extends KeyScope {
  readonly keyring: NativeKeyring
  /** For specs and message types that WebCrypto lacks; without it they are unsupported. */
  readonly software?: AgreedSoftware | undefined
}

const nativeRootId = 'native'

/**
 * The boundary in a browser: material is kept as non-extractable CryptoKeys (StoredMaterial, form `native`). They are
 * bound to their row by nothing but the material id, which symmetric handles check in the blob and pairs in their public
 * key. Message types that WebCrypto lacks are unsupported: a native key has no copy that could be read.
 *
 * What was agreed to is sealed under the software KEK instead (form `software`) and can do all that its spec can:
 * WebCrypto's part by non-extractable keys, the rest by the provider. The form is chosen once, when material comes in.
 */
export function createNativeCrypto({ keyring, software, ...scope }: NativeCryptoOptions): CryptoPort & SecretPort {
  const roots: RootKeys = { primaryId: nativeRootId, keys: new Map([[nativeRootId, keyring.tokens]]) }
  const readable = createSealing(roots, scope, 'software-kek')
  const provider = software?.provider

  /** Where new material lives. `asSoftware` of a family: sealed bytes in place of CryptoKeys. */
  async function chooseHome(binding: MaterialBinding) {
    const home = requireHome(binding, provider)
    if (!software || (!home.software && !home.family.prehashed)) return { ...home, asSoftware: false }
    const { keyArn, keySpec, keyUsage } = binding
    const otherwise = home.software ? 'refused' : 'native'
    const asSoftware = await software.agreed({ keyArn, keySpec, keyUsage, otherwise })
    if (home.software && !asSoftware) throw unsupported()
    return { ...home, asSoftware }
  }

  async function bearReadable(family: Family, binding: MaterialBinding): Promise<BornMaterial> {
    const info = materialIdInfo(binding.keyId)
    const { copies, ...born } = await bearWrapped(family, info, async ({ materialId, publicKey }) => [
      await readable.newWrapping(aadOf(encodeHex(materialId), binding, publicKey)),
    ])
    const [sealed] = copies
    if (!sealed) throw new Error('nothing was sealed')
    return { ...named(born), stored: { form: 'software', rootId: nativeRootId, bytes: readable.encode(sealed) } }
  }

  /** Software material whose spec WebCrypto knows: the bytes are opened for its missing message types alone. */
  async function openReadable(
    family: Family,
    text: string,
    material: RestingMaterial,
    binding: MaterialBinding,
  ): Promise<KeyHandle> {
    const { materialId, publicKey } = material
    const secretKey = await openSealedKeys(readable, text, aadOf(materialId, binding, publicKey), family)
    const whole = provider && family.prehashed && softwareHandle(readable, provider, text, material, binding)
    return createHandle({
      family,
      keySpec: binding.keySpec,
      materialId: requireMaterialId(materialId),
      secretKey,
      publicKey,
      prehashed: whole?.kind === 'signing' ? whole : undefined,
      rsaPrivate: undefined,
    })
  }

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
    ...dataKeyPairs(provider),
    supports: supports(provider),
    random: (byteLength) => crypto.getRandomValues(new Uint8Array(byteLength)),

    async createMaterial(binding) {
      const home = await chooseHome(binding)
      if (home.software) {
        const { material, publicKey } = await home.software.generate(binding.keySpec)
        return sealSoftware(readable, nativeRootId, material, publicKey, binding)
      }
      if (home.asSoftware) return bearReadable(home.family, binding)
      const { keys, ...born } = await bearNative(home.family, materialIdInfo(binding.keyId))
      return { ...named(born), stored: { form: 'native', keys } }
    },

    async openMaterial(material, binding) {
      const home = requireHome(binding, provider)
      const { stored } = material
      if (home.software) {
        if (stored.form !== 'software') throw new Error('stored bytes are not software material')
        return openSoftware(readable, home.software, stored.bytes, material, binding)
      }
      return stored.form === 'software'
        ? openReadable(home.family, stored.bytes, material, binding)
        : openNative(home.family, material, binding)
    },

    async adoptMaterial(bytes, publicKey, binding) {
      try {
        const home = await chooseHome(binding)
        if (home.software) return await sealSoftware(readable, nativeRootId, bytes, publicKey, binding)
        const keys = await openEvery(home.family, bytes, publicKey)
        if (home.asSoftware) return await sealSoftware(readable, nativeRootId, bytes, publicKey, binding)
        const born = named(await bornOf(bytes, publicKey, binding))
        return { ...born, stored: { form: 'native', keys } }
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
