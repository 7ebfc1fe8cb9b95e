import type {
  EncapsulationAlgorithmSpec,
  EncryptionAlgorithmSpec,
  KeyAgreementAlgorithmSpec,
  KeySpec,
  KeyUsageType,
  MacAlgorithmSpec,
  SigningAlgorithmSpec,
} from './generated/types'

/** What AWS calls the type of a key when it compares aliases: the family, not the exact spec. */
export type KeyFamily = 'symmetric' | 'asymmetric' | 'HMAC'

/** One key spec. Every list, limit and check about specs derives from these rows. */
export interface KeySpecRow {
  readonly keySpec: KeySpec
  readonly family: KeyFamily
  readonly usages: readonly KeyUsageType[]
  /** Absent where AWS wants the usage named. */
  readonly defaultUsage?: KeyUsageType
  /** Each list is of one usage, in AWS's order. */
  readonly encryptionAlgorithms: readonly EncryptionAlgorithmSpec[]
  readonly signingAlgorithms: readonly SigningAlgorithmSpec[]
  readonly macAlgorithms: readonly MacAlgorithmSpec[]
  readonly keyAgreementAlgorithms: readonly KeyAgreementAlgorithmSpec[]
  readonly encapsulationAlgorithms: readonly EncapsulationAlgorithmSpec[]
  /** What each encryption algorithm takes at most; absent where the model's own limit is the only one. */
  readonly maxPlaintextBytes: { readonly [A in EncryptionAlgorithmSpec]?: number }
  /** Of key agreement: the length of the field. */
  readonly sharedSecretBytes?: number
  /** Of an encapsulated secret. */
  readonly encapsulationBytes?: number
  /** Whether GenerateDataKeyPair makes such pairs. */
  readonly dataKeyPair: boolean
  /** Whether keys of this spec rotate, and so show a CurrentKeyMaterialId. */
  readonly rotates: boolean
  /** Known to AWS in China Regions alone. */
  readonly onlyInChina?: true
}

type Row = Omit<KeySpecRow, 'keySpec'>

const none = {
  encryptionAlgorithms: [],
  signingAlgorithms: [],
  macAlgorithms: [],
  keyAgreementAlgorithms: [],
  encapsulationAlgorithms: [],
  maxPlaintextBytes: {},
  dataKeyPair: false,
  rotates: false,
} as const

const pair = { ...none, family: 'asymmetric', dataKeyPair: true } as const

const symmetric: Row = {
  ...none,
  family: 'symmetric',
  usages: ['ENCRYPT_DECRYPT'],
  defaultUsage: 'ENCRYPT_DECRYPT',
  encryptionAlgorithms: ['SYMMETRIC_DEFAULT'],
  rotates: true,
}

/** RFC 8017 section 7.1.1: k - 2 hLen - 2 bytes of plaintext. */
const rsa = (modulusBytes: number): Row => ({
  ...pair,
  usages: ['ENCRYPT_DECRYPT', 'SIGN_VERIFY'],
  encryptionAlgorithms: ['RSAES_OAEP_SHA_1', 'RSAES_OAEP_SHA_256'],
  maxPlaintextBytes: { RSAES_OAEP_SHA_1: modulusBytes - 42, RSAES_OAEP_SHA_256: modulusBytes - 66 },
  signingAlgorithms: [
    'RSASSA_PKCS1_V1_5_SHA_256',
    'RSASSA_PKCS1_V1_5_SHA_384',
    'RSASSA_PKCS1_V1_5_SHA_512',
    'RSASSA_PSS_SHA_256',
    'RSASSA_PSS_SHA_384',
    'RSASSA_PSS_SHA_512',
  ],
})

const signing = (...signingAlgorithms: SigningAlgorithmSpec[]): Row => ({
  ...pair,
  usages: ['SIGN_VERIFY'],
  signingAlgorithms,
})

const nistCurve = (signingAlgorithm: SigningAlgorithmSpec, sharedSecretBytes: number): Row => ({
  ...signing(signingAlgorithm),
  usages: ['SIGN_VERIFY', 'KEY_AGREEMENT'],
  keyAgreementAlgorithms: ['ECDH'],
  sharedSecretBytes,
})

const mlDsa: Row = { ...signing('ML_DSA_SHAKE_256'), dataKeyPair: false }

const mlKem = (encapsulationBytes: number): Row => ({
  ...pair,
  usages: ['ENCAPSULATE_DECAPSULATE'],
  encapsulationAlgorithms: ['ML_KEM'],
  encapsulationBytes,
})

const hmac = (macAlgorithm: MacAlgorithmSpec): Row => ({
  ...none,
  family: 'HMAC',
  usages: ['GENERATE_VERIFY_MAC'],
  macAlgorithms: [macAlgorithm],
})

const sm2: Row = {
  ...pair,
  usages: ['ENCRYPT_DECRYPT', 'SIGN_VERIFY', 'KEY_AGREEMENT'],
  encryptionAlgorithms: ['SM2PKE'],
  maxPlaintextBytes: { SM2PKE: 1024 },
  signingAlgorithms: ['SM2DSA'],
  keyAgreementAlgorithms: ['ECDH'],
  sharedSecretBytes: 32,
  onlyInChina: true,
}

const rows: { readonly [S in KeySpec]: Row } = {
  SYMMETRIC_DEFAULT: symmetric,
  RSA_2048: rsa(256),
  RSA_3072: rsa(384),
  RSA_4096: rsa(512),
  ECC_NIST_P256: nistCurve('ECDSA_SHA_256', 32),
  ECC_NIST_P384: nistCurve('ECDSA_SHA_384', 48),
  ECC_NIST_P521: nistCurve('ECDSA_SHA_512', 66),
  ECC_SECG_P256K1: signing('ECDSA_SHA_256'),
  ECC_NIST_EDWARDS25519: signing('ED25519_SHA_512', 'ED25519_PH_SHA_512'),
  HMAC_224: hmac('HMAC_SHA_224'),
  HMAC_256: hmac('HMAC_SHA_256'),
  HMAC_384: hmac('HMAC_SHA_384'),
  HMAC_512: hmac('HMAC_SHA_512'),
  SM2: sm2,
  ML_DSA_44: mlDsa,
  ML_DSA_65: mlDsa,
  ML_DSA_87: mlDsa,
  ML_KEM_512: mlKem(768),
  ML_KEM_768: mlKem(1088),
  ML_KEM_1024: mlKem(1568),
}

export const keySpecs = Object.fromEntries(
  Object.entries(rows).map(([keySpec, row]) => [keySpec, { ...row, keySpec }]),
) as { readonly [S in KeySpec]: KeySpecRow }
