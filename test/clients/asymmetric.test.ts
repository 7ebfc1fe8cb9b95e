import * as node from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import * as kms from '@aws-sdk/client-kms'
import { secp256k1 } from '@noble/curves/secp256k1.js'
import { keccak_256 } from '@noble/hashes/sha3.js'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ServedProcess } from '../../scripts/serve-process.mjs'
import {
  isThere,
  modes,
  newStateFolder,
  region,
  removeFolder,
  rootUser,
  run,
  runWith,
  shellLines,
  startServer,
  within,
} from './server'

/** Two clients that we did not write, and OpenSSL or Node's own OpenSSL as the other party to each. */
const hasCli = await isThere('aws', '--version')
const message = Buffer.from('a message for somebody else')
const digest = node.createHash('sha256').update(message).digest()

/** A private key of whom everybody knows the address: the example of web3.js, `eth.accounts`. */
const ethereum = {
  privateKey: '4c0883a69102937d6231471b5dbb6204fe5129617082792ae468d01a3f362318',
  address: '2c7536e3605d9c16a7a3d7b1898e529396a65c23',
}

/** The last 20 bytes of Keccak-256 over the point's two coordinates. Source: Ethereum Yellow Paper, appendix F. */
const addressOf = (point: Uint8Array) => Buffer.from(keccak_256(point.subarray(1)).subarray(12)).toString('hex')

/** Whom a DER signature over a digest may come from: a chain stores the bit that tells which. */
const signersOf = (der: Uint8Array, signed: Uint8Array) =>
  [0, 1].map((bit) => {
    const signature = secp256k1.Signature.fromBytes(Uint8Array.from(der), 'der').addRecoveryBit(bit)
    return addressOf(signature.recoverPublicKey(Uint8Array.from(signed)).toBytes(false))
  })

/** That key as PKCS#8, DER. */
function ethereumPkcs8(): Uint8Array {
  const ecdh = node.createECDH('secp256k1')
  ecdh.setPrivateKey(ethereum.privateKey, 'hex')
  const sec1 = `30740201010420${ethereum.privateKey}a00706052b8104000aa144034200${ecdh.getPublicKey('hex')}`
  const key = node.createPrivateKey({ key: Buffer.from(sec1, 'hex'), format: 'der', type: 'sec1' })
  return key.export({ format: 'der', type: 'pkcs8' })
}

const publicKeyOf = (spki: Uint8Array) => node.createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' })
const privateKeyOf = (pkcs8: Uint8Array) =>
  node.createPrivateKey({ key: Buffer.from(pkcs8), format: 'der', type: 'pkcs8' })

function changed(bytes: Uint8Array): Buffer {
  const copy = Buffer.from(bytes)
  copy.writeUInt8(copy.readUInt8(copy.length - 1) ^ 1, copy.length - 1)
  return copy
}

describe.each(modes)('asymmetric, HMAC and imported keys, $mode', ({ leaseSeconds }) => {
  let folder: string
  let server: ServedProcess
  let lines: string
  let client: kms.KMSClient
  beforeAll(async () => {
    folder = await newStateFolder()
    server = await startServer(folder, { KMS_LEASE_SECONDS: String(leaseSeconds) })
    lines = await shellLines(server.url)
    client = new kms.KMSClient({ endpoint: server.url, region, credentials: rootUser, maxAttempts: 1 })
  })
  afterAll(async () => {
    client.destroy()
    await server.stop()
    await removeFolder(folder)
  })

  describe.skipIf(!hasCli)('AWS CLI and OpenSSL', () => {
    type Answer = Readonly<Record<string, string>>
    let files = 0
    const pathOf = (name: string) => join(folder, name)
    async function put(bytes: Uint8Array): Promise<string> {
      const path = pathOf(`file-${files++}`)
      await writeFile(path, bytes)
      return path
    }
    const blob = async (bytes: Uint8Array) => `fileb://${await put(bytes)}`
    const bytesOf = (base64: string | undefined) => Buffer.from(base64 ?? '', 'base64')

    /** The words of one line, and then what has bytes for a value. */
    async function aws(words: string, blobs: Readonly<Record<string, Uint8Array>> = {}): Promise<Answer> {
      const args = ['--output', 'json', 'kms', ...words.split(' ')]
      for (const [name, bytes] of Object.entries(blobs)) args.push(`--${name}`, await blob(bytes))
      const { exitCode, stdout, stderr } = await runWith(lines, 'aws', ...args)
      if (exitCode !== 0) throw new Error(`aws kms ${words}: ${stderr.trim()}`)
      return stdout.trim() ? JSON.parse(stdout) : {}
    }
    async function openssl(words: string, ...paths: string[]): Promise<string> {
      const { exitCode, stdout, stderr } = await run('openssl', [...words.split(' '), ...paths])
      if (exitCode !== 0) throw new Error(`openssl ${words}: ${stdout}${stderr}`)
      return stdout
    }
    async function newKey(words: string): Promise<string> {
      const made = (await aws(`create-key ${words}`)) as unknown as { KeyMetadata: { KeyId: string } }
      return made.KeyMetadata.KeyId
    }
    const publicKeyFile = async (keyId: string) =>
      put(bytesOf((await aws(`get-public-key --key-id ${keyId}`)).PublicKey))

    /** To whom a KMS key with Origin EXTERNAL belongs: wrapped by OpenSSL, brought by the CLI. */
    async function bring(keyId: string, material: Uint8Array) {
      const wrapping = '--wrapping-algorithm RSAES_OAEP_SHA_256 --wrapping-key-spec RSA_4096'
      const { PublicKey, ImportToken } = await aws(`get-parameters-for-import --key-id ${keyId} ${wrapping}`)
      const wrapped = await oaep('-encrypt -pubin', await put(bytesOf(PublicKey)), material)
      return aws(`import-key-material --key-id ${keyId} --expiration-model KEY_MATERIAL_DOES_NOT_EXPIRE`, {
        'encrypted-key-material': wrapped,
        'import-token': bytesOf(ImportToken),
      })
    }
    async function oaep(direction: string, keyFile: string, bytes: Uint8Array): Promise<Buffer> {
      const out = pathOf(`oaep-${files++}`)
      const padding = '-pkeyopt rsa_padding_mode:oaep -pkeyopt rsa_oaep_md:sha256 -pkeyopt rsa_mgf1_md:sha256'
      await openssl(
        `pkeyutl ${direction} -keyform DER ${padding} -inkey`,
        keyFile,
        '-in',
        await put(bytes),
        '-out',
        out,
      )
      return readFile(out)
    }

    it('sign and verify, ECC_NIST_P256, a message and its digest', async () => {
      const keyId = await newKey('--key-spec ECC_NIST_P256 --key-usage SIGN_VERIFY')
      const spki = await publicKeyFile(keyId)
      const settings = `--key-id ${keyId} --signing-algorithm ECDSA_SHA_256`
      const raw = bytesOf((await aws(`sign ${settings} --message-type RAW`, { message })).Signature)
      const ofDigest = bytesOf((await aws(`sign ${settings} --message-type DIGEST`, { message: digest })).Signature)
      const [messageFile, digestFile] = [await put(message), await put(digest)]
      for (const signature of [raw, ofDigest]) {
        const signatureFile = await put(signature)
        const told = await openssl('dgst -sha256 -keyform DER -verify', spki, '-signature', signatureFile, messageFile)
        expect(told).toContain('Verified OK')
        const byDigest = ['-in', digestFile, '-sigfile', signatureFile]
        expect(await openssl('pkeyutl -verify -pubin -keyform DER -inkey', spki, ...byDigest)).toContain('Successfully')
      }
      // Each is verified as what the other one was signed as.
      for (const [type, content, signature] of [
        ['RAW', message, ofDigest],
        ['DIGEST', digest, raw],
      ] as const) {
        const answer = await aws(`verify ${settings} --message-type ${type}`, { message: content, signature })
        expect(answer).toMatchObject({ SignatureValid: true, SigningAlgorithm: 'ECDSA_SHA_256' })
      }
      await expect(aws(`verify ${settings}`, { message, signature: changed(raw) })).rejects.toThrow(
        '(KMSInvalidSignatureException) when calling the Verify operation',
      )
      await expect(aws(`verify ${settings}`, { message: changed(message), signature: raw })).rejects.toThrow(
        '(KMSInvalidSignatureException) when calling the Verify operation',
      )
    })

    it('encrypt and decrypt, RSA_2048, from the CLI and from OpenSSL', async () => {
      const keyId = await newKey('--key-spec RSA_2048 --key-usage ENCRYPT_DECRYPT')
      const settings = `--key-id ${keyId} --encryption-algorithm RSAES_OAEP_SHA_256`
      const sealed = bytesOf((await aws(`encrypt ${settings}`, { plaintext: message })).CiphertextBlob)
      const byOpenssl = await oaep('-encrypt -pubin', await publicKeyFile(keyId), message)
      for (const ciphertext of [sealed, byOpenssl]) {
        expect(ciphertext).toHaveLength(256)
        const opened = await aws(`decrypt ${settings}`, { 'ciphertext-blob': ciphertext })
        expect(opened).toMatchObject({ Plaintext: message.toString('base64') })
      }
      await expect(aws(`decrypt ${settings}`, { 'ciphertext-blob': changed(sealed) })).rejects.toThrow(
        '(InvalidCiphertextException) when calling the Decrypt operation',
      )
    })

    it("generate-mac and verify-mac, HMAC_256 with a user's own material, equal to OpenSSL's", async () => {
      const keyId = await newKey('--key-spec HMAC_256 --key-usage GENERATE_VERIFY_MAC --origin EXTERNAL')
      const material = node.randomBytes(32)
      await bring(keyId, material)
      const settings = `--key-id ${keyId} --mac-algorithm HMAC_SHA_256`
      const mac = bytesOf((await aws(`generate-mac ${settings}`, { message })).Mac)
      const known = await openssl(
        `mac -digest SHA256 -macopt hexkey:${material.toString('hex')} -in`,
        await put(message),
        'HMAC',
      )
      expect(mac.toString('hex')).toBe(known.trim().toLowerCase())
      expect(await aws(`verify-mac ${settings}`, { message, mac })).toMatchObject({ MacValid: true })
      await expect(aws(`verify-mac ${settings}`, { message, mac: changed(mac) })).rejects.toThrow(
        '(KMSInvalidMacException) when calling the VerifyMac operation',
      )
    })

    it("derive-shared-secret equals OpenSSL's", async () => {
      const keyId = await newKey('--key-spec ECC_NIST_P384 --key-usage KEY_AGREEMENT')
      const [own, ownPublic, secret] = ['own.pem', 'own.der', 'secret'].map(pathOf) as [string, string, string]
      await openssl('genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-384 -out', own)
      await openssl('pkey -pubout -outform DER -in', own, '-out', ownPublic)
      const peer = ['-peerkey', await publicKeyFile(keyId), '-out', secret]
      await openssl('pkeyutl -derive -peerform DER -inkey', own, ...peer)
      const settings = `--key-id ${keyId} --key-agreement-algorithm ECDH`
      const { SharedSecret } = await aws(`derive-shared-secret ${settings}`, {
        'public-key': await readFile(ownPublic),
      })
      expect(bytesOf(SharedSecret)).toEqual(await readFile(secret))
    })

    it.each(['RSA_2048', 'ECC_NIST_P256', 'ECC_NIST_EDWARDS25519'])('generate-data-key-pair, %s', async (spec) => {
      const keyId = await newKey('--description pairs')
      const context = '--encryption-context purpose=pair'
      const made = await aws(`generate-data-key-pair --key-id ${keyId} --key-pair-spec ${spec} ${context}`)
      const own = await put(bytesOf(made.PrivateKeyPlaintext))
      const spki = pathOf(`spki-${files++}`)
      await openssl('pkey -inform DER -check -pubout -outform DER -in', own, '-out', spki)
      const verdict = Buffer.from('Key is valid\n') // of `-check`, before the key
      expect(await readFile(spki)).toEqual(Buffer.concat([verdict, bytesOf(made.PublicKey)]))
      const sealed = { 'ciphertext-blob': bytesOf(made.PrivateKeyCiphertextBlob) }
      expect(await aws(`decrypt ${context}`, sealed)).toMatchObject({ Plaintext: made.PrivateKeyPlaintext })
      const only = await aws(`generate-data-key-pair-without-plaintext --key-id ${keyId} --key-pair-spec ${spec}`)
      expect(Object.keys(only).sort()).toEqual(
        ['KeyId', 'KeyMaterialId', 'KeyPairSpec', 'PrivateKeyCiphertextBlob', 'PublicKey'].sort(),
      )
    })

    it('sign, ECC_SECG_P256K1, gives the address of a known Ethereum key', async () => {
      const keyId = await newKey('--key-spec ECC_SECG_P256K1 --key-usage SIGN_VERIFY --origin EXTERNAL')
      await bring(keyId, ethereumPkcs8())
      const spki = await readFile(await publicKeyFile(keyId))
      expect(addressOf(spki.subarray(-65))).toBe(ethereum.address)
      const signed = keccak_256(Uint8Array.from(message))
      const settings = `--key-id ${keyId} --signing-algorithm ECDSA_SHA_256 --message-type DIGEST`
      const { Signature } = await aws(`sign ${settings}`, { message: signed })
      expect(signersOf(bytesOf(Signature), signed)).toContain(ethereum.address)
    })

    it('import-key-material and delete-imported-key-material', async () => {
      const keyId = await newKey('--origin EXTERNAL')
      const state = async () =>
        ((await aws(`describe-key --key-id ${keyId}`)) as unknown as { KeyMetadata: Answer }).KeyMetadata.KeyState
      const refusal =
        /\(KMSInvalidStateException\) when calling the (Encrypt|Decrypt) operation: .* is pending import\./
      const encrypt = () => aws(`encrypt --key-id ${keyId}`, { plaintext: message })
      expect(await state()).toBe('PendingImport')
      await expect(encrypt()).rejects.toThrow(refusal)
      const material = node.randomBytes(32)
      const { KeyMaterialId } = await bring(keyId, material)
      expect(KeyMaterialId).toMatch(/^[0-9a-f]{64}$/)
      expect(await state()).toBe('Enabled')
      const sealed = { 'ciphertext-blob': bytesOf((await within(leaseSeconds, encrypt)).CiphertextBlob) }
      const decrypt = () => aws('decrypt', sealed)
      expect(await decrypt()).toMatchObject({ Plaintext: message.toString('base64') })

      await aws(`delete-imported-key-material --key-id ${keyId}`)
      expect(await state()).toBe('PendingImport')
      await within(leaseSeconds, () => expect(encrypt()).rejects.toThrow(refusal))
      await within(leaseSeconds, () => expect(decrypt()).rejects.toThrow(refusal))
      await expect(bring(keyId, node.randomBytes(32))).rejects.toThrow('(IncorrectKeyMaterialException)')
      expect(await bring(keyId, material)).toMatchObject({ KeyMaterialId })
      await within(leaseSeconds, async () =>
        expect(await decrypt()).toMatchObject({ Plaintext: message.toString('base64') }),
      )
    })
  })

  describe('AWS SDK for JavaScript', () => {
    const { SignCommand, VerifyCommand, DecryptCommand } = kms
    async function newKey(settings: kms.CreateKeyCommandInput): Promise<string> {
      const { KeyMetadata } = await client.send(new kms.CreateKeyCommand(settings))
      if (!KeyMetadata?.KeyId) throw new Error('CreateKey gave no key')
      return KeyMetadata.KeyId
    }
    /** A member of an answer that must be there, as Node's own bytes. */
    function bytes(member: Uint8Array | undefined): Buffer {
      if (!(member instanceof Uint8Array) || member.length === 0) throw new Error('the answer has no such bytes')
      return Buffer.from(member)
    }
    const publicKey = async (KeyId: string) =>
      publicKeyOf(bytes((await client.send(new kms.GetPublicKeyCommand({ KeyId }))).PublicKey))

    const pss = { padding: node.constants.RSA_PKCS1_PSS_PADDING, saltLength: node.constants.RSA_PSS_SALTLEN_DIGEST }
    it.each([
      ['RSA_2048', 'RSASSA_PSS_SHA_256', 'sha256', pss],
      ['RSA_2048', 'RSASSA_PKCS1_V1_5_SHA_512', 'sha512', {}],
      ['ECC_NIST_P521', 'ECDSA_SHA_512', 'sha512', {}],
      ['ECC_SECG_P256K1', 'ECDSA_SHA_256', 'sha256', {}],
      ['ECC_NIST_EDWARDS25519', 'ED25519_SHA_512', null, {}],
      ['ML_DSA_44', 'ML_DSA_SHAKE_256', null, {}],
    ] as const)('Sign and Verify, %s %s', async (KeySpec, SigningAlgorithm, hash, options) => {
      const KeyId = await newKey({ KeySpec, KeyUsage: 'SIGN_VERIFY' })
      const settings = { KeyId, SigningAlgorithm, Message: message }
      const Signature = bytes((await client.send(new SignCommand(settings))).Signature)
      expect(node.verify(hash, message, { key: await publicKey(KeyId), ...options }, Signature)).toBe(true)
      const { SignatureValid } = await client.send(new VerifyCommand({ ...settings, Signature }))
      expect(SignatureValid).toBe(true)
      const wrong = client.send(new VerifyCommand({ ...settings, Signature: changed(Signature) }))
      await expect(wrong).rejects.toBeInstanceOf(kms.KMSInvalidSignatureException)
    })

    it('GenerateMac and VerifyMac, HMAC_512', async () => {
      const KeyId = await newKey({ KeySpec: 'HMAC_512', KeyUsage: 'GENERATE_VERIFY_MAC' })
      const settings = { KeyId, MacAlgorithm: 'HMAC_SHA_512', Message: message } as const
      const Mac = bytes((await client.send(new kms.GenerateMacCommand(settings))).Mac)
      expect(Mac).toHaveLength(64)
      expect(await client.send(new kms.VerifyMacCommand({ ...settings, Mac }))).toMatchObject({ MacValid: true })
      const wrong = client.send(new kms.VerifyMacCommand({ ...settings, Mac: changed(Mac) }))
      await expect(wrong).rejects.toBeInstanceOf(kms.KMSInvalidMacException)
    })

    it.each([
      ['RSAES_OAEP_SHA_1', 'sha1'],
      ['RSAES_OAEP_SHA_256', 'sha256'],
    ] as const)('Encrypt and Decrypt, RSA_3072 %s', async (EncryptionAlgorithm, oaepHash) => {
      const KeyId = await newKey({ KeySpec: 'RSA_3072', KeyUsage: 'ENCRYPT_DECRYPT' })
      const settings = { KeyId, EncryptionAlgorithm }
      const sealed = await client.send(new kms.EncryptCommand({ ...settings, Plaintext: message }))
      const byNode = node.publicEncrypt({ key: await publicKey(KeyId), oaepHash }, message)
      for (const CiphertextBlob of [sealed.CiphertextBlob, byNode]) {
        const { Plaintext } = await client.send(new DecryptCommand({ ...settings, CiphertextBlob }))
        expect(bytes(Plaintext)).toEqual(message)
      }
    })

    it('DeriveSharedSecret, ECC_NIST_P256; a key of another curve is refused', async () => {
      const KeyId = await newKey({ KeySpec: 'ECC_NIST_P256', KeyUsage: 'KEY_AGREEMENT' })
      const derive = (pair: node.KeyPairKeyObjectResult) => {
        const PublicKey = pair.publicKey.export({ format: 'der', type: 'spki' })
        return client.send(new kms.DeriveSharedSecretCommand({ KeyId, KeyAgreementAlgorithm: 'ECDH', PublicKey }))
      }
      const own = node.generateKeyPairSync('ec', { namedCurve: 'P-256' })
      const secret = node.diffieHellman({ privateKey: own.privateKey, publicKey: await publicKey(KeyId) })
      expect(bytes((await derive(own)).SharedSecret)).toEqual(secret)
      const other = node.generateKeyPairSync('ec', { namedCurve: 'secp256k1' })
      await expect(derive(other)).rejects.toMatchObject({ name: 'ValidationException' })
    })

    it.each(['ML_KEM_512', 'ML_KEM_768', 'ML_KEM_1024'] as const)(
      'Encapsulate and Decapsulate, %s',
      async (KeySpec) => {
        const KeyId = await newKey({ KeySpec, KeyUsage: 'ENCAPSULATE_DECAPSULATE' })
        const settings = { KeyId, EncapsulationAlgorithm: 'ML_KEM' } as const
        const decapsulate = async (SharedSecretCiphertextBlob: Uint8Array) =>
          bytes(
            (await client.send(new kms.DecapsulateCommand({ ...settings, SharedSecretCiphertextBlob }))).SharedSecret,
          )
        const made = await client.send(new kms.EncapsulateCommand(settings))
        const ciphertext = bytes(made.SharedSecretCiphertextBlob)
        expect(await decapsulate(ciphertext)).toEqual(bytes(made.SharedSecret))
        const byNode = node.encapsulate(await publicKey(KeyId))
        expect(await decapsulate(byNode.ciphertext)).toEqual(Buffer.from(byNode.sharedKey))
        expect(await decapsulate(changed(ciphertext))).not.toEqual(bytes(made.SharedSecret)) // implicit rejection
        await expect(decapsulate(ciphertext.subarray(1))).rejects.toBeInstanceOf(kms.InvalidCiphertextException)
      },
    )

    it.each(['ECC_NIST_P384', 'ECC_SECG_P256K1', 'ML_KEM_768'] as const)('GenerateDataKeyPair, %s', async (spec) => {
      const KeyId = await newKey({})
      const EncryptionContext = { purpose: 'pair' }
      const settings = { KeyId, KeyPairSpec: spec, EncryptionContext }
      const made = await client.send(new kms.GenerateDataKeyPairCommand(settings))
      const own = privateKeyOf(bytes(made.PrivateKeyPlaintext))
      const spki = node.createPublicKey(own).export({ format: 'der', type: 'spki' })
      expect(bytes(made.PublicKey)).toEqual(spki)
      const CiphertextBlob = made.PrivateKeyCiphertextBlob
      const opened = await client.send(new DecryptCommand({ CiphertextBlob, EncryptionContext }))
      expect(opened.Plaintext).toEqual(made.PrivateKeyPlaintext)
      await expect(client.send(new DecryptCommand({ CiphertextBlob }))).rejects.toBeInstanceOf(
        kms.InvalidCiphertextException,
      )
    })

    it('ImportKeyMaterial and DeleteImportedKeyMaterial', async () => {
      const KeyId = await newKey({ Origin: 'EXTERNAL' })
      const WrappingAlgorithm = 'RSAES_OAEP_SHA_256'
      const wrapping = { KeyId, WrappingAlgorithm, WrappingKeySpec: 'RSA_2048' } as const
      const asked = await client.send(new kms.GetParametersForImportCommand(wrapping))
      expect(asked.ParametersValidTo).toBeInstanceOf(Date)
      const key = publicKeyOf(bytes(asked.PublicKey))
      const bring = (EncryptedKeyMaterial: Uint8Array) => {
        const material = { EncryptedKeyMaterial, ImportToken: asked.ImportToken }
        const ExpirationModel = 'KEY_MATERIAL_DOES_NOT_EXPIRE'
        return client.send(new kms.ImportKeyMaterialCommand({ KeyId, ...material, ExpirationModel }))
      }
      const wrapped = node.publicEncrypt({ key, oaepHash: 'sha256' }, node.randomBytes(32))
      await expect(bring(changed(wrapped))).rejects.toBeInstanceOf(kms.InvalidCiphertextException)
      await bring(wrapped)
      const encrypt = () => client.send(new kms.EncryptCommand({ KeyId, Plaintext: message }))
      const { CiphertextBlob } = await within(leaseSeconds, encrypt)
      const decrypt = () => client.send(new DecryptCommand({ CiphertextBlob }))
      expect(bytes((await decrypt()).Plaintext)).toEqual(message)

      await client.send(new kms.DeleteImportedKeyMaterialCommand({ KeyId }))
      for (const refused of [encrypt, decrypt])
        await within(leaseSeconds, () => expect(refused()).rejects.toBeInstanceOf(kms.KMSInvalidStateException))
      const { KeyMetadata } = await client.send(new kms.DescribeKeyCommand({ KeyId }))
      expect(KeyMetadata).toMatchObject({ KeyState: 'PendingImport', Enabled: false, Origin: 'EXTERNAL' })
    })
  })
})
