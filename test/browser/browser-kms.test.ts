import { deleteDB, openDB } from 'idb'
import { afterEach, describe, expect, it } from 'vitest'
import { createSoftwareProvider } from '../../software'
import { type AgreedSoftware, type BrowserKms, openBrowserKms } from '../../src/browser'
import type { KeySpec, KeyUsageType } from '../../src/model/generated/types'

const Plaintext = Uint8Array.of(1, 2, 3)
const EncryptionContext = { purpose: 'test' }
const names: string[] = []
const newName = () => {
  const name = `browser-kms-${crypto.randomUUID()}`
  names.push(name)
  return name
}

afterEach(async () => {
  for (const name of names.splice(0)) await deleteDB(name)
})

/** Every CryptoKey that rests in the database, wherever it is. */
async function storedKeys(name: string): Promise<CryptoKey[]> {
  const database = await openDB(name)
  const found: CryptoKey[] = []
  const visit = (value: unknown): void => {
    if (value instanceof CryptoKey) found.push(value)
    else if (typeof value === 'object' && value !== null) Object.values(value).forEach(visit)
  }
  for (const store of database.objectStoreNames) visit(await database.getAll(store))
  database.close()
  return found
}

/** How many keys and materials rest in the database. */
async function storedRows(name: string): Promise<number> {
  const database = await openDB(name)
  const rows = (await database.getAll('rows')) as { readonly collection: string }[]
  database.close()
  return rows.filter(({ collection }) => collection === 'key' || collection === 'material').length
}

async function expectClosed(keys: readonly CryptoKey[]): Promise<void> {
  for (const key of keys) {
    expect(key.extractable).toBe(false)
    for (const format of ['raw', 'jwk', 'pkcs8'] as const) {
      await expect(crypto.subtle.exportKey(format, key)).rejects.toThrow()
    }
  }
}

describe('openBrowserKms', () => {
  it('keeps account, keys and ciphertexts over a closing', async () => {
    const name = newName()
    const first = await openBrowserKms({ name })
    expect(first.accountId).toMatch(/^[0-9]{12}$/)
    expect(first.principal).toMatchObject({ kind: 'root', accountId: first.accountId })
    const { KeyMetadata } = await first.client.createKey({})
    const KeyId = KeyMetadata?.KeyId as string
    expect(KeyMetadata?.Arn).toBe(`arn:aws:kms:us-east-1:${first.accountId}:key/${KeyId}`)
    await first.client.createAlias({ AliasName: 'alias/a', TargetKeyId: KeyId })
    const { CiphertextBlob = new Uint8Array() } = await first.client.encrypt({ KeyId, Plaintext, EncryptionContext })
    await first.client.rotateKeyOnDemand({ KeyId })
    const page = await first.client.listKeyRotations({ KeyId, IncludeKeyMaterial: 'ALL_KEY_MATERIAL', Limit: 1 })
    first.close()

    const second = await openBrowserKms({ name })
    expect([second.accountId, second.principal]).toEqual([first.accountId, first.principal])
    const opened = await second.client.decrypt({ CiphertextBlob, EncryptionContext })
    expect(opened).toMatchObject({ Plaintext, KeyId: KeyMetadata?.Arn })
    await expect(second.client.decrypt({ CiphertextBlob })).rejects.toMatchObject({
      code: 'InvalidCiphertextException',
    })
    // A marker of before: its key rests in the database, too.
    const rest = { KeyId, IncludeKeyMaterial: 'ALL_KEY_MATERIAL', Marker: page.NextMarker as string } as const
    expect((await second.client.listKeyRotations(rest)).Rotations).toHaveLength(1)
    second.close()
  })

  it('stores keys that nothing can export', async () => {
    const name = newName()
    const kms = await openBrowserKms({ name })
    const { KeyMetadata } = await kms.client.createKey({})
    await kms.client.rotateKeyOnDemand({ KeyId: KeyMetadata?.KeyId as string })
    kms.close()
    const keys = await storedKeys(name)
    // Two materials and the key of tokens.
    expect(keys).toHaveLength(3)
    await expectClosed(keys)
  })

  it('opened twice at the same time is one account', async () => {
    const name = newName()
    const [a, b] = await Promise.all([openBrowserKms({ name }), openBrowserKms({ name })])
    expect(b.principal).toEqual(a.principal)
    const { KeyMetadata } = await a.client.createKey({})
    const { CiphertextBlob = new Uint8Array() } = await b.client.encrypt({
      KeyId: KeyMetadata?.KeyId as string,
      Plaintext,
    })
    expect((await a.client.decrypt({ CiphertextBlob })).Plaintext).toEqual(Plaintext)
    a.close()
    b.close()
  })

  it('under different names is different accounts, whose ciphertexts tell nothing', async () => {
    const [a, b] = [await openBrowserKms({ name: newName() }), await openBrowserKms({ name: newName() })]
    expect(a.accountId).not.toBe(b.accountId)
    const { KeyMetadata } = await a.client.createKey({})
    const { CiphertextBlob = new Uint8Array() } = await a.client.encrypt({
      KeyId: KeyMetadata?.KeyId as string,
      Plaintext,
    })
    await expect(b.client.decrypt({ CiphertextBlob })).rejects.toMatchObject({ code: 'AccessDeniedException' })
    const call = { principal: a.principal, operation: 'ListKeys', body: { json: '{}' }, requestId: 'r' } as const
    expect(await b.perform(call)).toMatchObject({ ok: false, error: { code: 'UnrecognizedClientException' } })
    expect(await a.perform(call)).toMatchObject({ ok: true, output: { Truncated: false } })
    a.close()
    b.close()
  })

  it('stays with its Region', async () => {
    const name = newName()
    const kms = await openBrowserKms({ name, region: 'eu-west-1' })
    const { KeyMetadata } = await kms.client.createKey({})
    expect(KeyMetadata?.Arn).toContain(':eu-west-1:')
    kms.close()
    await expect(openBrowserKms({ name })).rejects.toThrow('belongs to the Region eu-west-1')
    ;(await openBrowserKms({ name, region: 'eu-west-1' })).close()
  })

  it('closed answers nothing any more', async () => {
    const faults: string[] = []
    const kms = await openBrowserKms({ name: newName(), report: (fault) => faults.push(fault) })
    kms.close()
    await expect(kms.client.listKeys({})).rejects.toMatchObject({ code: 'KMSInternalException' })
    expect(faults.length).toBeGreaterThan(0)
  })
})

describe('openBrowserKms with software', () => {
  const provider = createSoftwareProvider()
  const agreeing: AgreedSoftware = { provider, agreed: () => true }
  const refusing: AgreedSoftware = { provider, agreed: () => false }
  const unsupported = { code: 'UnsupportedOperationException' }
  const Message = new TextEncoder().encode('an example message')
  const digested = async () => ({
    MessageType: 'DIGEST' as const,
    Message: new Uint8Array(await crypto.subtle.digest('SHA-256', Message)),
  })

  async function newKey({ client }: BrowserKms, KeySpec: KeySpec, KeyUsage: KeyUsageType): Promise<string> {
    const { KeyMetadata } = await client.createKey({ KeySpec, KeyUsage })
    return KeyMetadata?.KeyId as string
  }

  const signers = [
    ['ECC_SECG_P256K1', 'ECDSA_SHA_256'],
    ['ECC_NIST_P256', 'ECDSA_SHA_256'],
    ['RSA_2048', 'RSASSA_PSS_SHA_256'],
  ] as const

  it.each(signers)('agreed: %s signs messages and digests, also after a closing', async (KeySpec, SigningAlgorithm) => {
    const name = newName()
    const first = await openBrowserKms({ name, software: agreeing })
    const KeyId = await newKey(first, KeySpec, 'SIGN_VERIFY')
    const [asRaw, asDigest] = [{ MessageType: 'RAW' as const, Message }, await digested()]
    const { Signature = new Uint8Array() } = await first.client.sign({ KeyId, SigningAlgorithm, ...asRaw })
    first.close()
    // A pair rests as bytes alone: the key of tokens is the only CryptoKey.
    expect(await storedKeys(name)).toHaveLength(1)

    // An agreement is for the key, not for the page that opens it.
    const second = await openBrowserKms({ name, software: refusing })
    const { client } = second
    const other = (await client.sign({ KeyId, SigningAlgorithm, ...asDigest })).Signature as Bytes
    for (const signature of [Signature, other]) {
      for (const asked of [asRaw, asDigest]) {
        const given = { KeyId, SigningAlgorithm, ...asked, Signature: signature }
        expect(await client.verify(given)).toMatchObject({ SignatureValid: true })
        const spoilt = { ...given, Message: asked.Message.map((byte, i) => (i === 3 ? byte ^ 1 : byte)) }
        await expect(client.verify(spoilt)).rejects.toMatchObject({ code: 'KMSInvalidSignatureException' })
      }
    }
    second.close()
  })

  it('agreed: HMAC_224 and ML_KEM_512 work, also after a closing', async () => {
    const name = newName()
    const first = await openBrowserKms({ name, software: agreeing })
    const mac = { KeyId: await newKey(first, 'HMAC_224', 'GENERATE_VERIFY_MAC'), MacAlgorithm: 'HMAC_SHA_224' as const }
    const { Mac = new Uint8Array() } = await first.client.generateMac({ ...mac, Message })
    const KeyId = await newKey(first, 'ML_KEM_512', 'ENCAPSULATE_DECAPSULATE')
    const kem = { KeyId, EncapsulationAlgorithm: 'ML_KEM' as const }
    const { SharedSecretCiphertextBlob = new Uint8Array(), SharedSecret } = await first.client.encapsulate(kem)
    first.close()
    const second = await openBrowserKms({ name, software: agreeing })
    expect(Mac).toHaveLength(28)
    expect(await second.client.verifyMac({ ...mac, Message, Mac })).toMatchObject({ MacValid: true })
    const opened = await second.client.decapsulate({ ...kem, SharedSecretCiphertextBlob })
    expect([opened.SharedSecret?.length, opened.SharedSecret]).toEqual([32, SharedSecret])
    second.close()
  })

  it('not agreed: nothing is stored where the browser has no such key', async () => {
    const name = newName()
    const faults: string[] = []
    const kms = await openBrowserKms({ name, software: refusing, report: (fault) => faults.push(fault) })
    for (const [KeySpec, KeyUsage] of [
      ['ECC_SECG_P256K1', 'SIGN_VERIFY'],
      ['HMAC_224', 'GENERATE_VERIFY_MAC'],
    ] as const) {
      await expect(kms.client.createKey({ KeySpec, KeyUsage })).rejects.toMatchObject(unsupported)
    }
    expect((await kms.client.listKeys({})).Keys).toEqual([])
    kms.close()
    expect([await storedRows(name), faults]).toEqual([0, []])
  })

  it('not agreed: a key that the browser has is native, and stays so', async () => {
    const name = newName()
    const first = await openBrowserKms({ name, software: refusing })
    const asked = {
      KeyId: await newKey(first, 'ECC_NIST_P256', 'SIGN_VERIFY'),
      SigningAlgorithm: 'ECDSA_SHA_256',
    } as const
    await expect(first.client.sign({ ...asked, ...(await digested()) })).rejects.toMatchObject(unsupported)
    first.close()
    const keys = await storedKeys(name)
    expect(keys).toHaveLength(2)
    await expectClosed(keys)
    const second = await openBrowserKms({ name, software: agreeing })
    await expect(second.client.sign({ ...asked, ...(await digested()) })).rejects.toMatchObject(unsupported)
    const { Signature } = await second.client.sign({ ...asked, Message })
    expect(Signature?.length).toBeGreaterThan(60)
    second.close()
  })

  it('comes to a database that was made without it, and may go again', async () => {
    const name = newName()
    const before = await openBrowserKms({ name })
    const symmetric = await newKey(before, 'SYMMETRIC_DEFAULT', 'ENCRYPT_DECRYPT')
    const { CiphertextBlob = new Uint8Array() } = await before.client.encrypt({ KeyId: symmetric, Plaintext })
    await expect(newKey(before, 'HMAC_224', 'GENERATE_VERIFY_MAC')).rejects.toMatchObject(unsupported)
    before.close()

    const between = await openBrowserKms({ name, software: agreeing })
    expect((await between.client.decrypt({ CiphertextBlob })).Plaintext).toEqual(Plaintext)
    const mac = {
      KeyId: await newKey(between, 'HMAC_224', 'GENERATE_VERIFY_MAC'),
      MacAlgorithm: 'HMAC_SHA_224',
    } as const
    const curve = {
      KeyId: await newKey(between, 'ECC_NIST_P256', 'SIGN_VERIFY'),
      SigningAlgorithm: 'ECDSA_SHA_256',
    } as const
    const { Mac } = await between.client.generateMac({ ...mac, Message })
    between.close()

    const without = await openBrowserKms({ name })
    await expect(without.client.generateMac({ ...mac, Message })).rejects.toMatchObject(unsupported)
    await expect(without.client.sign({ ...curve, ...(await digested()) })).rejects.toMatchObject(unsupported)
    // What WebCrypto can do with the key needs no provider.
    expect((await without.client.sign({ ...curve, Message })).Signature?.length).toBeGreaterThan(60)
    without.close()

    const after = await openBrowserKms({ name, software: agreeing })
    expect((await after.client.generateMac({ ...mac, Message })).Mac).toEqual(Mac)
    after.close()
  })

  it('asks for imported material, and names the key', async () => {
    const answers = [false, true]
    const asked: unknown[] = []
    const agreed: AgreedSoftware['agreed'] = async (request) => {
      asked.push(request)
      return answers.shift() as boolean
    }
    const kms = await openBrowserKms({ name: newName(), software: { provider, agreed } })
    const { client } = kms
    const kind = { KeySpec: 'HMAC_224', KeyUsage: 'GENERATE_VERIFY_MAC' } as const
    const { KeyMetadata } = await client.createKey({ ...kind, Origin: 'EXTERNAL' })
    const KeyId = KeyMetadata?.KeyId as string
    expect(asked).toEqual([])
    const WrappingAlgorithm = 'RSAES_OAEP_SHA_256'
    const given = await client.getParametersForImport({ KeyId, WrappingAlgorithm, WrappingKeySpec: 'RSA_2048' })
    const oaep = { name: 'RSA-OAEP', hash: 'SHA-256' }
    const wrapping = await crypto.subtle.importKey('spki', given.PublicKey as Bytes, oaep, false, ['encrypt'])
    const material = new Uint8Array(28).fill(7)
    const input = {
      KeyId,
      ImportToken: given.ImportToken as Bytes,
      EncryptedKeyMaterial: new Uint8Array(await crypto.subtle.encrypt(oaep, wrapping, material)),
      ExpirationModel: 'KEY_MATERIAL_DOES_NOT_EXPIRE',
    } as const
    await expect(client.importKeyMaterial(input)).rejects.toMatchObject(unsupported)
    expect((await client.describeKey({ KeyId })).KeyMetadata).toMatchObject({ KeyState: 'PendingImport' })
    await client.importKeyMaterial(input)
    const request = { keyArn: KeyMetadata?.Arn, keySpec: kind.KeySpec, keyUsage: kind.KeyUsage, otherwise: 'refused' }
    expect(asked).toEqual([request, request])
    const { Mac } = await client.generateMac({ KeyId, MacAlgorithm: 'HMAC_SHA_224', Message })
    expect(Mac).toHaveLength(28)
    kms.close()
  })
})
