import * as node from 'node:crypto'
import * as kms from '@aws-sdk/client-kms'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { modes, within } from './server'
import { bytes, changed, type Home, message, newKeyId, openHome, publicKeyOf } from './shell'

const privateKeyOf = (pkcs8: Uint8Array) =>
  node.createPrivateKey({ key: Buffer.from(pkcs8), format: 'der', type: 'pkcs8' })

/** The AWS SDK, which we did not write, and Node's own OpenSSL as the other party. */
describe.each(modes)('AWS SDK for JavaScript, asymmetric, HMAC and imported keys, $mode', ({ leaseSeconds }) => {
  let home: Home
  beforeAll(async () => {
    home = await openHome(leaseSeconds)
  })
  afterAll(() => home.close())

  const { SignCommand, VerifyCommand, DecryptCommand } = kms
  const newKey = (settings: kms.CreateKeyCommandInput) => newKeyId(home.client, settings)
  const publicKey = async (KeyId: string) =>
    publicKeyOf(bytes((await home.client.send(new kms.GetPublicKeyCommand({ KeyId }))).PublicKey))

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
    const Signature = bytes((await home.client.send(new SignCommand(settings))).Signature)
    expect(node.verify(hash, message, { key: await publicKey(KeyId), ...options }, Signature)).toBe(true)
    const { SignatureValid } = await home.client.send(new VerifyCommand({ ...settings, Signature }))
    expect(SignatureValid).toBe(true)
    const wrong = home.client.send(new VerifyCommand({ ...settings, Signature: changed(Signature) }))
    await expect(wrong).rejects.toBeInstanceOf(kms.KMSInvalidSignatureException)
  })

  it('GenerateMac and VerifyMac, HMAC_512', async () => {
    const KeyId = await newKey({ KeySpec: 'HMAC_512', KeyUsage: 'GENERATE_VERIFY_MAC' })
    const settings = { KeyId, MacAlgorithm: 'HMAC_SHA_512', Message: message } as const
    const Mac = bytes((await home.client.send(new kms.GenerateMacCommand(settings))).Mac)
    expect(Mac).toHaveLength(64)
    expect(await home.client.send(new kms.VerifyMacCommand({ ...settings, Mac }))).toMatchObject({ MacValid: true })
    const wrong = home.client.send(new kms.VerifyMacCommand({ ...settings, Mac: changed(Mac) }))
    await expect(wrong).rejects.toBeInstanceOf(kms.KMSInvalidMacException)
  })

  it.each([
    ['RSAES_OAEP_SHA_1', 'sha1'],
    ['RSAES_OAEP_SHA_256', 'sha256'],
  ] as const)('Encrypt and Decrypt, RSA_3072 %s', async (EncryptionAlgorithm, oaepHash) => {
    const KeyId = await newKey({ KeySpec: 'RSA_3072', KeyUsage: 'ENCRYPT_DECRYPT' })
    const settings = { KeyId, EncryptionAlgorithm }
    const sealed = await home.client.send(new kms.EncryptCommand({ ...settings, Plaintext: message }))
    const byNode = node.publicEncrypt({ key: await publicKey(KeyId), oaepHash }, message)
    for (const CiphertextBlob of [sealed.CiphertextBlob, byNode]) {
      const { Plaintext } = await home.client.send(new DecryptCommand({ ...settings, CiphertextBlob }))
      expect(bytes(Plaintext)).toEqual(message)
    }
  })

  it('DeriveSharedSecret, ECC_NIST_P256; a key of another curve is refused', async () => {
    const KeyId = await newKey({ KeySpec: 'ECC_NIST_P256', KeyUsage: 'KEY_AGREEMENT' })
    const derive = (pair: node.KeyPairKeyObjectResult) => {
      const PublicKey = pair.publicKey.export({ format: 'der', type: 'spki' })
      return home.client.send(new kms.DeriveSharedSecretCommand({ KeyId, KeyAgreementAlgorithm: 'ECDH', PublicKey }))
    }
    const own = node.generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const secret = node.diffieHellman({ privateKey: own.privateKey, publicKey: await publicKey(KeyId) })
    expect(bytes((await derive(own)).SharedSecret)).toEqual(secret)
    const other = node.generateKeyPairSync('ec', { namedCurve: 'secp256k1' })
    await expect(derive(other)).rejects.toMatchObject({ name: 'ValidationException' })
  })

  it.each(['ML_KEM_512', 'ML_KEM_768', 'ML_KEM_1024'] as const)('Encapsulate and Decapsulate, %s', async (KeySpec) => {
    const KeyId = await newKey({ KeySpec, KeyUsage: 'ENCAPSULATE_DECAPSULATE' })
    const settings = { KeyId, EncapsulationAlgorithm: 'ML_KEM' } as const
    const decapsulate = async (SharedSecretCiphertextBlob: Uint8Array) =>
      bytes(
        (await home.client.send(new kms.DecapsulateCommand({ ...settings, SharedSecretCiphertextBlob }))).SharedSecret,
      )
    const made = await home.client.send(new kms.EncapsulateCommand(settings))
    const ciphertext = bytes(made.SharedSecretCiphertextBlob)
    expect(await decapsulate(ciphertext)).toEqual(bytes(made.SharedSecret))
    const byNode = node.encapsulate(await publicKey(KeyId))
    expect(await decapsulate(byNode.ciphertext)).toEqual(Buffer.from(byNode.sharedKey))
    expect(await decapsulate(changed(ciphertext))).not.toEqual(bytes(made.SharedSecret)) // implicit rejection
    await expect(decapsulate(ciphertext.subarray(1))).rejects.toBeInstanceOf(kms.InvalidCiphertextException)
  })

  it.each(['ECC_NIST_P384', 'ECC_SECG_P256K1', 'ML_KEM_768'] as const)('GenerateDataKeyPair, %s', async (spec) => {
    const KeyId = await newKey({})
    const EncryptionContext = { purpose: 'pair' }
    const settings = { KeyId, KeyPairSpec: spec, EncryptionContext }
    const made = await home.client.send(new kms.GenerateDataKeyPairCommand(settings))
    const own = privateKeyOf(bytes(made.PrivateKeyPlaintext))
    const spki = node.createPublicKey(own).export({ format: 'der', type: 'spki' })
    expect(bytes(made.PublicKey)).toEqual(spki)
    const CiphertextBlob = made.PrivateKeyCiphertextBlob
    const opened = await home.client.send(new DecryptCommand({ CiphertextBlob, EncryptionContext }))
    expect(opened.Plaintext).toEqual(made.PrivateKeyPlaintext)
    await expect(home.client.send(new DecryptCommand({ CiphertextBlob }))).rejects.toBeInstanceOf(
      kms.InvalidCiphertextException,
    )
  })

  it('ImportKeyMaterial and DeleteImportedKeyMaterial', async () => {
    const KeyId = await newKey({ Origin: 'EXTERNAL' })
    const WrappingAlgorithm = 'RSAES_OAEP_SHA_256'
    const wrapping = { KeyId, WrappingAlgorithm, WrappingKeySpec: 'RSA_2048' } as const
    const asked = await home.client.send(new kms.GetParametersForImportCommand(wrapping))
    expect(asked.ParametersValidTo).toBeInstanceOf(Date)
    const key = publicKeyOf(bytes(asked.PublicKey))
    const bring = (EncryptedKeyMaterial: Uint8Array) => {
      const material = { EncryptedKeyMaterial, ImportToken: asked.ImportToken }
      const ExpirationModel = 'KEY_MATERIAL_DOES_NOT_EXPIRE'
      return home.client.send(new kms.ImportKeyMaterialCommand({ KeyId, ...material, ExpirationModel }))
    }
    const wrapped = node.publicEncrypt({ key, oaepHash: 'sha256' }, node.randomBytes(32))
    await expect(bring(changed(wrapped))).rejects.toBeInstanceOf(kms.InvalidCiphertextException)
    await bring(wrapped)
    const encrypt = () => home.client.send(new kms.EncryptCommand({ KeyId, Plaintext: message }))
    const { CiphertextBlob } = await within(leaseSeconds, encrypt)
    const decrypt = () => home.client.send(new DecryptCommand({ CiphertextBlob }))
    expect(bytes((await decrypt()).Plaintext)).toEqual(message)

    await home.client.send(new kms.DeleteImportedKeyMaterialCommand({ KeyId }))
    for (const refused of [encrypt, decrypt])
      await within(leaseSeconds, () => expect(refused()).rejects.toBeInstanceOf(kms.KMSInvalidStateException))
    const { KeyMetadata } = await home.client.send(new kms.DescribeKeyCommand({ KeyId }))
    expect(KeyMetadata).toMatchObject({ KeyState: 'PendingImport', Enabled: false, Origin: 'EXTERNAL' })
  })
})
