import type { KeySpec, KeyUsageType } from '../src/model/generated/types'
import type { KeyHandle, SoftwareProvider } from '../src/ports/crypto'
import { encapsulationHandle, macHandle, type Open, signingHandle } from './handles'
import { type NewMaterial, type NewPair, refused, type SignatureScheme } from './material'
import type { MlKemSpec } from './ml-kem'

interface SoftwareSpec {
  readonly usage: KeyUsageType
  /** New material; absent where keys come from WebCrypto and lend their bytes for what it cannot do with them. */
  readonly create?: () => Promise<NewMaterial>
  /** Whether a caller may have such a pair to himself. */
  readonly forCallers?: true
  /** SubjectPublicKeyInfo, DER, of PKCS#8; of specs alone whose keys may be brought. */
  readonly derive?: (pkcs8: Bytes) => Promise<Bytes>
  handle(open: Open, publicKey: Bytes | undefined): KeyHandle
}

/** Each algorithm's code is fetched when a key first needs it. */
const ecdsa = () => import('./ecdsa')
const ed25519 = () => import('./ed25519')
const hmac224 = () => import('./hmac-224')
const mlDsa = () => import('./ml-dsa')
const mlKem = () => import('./ml-kem')
const rsa = () => import('./rsa')

const signing = (load: () => Promise<SignatureScheme>) => ({
  usage: 'SIGN_VERIFY' as const,
  handle: (open: Open, publicKey: Bytes | undefined) => signingHandle(load, open, publicKey),
})

const mlDsaSpec = (keySpec: 'ML_DSA_44' | 'ML_DSA_65' | 'ML_DSA_87') => ({
  ...signing(async () => (await mlDsa()).mlDsaScheme(keySpec)),
  create: async () => (await mlDsa()).newMlDsaPair(keySpec),
})

const mlKemSpec = (keySpec: MlKemSpec) => ({
  usage: 'ENCAPSULATE_DECAPSULATE' as const,
  create: async () => (await mlKem()).newMlKemPair(keySpec),
  forCallers: true as const,
  handle: (open: Open, publicKey: Bytes | undefined) => encapsulationHandle(mlKem, keySpec, open, publicKey),
})

const specs: { readonly [S in KeySpec]?: SoftwareSpec } = {
  RSA_2048: signing(async () => (await rsa()).rsaScheme('RSA_2048')),
  RSA_3072: signing(async () => (await rsa()).rsaScheme('RSA_3072')),
  RSA_4096: signing(async () => (await rsa()).rsaScheme('RSA_4096')),
  ECC_NIST_P256: signing(async () => (await ecdsa()).ecdsaScheme('ECC_NIST_P256')),
  ECC_NIST_P384: signing(async () => (await ecdsa()).ecdsaScheme('ECC_NIST_P384')),
  ECC_NIST_P521: signing(async () => (await ecdsa()).ecdsaScheme('ECC_NIST_P521')),
  ECC_NIST_EDWARDS25519: signing(async () => (await ed25519()).ed25519Scheme),
  ECC_SECG_P256K1: {
    ...signing(async () => (await ecdsa()).ecdsaScheme('ECC_SECG_P256K1')),
    create: async () => (await ecdsa()).newSecp256k1Pair(),
    derive: async (pkcs8) => (await ecdsa()).deriveSecp256k1(pkcs8),
    forCallers: true,
  },
  HMAC_224: {
    usage: 'GENERATE_VERIFY_MAC',
    create: async () => (await hmac224()).newHmac224Key(),
    handle: (open) => macHandle(hmac224, open),
  },
  ML_DSA_44: mlDsaSpec('ML_DSA_44'),
  ML_DSA_65: mlDsaSpec('ML_DSA_65'),
  ML_DSA_87: mlDsaSpec('ML_DSA_87'),
  ML_KEM_512: mlKemSpec('ML_KEM_512'),
  ML_KEM_768: mlKemSpec('ML_KEM_768'),
  ML_KEM_1024: mlKemSpec('ML_KEM_1024'),
}

async function create(keySpec: KeySpec): Promise<NewMaterial> {
  const make = specs[keySpec]?.create
  if (!make) throw refused()
  return make()
}

async function createPair(keySpec: KeySpec): Promise<NewPair> {
  if (!specs[keySpec]?.forCallers) throw refused()
  const made = await create(keySpec)
  if (!made.publicKey) throw new TypeError('a pair was made without a public key')
  return { ...made, publicKey: made.publicKey }
}

/**
 * What WebCrypto lacks, in JavaScript on noble's libraries; RSA and the formats are written here. JavaScript promises no
 * constant time, and numbers stay in memory until they are collected: bytes are overwritten, integers cannot be.
 */
export const createSoftwareProvider = (): SoftwareProvider => ({
  supports: (keySpec, keyUsage) => specs[keySpec]?.create !== undefined && specs[keySpec]?.usage === keyUsage,
  generate: create,
  handle({ keySpec, keyUsage }, open, publicKey) {
    const spec = specs[keySpec]
    if (spec?.usage !== keyUsage) throw refused()
    return spec.handle(open, publicKey)
  },
  async derivePublicKey(keySpec, pkcs8) {
    const derive = specs[keySpec]?.derive
    if (!derive) throw refused()
    return derive(pkcs8)
  },
  supportsKeyPair: (spec) => specs[spec]?.forCallers === true,
  async generateKeyPair(spec) {
    const { material, publicKey } = await createPair(spec)
    return { privateKey: material, publicKey }
  },
})
