import { decodeHex, encodeHex } from '../../codec/bytes'
import { unsupported } from '../../model/errors'
import type { DataKeyPairSpec, KeySpec, KeyUsageType } from '../../model/generated/types'
import type {
  BornMaterial,
  DataKeyPair,
  KeyHandle,
  MaterialBinding,
  RestingMaterial,
  SoftwareProvider,
} from '../../ports/crypto'
import { type Born, bearPair, materialIdOf, wrapBytes } from './born-wrapped'
import { type Family, findFamily } from './families'
import { type KeySource, keepKeys } from './handles'
import { materialAad, materialIdInfo } from './labels'
import type { AadOf, Sealing } from './sealing'

/** What both homes of material, root keys and a browser's key store, have in common. */

export const aadOf =
  (materialId: string, binding: MaterialBinding, publicKey: Bytes | undefined): AadOf =>
  (rootId) =>
    materialAad(rootId, materialId, binding, publicKey)

/** Native first, whatever the provider could do. UnsupportedOperationException without message for neither. */
export function requireHome(
  { keySpec, keyUsage }: MaterialBinding,
  software: SoftwareProvider | undefined,
): { readonly family: Family; readonly software?: undefined } | { readonly software: SoftwareProvider } {
  const family = findFamily(keySpec, keyUsage)
  if (family) return { family }
  if (software?.supports(keySpec, keyUsage)) return { software }
  throw unsupported()
}

export const supports =
  (software: SoftwareProvider | undefined) =>
  (keySpec: KeySpec, keyUsage: KeyUsageType): boolean =>
    findFamily(keySpec, keyUsage) !== undefined || software?.supports(keySpec, keyUsage) === true

export function requireMaterialId(materialId: string): Bytes {
  const id = decodeHex(materialId)
  if (id?.length !== 32) throw new Error('a key material id is 64 hexadecimal digits')
  return id
}

export async function bornOf(bytes: Bytes, publicKey: Bytes | undefined, binding: MaterialBinding): Promise<Born> {
  const materialId = await materialIdOf(publicKey ?? bytes, materialIdInfo(binding.keyId))
  return publicKey ? { materialId, publicKey } : { materialId }
}

export const named = ({ materialId, publicKey }: Born) => ({
  materialId: encodeHex(materialId),
  ...(publicKey ? { publicKey } : {}),
})

/** Material of the software provider, made or brought, at rest under the software KEK. Overwrites `bytes`. */
export async function sealSoftware(
  sealing: Sealing,
  rootId: string,
  bytes: Bytes,
  publicKey: Bytes | undefined,
  binding: MaterialBinding,
): Promise<BornMaterial> {
  try {
    const born = named(await bornOf(bytes, publicKey, binding))
    const to = await sealing.newWrapping(aadOf(born.materialId, binding, publicKey))
    const [sealed] = await wrapBytes(bytes, [to])
    if (!sealed) throw new Error('nothing was sealed')
    return { ...born, stored: { form: 'software', rootId, bytes: sealing.encode(sealed) } }
  } finally {
    bytes.fill(0)
  }
}

/** The family's non-extractable keys out of sealed bytes. Throws when the bytes do not open. */
export async function openSealedKeys(sealing: Sealing, text: string, aad: AadOf, family: Family): Promise<KeySource> {
  const secretKey = keepKeys((name) => {
    const recipe = family.keys[name]
    if (!recipe) throw new Error('a family has no such key')
    return sealing.openKey(text, aad, family.format, recipe)
  })
  // Opened before the public half is used: the tag vouches for both, and for the place.
  await secretKey(Object.keys(family.keys)[0] as string)
  return secretKey
}

/** What the provider does with bytes under the software KEK: it opens them call by call. */
export const softwareHandle = (
  readable: Sealing,
  provider: SoftwareProvider,
  text: string,
  { materialId, publicKey }: RestingMaterial,
  binding: MaterialBinding,
): KeyHandle =>
  provider.handle(binding, () => readable.openBytes(text, aadOf(materialId, binding, publicKey)), publicKey)

/** The same for a key that is software altogether. Throws when the bytes do not open. */
export async function openSoftware(
  readable: Sealing,
  provider: SoftwareProvider,
  text: string,
  material: RestingMaterial,
  binding: MaterialBinding,
): Promise<KeyHandle> {
  const opened = await readable.openBytes(text, aadOf(material.materialId, binding, material.publicKey))
  opened.fill(0)
  return softwareHandle(readable, provider, text, material, binding)
}

/** Refuses bytes that are no key of the family, before they are wrapped. Rejects with what the runtime throws. */
export async function openEvery(
  family: Family,
  bytes: Bytes,
  publicKey: Bytes | undefined,
): Promise<Record<string, CryptoKey>> {
  if ((family.format === 'pkcs8') !== (publicKey !== undefined)) throw new Error('a pair alone has a public key')
  const keys: Record<string, CryptoKey> = {}
  for (const [name, { algorithm, usages }] of Object.entries(family.keys)) {
    keys[name] = await crypto.subtle.importKey(family.format, bytes, algorithm, false, [...usages])
  }
  return keys
}

/** Specs of data key pairs are those of KMS keys. */
const pairFamilyOf = (spec: DataKeyPairSpec) =>
  findFamily(spec, 'SIGN_VERIFY') ?? findFamily(spec, 'ENCAPSULATE_DECAPSULATE')

export const dataKeyPairs = (software: SoftwareProvider | undefined) => ({
  supportsKeyPair: (spec: DataKeyPairSpec): boolean =>
    pairFamilyOf(spec) !== undefined || software?.supportsKeyPair(spec) === true,

  async generateKeyPair(spec: DataKeyPairSpec): Promise<DataKeyPair> {
    const family = pairFamilyOf(spec)
    const pair = family && (await bearPair(family))
    if (pair) return pair
    if (!software?.supportsKeyPair(spec)) throw unsupported()
    return software.generateKeyPair(spec)
  },
})
