import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createMemoryStorage } from '../../src/adapters/memory/storage'
import type { KeySpec, KeyUsageType, SigningAlgorithmSpec } from '../../src/model/generated/types'
import { must, newKey, verdict } from '../suites/behaviour/harness'
import { composeKms, type TestKms } from '../suites/compose'

const run = promisify(execFile)
let folder = ''
let kms: TestKms
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kms-openssl-'))
  kms = await composeKms(createMemoryStorage())
})
afterAll(() => rm(folder, { recursive: true }))

const fileOf = (name: string) => join(folder, name)
const put = (name: string, content: Uint8Array) => writeFile(fileOf(name), content)
const get = async (name: string) => Uint8Array.from(await readFile(fileOf(name)))
const openssl = async (...args: string[]): Promise<string> => {
  const { stdout, stderr } = await run('openssl', args, { cwd: folder })
  return stdout + stderr
}

const Message = Uint8Array.from('a message for somebody else', (char) => char.charCodeAt(0))

type Signing = readonly [KeySpec, SigningAlgorithmSpec, options: readonly string[]]
const ec = (curve: string) => ['-algorithm', 'EC', '-pkeyopt', `ec_paramgen_curve:${curve}`] as const
const pss = (bits: number) => ['-sigopt', 'rsa_padding_mode:pss', '-sigopt', `rsa_pss_saltlen:${bits / 8}`] as const
const signatures: readonly Signing[] = [
  ...[256, 384, 512].flatMap((bits): Signing[] => [
    ['RSA_2048', `RSASSA_PKCS1_V1_5_SHA_${bits}` as SigningAlgorithmSpec, [`-sha${bits}`]],
    ['RSA_2048', `RSASSA_PSS_SHA_${bits}` as SigningAlgorithmSpec, [`-sha${bits}`, ...pss(bits)]],
  ]),
  ['RSA_3072', 'RSASSA_PSS_SHA_256', ['-sha256', ...pss(256)]],
  ['RSA_4096', 'RSASSA_PKCS1_V1_5_SHA_512', ['-sha512']],
  ['ECC_NIST_P256', 'ECDSA_SHA_256', ['-sha256']],
  ['ECC_NIST_P384', 'ECDSA_SHA_384', ['-sha384']],
  ['ECC_NIST_P521', 'ECDSA_SHA_512', ['-sha512']],
  ['ECC_SECG_P256K1', 'ECDSA_SHA_256', ['-sha256']],
]

/** A key with this material. */
async function imported(KeySpec: KeySpec, KeyUsage: KeyUsageType, material: Bytes): Promise<string> {
  const { KeyId } = await newKey(kms, { KeySpec, KeyUsage, Origin: 'EXTERNAL' })
  const wrapping = { WrappingAlgorithm: 'RSAES_OAEP_SHA_256', WrappingKeySpec: 'RSA_4096' } as const
  const { PublicKey, ImportToken } = await must(kms, 'GetParametersForImport', { KeyId, ...wrapping })
  const oaep = { name: 'RSA-OAEP', hash: 'SHA-256' }
  const key = await crypto.subtle.importKey('spki', PublicKey, oaep, false, ['encrypt'])
  const EncryptedKeyMaterial = new Uint8Array(await crypto.subtle.encrypt(oaep, key, material))
  const ExpirationModel = 'KEY_MATERIAL_DOES_NOT_EXPIRE'
  await must(kms, 'ImportKeyMaterial', { KeyId, ImportToken, EncryptedKeyMaterial, ExpirationModel })
  return KeyId
}

describe('OpenSSL', () => {
  it.each(signatures)('opens the public key of %s and verifies %s', async (KeySpec, SigningAlgorithm, options) => {
    const { KeyId } = await newKey(kms, { KeySpec, KeyUsage: 'SIGN_VERIFY' })
    await put('spki', (await must(kms, 'GetPublicKey', { KeyId })).PublicKey)
    expect(await openssl('pkey', '-pubin', '-inform', 'DER', '-in', 'spki', '-pubcheck', '-noout')).toMatch(/valid/)
    await put('message', Message)
    const digest = options[0]?.replace('-', '') as string
    const digested = Uint8Array.from(Buffer.from(await openssl('dgst', `-${digest}`, '-r', 'message'), 'hex'))
    for (const [name, input] of [
      ['RAW', { Message }],
      ['DIGEST', { Message: digested, MessageType: 'DIGEST' }],
    ] as const) {
      const { Signature } = await must(kms, 'Sign', { KeyId, SigningAlgorithm, ...input })
      await put('signature', Signature)
      const verify = ['dgst', ...options, '-verify', 'spki', '-keyform', 'DER', '-signature', 'signature', 'message']
      expect(await openssl(...verify), name).toMatch(/Verified OK/)
    }
  })

  it('verifies Ed25519', async () => {
    const { KeyId } = await newKey(kms, { KeySpec: 'ECC_NIST_EDWARDS25519', KeyUsage: 'SIGN_VERIFY' })
    await put('spki', (await must(kms, 'GetPublicKey', { KeyId })).PublicKey)
    await put('message', Message)
    await put('signature', (await must(kms, 'Sign', { KeyId, SigningAlgorithm: 'ED25519_SHA_512', Message })).Signature)
    const input = ['-pubin', '-keyform', 'DER', '-inkey', 'spki', '-rawin', '-in', 'message', '-sigfile', 'signature']
    expect(await openssl('pkeyutl', '-verify', ...input)).toMatch(/Verified Successfully/)
  })

  // Its own keys are data key pairs of ours: each side opens what the other made.
  it.each([
    ['RSA_2048', ['-sha256']],
    ['ECC_NIST_P256', ['-sha256']],
    ['ECC_NIST_P384', ['-sha384']],
    ['ECC_NIST_P521', ['-sha512']],
    ['ECC_SECG_P256K1', ['-sha256']],
  ] as const)('signs with a data key pair of %s', async (KeyPairSpec, options) => {
    const { KeyId } = await newKey(kms)
    const pair = await must(kms, 'GenerateDataKeyPair', { KeyId, KeyPairSpec })
    await put('private', pair.PrivateKeyPlaintext)
    await put('public', pair.PublicKey)
    await put('message', Message)
    const sign = ['dgst', ...options, '-sign', 'private', '-keyform', 'DER', '-out', 'signature', 'message']
    await openssl(...sign)
    const verify = ['dgst', ...options, '-verify', 'public', '-keyform', 'DER', '-signature', 'signature', 'message']
    expect(await openssl(...verify)).toMatch(/Verified OK/)
    const derived = await openssl(
      'pkey',
      '-inform',
      'DER',
      '-in',
      'private',
      '-pubout',
      '-outform',
      'DER',
      '-out',
      'again',
    )
    expect(derived).toBe('')
    expect(await get('again')).toEqual(pair.PublicKey)
  })

  it.each([
    ['ECC_NIST_P256', 'P-256', 'ECDSA_SHA_256', '-sha256'],
    ['ECC_NIST_P384', 'P-384', 'ECDSA_SHA_384', '-sha384'],
    ['ECC_NIST_P521', 'P-521', 'ECDSA_SHA_512', '-sha512'],
    ['ECC_SECG_P256K1', 'secp256k1', 'ECDSA_SHA_256', '-sha256'],
  ] as const)(
    'shares a key of %s with an import: each verifies the other',
    async (KeySpec, curve, algorithm, digest) => {
      await openssl('genpkey', ...ec(curve), '-outform', 'DER', '-out', 'private')
      await openssl(
        'pkcs8',
        '-topk8',
        '-nocrypt',
        '-inform',
        'DER',
        '-in',
        'private',
        '-outform',
        'DER',
        '-out',
        'pkcs8',
      )
      await openssl('pkey', '-inform', 'DER', '-in', 'private', '-pubout', '-outform', 'DER', '-out', 'public')
      const KeyId = await imported(KeySpec, 'SIGN_VERIFY', await get('pkcs8'))
      expect((await must(kms, 'GetPublicKey', { KeyId })).PublicKey).toEqual(await get('public'))
      await put('message', Message)
      await openssl('dgst', digest, '-sign', 'private', '-keyform', 'DER', '-out', 'theirs', 'message')
      const asked = { KeyId, SigningAlgorithm: algorithm, Message }
      expect(await verdict(kms, 'Verify', { ...asked, Signature: await get('theirs') })).toBe('ok')
      await put('ours', (await must(kms, 'Sign', asked)).Signature)
      const verify = ['dgst', digest, '-verify', 'public', '-keyform', 'DER', '-signature', 'ours', 'message']
      expect(await openssl(...verify)).toMatch(/Verified OK/)
    },
  )

  it.each([
    [224, 28],
    [256, 32],
    [384, 48],
    [512, 64],
  ] as const)('makes the MACs of an imported HMAC_%s key', async (bits, keyBytes) => {
    const material = crypto.getRandomValues(new Uint8Array(keyBytes))
    const hex = Buffer.from(material).toString('hex')
    const KeyId = await imported(`HMAC_${bits}`, 'GENERATE_VERIFY_MAC', material)
    await put('message', Message)
    await openssl(
      'dgst',
      `-sha${bits}`,
      '-mac',
      'HMAC',
      '-macopt',
      `hexkey:${hex}`,
      '-binary',
      '-out',
      'mac',
      'message',
    )
    const { Mac } = await must(kms, 'GenerateMac', { KeyId, Message, MacAlgorithm: `HMAC_SHA_${bits}` })
    expect(Mac).toEqual(await get('mac'))
  })

  it.each([
    ['RSAES_OAEP_SHA_1', 'sha1'],
    ['RSAES_OAEP_SHA_256', 'sha256'],
  ] as const)('encrypts for %s', async (EncryptionAlgorithm, digest) => {
    const { KeyId } = await newKey(kms, { KeySpec: 'RSA_2048', KeyUsage: 'ENCRYPT_DECRYPT' })
    await put('spki', (await must(kms, 'GetPublicKey', { KeyId })).PublicKey)
    await put('message', Message)
    const options = ['rsa_padding_mode:oaep', `rsa_oaep_md:${digest}`, `rsa_mgf1_md:${digest}`]
    const padding = options.flatMap((option) => ['-pkeyopt', option])
    const keys = ['-pubin', '-keyform', 'DER', '-inkey', 'spki']
    await openssl('pkeyutl', '-encrypt', ...keys, ...padding, '-in', 'message', '-out', 'block')
    const asked = { KeyId, EncryptionAlgorithm, CiphertextBlob: await get('block') }
    expect((await must(kms, 'Decrypt', asked)).Plaintext).toEqual(Message)
  })

  it.each([
    ['ECC_NIST_P256', 'P-256'],
    ['ECC_NIST_P384', 'P-384'],
    ['ECC_NIST_P521', 'P-521'],
  ] as const)('agrees on secrets with %s', async (KeySpec, curve) => {
    const { KeyId } = await newKey(kms, { KeySpec, KeyUsage: 'KEY_AGREEMENT' })
    await put('ours', (await must(kms, 'GetPublicKey', { KeyId })).PublicKey)
    await openssl('genpkey', ...ec(curve), '-outform', 'PEM', '-out', 'theirs.pem')
    await openssl('pkey', '-in', 'theirs.pem', '-pubout', '-outform', 'DER', '-out', 'theirs')
    await openssl('pkey', '-pubin', '-inform', 'DER', '-in', 'ours', '-out', 'ours.pem')
    await openssl('pkeyutl', '-derive', '-inkey', 'theirs.pem', '-peerkey', 'ours.pem', '-out', 'secret')
    const PublicKey = await get('theirs')
    const derived = await must(kms, 'DeriveSharedSecret', { KeyId, KeyAgreementAlgorithm: 'ECDH', PublicKey })
    expect(derived.SharedSecret).toEqual(await get('secret'))
  })

  it.each(['brainpoolP256r1', 'secp256k1', 'P-224'])('a point of %s is none of P-256', async (curve) => {
    const { KeyId } = await newKey(kms, { KeySpec: 'ECC_NIST_P256', KeyUsage: 'KEY_AGREEMENT' })
    await openssl('genpkey', ...ec(curve), '-outform', 'PEM', '-out', 'other.pem')
    await openssl('pkey', '-in', 'other.pem', '-pubout', '-outform', 'DER', '-out', 'other')
    const asked = { KeyId, KeyAgreementAlgorithm: 'ECDH', PublicKey: await get('other') }
    expect(await verdict(kms, 'DeriveSharedSecret', asked)).toBe('ValidationException')
  })
})
