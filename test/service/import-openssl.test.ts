import { execFileSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { createMemoryStorage } from '../../src/adapters/memory/storage'
import { createImport } from '../../src/adapters/webcrypto'
import { encodeHex, encodeUtf8 } from '../../src/codec/bytes'
import { type BroughtKey, parsePkcs8 } from '../../src/codec/pkcs8'
import type { AlgorithmSpec, KeySpec, KeyUsageType, WrappingKeySpec } from '../../src/model/generated/types'
import { newPkcs8, openssl, spkiOf } from '../codec/openssl'
import { attempt, must, newKey, told } from '../suites/behaviour/harness'
import { composeKms, type TestKms } from '../suites/compose'

const random = (length: number) => crypto.getRandomValues(new Uint8Array(length))

/** What `openssl pkeyutl` and `openssl enc` make of material, as AWS's guide has its readers do. */
function wrap(publicKey: Bytes, algorithm: AlgorithmSpec, material: Bytes): Bytes {
  const hash = algorithm.endsWith('SHA_1') ? 'sha1' : 'sha256'
  const options = ['rsa_padding_mode:oaep', `rsa_oaep_md:${hash}`, `rsa_mgf1_md:${hash}`]
  const oaep = (bytes: Bytes) =>
    openssl(
      [
        ...['pkeyutl', '-encrypt', '-in', 'material', '-inkey', 'key', '-keyform', 'DER', '-pubin'],
        ...options.flatMap((option) => ['-pkeyopt', option]),
      ],
      { key: publicKey, material: bytes },
    )
  if (algorithm.startsWith('RSAES')) return oaep(material)
  const aes = random(32)
  const kwp = openssl(
    ['enc', '-id-aes256-wrap-pad', '-e', '-K', encodeHex(aes), '-iv', 'A65959A6', '-in', 'material'],
    {
      material,
    },
  )
  return Uint8Array.of(...oaep(aes), ...kwp)
}

async function bring(
  kms: TestKms,
  spec: { KeySpec: KeySpec; KeyUsage?: KeyUsageType },
  material: Bytes,
  WrappingAlgorithm: AlgorithmSpec,
  WrappingKeySpec: WrappingKeySpec,
) {
  const { KeyId } = await newKey(kms, { Origin: 'EXTERNAL', ...spec })
  const given = await must(kms, 'GetParametersForImport', { KeyId, WrappingAlgorithm, WrappingKeySpec })
  const EncryptedKeyMaterial = wrap(given.PublicKey, WrappingAlgorithm, material)
  const answer = await attempt(kms, 'ImportKeyMaterial', {
    KeyId,
    ImportToken: given.ImportToken,
    EncryptedKeyMaterial,
    ExpirationModel: 'KEY_MATERIAL_DOES_NOT_EXPIRE',
  })
  return { KeyId, answer: told(answer) }
}

const ec = (curve: string) => newPkcs8('EC', `ec_paramgen_curve:${curve}`)

/** The same private key in a file with its point compressed, or with no point. */
function restated(pkcs8: Bytes, ...options: readonly string[]): Bytes {
  const key = openssl(['ec', '-inform', 'DER', '-in', 'key', ...options, '-outform', 'DER'], { key: pkcs8 })
  return openssl(['pkcs8', '-topk8', '-nocrypt', '-inform', 'DER', '-in', 'key', '-outform', 'DER'], { key })
}
const compressed = (pkcs8: Bytes) => restated(pkcs8, '-conv_form', 'compressed')
const pointless = (pkcs8: Bytes) => restated(pkcs8, '-no_public')

describe('material that OpenSSL wrapped', () => {
  it.each([
    ['RSAES_OAEP_SHA_1', 'RSA_2048'],
    ['RSAES_OAEP_SHA_256', 'RSA_3072'],
    ['RSA_AES_KEY_WRAP_SHA_1', 'RSA_2048'],
    ['RSA_AES_KEY_WRAP_SHA_256', 'RSA_4096'],
  ] as const)('a symmetric key by %s under %s', async (algorithm, wrappingKeySpec) => {
    const kms = await composeKms(createMemoryStorage())
    const { answer } = await bring(kms, { KeySpec: 'SYMMETRIC_DEFAULT' }, random(32), algorithm, wrappingKeySpec)
    expect(answer).toBe('ok')
  })

  it('an HMAC key computes what OpenSSL computes', async () => {
    const kms = await composeKms(createMemoryStorage())
    const material = random(50)
    const hmac = { KeySpec: 'HMAC_384', KeyUsage: 'GENERATE_VERIFY_MAC' } as const
    const { KeyId, answer } = await bring(kms, hmac, material.slice(), 'RSAES_OAEP_SHA_256', 'RSA_2048')
    expect(answer).toBe('ok')
    const Message = encodeUtf8('hello')
    const { Mac } = await must(kms, 'GenerateMac', { KeyId, Message, MacAlgorithm: 'HMAC_SHA_384' })
    const args = ['dgst', '-sha384', '-mac', 'HMAC', '-macopt', `hexkey:${encodeHex(material)}`, '-binary']
    expect(Mac).toEqual(Uint8Array.from(execFileSync('openssl', args, { input: Message })))
  })

  it.each([
    [
      'RSA_2048',
      'RSASSA_PKCS1_V1_5_SHA_256',
      'RSA_AES_KEY_WRAP_SHA_256',
      () => newPkcs8('RSA', 'rsa_keygen_bits:2048'),
    ],
    ['RSA_3072', 'RSASSA_PKCS1_V1_5_SHA_256', 'RSA_AES_KEY_WRAP_SHA_1', () => newPkcs8('RSA', 'rsa_keygen_bits:3072')],
    ['ECC_NIST_P256', 'ECDSA_SHA_256', 'RSAES_OAEP_SHA_256', () => ec('P-256')],
    ['ECC_NIST_P384', 'ECDSA_SHA_384', 'RSA_AES_KEY_WRAP_SHA_256', () => ec('P-384')],
    ['ECC_NIST_P521', 'ECDSA_SHA_512', 'RSA_AES_KEY_WRAP_SHA_256', () => ec('P-521')],
    ['ECC_SECG_P256K1', 'ECDSA_SHA_256', 'RSAES_OAEP_SHA_1', () => ec('secp256k1')],
  ] as const)('a pair of %s, whose signatures OpenSSL verifies', async (KeySpec, SigningAlgorithm, wrapping, make) => {
    const kms = await composeKms(createMemoryStorage())
    const pkcs8 = make()
    const spec = { KeySpec, KeyUsage: 'SIGN_VERIFY' } as const
    const { KeyId, answer } = await bring(kms, spec, pkcs8, wrapping, 'RSA_2048')
    expect(answer).toBe('ok')
    expect((await must(kms, 'GetPublicKey', { KeyId })).PublicKey).toEqual(spkiOf(pkcs8))
    const Message = encodeUtf8('hello')
    const { Signature } = await must(kms, 'Sign', { KeyId, Message, SigningAlgorithm })
    const args = ['dgst', `-sha${SigningAlgorithm.slice(-3)}`, '-keyform', 'DER', '-verify', 'key']
    const verified = openssl([...args, '-signature', 'signature', 'message'], {
      key: spkiOf(pkcs8),
      signature: Signature,
      message: Message,
    })
    expect(new TextDecoder().decode(verified)).toBe('Verified OK\n')
    expect(kms.faults).toEqual([])
  })

  it.each([
    ['RSA_2048', 'three primes', () => newPkcs8('RSA', 'rsa_keygen_bits:2048', 'rsa_keygen_primes:3')],
    ['RSA_3072', '2048 bits', () => newPkcs8('RSA', 'rsa_keygen_bits:2048')],
    ['ECC_NIST_P256', 'explicit parameters', () => newPkcs8('EC', 'ec_paramgen_curve:P-256', 'ec_param_enc:explicit')],
    ['ECC_NIST_P256', 'another curve', () => ec('secp256k1')],
    ['ECC_NIST_P384', 'bytes after it', () => Uint8Array.of(...ec('P-384'), 0)],
    ['ECC_SECG_P256K1', 'another curve of as many bits', () => ec('P-256')],
  ] as const)('%s: refuses %s', async (KeySpec, _, make) => {
    const kms = await composeKms(createMemoryStorage())
    const spec = { KeySpec, KeyUsage: 'SIGN_VERIFY' } as const
    const { answer } = await bring(kms, spec, make(), 'RSA_AES_KEY_WRAP_SHA_256', 'RSA_2048')
    expect(answer).toBe('IncorrectKeyMaterialException')
    expect(kms.faults).toEqual([])
  })
})

describe.each([
  ['ECC_NIST_P256', 'P-256'],
  ['ECC_SECG_P256K1', 'secp256k1'],
] as const)('the public point in a file of %s', (KeySpec, curve) => {
  /** The private key of one file with the last `length` bytes of another, which are of its point. */
  const joined = (one: Bytes, other: Bytes, length: number) =>
    Uint8Array.of(...one.subarray(0, -length), ...other.subarray(-length))
  const withOtherParity = (pkcs8: Bytes) => pkcs8.with(-33, (pkcs8.at(-33) as number) ^ 1)

  it.each([
    ['uncompressed', 65, 'ok', (mine: Bytes) => mine],
    ['compressed', 33, 'ok', (mine: Bytes) => compressed(mine)],
    ['not there', undefined, 'ok', (mine: Bytes) => pointless(mine)],
    ['of another key', 65, 'IncorrectKeyMaterialException', (mine: Bytes) => joined(mine, ec(curve), 64)],
    ['off the curve', 65, 'IncorrectKeyMaterialException', (mine: Bytes) => mine.with(-1, (mine.at(-1) as number) ^ 1)],
    [
      'of another key, compressed',
      33,
      'IncorrectKeyMaterialException',
      (mine: Bytes) => joined(compressed(mine), compressed(ec(curve)), 33),
    ],
    [
      'the negative, compressed',
      33,
      'IncorrectKeyMaterialException',
      (mine: Bytes) => withOtherParity(compressed(mine)),
    ],
  ] as const)('%s', async (_, pointLength, expected, change) => {
    const kms = await composeKms(createMemoryStorage())
    const mine = ec(curve)
    const changed = change(mine)
    const stated = parsePkcs8(changed) as Extract<BroughtKey, { kind: 'ec' }>
    expect(stated.point?.length).toBe(pointLength)
    const spec = { KeySpec, KeyUsage: 'SIGN_VERIFY' } as const
    const { KeyId, answer } = await bring(kms, spec, changed, 'RSAES_OAEP_SHA_256', 'RSA_2048')
    expect(answer).toBe(expected)
    expect(kms.faults).toEqual([])
    if (expected !== 'ok') return
    expect((await must(kms, 'GetPublicKey', { KeyId })).PublicKey).toEqual(spkiOf(mine))
    const signing = { KeyId, Message: encodeUtf8('hello'), SigningAlgorithm: 'ECDSA_SHA_256' } as const
    const { Signature } = await must(kms, 'Sign', signing)
    expect((await must(kms, 'Verify', { ...signing, Signature })).SignatureValid).toBe(true)
  })
})

it('without the software provider nobody can tell the public half of secp256k1', async () => {
  const key = parsePkcs8(ec('secp256k1')) as BroughtKey
  const refusal = { code: 'UnsupportedOperationException', message: '' }
  await expect(createImport().derivePublicKey(key)).rejects.toMatchObject(refusal)
})
