import type { EncryptionAlgorithmSpec, KeySpec, KeyUsageType } from './generated/types'

/** What AWS calls the type of a key when it compares aliases: the family, not the exact spec. */
export type KeyFamily = 'symmetric' | 'asymmetric' | 'HMAC'

/** One key spec. Every list, limit and check about specs derives from these rows. */
export interface KeySpecRow {
  readonly keySpec: KeySpec
  readonly family: KeyFamily
  readonly usages: readonly KeyUsageType[]
  /** Absent where AWS wants the usage named. */
  readonly defaultUsage?: KeyUsageType
  readonly encryptionAlgorithms: readonly EncryptionAlgorithmSpec[]
  /** Whether keys of this spec rotate, and so have a CurrentKeyMaterialId. */
  readonly rotates: boolean
}

const symmetric: KeySpecRow = {
  keySpec: 'SYMMETRIC_DEFAULT',
  family: 'symmetric',
  usages: ['ENCRYPT_DECRYPT'],
  defaultUsage: 'ENCRYPT_DECRYPT',
  encryptionAlgorithms: ['SYMMETRIC_DEFAULT'],
  rotates: true,
}

const asymmetricUsages = (...usages: KeyUsageType[]) => ({ family: 'asymmetric', usages, rotates: false }) as const
const rsa = {
  ...asymmetricUsages('ENCRYPT_DECRYPT', 'SIGN_VERIFY'),
  encryptionAlgorithms: ['RSAES_OAEP_SHA_1', 'RSAES_OAEP_SHA_256'],
} as const
const nistCurve = { ...asymmetricUsages('SIGN_VERIFY', 'KEY_AGREEMENT'), encryptionAlgorithms: [] } as const
const signing = { ...asymmetricUsages('SIGN_VERIFY'), encryptionAlgorithms: [] } as const
const encapsulation = { ...asymmetricUsages('ENCAPSULATE_DECAPSULATE'), encryptionAlgorithms: [] } as const
const mac = { family: 'HMAC', usages: ['GENERATE_VERIFY_MAC'], encryptionAlgorithms: [], rotates: false } as const
const sm2 = {
  ...asymmetricUsages('ENCRYPT_DECRYPT', 'SIGN_VERIFY', 'KEY_AGREEMENT'),
  encryptionAlgorithms: [],
} as const

const families = {
  SYMMETRIC_DEFAULT: symmetric,
  RSA_2048: rsa,
  RSA_3072: rsa,
  RSA_4096: rsa,
  ECC_NIST_P256: nistCurve,
  ECC_NIST_P384: nistCurve,
  ECC_NIST_P521: nistCurve,
  ECC_SECG_P256K1: signing,
  ECC_NIST_EDWARDS25519: signing,
  HMAC_224: mac,
  HMAC_256: mac,
  HMAC_384: mac,
  HMAC_512: mac,
  SM2: sm2,
  ML_DSA_44: signing,
  ML_DSA_65: signing,
  ML_DSA_87: signing,
  ML_KEM_512: encapsulation,
  ML_KEM_768: encapsulation,
  ML_KEM_1024: encapsulation,
} as const satisfies Record<KeySpec, Omit<KeySpecRow, 'keySpec'>>

export const keySpecs = Object.fromEntries(
  Object.entries(families).map(([keySpec, row]) => [keySpec, { ...row, keySpec }]),
) as unknown as { readonly [S in KeySpec]: KeySpecRow }
