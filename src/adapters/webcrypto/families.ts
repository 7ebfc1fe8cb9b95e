import type { KeySpec, KeyUsageType } from '../../model/generated/types'
import type { KeyHandle } from '../../ports/crypto'
import { runtimeHas } from './modern'

/** How a CryptoKey is made from its bytes: parameters of importKey and unwrapKey. */
export interface KeyRecipe {
  readonly algorithm: ImportParameters
  readonly usages: readonly KeyUsage[]
}

export type ImportParameters =
  | 'HKDF'
  | { readonly name: string }
  | { readonly name: string; readonly hash: string }
  | { readonly name: string; readonly namedCurve: string }

type GenerateParameters =
  | { readonly name: string }
  | { readonly name: string; readonly hash: string; readonly length: number }
  | { readonly name: string; readonly namedCurve: string }
  | {
      readonly name: string
      readonly hash: string
      readonly modulusLength: number
      readonly publicExponent: Bytes
    }

/**
 * Keys whose material is born, kept and used alike: a key spec with one usage. What its handles can do is a function of
 * the keys (handles.ts).
 */
export interface Family {
  readonly kind: KeyHandle['kind']
  /** In what form material is wrapped: secret bytes, or the private key of a pair. */
  readonly format: 'raw' | 'pkcs8'
  /** The key, or pair, that is extractable until it is wrapped. It is never used for anything else. */
  readonly birth: { readonly algorithm: GenerateParameters; readonly usages: readonly KeyUsage[] }
  /** The non-extractable secret or private keys that a handle works with, by name: what the native form stores. */
  readonly keys: Readonly<Record<string, KeyRecipe>>
  /** Public keys by the same names. */
  readonly publicKeys: Readonly<Record<string, KeyRecipe>>
  /** Message types that WebCrypto lacks: keys get a copy for the software provider, if there is one. */
  readonly prehashed?: 'software' | 'rsa'
}

const hashes = ['SHA-256', 'SHA-384', 'SHA-512'] as const

export const symmetricFamily: Family = {
  kind: 'symmetric',
  format: 'raw',
  // HMAC is the one algorithm that gives 32 random bytes and lets them be wrapped as they are.
  birth: { algorithm: { name: 'HMAC', hash: 'SHA-256', length: 256 }, usages: ['sign'] },
  keys: { HKDF: { algorithm: 'HKDF', usages: ['deriveKey'] } },
  publicKeys: {},
}

const macFamily = (hash: string, bits: number): Family => ({
  kind: 'mac',
  format: 'raw',
  birth: { algorithm: { name: 'HMAC', hash, length: bits }, usages: ['sign'] },
  keys: { HMAC: { algorithm: { name: 'HMAC', hash }, usages: ['sign', 'verify'] } },
  publicKeys: {},
})

/** Keys of several algorithms over one RSA pair; names are those of the AWS algorithms. */
function rsaFamily(modulusLength: number, usage: 'sign' | 'decrypt'): Family {
  const algorithms: [awsName: string, ImportParameters][] =
    usage === 'decrypt'
      ? ['SHA-1', 'SHA-256'].map((hash) => [`RSAES_OAEP_${underscored(hash)}`, { name: 'RSA-OAEP', hash }])
      : [
          ...hashes.map((hash): [string, ImportParameters] => [
            `RSASSA_PKCS1_V1_5_${underscored(hash)}`,
            { name: 'RSASSA-PKCS1-v1_5', hash },
          ]),
          ...hashes.map((hash): [string, ImportParameters] => [
            `RSASSA_PSS_${underscored(hash)}`,
            { name: 'RSA-PSS', hash },
          ]),
        ]
  const recipes = (usages: KeyUsage[]) =>
    Object.fromEntries(algorithms.map(([name, algorithm]) => [name, { algorithm, usages }]))
  const hash = 'SHA-256'
  const publicExponent = Uint8Array.of(1, 0, 1)
  return {
    kind: usage === 'sign' ? 'signing' : 'cipher',
    format: 'pkcs8',
    // PKCS#8 says rsaEncryption whatever the padding, so that one birth serves all of them.
    birth: {
      algorithm: { name: 'RSASSA-PKCS1-v1_5', hash, modulusLength, publicExponent },
      usages: ['sign', 'verify'],
    },
    keys: recipes([usage]),
    publicKeys: recipes([usage === 'sign' ? 'verify' : 'encrypt']),
    ...(usage === 'sign' ? { prehashed: 'rsa' as const } : {}),
  }
}

const underscored = (hash: string) => hash.replace('-', '_')

/** One key for each half, named like its algorithm. */
function pairFamily(
  kind: Family['kind'],
  algorithm: { readonly name: string } | { readonly name: string; readonly namedCurve: string },
  privateUsages: readonly string[],
  publicUsages: readonly string[],
): Family {
  // Not all type libraries know the usages of the modern algorithms.
  const known = (usages: readonly string[]) => usages as readonly KeyUsage[]
  return {
    kind,
    format: 'pkcs8',
    birth: { algorithm, usages: known([...privateUsages, ...publicUsages]) },
    keys: { [algorithm.name]: { algorithm, usages: known(privateUsages) } },
    publicKeys: { [algorithm.name]: { algorithm, usages: known(publicUsages) } },
    ...(kind === 'signing' ? { prehashed: 'software' as const } : {}),
  }
}

const signing = (algorithm: { readonly name: string; readonly namedCurve: string } | { readonly name: string }) =>
  pairFamily('signing', algorithm, ['sign'], ['verify'])
const agreeing = (namedCurve: string) => pairFamily('agreement', { name: 'ECDH', namedCurve }, ['deriveBits'], [])
const encapsulating = (name: string) => pairFamily('encapsulation', { name }, ['decapsulateBits'], ['encapsulateBits'])

type Rows = Readonly<Partial<Record<KeySpec, Readonly<Partial<Record<KeyUsageType, Family>>>>>>

const rsa = (bits: number) => ({
  ENCRYPT_DECRYPT: rsaFamily(bits, 'decrypt'),
  SIGN_VERIFY: rsaFamily(bits, 'sign'),
})
const nistCurve = (namedCurve: string) => ({
  SIGN_VERIFY: signing({ name: 'ECDSA', namedCurve }),
  KEY_AGREEMENT: agreeing(namedCurve),
})

const families: Rows = {
  SYMMETRIC_DEFAULT: { ENCRYPT_DECRYPT: symmetricFamily },
  HMAC_256: { GENERATE_VERIFY_MAC: macFamily('SHA-256', 256) },
  HMAC_384: { GENERATE_VERIFY_MAC: macFamily('SHA-384', 384) },
  HMAC_512: { GENERATE_VERIFY_MAC: macFamily('SHA-512', 512) },
  RSA_2048: rsa(2048),
  RSA_3072: rsa(3072),
  RSA_4096: rsa(4096),
  ECC_NIST_P256: nistCurve('P-256'),
  ECC_NIST_P384: nistCurve('P-384'),
  ECC_NIST_P521: nistCurve('P-521'),
  ECC_NIST_EDWARDS25519: { SIGN_VERIFY: signing({ name: 'Ed25519' }) },
}

/** Families of algorithms that not every runtime has. */
const modernFamilies: Rows = {
  ML_DSA_44: { SIGN_VERIFY: signing({ name: 'ML-DSA-44' }) },
  ML_DSA_65: { SIGN_VERIFY: signing({ name: 'ML-DSA-65' }) },
  ML_DSA_87: { SIGN_VERIFY: signing({ name: 'ML-DSA-87' }) },
  ML_KEM_512: { ENCAPSULATE_DECAPSULATE: encapsulating('ML-KEM-512') },
  ML_KEM_768: { ENCAPSULATE_DECAPSULATE: encapsulating('ML-KEM-768') },
  ML_KEM_1024: { ENCAPSULATE_DECAPSULATE: encapsulating('ML-KEM-1024') },
}

/** The family of a key spec and usage, or undefined where WebCrypto has no such keys here. */
export function findFamily(keySpec: KeySpec, keyUsage: KeyUsageType): Family | undefined {
  const family = families[keySpec]?.[keyUsage]
  if (family) return family
  const modern = modernFamilies[keySpec]?.[keyUsage]
  return modern && runtimeHas(modern.birth.algorithm.name) ? modern : undefined
}
