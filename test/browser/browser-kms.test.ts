import { deleteDB, openDB } from 'idb'
import { afterEach, describe, expect, it } from 'vitest'
import { openBrowserKms } from '../../src/browser'

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
