import { describe, expect, it } from 'vitest'
import { createMemoryStorage } from '../../src/adapters/memory/storage'
import { createRootCrypto, importRootKeys } from '../../src/adapters/webcrypto'
import { createKms, KmsError, type Principal } from '../../src/index'

const accountId = '111122223333'
const region = 'eu-west-1'
const root: Principal = { kind: 'root', accountId, accessKeyId: 'AKIAROOTEXAMPLE00001' }

async function compose(over: Partial<Parameters<typeof createKms>[0]> = {}) {
  const roots = await importRootKeys(`r1:${btoa('x'.repeat(32))}`)
  const crypto = createRootCrypto({ roots, accountId, region })
  return createKms({ accountId, region, storage: createMemoryStorage(), crypto, ...over })
}

describe('createKms', () => {
  it('gives a client with a method per operation, which throws KmsError', async () => {
    const client = (await compose()).client(root)
    const { KeyMetadata } = await client.createKey({})
    const KeyId = KeyMetadata?.KeyId as string
    expect(Math.abs(Date.now() - (KeyMetadata?.CreationDate?.getTime() ?? 0))).toBeLessThan(60_000)
    const Plaintext = Uint8Array.of(1, 2)
    const { CiphertextBlob = new Uint8Array() } = await client.encrypt({ KeyId, Plaintext })
    expect(await client.decrypt({ CiphertextBlob })).toMatchObject({ Plaintext, KeyId: KeyMetadata?.Arn })
    await expect(client.describeKey({ KeyId: 'x' })).rejects.toBeInstanceOf(KmsError)
  })

  it('gives answers as data, JSON in, and knows the root user alone', async () => {
    const kms = await compose()
    const call = { operation: 'GenerateRandom', body: { json: '{"NumberOfBytes":3}' }, requestId: 'r' } as const
    expect(await kms.perform({ ...call, principal: root })).toMatchObject({ ok: true })
    const stranger: Principal = { ...root, accountId: '444455556666' }
    expect(await kms.perform({ ...call, principal: stranger })).toMatchObject({
      ok: false,
      error: { code: 'UnrecognizedClientException' },
    })
  })

  it('answers a broken store with an internal error that shows nothing, and reports where', async () => {
    const faults: string[] = []
    const storage = createMemoryStorage()
    storage.commit = () => Promise.reject(new TypeError('a secret text'))
    const kms = await compose({ storage, report: (fault) => faults.push(fault) })
    const call = { principal: root, operation: 'ListKeys', body: { json: '{}' }, requestId: 'r' } as const
    const result = await kms.perform(call)
    expect(result).toMatchObject({ ok: false, error: { code: 'KMSInternalException' } })
    expect(JSON.stringify(result)).not.toContain('secret')
    expect(faults).toHaveLength(1)
    expect(faults[0]).toMatch(/^TypeError\n {4}at /)
    expect(faults[0]).not.toContain('secret')
  })

  it('refuses homes of another form', async () => {
    for (const over of [{ accountId: '1' }, { region: 'here' }, { region: 'eu-west-1/x' }]) {
      await expect(compose(over)).rejects.toThrow(RangeError)
    }
  })
})
