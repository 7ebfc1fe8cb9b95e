import type { AlgorithmSpec, KeyMetadata, KeySpec, WrappingKeySpec } from '../model/generated/types'
import type { ImportedMaterial, KeyRecord } from './records'

/** In which form a key spec's material is brought: so many bytes as they are, or a private key file. */
export type BroughtForm = { readonly minBytes: number; readonly maxBytes: number } | 'pkcs8'

const raw = (minBytes: number, maxBytes = minBytes): BroughtForm => ({ minBytes, maxBytes })

/**
 * The specs whose keys can have the origin EXTERNAL; ML-DSA and ML-KEM are not among them (behaviours 7; AWS KMS
 * developer guide, importing key material). HMAC keys: from the length of the MAC to the block of the hash.
 */
const broughtForms: { readonly [S in KeySpec]?: BroughtForm } = {
  SYMMETRIC_DEFAULT: raw(32),
  HMAC_224: raw(28, 64),
  HMAC_256: raw(32, 64),
  HMAC_384: raw(48, 128),
  HMAC_512: raw(64, 128),
  RSA_2048: 'pkcs8',
  RSA_3072: 'pkcs8',
  RSA_4096: 'pkcs8',
  ECC_NIST_P256: 'pkcs8',
  ECC_NIST_P384: 'pkcs8',
  ECC_NIST_P521: 'pkcs8',
  ECC_SECG_P256K1: 'pkcs8',
  ECC_NIST_EDWARDS25519: 'pkcs8',
}

export const broughtForm = (keySpec: KeySpec): BroughtForm | undefined => broughtForms[keySpec]

const oaep: readonly AlgorithmSpec[] = ['RSAES_OAEP_SHA_1', 'RSAES_OAEP_SHA_256']
const aesKeyWrap: readonly AlgorithmSpec[] = ['RSA_AES_KEY_WRAP_SHA_1', 'RSA_AES_KEY_WRAP_SHA_256']

/**
 * Whether a wrapping carries the material of a key spec: RSA-OAEP alone is too short for RSA keys, and under RSA_2048
 * for P-521. RSAES_PKCS1_V1_5 has carried nothing since 2023; SM2PKE and SM2 are for China Regions.
 */
export function wrappingFits(keySpec: KeySpec, algorithm: AlgorithmSpec, wrappingKeySpec: WrappingKeySpec): boolean {
  if (wrappingKeySpec === 'SM2') return false
  if (aesKeyWrap.includes(algorithm)) return true
  if (!oaep.includes(algorithm) || keySpec.startsWith('RSA_')) return false
  return keySpec !== 'ECC_NIST_P521' || wrappingKeySpec !== 'RSA_2048'
}

/** The materials that belong to the key for good: all but one that waits for its rotation. */
const lasting = (key: KeyRecord) => (key.imports ?? []).filter(({ pending }) => !pending)

/** Whether material that the key needs is not there: such a key is PendingImport unless its deletion is pending. */
export const lacksMaterial = (key: KeyRecord): boolean =>
  key.origin === 'EXTERNAL' && (lasting(key).length === 0 || lasting(key).some(({ present }) => !present))

export const findImport = (key: KeyRecord, materialId: string | undefined): ImportedMaterial | undefined =>
  key.imports?.find((each) => each.materialId === materialId)

export const pendingImport = (key: KeyRecord): ImportedMaterial | undefined =>
  key.imports?.find(({ pending }) => pending)

/** The key after one of its materials, new or known, was brought. PendingImport ends when nothing is lacking. */
export function withImport(key: KeyRecord, material: ImportedMaterial): KeyRecord {
  const others = (key.imports ?? []).filter(({ materialId }) => materialId !== material.materialId)
  const imports = [...others, material].sort((a, b) => a.sequence - b.sequence)
  const known = { ...key, imports, currentMaterialId: key.currentMaterialId ?? material.materialId }
  return known.state === 'PendingImport' && !lacksMaterial(known) ? { ...known, state: 'Enabled' } : known
}

/** The key after the bytes of one material have gone. One that waited for its rotation is forgotten altogether. */
export function withoutMaterial(key: KeyRecord, materialId: string): KeyRecord {
  const imports = (key.imports ?? []).flatMap((each): ImportedMaterial[] => {
    if (each.materialId !== materialId) return [each]
    const { validToMs: _, ...rest } = each
    return each.pending ? [] : [{ ...rest, present: false }]
  })
  const left = { ...key, imports }
  return left.state !== 'PendingDeletion' && lacksMaterial(left) ? { ...left, state: 'PendingImport' } : left
}

/** The key after the waiting material became the current one. */
export function withRotation(key: KeyRecord, rotation: Required<ImportedMaterial>['rotation']): KeyRecord {
  const waiting = pendingImport(key)
  if (!waiting) return key
  const { pending: _, ...material } = waiting
  return { ...withImport(key, { ...material, rotation }), currentMaterialId: waiting.materialId }
}

/** The materials whose time is over, soonest first. */
export const expiredImports = (key: KeyRecord, nowMs: number): ImportedMaterial[] =>
  (key.imports ?? [])
    .filter(({ validToMs }) => validToMs !== undefined && validToMs <= nowMs)
    .sort((a, b) => (a.validToMs as number) - (b.validToMs as number))

/** ExpirationModel and ValidTo of one material that is there. */
export const expirationMembers = ({ validToMs }: Pick<ImportedMaterial, 'validToMs'>) =>
  validToMs === undefined
    ? ({ ExpirationModel: 'KEY_MATERIAL_DOES_NOT_EXPIRE' } as const)
    : ({ ExpirationModel: 'KEY_MATERIAL_EXPIRES', ValidTo: new Date(validToMs) } as const)

/** The members of KeyMetadata: of a key with all its material, by the one that expires first; else none. */
export function importMembers(key: KeyRecord): Pick<KeyMetadata, 'ExpirationModel' | 'ValidTo'> {
  if (key.origin !== 'EXTERNAL' || lacksMaterial(key)) return {}
  const times = lasting(key).flatMap(({ validToMs }) => (validToMs === undefined ? [] : [validToMs]))
  return expirationMembers(times.length ? { validToMs: Math.min(...times) } : {})
}
