import {
  CreateKeyCommand,
  DecryptCommand,
  EncryptCommand,
  GenerateDataKeyCommand,
  KMSClient,
} from '@aws-sdk/client-kms'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ServedProcess } from '../../scripts/serve-process.mjs'
import {
  decrypt,
  decryptStream,
  ecdsa,
  encrypt,
  encryptStream,
  forbidEncryptAllowDecrypt,
  fromSdk,
  type Keyring,
  kms,
  multi,
  rawAes,
  rawRsa,
  requireEncryptRequireDecrypt,
} from '../../src/envelope'
import { random } from '../suites/envelope/helpers'
import { through } from '../suites/envelope/streaming'
import { newStateFolder, region, removeFolder, rootUser, startServer } from './server'

/** As much of `@aws-crypto/client-node` as is used here. */
interface Esdk {
  buildClient(options: { commitmentPolicy: string; maxEncryptedDataKeys?: number }): {
    encrypt(keyring: object, plaintext: Uint8Array, options?: object): Promise<{ result: Uint8Array }>
    decrypt(
      keyring: object,
      message: Uint8Array,
    ): Promise<{ plaintext: Uint8Array; messageHeader: { suiteId: number } }>
  }
  getClient(client: unknown, config: object): object
  readonly KMS: unknown
  readonly KmsKeyringNode: new (options: object) => object
  readonly RawAesKeyringNode: new (options: object) => object
  readonly RawRsaKeyringNode: new (options: object) => object
  readonly RawAesWrappingSuiteIdentifier: Readonly<Record<string, number>>
}

/** The official client for Node. By a name that the compiler does not follow: its types want a library of their own. */
const packageName: string = '@aws-crypto/client-node'
const {
  buildClient,
  getClient,
  KMS,
  KmsKeyringNode,
  RawAesKeyringNode,
  RawRsaKeyringNode,
  RawAesWrappingSuiteIdentifier,
} = (await import(/* @vite-ignore */ packageName)) as Esdk

const context = { tenant: 'a', Zeta: 'b', größe: 'ä' }
/** Around the edges of frames of 64 bytes. */
const lengths = [0, 1, 63, 64, 65, 127, 128, 129, 1000]
const suites: [number, string][] = [
  [0x0478, 'REQUIRE_ENCRYPT_REQUIRE_DECRYPT'],
  [0x0578, 'REQUIRE_ENCRYPT_REQUIRE_DECRYPT'],
  ...[0x0014, 0x0046, 0x0078, 0x0114, 0x0146, 0x0178, 0x0214, 0x0346, 0x0378].map((suite): [number, string] => [
    suite,
    'FORBID_ENCRYPT_ALLOW_DECRYPT',
  ]),
]
const ourPolicy = (policy: string) =>
  policy.startsWith('FORBID') ? forbidEncryptAllowDecrypt : requireEncryptRequireDecrypt

/** Both directions, for every suite, around the edges of frames; and our streams against their buffers. */
function exchange(keyrings: () => { readonly ours: Keyring; readonly theirs: object }): void {
  it.each(suites)('suite %i both ways, %s', async (suite, policy) => {
    const { ours, theirs } = keyrings()
    const client = buildClient({ commitmentPolicy: policy })
    const commitmentPolicy = ourPolicy(policy)
    for (const length of lengths) {
      const plaintext = random(length)
      const { message } = await encrypt(plaintext, {
        keyring: ours,
        suite,
        commitmentPolicy,
        frameLength: 64,
        encryptionContext: context,
        signatures: ecdsa,
      })
      const opened = await client.decrypt(theirs, message)
      expect(Uint8Array.from(opened.plaintext)).toEqual(plaintext)
      expect(opened.messageHeader.suiteId).toBe(suite)

      const { result } = await client.encrypt(theirs, plaintext, {
        suiteId: suite,
        frameLength: 64,
        encryptionContext: context,
      })
      const sealed = Uint8Array.from(result)
      const options = { keyring: ours, commitmentPolicy, signatures: ecdsa } as const
      expect((await decrypt(sealed, options)).plaintext).toEqual(plaintext)
      expect(await through(decryptStream(options), sealed, 50)).toEqual(plaintext)
    }
  })

  it('a stream of ours in a buffer of theirs', async () => {
    const { ours, theirs } = keyrings()
    const client = buildClient({ commitmentPolicy: 'REQUIRE_ENCRYPT_REQUIRE_DECRYPT' })
    for (const length of lengths) {
      const plaintext = random(length)
      const stream = encryptStream({ keyring: ours, frameLength: 64, encryptionContext: context })
      const opened = await client.decrypt(theirs, await through(stream, plaintext, 50))
      expect(Uint8Array.from(opened.plaintext)).toEqual(plaintext)
    }
  })
}

describe('raw AES', () => {
  const bytes = random(32)
  exchange(() => ({
    ours: rawAes({ namespace: 'n', name: 'k', key: bytes }),
    theirs: new RawAesKeyringNode({
      keyNamespace: 'n',
      keyName: 'k',
      // A copy: the official keyring overwrites what it is given.
      unencryptedMasterKey: bytes.slice(),
      wrappingSuite: RawAesWrappingSuiteIdentifier.AES256_GCM_IV12_TAG16_NO_PADDING,
      utf8Sorting: true,
    }),
  }))

  it('opens the order of the locale, the official default', async () => {
    const theirs = new RawAesKeyringNode({
      keyNamespace: 'n',
      keyName: 'k',
      unencryptedMasterKey: bytes.slice(),
      wrappingSuite: RawAesWrappingSuiteIdentifier.AES256_GCM_IV12_TAG16_NO_PADDING,
    })
    const client = buildClient({ commitmentPolicy: 'REQUIRE_ENCRYPT_REQUIRE_DECRYPT' })
    const { result } = await client.encrypt(theirs, random(10), { encryptionContext: { Zeta: '1', alpha: '2' } })
    const options = { namespace: 'n', name: 'k', key: bytes }
    const open = (keyring: Keyring) => decrypt(Uint8Array.from(result), { keyring, signatures: ecdsa })
    await expect(open(rawAes(options))).rejects.toMatchObject({ code: 'noDataKeyOpened' })
    expect((await open(rawAes({ ...options, localeOrder: true }))).plaintext).toHaveLength(10)
  })
})

describe('raw RSA', async () => {
  const algorithm = { name: 'RSA-OAEP', hash: 'SHA-256', modulusLength: 2048, publicExponent: Uint8Array.of(1, 0, 1) }
  const pair = await crypto.subtle.generateKey(algorithm, true, ['encrypt', 'decrypt'])
  const pem = async (format: 'spki' | 'pkcs8', key: CryptoKey, label: string) => {
    const text = Buffer.from((await crypto.subtle.exportKey(format, key)) as ArrayBuffer).toString('base64')
    return `-----BEGIN ${label}-----\n${text.replace(/.{64}/g, '$&\n')}\n-----END ${label}-----\n`
  }
  const rsaKey = {
    publicKey: await pem('spki', pair.publicKey, 'PUBLIC KEY'),
    privateKey: await pem('pkcs8', pair.privateKey, 'PRIVATE KEY'),
  }
  exchange(() => ({
    ours: rawRsa({ namespace: 'n', name: 'k', hash: 'SHA-256', ...pair }),
    theirs: new RawRsaKeyringNode({ keyNamespace: 'n', keyName: 'k', rsaKey, oaepHash: 'sha256' }),
  }))
})

describe('KMS, through this service', () => {
  let folder: string
  let server: ServedProcess
  let sdk: KMSClient
  let keyId = ''
  let additional = ''
  beforeAll(async () => {
    folder = await newStateFolder()
    server = await startServer(folder)
    sdk = new KMSClient({ endpoint: server.url, region, credentials: rootUser, maxAttempts: 1 })
    const newKey = async () => (await sdk.send(new CreateKeyCommand({}))).KeyMetadata?.Arn ?? ''
    keyId = await newKey()
    additional = await newKey()
  })
  afterAll(async () => {
    sdk.destroy()
    await server.stop()
    await removeFolder(folder)
  })
  const client = () => fromSdk(sdk, { GenerateDataKeyCommand, EncryptCommand, DecryptCommand })
  const clientProvider = () => getClient(KMS, { endpoint: server.url, credentials: rootUser })

  exchange(() => ({
    ours: kms({ client: client(), keyId, additionalKeyIds: [additional] }),
    theirs: new KmsKeyringNode({ clientProvider: clientProvider(), generatorKeyId: keyId, keyIds: [additional] }),
  }))

  it('reads with either of two keys, and one beside a raw key', async () => {
    const mixed = multi({
      generator: kms({ client: client(), keyId }),
      children: [rawAes({ namespace: 'n', name: 'k', key: random(32) })],
    })
    const { message } = await encrypt(random(10), { keyring: mixed, encryptionContext: context })
    const official = buildClient({ commitmentPolicy: 'REQUIRE_ENCRYPT_REQUIRE_DECRYPT' })
    const theirs = new KmsKeyringNode({ clientProvider: clientProvider(), keyIds: [keyId] })
    expect((await official.decrypt(theirs, message)).plaintext).toHaveLength(10)
  })
})
