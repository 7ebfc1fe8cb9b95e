import type { KeySpec, KeyUsageType, MessageType } from '../../src/model/generated/types'

export const runtimes = ['Workers', 'Chromium', 'Node'] as const
export type Runtime = (typeof runtimes)[number]

/**
 * native: without the software provider. software: with it, and with its code alone. unsupported:
 * UnsupportedOperationException either way.
 */
export type Answer = 'native' | 'software' | 'unsupported'

export interface AlgorithmRow {
  readonly keySpecs: readonly KeySpec[]
  readonly keyUsage: KeyUsageType
  readonly algorithm: string
  /** Of signatures alone. */
  readonly messageType?: MessageType
  readonly answers: Readonly<Record<Runtime, Answer>>
}

const answer = (Workers: Answer, Chromium: Answer, Node: Answer) => ({ Workers, Chromium, Node })

const native = answer('native', 'native', 'native')
const software = answer('software', 'software', 'software')
const unsupported = answer('unsupported', 'unsupported', 'unsupported')
/** By node:crypto, which a page does not have. */
const besideWebCrypto = answer('native', 'software', 'native')

const rsaSpecs: readonly KeySpec[] = ['RSA_2048', 'RSA_3072', 'RSA_4096']
const rsaSigning = ['PKCS1_V1_5', 'PSS'].flatMap((padding) => [256, 384, 512].map((n) => `RSASSA_${padding}_SHA_${n}`))
const mlDsa = { keySpecs: ['ML_DSA_44', 'ML_DSA_65', 'ML_DSA_87'], keyUsage: 'SIGN_VERIFY' } as const

const prehashed = (keySpecs: readonly KeySpec[], algorithm: string, raw: AlgorithmRow['answers'], digest = raw) => {
  const row = { keySpecs, keyUsage: 'SIGN_VERIFY', algorithm } as const
  return [
    { ...row, messageType: 'RAW', answers: raw },
    { ...row, messageType: 'DIGEST', answers: digest },
  ] as const
}

const nistCurve = (keySpec: KeySpec, algorithm: string): readonly AlgorithmRow[] => [
  ...prehashed([keySpec], algorithm, native, software),
  { keySpecs: [keySpec], keyUsage: 'KEY_AGREEMENT', algorithm: 'ECDH', answers: native },
]

const mac = (keySpec: KeySpec, algorithm: string, answers: AlgorithmRow['answers']): AlgorithmRow => ({
  keySpecs: [keySpec],
  keyUsage: 'GENERATE_VERIFY_MAC',
  algorithm,
  answers,
})

const kem = (keySpecs: readonly KeySpec[], answers: AlgorithmRow['answers']): AlgorithmRow => ({
  keySpecs,
  keyUsage: 'ENCAPSULATE_DECAPSULATE',
  algorithm: 'ML_KEM',
  answers,
})

/** What each runtime is expected to do. test/suites/algorithm-table.ts asks it. */
export const algorithmRows: readonly AlgorithmRow[] = [
  {
    keySpecs: ['SYMMETRIC_DEFAULT'],
    keyUsage: 'ENCRYPT_DECRYPT',
    algorithm: 'SYMMETRIC_DEFAULT',
    answers: native,
  },
  ...['RSAES_OAEP_SHA_1', 'RSAES_OAEP_SHA_256'].map(
    (algorithm): AlgorithmRow => ({ keySpecs: rsaSpecs, keyUsage: 'ENCRYPT_DECRYPT', algorithm, answers: native }),
  ),
  ...rsaSigning.flatMap((algorithm) => prehashed(rsaSpecs, algorithm, native, besideWebCrypto)),
  ...nistCurve('ECC_NIST_P256', 'ECDSA_SHA_256'),
  ...nistCurve('ECC_NIST_P384', 'ECDSA_SHA_384'),
  ...nistCurve('ECC_NIST_P521', 'ECDSA_SHA_512'),
  ...prehashed(['ECC_SECG_P256K1'], 'ECDSA_SHA_256', software),
  {
    keySpecs: ['ECC_NIST_EDWARDS25519'],
    keyUsage: 'SIGN_VERIFY',
    algorithm: 'ED25519_SHA_512',
    messageType: 'RAW',
    answers: native,
  },
  {
    keySpecs: ['ECC_NIST_EDWARDS25519'],
    keyUsage: 'SIGN_VERIFY',
    algorithm: 'ED25519_PH_SHA_512',
    messageType: 'DIGEST',
    answers: software,
  },
  mac('HMAC_224', 'HMAC_SHA_224', software),
  mac('HMAC_256', 'HMAC_SHA_256', native),
  mac('HMAC_384', 'HMAC_SHA_384', native),
  mac('HMAC_512', 'HMAC_SHA_512', native),
  { ...mlDsa, algorithm: 'ML_DSA_SHAKE_256', messageType: 'RAW', answers: native },
  { ...mlDsa, algorithm: 'ML_DSA_SHAKE_256', messageType: 'EXTERNAL_MU', answers: software },
  kem(['ML_KEM_512'], answer('software', 'software', 'native')),
  kem(['ML_KEM_768', 'ML_KEM_1024'], native),
  { keySpecs: ['SM2'], keyUsage: 'ENCRYPT_DECRYPT', algorithm: 'SM2PKE', answers: unsupported },
  ...prehashed(['SM2'], 'SM2DSA', unsupported),
  { keySpecs: ['SM2'], keyUsage: 'KEY_AGREEMENT', algorithm: 'ECDH', answers: unsupported },
]

const intro = `# Algorithms

What each runtime does with each key spec, algorithm and message type.

| answer | meaning |
|---|---|
| native | the platform's own code: WebCrypto; for RSA over a digest the bare RSA operation of \`node:crypto\`, with the same non-extractable key |
| software | \`software/\`, JavaScript: key bytes are opened for one call and overwritten. Without a software provider: \`UnsupportedOperationException\` |
| unsupported | \`UnsupportedOperationException\`, with a software provider too |

Every line is the outcome of a round trip: a key is made, used and its result checked, once without and once with the software provider. Tests repeat that in workerd, in Chromium and in Node, and compare this page with what they expect. Of the RSA specs RSA_2048 makes the round trip; the others differ in length alone and are only asked whether they are supported.

- **Workers**: workerd with \`webcrypto_modern_algorithms\`, as \`wrangler.toml\` and \`worker/vault-crypto.ts\` compose it. \`KMS_SOFTWARE_CRYPTO=off\` leaves the provider out.
- **Chromium**: 156, \`createNativeCrypto\` as \`openBrowserKms\` composes it; versions without ML-DSA and ML-KEM (150 is one) do them in software as a whole. The column holds with \`openBrowserKms({ software: { provider, agreed } })\` and agreement for the key: such a key is sealed bytes that [page script can open](threat-model.md#browser), and what is native of it is done with non-extractable keys from them. Without the provider, or without agreement, the key is non-extractable CryptoKeys and nothing else, and every \`software\` of this column is unsupported, for the whole life of the key.
- **Node**: 24.7 or later, root keys as on Workers.

Where a native key is signed with in software (ECDSA over a digest, Ed25519ph, an external μ; in Chromium RSA over a digest as well) its bytes have been readable since its creation: a key made without the provider never does these. SM2 is refused as AWS refuses it outside China.
`

/** docs/algorithms.md. */
export function renderAlgorithms(): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |\n`
  const lines = algorithmRows.map(({ keySpecs, keyUsage, algorithm, messageType, answers }) =>
    line([keySpecs.join(', '), keyUsage, algorithm, messageType ?? '', ...runtimes.map((runtime) => answers[runtime])]),
  )
  const columns = ['KeySpec', 'KeyUsage', 'algorithm', 'MessageType', ...runtimes]
  return `${intro}\n${line(columns)}|${'---|'.repeat(columns.length)}\n${lines.join('')}`
}
