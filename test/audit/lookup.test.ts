import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { lookupEvents } from '../../src/audit/lookup'
import { decodeLookup } from '../../src/audit/lookup-input'
import type { AuditEntry } from '../../src/ports/audit'
import { alice, entry, home, keyArn, logOf, root } from './entries'

/** Seals by remembering: a token that it did not give out does not open. */
function tokens() {
  const sealed = new Map<string, Bytes>()
  return {
    sealToken: async (bytes: Bytes) => {
      const token = `token-${sealed.size}`
      sealed.set(token, bytes.slice())
      return token
    },
    openToken: async (token: string) => sealed.get(token),
    sealed,
  }
}

const depsOf = (log: ReturnType<typeof logOf>) => ({ home, readAudit: log.readAudit, ...tokens() })
type Deps = ReturnType<typeof depsOf>
type Request = Record<string, unknown>

const lookup = (request: Request, deps: Deps) => lookupEvents(decodeLookup(JSON.stringify(request)), deps)

async function pages(request: Request, deps: Deps, between: (page: number) => void = () => undefined) {
  const found: string[][] = []
  let NextToken: string | undefined
  do {
    const page = await lookup({ ...request, ...(NextToken === undefined ? {} : { NextToken }) }, deps)
    found.push(page.Events.map(({ EventId }) => EventId))
    NextToken = page.NextToken
    between(found.length)
  } while (NextToken !== undefined && found.length < 1000)
  return found
}

const atMs = Date.UTC(2026, 10, 2, 9, 0, 0)
const numbered = (count: number, over: (n: number) => Partial<AuditEntry> = () => ({})) =>
  Array.from({ length: count }, (_, n) => entry({ eventId: `e${n}`, wallMs: atMs + n * 1000, ...over(n) }))
const newestFirst = (entries: readonly AuditEntry[]) => entries.map(({ eventId }) => eventId).reverse()

describe('an event', () => {
  it('of a change', async () => {
    const log = logOf([[entry({ eventName: 'DisableKey', wallMs: atMs + 999, response: { keyId: keyArn } })]])
    const { Events, ...rest } = await lookup({}, depsOf(log))
    expect(rest).toEqual({})
    const [event] = Events
    expect(Object.keys(event ?? {})).toEqual([
      'EventId',
      'EventName',
      'ReadOnly',
      'AccessKeyId',
      'EventTime',
      'EventSource',
      'Username',
      'Resources',
      'CloudTrailEvent',
    ])
    const { CloudTrailEvent = '', ...plain } = event ?? {}
    expect(plain).toEqual({
      EventId: 'e-1',
      EventName: 'DisableKey',
      ReadOnly: 'false',
      AccessKeyId: alice.accessKeyId,
      EventTime: atMs / 1000,
      EventSource: 'kms.amazonaws.com',
      Username: 'alice',
      Resources: [{ ResourceType: 'AWS::KMS::Key', ResourceName: keyArn }],
    })
    expect(JSON.parse(CloudTrailEvent)).toMatchObject({ eventID: 'e-1', requestParameters: { keyId: 'k' } })
  })

  it('of reading has no Resources, of root has its name, of the service itself has no caller', async () => {
    const internal = entry({ eventName: 'RotateKey', principal: null, parameters: null })
    const { Events } = await lookup({}, depsOf(logOf([[entry(), internal, entry({ principal: root })]])))
    expect(Events.map(({ Username, AccessKeyId }) => [Username, AccessKeyId])).toEqual([
      ['root', root.accessKeyId],
      [undefined, undefined],
      ['alice', alice.accessKeyId],
    ])
    expect(Events.map(({ Resources }) => Resources.length)).toEqual([0, 1, 0])
  })
})

describe('filters', () => {
  const bob = { ...alice, userName: 'bob', accessKeyId: 'AKIAEXAMPLEBOB000001' }
  const otherArn = `${keyArn}2`
  const log = logOf([
    [entry({ eventId: 'a', wallMs: atMs }), entry({ eventId: 'b', eventName: 'EnableKey', wallMs: atMs + 1500 })],
    [entry({ eventId: 'c', eventName: 'EnableKey', principal: bob, resources: [otherArn], wallMs: atMs + 2500 })],
    [
      entry({
        eventId: 'd',
        eventName: 'EnableKey',
        principal: root,
        error: { code: 'AccessDeniedException', message: 'no' },
        wallMs: atMs + 3500,
      }),
    ],
  ])
  const by = (AttributeKey: string, AttributeValue: string) => ({
    LookupAttributes: [{ AttributeKey, AttributeValue }],
  })
  const second = atMs / 1000
  const cases: [Request, string][] = [
    [{}, 'dcba'],
    [{ LookupAttributes: [] }, 'dcba'],
    [{ LookupAttributes: null, StartTime: null, MaxResults: null }, 'dcba'],
    [by('EventId', 'b'), 'b'],
    [by('EventName', 'EnableKey'), 'dcb'],
    [by('EventName', 'enablekey'), ''],
    [by('ReadOnly', 'true'), 'a'],
    [by('ReadOnly', 'false'), 'dcb'],
    [by('Username', 'bob'), 'c'],
    [by('Username', 'root'), 'd'],
    [by('AccessKeyId', alice.accessKeyId), 'ba'],
    [by('ResourceType', 'AWS::KMS::Key'), 'cb'],
    [by('ResourceType', 'AWS::S3::Bucket'), ''],
    [by('ResourceName', keyArn), 'b'],
    [by('ResourceName', otherArn), 'c'],
    [by('EventSource', 'kms.amazonaws.com'), 'dcba'],
    [by('EventSource', 's3.amazonaws.com'), ''],
    [{ EventCategory: 'insight' }, ''],
    [{ StartTime: second + 2 }, 'dc'],
    [{ StartTime: second + 2.7 }, 'dc'],
    [{ EndTime: second + 1 }, 'ba'],
    [{ StartTime: second + 1, EndTime: second + 2, ...by('EventName', 'EnableKey') }, 'cb'],
    [{ StartTime: second + 1, EndTime: second + 1 }, 'b'],
    [{ StartTime: second + 100 }, ''],
    [{ Unknown: [1] }, 'dcba'],
  ]
  it.each(cases)('%j', async (request, expected) => {
    const { Events, NextToken } = await lookup(request, depsOf(log))
    expect(Events.map(({ EventId }) => EventId).join('')).toBe(expected)
    expect(NextToken).toBeUndefined()
  })
})

describe('pages', () => {
  it('give every event once, whatever the batches and the page size', async () => {
    const batches = fc.array(fc.integer({ min: 1, max: 9 }), { maxLength: 60 })
    await fc.assert(
      fc.asyncProperty(batches, fc.integer({ min: 1, max: 50 }), fc.boolean(), async (sizes, MaxResults, half) => {
        const total = sizes.reduce((sum, size) => sum + size, 0)
        const entries = numbered(total, (n) => ({ eventName: n % 2 ? 'EnableKey' : 'DescribeKey' }))
        const rest = [...entries]
        const deps = depsOf(logOf(sizes.map((size) => rest.splice(0, size))))
        const request = half ? { LookupAttributes: [{ AttributeKey: 'ReadOnly', AttributeValue: 'true' }] } : {}
        const found = await pages({ ...request, MaxResults }, deps)
        const wanted = newestFirst(half ? entries.filter((_, n) => n % 2 === 0) : entries)
        expect(found.flat()).toEqual(wanted)
        expect(found.slice(0, -1).every((page) => page.length === MaxResults)).toBe(true)
      }),
      { numRuns: 100 },
    )
  })

  it('have 50 events unless asked otherwise', async () => {
    const found = await pages({}, depsOf(logOf([numbered(120)])))
    expect(found.map((page) => page.length)).toEqual([50, 50, 20])
  })

  it('are not disturbed by new events nor by dropped batches', async () => {
    const entries = numbered(40)
    const log = logOf(entries.map((one) => [one]))
    const found = await pages({ MaxResults: 10 }, depsOf(log), (page) => {
      log.append(entry({ eventId: 'new' }))
      if (page === 2) log.dropBefore(15)
    })
    expect(found.flat()).toEqual(newestFirst(entries.slice(14)))
  })

  it('go on where a dropped batch was', async () => {
    const entries = numbered(6)
    const log = logOf([entries.slice(0, 3), entries.slice(3)])
    const deps = depsOf(log)
    const first = await lookup({ MaxResults: 4 }, deps)
    log.dropBefore(3)
    expect(await lookup({ MaxResults: 4, NextToken: first.NextToken }, deps)).toEqual({ Events: [] })
  })

  it('are sorted by time where entries came late', async () => {
    const late = [0, 5, 2, 4, 1, 3].map((seconds) => entry({ wallMs: atMs + seconds * 1000 }))
    const { Events } = await lookup({}, depsOf(logOf([late.slice(0, 2), late.slice(2)])))
    const times = Events.map(({ EventTime }) => EventTime - atMs / 1000)
    expect(times).toEqual([5, 4, 3, 2, 1, 0])
  })

  it('find an entry that came up to 15 minutes late, and stop reading behind it', async () => {
    const hour = 3600
    const old = Array.from({ length: 200 }, (_, n) => [entry({ eventId: `old${n}`, wallMs: atMs - 2 * hour * 1000 })])
    const log = logOf([
      ...old,
      [entry({ eventId: 'now', wallMs: atMs })],
      [entry({ eventId: 'late', wallMs: atMs - 600_000 })],
    ])
    const { Events, NextToken } = await lookup({ StartTime: atMs / 1000 }, depsOf(log))
    expect(Events.map(({ EventId }) => EventId)).toEqual(['now'])
    expect([NextToken, log.reads()]).toEqual([undefined, 1])
  })
})

describe('the work of one call', () => {
  const none = { LookupAttributes: [{ AttributeKey: 'EventName', AttributeValue: 'CreateKey' }] }

  it('is 5,000 entries at most', async () => {
    const log = logOf(Array.from({ length: 120 }, (_, batch) => numbered(100, (n) => ({ eventId: `${batch}/${n}` }))))
    const found = await pages(none, depsOf(log))
    expect(found).toEqual([[], [], []])
  })

  it('is 2,048 batches at most, and goes on with the next one', async () => {
    const at = 4100 - 2048 - 1
    const log = logOf(numbered(4100, (n) => (n === at ? { eventName: 'CreateKey' } : {})).map((one) => [one]))
    const deps = depsOf(log)
    const first = await lookup(none, deps)
    expect([first.Events, log.reads()]).toEqual([[], 128])
    const second = await lookup({ ...none, NextToken: first.NextToken }, deps)
    expect(second.Events.map(({ EventId }) => EventId)).toEqual([`e${at}`])
    expect(await lookup({ ...none, NextToken: second.NextToken }, deps)).toEqual({ Events: [] })
  })

  it('is a few megabytes of records at most', async () => {
    const parameters = { text: 'x'.repeat(100_000) }
    const deps = depsOf(logOf(numbered(120, () => ({ parameters })).map((one) => [one])))
    const found = await pages({}, deps)
    expect(found.map((page) => page.length)).toEqual([42, 42, 36])
  })
})

describe('tokens', () => {
  const name = (AttributeValue: string) => ({ LookupAttributes: [{ AttributeKey: 'Username', AttributeValue }] })
  const first = { ...name('alice'), StartTime: 5, MaxResults: 2 }
  const setup = async () => {
    const deps = depsOf(logOf([numbered(10)]))
    const { NextToken = '' } = await lookup(first, deps)
    return { deps, NextToken }
  }

  it('go with a changed MaxResults', async () => {
    const { deps, NextToken } = await setup()
    const page = await lookup({ ...first, MaxResults: 5, NextToken }, deps)
    expect(page.Events.map(({ EventId }) => EventId)).toEqual(['e7', 'e6', 'e5', 'e4', 'e3'])
  })

  it.each([
    ['another value', { ...first, ...name('bob') }],
    ['another key', { ...first, LookupAttributes: [{ AttributeKey: 'EventName', AttributeValue: 'alice' }] }],
    ['no attribute', { StartTime: 5 }],
    ['another start', { ...first, StartTime: 6 }],
    ['an end', { ...first, EndTime: 2_000_000_000 }],
    ['start as end', { ...name('alice'), EndTime: 5 }],
  ])('do not go with %s', async (_, request) => {
    const { deps, NextToken } = await setup()
    await expect(lookup({ ...request, NextToken }, deps)).rejects.toMatchObject({ code: 'InvalidNextTokenException' })
  })

  it.each<[string, (bytes: Bytes) => Bytes]>([
    ['empty', () => new Uint8Array()],
    ['short', (bytes) => bytes.slice(0, -1)],
    ['long', (bytes) => new Uint8Array([...bytes, 0])],
    ['of another version', (bytes) => bytes.map((byte, at) => (at === 0 ? byte + 1 : byte))],
  ])('that open to something %s are refused', async (_, change) => {
    const { deps, NextToken } = await setup()
    deps.sealed.set('changed', change(deps.sealed.get(NextToken) ?? new Uint8Array()))
    const refused = lookup({ ...first, NextToken: 'changed' }, deps)
    await expect(refused).rejects.toMatchObject({ code: 'InvalidNextTokenException' })
  })

  it('are laid out as documented', async () => {
    const { deps, NextToken } = await setup()
    const bytes = deps.sealed.get(NextToken) ?? new Uint8Array()
    expect([...bytes.subarray(0, 13)]).toEqual([1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 2])
    const asked = new TextEncoder().encode('["Username","alice",5,null]')
    const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', asked))
    expect(bytes.subarray(13)).toEqual(digest.subarray(0, 16))
  })
})
