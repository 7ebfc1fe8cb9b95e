import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { type HttpKmsOptions, httpKms, kmsBox, type ScopedCredentials, scopedCredentials } from '../../src/client'
import { encodeUtf8 } from '../../src/codec/bytes'
import { allow, deployed, kms, newRegion, newUser, origin, root, type User } from './front-door'
import { newRole } from './identities'

const Plaintext = encodeUtf8('a photograph')
const context = { tenant: '7', upload: 'a/b' }
const fetch: HttpKmsOptions['fetch'] = (url, init) => deployed.fetch(new Request(url, init as RequestInit))
const region = newRegion()

let keyArn: string
let otherArn: string
let server: User
let roleArn: string
const newKeyArn = async () => (await kms(deployed, root, region, 'CreateKey')).output.KeyMetadata.Arn as string

beforeAll(async () => {
  keyArn = await newKeyArn()
  otherArn = await newKeyArn()
  server = await newUser({ work: allow('sts:AssumeRole', 'kms:*') })
  roleArn = (await newRole({ AWS: root.accountId }, ['kms:*'])).arn
})
afterEach(() => {
  vi.useRealTimers()
})

/** What a server gives to a page. */
const scoped = (more: object = {}): Promise<ScopedCredentials> =>
  scopedCredentials({
    sts: { endpoint: origin, region, credentials: server, fetch },
    roleArn,
    keyArn,
    encryptionContext: context,
    sessionName: 'alice',
    ...more,
  })
const page = (credentials: ScopedCredentials) => httpKms({ endpoint: origin, region, credentials, fetch })
const codeOf = (call: Promise<unknown>): Promise<string | undefined> =>
  call.then(
    () => undefined,
    (error: Error & { code: string }) => error.code,
  )
const denied = 'AccessDeniedException'

describe('scoped credentials', () => {
  it('seal and open with the key and the context', async () => {
    const credentials = await scoped()
    expect(credentials.accessKeyId).toMatch(/^ASIA/)
    const leftMs = credentials.expiration.getTime() - Date.now()
    expect(leftMs).toBeGreaterThan(890_000)
    expect(leftMs).toBeLessThanOrEqual(900_000)
    const box = kmsBox({ kms: page(credentials), keyId: keyArn, context })
    expect(await box.open(await box.seal(Plaintext))).toEqual(Plaintext)
  })

  it('open nothing of another context, which the server may', async () => {
    const [theirs, own] = [
      { ...context, tenant: '8' },
      httpKms({ endpoint: origin, region, credentials: server, fetch }),
    ]
    const message = await kmsBox({ kms: own, keyId: keyArn, context: theirs }).seal(Plaintext)
    const box = kmsBox({ kms: page(await scoped()), keyId: keyArn, context: theirs })
    const error = await box.open(message).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'noDataKeyOpened', reasons: [{ error: { code: denied } }] })
    expect(await kmsBox({ kms: own, keyId: keyArn, context: theirs }).open(message)).toEqual(Plaintext)
  })

  const contexts: [string, Record<string, string> | undefined][] = [
    ['no context', undefined],
    ['an empty context', {}],
    ['another value', { ...context, tenant: '8' }],
    ['a value of another case', { ...context, upload: 'A/b' }],
    ['a pair too few', { tenant: '7' }],
    ['a pair too many', { ...context, more: 'x' }],
    ['a name of another case', { Tenant: '7', upload: 'a/b' }],
    ['a name of another case besides', { ...context, Tenant: '8' }],
    ['a wildcard', { ...context, tenant: '*' }],
  ]
  it.each(contexts)('refuse %s', async (_, EncryptionContext) => {
    const { generateDataKey } = page(await scoped())
    const input = { KeyId: keyArn, NumberOfBytes: 32, ...(EncryptionContext ? { EncryptionContext } : {}) }
    expect(await codeOf(generateDataKey(input))).toBe(denied)
    expect(await codeOf(generateDataKey({ ...input, EncryptionContext: context }))).toBeUndefined()
  })

  it('refuse another key, and every other operation', async () => {
    const client = page(await scoped())
    const input = { EncryptionContext: context }
    expect(await codeOf(client.generateDataKey({ KeyId: otherArn, NumberOfBytes: 32, ...input }))).toBe(denied)
    expect(await codeOf(client.encrypt({ KeyId: keyArn, Plaintext, ...input }))).toBe(denied)
    expect(await codeOf(client.describeKey({ KeyId: keyArn }))).toBe(denied)
    expect(await codeOf(client.call('ScheduleKeyDeletion', { KeyId: keyArn }))).toBe(denied)
    expect(await codeOf(client.call('ListKeys', {}))).toBe(denied)
    expect(
      await codeOf(client.call('CreateGrant', { KeyId: keyArn, GranteePrincipal: roleArn, Operations: ['Decrypt'] })),
    ).toBe(denied)
  })

  it('are for the operations that are named', async () => {
    const client = page(await scoped({ operations: ['GenerateDataKey'] }))
    const { CiphertextBlob = new Uint8Array() } = await client.generateDataKey({
      KeyId: keyArn,
      NumberOfBytes: 32,
      EncryptionContext: context,
    })
    expect(await codeOf(client.decrypt({ CiphertextBlob, EncryptionContext: context }))).toBe(denied)
  })

  it('end', async () => {
    vi.useFakeTimers({ toFake: ['Date'] })
    const credentials = await scoped()
    const client = page(credentials)
    const input = { KeyId: keyArn, NumberOfBytes: 32, EncryptionContext: context }
    vi.setSystemTime(credentials.expiration.getTime() - 1_000)
    expect(await codeOf(client.generateDataKey(input))).toBeUndefined()
    vi.setSystemTime(credentials.expiration.getTime())
    expect(await codeOf(client.generateDataKey(input))).toBe('ExpiredTokenException')
  })

  it('hold a context to what it says, whatever that means in a policy', async () => {
    const variable = (name: string) => ['$', '{', name, '}'].join('')
    const EncryptionContext = { tenant: '*', owner: `${variable('aws:userid')} $ ${variable('$')}` }
    const client = page(await scoped({ encryptionContext: EncryptionContext }))
    const input = { KeyId: keyArn, NumberOfBytes: 32 }
    expect(await codeOf(client.generateDataKey({ ...input, EncryptionContext }))).toBeUndefined()
    for (const other of [
      { tenant: '7', owner: EncryptionContext.owner },
      { tenant: '*', owner: root.accountId },
    ]) {
      expect(await codeOf(client.generateDataKey({ ...input, EncryptionContext: other }))).toBe(denied)
    }
  })

  it('come from a function, too', async () => {
    const asked: unknown[] = []
    const sts = async (input: unknown) => {
      asked.push(input)
      return { AccessKeyId: 'ASIA', SecretAccessKey: 's', SessionToken: 't', Expiration: new Date(5) }
    }
    const expected = { accessKeyId: 'ASIA', secretAccessKey: 's', sessionToken: 't', expiration: new Date(5) }
    expect(await scoped({ sts, durationSeconds: 1_200 })).toEqual(expected)
    expect(asked).toMatchObject([{ RoleArn: roleArn, RoleSessionName: 'alice', DurationSeconds: 1_200 }])
    await expect(scoped({ sts: async () => undefined })).rejects.toThrow('AssumeRole')
  })

  it('are refused to who may not assume the role', async () => {
    const stranger = await newUser({ work: allow('kms:*') })
    const sts = { endpoint: origin, region, credentials: stranger, fetch }
    const error = await scoped({ sts }).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'AccessDenied', status: 403, requestId: expect.any(String) })
    expect((error as Error).message).toContain('sts:AssumeRole')
  })

  const wrong: [string, object][] = [
    ['no context', { encryptionContext: {} }],
    ['names that differ by case alone', { encryptionContext: { a: '1', A: '2' } }],
    ['any key', { keyArn: '*' }],
    ['keys of a pattern', { keyArn: 'arn:aws:kms:us-east-1:111122223333:key/*' }],
    ['an alias', { keyArn: 'arn:aws:kms:us-east-1:111122223333:alias/a' }],
    ['no operation', { operations: [] }],
    ['any operation', { operations: ['*'] }],
    ['an operation of another service', { operations: ['iam:CreateUser'] }],
  ]
  it.each(wrong)('are not asked for with %s', async (_, options) => {
    expect(await codeOf(scoped(options))).toBe('invalidOption')
  })
})
