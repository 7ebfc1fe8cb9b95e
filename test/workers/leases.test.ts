import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Append } from '../../src/ports/storage'
import { AuditOutbox } from '../../worker/audit-outbox'
import type { Env } from '../../worker/env'
import {
  allow,
  base64,
  deployed,
  directoryOf,
  env,
  isolate,
  kms,
  lookup,
  manage,
  newKey,
  newRegion,
  newUser,
  root,
  vaultOf,
  watched,
} from './front-door'

const leaseSeconds = 5
const beginMs = Date.UTC(2036, 10, 24, 9)

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'], now: beginMs })
})
afterEach(() => {
  vi.useRealTimers()
  vi.restoreAllMocks()
})
const passSeconds = (seconds: number) => vi.setSystemTime(Date.now() + seconds * 1000)

/** One more isolate in leased mode, its calls of Vaults by name of the method. */
function leased(changes: Partial<Env> = {}, before: (method: string) => void = () => undefined) {
  const methods: string[] = []
  const VAULT = watched(env.VAULT, (method) => {
    methods.push(method)
    before(method)
  })
  return { ...isolate({ KMS_LEASE_SECONDS: String(leaseSeconds), ...changes, VAULT }), methods }
}

const encrypt = (to: ReturnType<typeof leased> | typeof deployed, region: string, keyId: string, caller = root) =>
  kms(to, caller, region, 'Encrypt', { KeyId: keyId, Plaintext: base64('x') })
const quiet = () => vi.spyOn(console, 'error').mockImplementation(() => undefined)

describe('the bound of a lease', () => {
  it('a key disabled elsewhere is refused when the lease ends, at the latest', async () => {
    const region = newRegion()
    const keyId = await newKey(region)
    const front = leased()
    expect((await encrypt(front, region, keyId)).status).toBe(200)
    expect((await kms(deployed, root, region, 'DisableKey', { KeyId: keyId })).status).toBe(200)
    expect((await encrypt(deployed, region, keyId)).code).toBe('DisabledException')
    passSeconds(leaseSeconds - 0.001)
    expect((await encrypt(front, region, keyId)).status).toBe(200)
    passSeconds(0.001)
    expect((await encrypt(front, region, keyId)).code).toBe('DisabledException')
    await front.settled()
  })

  it('counts from before the key was asked for', async () => {
    const region = newRegion()
    const keyId = await newKey(region)
    const front = leased({}, (method) => {
      if (method === 'read') passSeconds(1)
    })
    await encrypt(front, region, keyId) // three reads at most, a second each
    const leasedUntil = beginMs + leaseSeconds * 1000
    await kms(deployed, root, region, 'DisableKey', { KeyId: keyId })
    vi.setSystemTime(leasedUntil)
    expect((await encrypt(front, region, keyId)).code).toBe('DisabledException')
    await front.settled()
  })

  it('a caller whose policies or access key changed is refused when the lease ends', async () => {
    const region = newRegion()
    const keyId = await newKey(region)
    const [limited, gone] = [await newUser({ p: allow('kms:Encrypt') }), await newUser({ p: allow('kms:Encrypt') })]
    const front = leased()
    for (const user of [limited, gone]) expect((await encrypt(front, region, keyId, user)).status).toBe(200)
    await directoryOf().putUserPolicies(root.accountId, limited.userId, {})
    await directoryOf().setAccessKeyActive(root.accountId, gone.accessKeyId, false)
    passSeconds(leaseSeconds)
    expect((await encrypt(front, region, keyId, limited)).code).toBe('AccessDeniedException')
    expect((await encrypt(front, region, keyId, gone)).code).toBe('UnrecognizedClientException')
    await front.settled()
  })

  it('a deletion falls due under a lease, to the millisecond', async () => {
    const region = newRegion()
    const keyId = await newKey(region)
    const front = leased({ KMS_LEASE_SECONDS: '300' })
    await kms(deployed, root, region, 'ScheduleKeyDeletion', { KeyId: keyId, PendingWindowInDays: 7 })
    passSeconds(7 * 86_400 - 0.001)
    expect((await encrypt(front, region, keyId)).code).toBe('KMSInvalidStateException')
    passSeconds(0.001)
    expect((await encrypt(front, region, keyId)).code).toBe('NotFoundException')
    await front.settled()
  })

  it('follows a clock that was moved, also when clock control is off by now', async () => {
    const region = newRegion()
    const keyId = await newKey(region)
    await kms(deployed, root, region, 'ScheduleKeyDeletion', { KeyId: keyId, PendingWindowInDays: 7 })
    const fronts = [leased(), leased({ KMS_CLOCK_CONTROL: 'off' })]
    expect((await encrypt(fronts[0] as never, region, keyId)).code).toBe('KMSInvalidStateException')
    const moved = await manage(deployed, root, region, 'POST', '/api/clock', { advanceSeconds: 7 * 86_400 })
    expect(moved.status).toBe(200)
    passSeconds(leaseSeconds)
    for (const front of fronts) {
      expect((await encrypt(front, region, keyId)).code).toBe('NotFoundException')
      await front.settled()
    }
  })
})

describe('a warm lease', () => {
  it('costs no call of the Vault but the batched audit', async () => {
    const region = newRegion()
    const keyId = await newKey(region)
    const user = await newUser({ p: allow('kms:*') })
    const front = leased()
    const sealed = await encrypt(front, region, keyId, user)
    await front.settled()
    front.methods.length = 0
    for (let i = 0; i < 10; i++) await encrypt(front, region, keyId, user)
    const { CiphertextBlob } = sealed.output
    expect((await kms(front, user, region, 'Decrypt', { CiphertextBlob })).output.Plaintext).toBe(base64('x'))
    await kms(front, user, region, 'GenerateRandom', { NumberOfBytes: 16 })
    await front.settled()
    expect(new Set(front.methods)).toEqual(new Set(['append']))
    expect(front.methods.length).toBeLessThan(6)
  })

  it('leaves one record for each call, refused ones too', async () => {
    const region = newRegion()
    const keyId = await newKey(region)
    const front = leased()
    const answers = [
      await encrypt(front, region, keyId),
      await encrypt(front, region, 'alias/none'),
      await kms(front, root, region, 'GenerateRandom', { NumberOfBytes: 16 }),
      await kms(front, root, region, 'GenerateRandom', { NumberOfBytes: 0 }),
    ]
    await front.settled()
    const records = await lookup(deployed, root, region)
    const byRequest = new Map(records.map((record) => [record.requestID, record]))
    for (const { headers, code } of answers) {
      expect(byRequest.get(headers.get('x-amzn-requestid'))?.errorCode).toBe(code)
    }
    expect(records).toHaveLength(answers.length + 1)
    const used = await kms(deployed, root, region, 'GetKeyLastUsage', { KeyId: keyId })
    expect(used.status).toBe(200)
    expect(JSON.stringify(used.output)).toContain('Encrypt')
  })

  it('re-encrypts, and makes data keys', async () => {
    const region = newRegion()
    const [from, to] = [await newKey(region), await newKey(region)]
    const front = leased()
    const { CiphertextBlob } = (await encrypt(front, region, from)).output
    const again = await kms(front, root, region, 'ReEncrypt', { CiphertextBlob, DestinationKeyId: to })
    expect(again.output.KeyId).toContain(to)
    const opened = await kms(deployed, root, region, 'Decrypt', { CiphertextBlob: again.output.CiphertextBlob })
    expect(opened.output.Plaintext).toBe(base64('x'))
    const dataKey = await kms(front, root, region, 'GenerateDataKey', { KeyId: to, NumberOfBytes: 40 })
    expect(atob(dataKey.output.Plaintext)).toHaveLength(40)
    await front.settled()
  })

  it('control plane calls run in the Vault, and are seen at once', async () => {
    const region = newRegion()
    const front = leased()
    const keyId = await newKey(region, root, front)
    await kms(front, root, region, 'DisableKey', { KeyId: keyId })
    expect(front.methods).toEqual(['answer', 'answer'])
    expect((await encrypt(front, region, keyId)).code).toBe('DisabledException')
    await front.settled()
  })
})

describe('a rotation that falls due under a lease', () => {
  it('is written through once, whichever isolates find it', async () => {
    const region = newRegion()
    const keyId = await newKey(region)
    await kms(deployed, root, region, 'EnableKeyRotation', { KeyId: keyId, RotationPeriodInDays: 90 })
    const fronts = [leased({ KMS_LEASE_SECONDS: '300' }), leased({ KMS_LEASE_SECONDS: '300' }), leased()]
    passSeconds(90 * 86_400 - 2)
    for (const front of fronts) await encrypt(front, region, keyId) // all hold the key as it was
    passSeconds(2)
    const sealed = await Promise.all(fronts.map((front) => encrypt(front, region, keyId)))
    const opened = await Promise.all(
      sealed.map(({ output }) => kms(deployed, root, region, 'Decrypt', { CiphertextBlob: output.CiphertextBlob })),
    )
    const materials = new Set(opened.map(({ output }) => output.KeyMaterialId))
    expect(materials.size).toBe(1)
    const { output } = await kms(deployed, root, region, 'ListKeyRotations', { KeyId: keyId })
    expect(output.Rotations).toMatchObject([{ KeyMaterialId: [...materials][0], RotationType: 'AUTOMATIC' }])
    for (const front of fronts) await front.settled()
    const events = await lookup(deployed, root, region)
    expect(events.filter(({ eventName }) => eventName === 'RotateKey')).toHaveLength(1)
  })
})

describe('when the Vault cannot be reached', () => {
  it('KMSInternalException, ThrottlingException when it is overloaded, and a new stub for the next call', async () => {
    const logged = quiet()
    const region = newRegion()
    const keyId = await newKey(region)
    let fault: Error | undefined = new Error('holds a secret')
    const front = leased({}, () => {
      if (fault) throw fault
    })
    expect(await encrypt(front, region, keyId)).toMatchObject({ status: 500, code: 'KMSInternalException' })
    fault = Object.assign(new Error('overloaded'), { overloaded: true })
    expect(await encrypt(front, region, keyId)).toMatchObject({ status: 400, code: 'ThrottlingException' })
    fault = undefined
    expect((await encrypt(front, region, keyId)).status).toBe(200)
    await front.settled()
    expect(JSON.stringify(logged.mock.calls)).not.toContain('holds a secret')
  })

  it('on a warm lease too, once a row is missing', async () => {
    const region = newRegion()
    const [known, unknown] = [await newKey(region), await newKey(region)]
    let fault: Error | undefined
    const front = leased({}, (method) => {
      if (fault && method !== 'append') throw fault
    })
    await encrypt(front, region, known)
    fault = Object.assign(new Error('overloaded'), { overloaded: true })
    expect((await encrypt(front, region, known)).status).toBe(200)
    expect((await encrypt(front, region, unknown)).code).toBe('ThrottlingException')
    await front.settled()
    const [last] = await lookup(deployed, root, region)
    expect(last.errorCode).toBe('ThrottlingException')
  })

  it('records that could not be sent go with the next ones', async () => {
    quiet()
    const region = newRegion()
    const keyId = await newKey(region)
    let down = true
    const front = leased({}, (method) => {
      if (down && method === 'append') throw new Error('down')
    })
    for (let i = 0; i < 3; i++) {
      expect((await encrypt(front, region, keyId)).status).toBe(200)
      await front.settled()
    }
    down = false
    await encrypt(front, region, keyId)
    await front.settled()
    const events = await lookup(deployed, root, region)
    expect(events.filter(({ eventName }) => eventName === 'Encrypt')).toHaveLength(4)
    expect(new Set(events.map(({ eventID }) => eventID)).size).toBe(events.length)
  })

  it('KMS_AUDIT=strict: the record is durable before the answer, or there is no answer', async () => {
    quiet()
    const region = newRegion()
    const keyId = await newKey(region)
    let down = false
    const front = leased({ KMS_AUDIT: 'strict' }, (method) => {
      if (down && method === 'append') throw new Error('down')
    })
    const { headers } = await encrypt(front, region, keyId)
    const [last] = await lookup(deployed, root, region)
    expect(last.requestID).toBe(headers.get('x-amzn-requestid'))
    down = true
    expect((await encrypt(front, region, keyId)).code).toBe('KMSInternalException')
  })
})

describe('the outbox', () => {
  const record = (name: string, padding = 0): Append => ({ kind: 'audit', wallMs: 0, json: name.padEnd(padding) })
  const namesOf = (records: readonly Append[]) =>
    records.map((record) => (record.kind === 'audit' ? record.json.trim() : record.use.keyId))

  it('is bounded, whatever fails: what does not fit is refused, what was taken stays', async () => {
    let down = true
    const sent: string[] = []
    const outbox = new AuditOutbox(
      async (records) => {
        if (down) throw new Error('down')
        sent.push(...namesOf(records))
      },
      () => undefined,
    )
    const taken: string[] = []
    for (let i = 0; i < 40; i++) {
      if (outbox.take([record(String(i), 50_000)])) taken.push(String(i))
      if (i % 10 === 0) await outbox.flush()
    }
    expect(taken.length).toBeGreaterThan(10)
    expect(taken.length).toBeLessThan(25)
    expect(outbox.size).toBeLessThanOrEqual(1024 * 1024)
    down = false
    await outbox.flush()
    expect(sent).toEqual(taken)
    expect(outbox.size).toBe(0)
    expect(outbox.flush()).toBeUndefined()
  })

  it('takes back what a sender that died has left', async () => {
    const sent: string[] = []
    let dies = true
    const outbox = new AuditOutbox(
      (records) => {
        if (dies) return new Promise(() => undefined)
        sent.push(...namesOf(records))
        return Promise.resolve()
      },
      () => undefined,
    )
    outbox.take([record('lost')])
    void outbox.flush()
    await new Promise((resolve) => setTimeout(resolve, 80))
    dies = false
    outbox.take([record('next')])
    await outbox.flush()
    expect(sent).toEqual(['next'])
    passSeconds(61)
    outbox.take([record('later')])
    await outbox.flush()
    expect(sent).toEqual(['next', 'lost', 'later'])
    expect(outbox.size).toBe(0)
  })

  it('one sender gathers for many calls', async () => {
    let sends = 0
    const outbox = new AuditOutbox(
      async () => {
        sends++
      },
      () => undefined,
    )
    const senders: Promise<void>[] = []
    for (let i = 0; i < 100; i++) {
      outbox.take([record(String(i))])
      const sending = outbox.flush()
      if (sending) senders.push(sending)
    }
    await Promise.all(senders)
    expect([sends, senders.length, outbox.size]).toEqual([1, 1, 0])
  })
})

it('an isolate serves more accounts and Regions than it keeps', async () => {
  const front = leased()
  const regions = Array.from({ length: 20 }, () => newRegion())
  for (const region of regions) {
    expect((await kms(front, root, region, 'GenerateRandom', { NumberOfBytes: 1 })).status).toBe(200)
  }
  await front.settled()
  for (const region of regions) expect(await lookup(deployed, root, region)).toHaveLength(1)
  expect(vaultOf(regions[0] as string)).toBeDefined()
})
