import { runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test'
import { afterEach, describe, expect, it, vi } from 'vitest'
import type { Env } from '../../worker/env'
import type { VaultHost } from '../../worker/vault-host'
import {
  allow,
  base64,
  deployed,
  env,
  isolate,
  kms,
  lookup,
  manage,
  newKey,
  newRegion,
  newUser,
  origin,
  redeploy,
  root,
  signedRequest,
  sqlNumber,
  vaultOf,
} from './front-door'

afterEach(() => {
  vi.useRealTimers()
  vi.restoreAllMocks()
})

const advance = (region: string, advanceSeconds: unknown, caller = root, to = deployed) =>
  manage(to, caller, region, 'POST', '/api/clock', { advanceSeconds })
const status = (region: string, caller = root) => manage(deployed, caller, region, 'GET', '/api/status')
const day = 86_400
const alarmOf = (region: string) => runInDurableObject(vaultOf(region), (_, state) => state.storage.getAlarm())

describe('POST /api/clock', () => {
  it('off: refused, and nothing moves', async () => {
    const region = newRegion()
    const front = isolate({ KMS_CLOCK_CONTROL: 'off' })
    expect((await advance(region, 60, root, front)).code).toBe('UnsupportedOperationException')
    const { output } = await status(region)
    expect(Math.abs(Date.parse(output.serviceTime) - Date.parse(output.wallTime))).toBeLessThan(2)
  })

  it('moves the clock of this Vault, adding up, and of no other', async () => {
    const [region, other] = [newRegion(), newRegion()]
    const aheadSeconds = async (of: string) => {
      const { output } = await status(of)
      return Math.round((Date.parse(output.serviceTime) - Date.parse(output.wallTime)) / 1000)
    }
    expect((await advance(region, 3_600)).status).toBe(200)
    await Promise.all([advance(region, 60), advance(region, 60), advance(region, 0)])
    expect([await aheadSeconds(region), await aheadSeconds(other)]).toEqual([3_720, 0])
    await redeploy(vaultOf(region), {})
    expect(await aheadSeconds(region)).toBe(3_720)
  })

  it('two moves at the same time both count', async () => {
    const region = newRegion()
    await newKey(region)
    const offsetMs = await runInDurableObject(vaultOf(region), async (vault) => {
      const { clock } = await (vault as unknown as { opening: Promise<VaultHost> }).opening
      await Promise.all([clock.advance(1_000), clock.advance(1_000)])
      return clock.offsetMs
    })
    expect(offsetMs).toBe(2_000)
  })

  const refused: [string, unknown][] = [
    ['backwards', -1],
    ['a fraction', 1.5],
    ['text', '60'],
    ['too far', 1e12],
    ['nothing', undefined],
    ['null', null],
  ]
  it.each(refused)('%s: ValidationException', async (_, seconds) => {
    expect(await advance('us-east-1', seconds)).toMatchObject({ status: 400, code: 'ValidationException' })
  })

  it.each(['', '[]', 'null', '"x"', '{', '{"__proto__":{"advanceSeconds":1}}'])('body %j', async (body) => {
    const request = await signedRequest(root, { path: '/api/clock', body })
    expect((await deployed.fetch(request)).status).toBe(400)
  })

  it('both times stand in the audit', async () => {
    const region = newRegion()
    await advance(region, 10 * day)
    await newKey(region)
    const [created, moved] = await lookup(deployed, root, region)
    expect(moved).toMatchObject({
      eventName: 'MoveClock',
      requestParameters: { advanceSeconds: 10 * day },
      userIdentity: { type: 'Root' },
    })
    expect(created.eventName).toBe('CreateKey')
    const ahead = Date.parse(created.additionalEventData.serviceClockTime) - Date.parse(created.eventTime)
    expect(Math.round(ahead / 1000 / day)).toBe(10)
  })

  it('a DeletionDate that is reached deletes physically by alarm', async () => {
    const region = newRegion()
    const [doomed, kept] = [await newKey(region), await newKey(region)]
    await kms(deployed, root, region, 'CreateAlias', { AliasName: 'alias/doomed', TargetKeyId: doomed })
    const sealed = await kms(deployed, root, region, 'Encrypt', { KeyId: doomed, Plaintext: base64('x') })
    await kms(deployed, root, region, 'ScheduleKeyDeletion', { KeyId: doomed, PendingWindowInDays: 7 })
    const rows = (collection: string) =>
      sqlNumber(vaultOf(region), `SELECT count(*) FROM rows WHERE collection = '${collection}'`)
    expect(await Promise.all(['key', 'material', 'alias'].map(rows))).toEqual([2, 2, 1])

    await advance(region, 7 * day - 60)
    await runDurableObjectAlarm(vaultOf(region))
    const waitsMs = ((await alarmOf(region)) as number) - Date.now()
    expect([waitsMs > 30_000, waitsMs <= 60_000]).toEqual([true, true])
    expect(await Promise.all(['key', 'material', 'alias'].map(rows))).toEqual([2, 2, 1])
    await advance(region, 61)
    const { CiphertextBlob } = sealed.output
    expect((await kms(deployed, root, region, 'Decrypt', { CiphertextBlob })).code).toBe('AccessDeniedException')
    await runDurableObjectAlarm(vaultOf(region))
    expect(await Promise.all(['key', 'material', 'alias'].map(rows))).toEqual([1, 1, 0])
    expect((await kms(deployed, root, region, 'ListKeys')).output.Keys).toMatchObject([{ KeyId: kept }])
    const events = await lookup(deployed, root, region)
    const deletion = events.find(({ eventName }) => eventName === 'DeleteKey')
    expect(deletion).toMatchObject({
      eventType: 'AwsServiceEvent',
      resources: [{ ARN: expect.stringContaining(doomed) }],
    })
  })
})

describe('the alarm', () => {
  it('is always set, at the latest for what falls due next, and never spins', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: Date.UTC(2036, 10, 24, 9) })
    const region = newRegion()
    const keyId = await newKey(region)
    const hour = 3_600_000
    expect(await alarmOf(region)).toBe(Date.now() + hour)
    await kms(deployed, root, region, 'ScheduleKeyDeletion', { KeyId: keyId, PendingWindowInDays: 7 })
    for (let i = 0; i < 3; i++) {
      vi.setSystemTime((await alarmOf(region)) as number)
      await runDurableObjectAlarm(vaultOf(region))
      expect(await alarmOf(region)).toBe(Date.now() + hour)
    }
    vi.setSystemTime(Date.UTC(2036, 11, 1, 8, 30))
    await runDurableObjectAlarm(vaultOf(region))
    expect(await alarmOf(region)).toBe(Date.UTC(2036, 11, 1, 9)) // the deletion
    vi.setSystemTime(Date.UTC(2036, 11, 1, 9))
    await runDurableObjectAlarm(vaultOf(region))
    expect(await sqlNumber(vaultOf(region), "SELECT count(*) FROM rows WHERE collection = 'key'")).toBe(0)
    expect(await alarmOf(region)).toBe(Date.now() + hour)
  })

  it('comes at once for what is due as soon as it is written', async () => {
    const region = newRegion()
    const KeyId = await newKey(region)
    await kms(deployed, root, region, 'EnableKeyRotation', { KeyId, RotationPeriodInDays: 90 })
    await kms(deployed, root, region, 'DisableKey', { KeyId })
    await advance(region, 91 * day)
    await runDurableObjectAlarm(vaultOf(region))
    expect(await alarmOf(region)).toBeGreaterThan(Date.now() + 60_000)
    await kms(deployed, root, region, 'EnableKey', { KeyId })
    await vi.waitUntil(async () => (await lookup(deployed, root, region)).some((e) => e.eventName === 'RotateKey'))
  })

  it('is set anew by an object that starts without one', async () => {
    const region = newRegion()
    await newKey(region)
    await runInDurableObject(vaultOf(region), (_, state) => state.storage.deleteAlarm())
    await redeploy(vaultOf(region), {})
    await kms(deployed, root, region, 'ListKeys')
    expect(await alarmOf(region)).toBeGreaterThan(Date.now())
  })
})

describe('permissions', () => {
  it('kms:* does not reach management, subtle-kms:* does, each action by its name', async () => {
    const region = newRegion()
    const kmsOnly = await newUser({ p: allow('kms:*') })
    for (const answer of [
      await advance(region, 1, kmsOnly),
      await status(region, kmsOnly),
      await manage(deployed, kmsOnly, region, 'POST', '/api/rewrap'),
    ]) {
      expect(answer).toMatchObject({ status: 400, code: 'AccessDeniedException' })
      expect(answer.message).toContain('is not authorized to perform: subtle-kms:')
    }
    await expect(lookup(deployed, kmsOnly, region)).rejects.toThrow('AccessDeniedException')
    const reader = await newUser({ p: allow('cloudtrail:LookupEvents') })
    expect((await lookup(deployed, reader, region)).length).toBeGreaterThan(0)
    const operator = await newUser({ p: allow('subtle-kms:*') })
    expect((await status(region, operator)).status).toBe(200)
    expect((await kms(deployed, operator, region, 'ListKeys')).code).toBe('AccessDeniedException')
    const watcher = await newUser({ p: allow('subtle-kms:GetStatus') })
    expect((await status(region, watcher)).status).toBe(200)
    expect((await advance(region, 1, watcher)).code).toBe('AccessDeniedException')
    const [last] = await lookup(deployed, root, region)
    expect(last).toMatchObject({ eventName: 'MoveClock', errorCode: 'AccessDenied', requestParameters: null })
  })

  it('unsigned, unknown and wrongly signed requests are refused', async () => {
    const bare = await deployed.fetch(new Request(`${origin}/api/status`))
    expect([bare.status, (await bare.text()).includes('MissingAuthenticationTokenException')]).toEqual([400, true])
    expect((await manage(deployed, root, 'us-east-1', 'GET', '/api/nothing')).code).toBe('UnknownOperationException')
    expect((await manage(deployed, root, 'us-east-1', 'GET', '/api/constructor')).code).toBe(
      'UnknownOperationException',
    )
    expect((await manage(deployed, root, 'us-east-1', 'GET', '/api/rewrap')).code).toBe('UnknownOperationException')
    const sts = await signedRequest(root, { method: 'GET', path: '/api/status', service: 'sts' })
    expect((await deployed.fetch(sts)).status).toBe(400)
  })

  it('status counts what each root key seals, without anything secret', async () => {
    const region = newRegion()
    await newKey(region)
    const { output } = await status(region)
    expect(output).toMatchObject({ primaryRootId: 'test', materialsByRootId: { test: 1 } })
    expect(output.audit.entries).toBe(1)
    expect(JSON.stringify(output)).not.toContain((env.KMS_ROOT_KEYS as string).split(':')[1])
  })
})

describe('audit past its limit', () => {
  const context = { note: 'n'.repeat(6_000) }
  const fill = async (region: string, keyId: string, calls: number) => {
    for (let i = 0; i < calls; i++) {
      const { status } = await kms(deployed, root, region, 'Encrypt', {
        KeyId: keyId,
        Plaintext: base64('x'),
        EncryptionContext: context,
      })
      expect(status).toBe(200)
    }
  }
  const small = (changes: Partial<Env> = {}) => ({ KMS_AUDIT_BYTES: '65536', ...changes })

  it('never stops the Vault: the oldest records go, and are counted', async () => {
    const region = newRegion()
    const keyId = await newKey(region)
    await redeploy(vaultOf(region), small())
    await fill(region, keyId, 30)
    const { audit } = (await status(region)).output
    expect(audit.bytes).toBeLessThan(2 * 65_536)
    expect(audit.droppedEntries).toBeGreaterThan(10)
    expect(audit.droppedEntries + audit.entries).toBe(31)
    const [last] = await lookup(deployed, root, region)
    expect(last.eventName).toBe('GetStatus')
  })

  it('goes to the bucket first: every record is in the bucket or in the log, once', async () => {
    const region = newRegion()
    const keyId = await newKey(region)
    const objects = new Map<string, string>()
    const AUDIT = { put: async (name: string, text: string) => void objects.set(name, text) } as unknown as R2Bucket
    await redeploy(vaultOf(region), small({ AUDIT }))
    await fill(region, keyId, 30)
    for (let i = 0; i < 5; i++) await runDurableObjectAlarm(vaultOf(region))
    expect(objects.size).toBeGreaterThan(0)
    for (const name of objects.keys())
      expect(name).toMatch(new RegExp(`^${root.accountId}/${region}/\\d{15}-\\d{15}.json$`))
    const archived = [...objects.values()].flatMap((text) =>
      (JSON.parse(text).batches as { entries: string }[]).flatMap(({ entries }) => JSON.parse(entries)),
    )
    const kept = await lookup(deployed, root, region)
    const ids = [...archived.map(({ eventId }) => eventId), ...kept.map(({ eventID }) => eventID)]
    expect(ids).toHaveLength(31)
    expect(new Set(ids).size).toBe(31)
  })

  it('a bucket that fails is told in the log, stops neither calls nor the other work, and is tried again later', async () => {
    const logged = vi.spyOn(console, 'error').mockImplementation(() => undefined)
    const region = newRegion()
    const keyId = await newKey(region)
    let puts = 0
    const AUDIT = {
      put: async () => {
        puts++
        throw new Error('bucket holds a secret')
      },
    } as unknown as R2Bucket
    await redeploy(vaultOf(region), small({ AUDIT }))
    await fill(region, keyId, 30)
    const doomed = await newKey(region)
    await kms(deployed, root, region, 'ScheduleKeyDeletion', { KeyId: doomed, PendingWindowInDays: 7 })
    await advance(region, 8 * day)
    await runDurableObjectAlarm(vaultOf(region))
    expect(await sqlNumber(vaultOf(region), "SELECT count(*) FROM rows WHERE collection = 'key'")).toBe(1)
    const before = puts
    for (let i = 0; i < 5; i++) await runDurableObjectAlarm(vaultOf(region))
    expect(puts).toBe(before) // it rests
    expect((await status(region)).output.audit.bytes).toBeLessThan(2 * 65_536 + 10_000)
    expect(logged).toHaveBeenCalled()
    expect(JSON.stringify(logged.mock.calls)).not.toContain('holds a secret')
  })
})
