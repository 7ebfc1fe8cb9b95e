import * as kms from '@aws-sdk/client-kms'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import type { ServedProcess } from '../../scripts/serve-process.mjs'
import {
  accountId,
  lookupRecords,
  modes,
  newStateFolder,
  region,
  removeFolder,
  rootUser,
  startServer,
  within,
} from './server'

describe.each(modes)('AWS SDK for JavaScript, $mode', ({ leaseSeconds }) => {
  let folder: string
  let server: ServedProcess
  let client: kms.KMSClient
  const clientWith = (settings: kms.KMSClientConfig = {}) =>
    new kms.KMSClient({ endpoint: server.url, region, credentials: rootUser, maxAttempts: 1, ...settings })
  const newKey = async (settings: kms.CreateKeyCommandInput = {}) => {
    const { KeyMetadata } = await client.send(new kms.CreateKeyCommand(settings))
    if (!KeyMetadata?.KeyId) throw new Error('CreateKey gave no key')
    return { ...KeyMetadata, KeyId: KeyMetadata.KeyId }
  }
  const refused = (work: Promise<unknown>) =>
    work.then(
      () => expect.fail('was not refused'),
      (error: unknown) => error,
    )

  beforeAll(async () => {
    folder = await newStateFolder()
    server = await startServer(folder, { KMS_LEASE_SECONDS: String(leaseSeconds) })
    client = clientWith()
  })
  afterAll(async () => {
    client.destroy()
    await server.stop()
    await removeFolder(folder)
  })

  it('creates a key with the types of the SDK', async () => {
    const before = Date.now()
    const key = await newKey({ Description: 'orders', Tags: [{ TagKey: 'team', TagValue: 'blue' }] })
    expect(key).toMatchObject({
      AWSAccountId: accountId,
      Arn: `arn:aws:kms:${region}:${accountId}:key/${key.KeyId}`,
      Description: 'orders',
      Enabled: true,
      KeyState: 'Enabled',
      KeySpec: 'SYMMETRIC_DEFAULT',
      EncryptionAlgorithms: ['SYMMETRIC_DEFAULT'],
    })
    expect(key.CreationDate).toBeInstanceOf(Date)
    expect(key.CreationDate?.getTime()).toBeGreaterThan(before - 2000)
    expect(key.CreationDate?.getTime()).toBeLessThan(Date.now() + 2000)
  })

  it('seals and opens bytes; another context does not open them', async () => {
    const { KeyId, Arn } = await newKey()
    const Plaintext = crypto.getRandomValues(new Uint8Array(4096))
    const EncryptionContext = { Größe: 'ä', order: '17' }
    const sealed = await client.send(new kms.EncryptCommand({ KeyId, Plaintext, EncryptionContext }))
    const { CiphertextBlob } = sealed
    expect(CiphertextBlob).toBeInstanceOf(Uint8Array)
    const opened = await client.send(new kms.DecryptCommand({ CiphertextBlob, EncryptionContext }))
    expect(opened.Plaintext).toBeInstanceOf(Uint8Array)
    expect(Uint8Array.from(opened.Plaintext ?? [])).toEqual(Plaintext)
    expect(opened).toMatchObject({ KeyId: Arn, EncryptionAlgorithm: 'SYMMETRIC_DEFAULT' })
    const other = { ...EncryptionContext, order: '18' }
    const error = await refused(client.send(new kms.DecryptCommand({ CiphertextBlob, EncryptionContext: other })))
    expect(error).toBeInstanceOf(kms.InvalidCiphertextException)
  })

  it('gives data keys whose two forms agree', async () => {
    const { KeyId } = await newKey()
    for (const [settings, bytes] of [
      [{ KeySpec: 'AES_256' }, 32],
      [{ KeySpec: 'AES_128' }, 16],
      [{ NumberOfBytes: 1024 }, 1024],
    ] as const) {
      const made = await client.send(new kms.GenerateDataKeyCommand({ KeyId, ...settings }))
      expect(made.Plaintext).toHaveLength(bytes)
      const opened = await client.send(new kms.DecryptCommand({ CiphertextBlob: made.CiphertextBlob }))
      expect(opened.Plaintext).toEqual(made.Plaintext)
    }
  })

  it('refuses with the classes of the SDK', async () => {
    const { KeyId } = await newKey()
    const { KeyId: disabled } = await newKey()
    const { KeyId: doomed } = await newKey()
    const Plaintext = new Uint8Array([1])
    const { CiphertextBlob } = await client.send(new kms.EncryptCommand({ KeyId, Plaintext }))
    await client.send(new kms.CreateAliasCommand({ AliasName: 'alias/taken', TargetKeyId: KeyId }))
    await client.send(new kms.DisableKeyCommand({ KeyId: disabled }))
    await client.send(new kms.ScheduleKeyDeletionCommand({ KeyId: doomed, PendingWindowInDays: 7 }))
    const cases = [
      [new kms.DescribeKeyCommand({ KeyId: crypto.randomUUID() }), kms.NotFoundException],
      [new kms.EncryptCommand({ KeyId: 'alias/none', Plaintext }), kms.NotFoundException],
      [new kms.EncryptCommand({ KeyId: disabled, Plaintext }), kms.DisabledException],
      [new kms.EncryptCommand({ KeyId: doomed, Plaintext }), kms.KMSInvalidStateException],
      [new kms.DecryptCommand({ CiphertextBlob, KeyId: disabled }), kms.IncorrectKeyException],
      [new kms.DecryptCommand({ CiphertextBlob: CiphertextBlob?.slice(1) }), kms.InvalidCiphertextException],
      [new kms.CreateAliasCommand({ AliasName: 'alias/taken', TargetKeyId: KeyId }), kms.AlreadyExistsException],
      [new kms.ListKeysCommand({ Marker: 'bm9uZQ' }), kms.InvalidMarkerException],
      [new kms.EncryptCommand({ KeyId, Plaintext, DryRun: true }), kms.DryRunOperationException],
    ] as const
    for (const [command, ErrorClass] of cases) {
      const error = await refused(client.send(command as kms.EncryptCommand))
      expect(error, `${command.constructor.name} ${ErrorClass.name}`).toBeInstanceOf(ErrorClass)
      expect(error).toBeInstanceOf(kms.KMSServiceException)
      expect(error).toMatchObject({ name: ErrorClass.name, $fault: 'client', $metadata: { httpStatusCode: 400 } })
    }
  })

  it('sees a changed state in time', async () => {
    const { KeyId } = await newKey()
    const encrypt = () => client.send(new kms.EncryptCommand({ KeyId, Plaintext: new Uint8Array([1]) }))
    await encrypt()
    await client.send(new kms.DisableKeyCommand({ KeyId }))
    await within(leaseSeconds, async () => expect(await refused(encrypt())).toBeInstanceOf(kms.DisabledException))
    await client.send(new kms.EnableKeyCommand({ KeyId }))
    await within(leaseSeconds, encrypt)
    const { DeletionDate } = await client.send(new kms.ScheduleKeyDeletionCommand({ KeyId, PendingWindowInDays: 7 }))
    expect(DeletionDate).toBeInstanceOf(Date)
    await within(leaseSeconds, async () =>
      expect(await refused(encrypt())).toBeInstanceOf(kms.KMSInvalidStateException),
    )
    await client.send(new kms.CancelKeyDeletionCommand({ KeyId }))
    const { KeyMetadata } = await client.send(new kms.DescribeKeyCommand({ KeyId }))
    expect(KeyMetadata).toMatchObject({ KeyState: 'Disabled' })
  })

  it('rotates: old blobs open, new ones name the new material', async () => {
    const { KeyId } = await newKey()
    await client.send(new kms.EnableKeyRotationCommand({ KeyId, RotationPeriodInDays: 100 }))
    const status = await client.send(new kms.GetKeyRotationStatusCommand({ KeyId }))
    expect(status).toMatchObject({ KeyRotationEnabled: true, RotationPeriodInDays: 100 })
    expect(status.NextRotationDate).toBeInstanceOf(Date)
    const Plaintext = new Uint8Array([7])
    const before = await client.send(new kms.EncryptCommand({ KeyId, Plaintext }))
    const firstMaterial = (await client.send(new kms.DecryptCommand({ CiphertextBlob: before.CiphertextBlob })))
      .KeyMaterialId
    await client.send(new kms.RotateKeyOnDemandCommand({ KeyId }))
    await within(leaseSeconds, async () => {
      const after = await client.send(new kms.EncryptCommand({ KeyId, Plaintext }))
      const opened = await client.send(new kms.DecryptCommand({ CiphertextBlob: after.CiphertextBlob }))
      expect(opened.KeyMaterialId).not.toBe(firstMaterial)
    })
    const opened = await client.send(new kms.DecryptCommand({ CiphertextBlob: before.CiphertextBlob }))
    expect(opened).toMatchObject({ KeyMaterialId: firstMaterial, Plaintext })
  })

  it('pages with the paginators of the SDK', async () => {
    const { KeyId } = await newKey({
      Tags: Array.from({ length: 7 }, (_, index) => ({ TagKey: `tag-${index}`, TagValue: String(index) })),
    })
    for (let index = 0; index < 7; index++) {
      await client.send(new kms.CreateAliasCommand({ AliasName: `alias/page-${index}`, TargetKeyId: KeyId }))
    }
    const pages = { client, pageSize: 3 }
    const aliases = []
    for await (const page of kms.paginateListAliases(pages, { KeyId })) {
      expect(page.Aliases?.length).toBeLessThanOrEqual(3)
      aliases.push(...(page.Aliases ?? []))
    }
    expect(aliases.map(({ AliasName }) => AliasName)).toEqual(
      Array.from({ length: 7 }, (_, index) => `alias/page-${index}`),
    )
    const tags = []
    for await (const page of kms.paginateListResourceTags(pages, { KeyId })) tags.push(...(page.Tags ?? []))
    expect(tags.map(({ TagValue }) => String(TagValue)).sort()).toEqual(['0', '1', '2', '3', '4', '5', '6'])
    const keys = new Set<string | undefined>()
    let count = 0
    for await (const page of kms.paginateListKeys(pages, {})) {
      for (const key of page.Keys ?? []) keys.add(key.KeyId)
      count += page.Keys?.length ?? 0
    }
    expect(keys).toContain(KeyId)
    expect(keys.size).toBe(count)
    expect(count).toBeGreaterThan(6)
  })

  it('serves 50 calls at once, each with its own answer and record', async () => {
    const { KeyId } = await newKey()
    const many = await Promise.all(
      Array.from({ length: 50 }, async (_, index) => {
        const Plaintext = new TextEncoder().encode(`plaintext ${index}`)
        const EncryptionContext = { index: String(index) }
        const sealed = await client.send(new kms.EncryptCommand({ KeyId, Plaintext, EncryptionContext }))
        const { CiphertextBlob } = sealed
        const opened = await client.send(new kms.DecryptCommand({ CiphertextBlob, EncryptionContext }))
        expect(opened.Plaintext).toEqual(Plaintext)
        return [String(sealed.$metadata.requestId), String(opened.$metadata.requestId)]
      }),
    )
    const requestIds = many.flat()
    expect(new Set(requestIds).size).toBe(100)
    // In leased mode records follow the answers in batches.
    await within(leaseSeconds, async () => {
      const recorded = (await lookupRecords(server.url)).map(({ requestID }) => requestID)
      const own = recorded.filter((requestId) => requestIds.includes(requestId))
      expect(own.sort()).toEqual([...requestIds].sort())
    })
  })

  it('finds its request id in the record of a refused call', async () => {
    const error = (await refused(
      client.send(new kms.EncryptCommand({ KeyId: 'alias/nobody', Plaintext: new Uint8Array([1]) })),
    )) as kms.NotFoundException
    expect(error.$metadata.requestId).toMatch(/^[0-9a-f-]{36}$/)
    await within(leaseSeconds, async () => {
      const records = await lookupRecords(server.url)
      expect(records.filter(({ requestID }) => requestID === error.$metadata.requestId)).toMatchObject([
        { eventName: 'Encrypt', errorCode: 'NotFoundException', userIdentity: { type: 'Root' } },
      ])
    })
  })

  const strangers: [string, Partial<typeof rootUser>, string][] = [
    ['a wrong secret', { secretAccessKey: 'wrong'.repeat(8) }, 'InvalidSignatureException'],
    ['an unknown access key', { accessKeyId: 'AKIAUNKNOWNUNKNOWN22' }, 'UnrecognizedClientException'],
  ]
  it.each(strangers)('refuses %s', async (_, changed, name) => {
    const stranger = clientWith({ credentials: { ...rootUser, ...changed } })
    expect(await refused(stranger.send(new kms.ListKeysCommand({})))).toMatchObject({ name })
    stranger.destroy()
  })

  it.each([-3600, 3600])('lets the SDK correct a clock that is off by %s s', async (seconds) => {
    const rightNow = Date.now
    const clock = vi.spyOn(Date, 'now').mockImplementation(() => rightNow() + seconds * 1000)
    try {
      const once = clientWith()
      expect(await refused(once.send(new kms.ListKeysCommand({})))).toMatchObject({ name: 'InvalidSignatureException' })
      once.destroy()
      const twice = clientWith({ maxAttempts: 2 })
      const { $metadata } = await twice.send(new kms.ListKeysCommand({}))
      expect($metadata).toMatchObject({ httpStatusCode: 200, attempts: 2 })
      expect((await twice.send(new kms.ListKeysCommand({}))).$metadata.attempts).toBe(1)
      twice.destroy()
    } finally {
      clock.mockRestore()
    }
  })
})
