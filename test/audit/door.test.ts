import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type CloudTrailDeps, handleCloudTrail } from '../../src/audit/door'
import { KmsError } from '../../src/model/errors'
import { entry, home, logOf } from './entries'

const deps: CloudTrailDeps = {
  home,
  readAudit: logOf([[entry()]]).readAudit,
  sealToken: async () => 'token',
  openToken: async () => undefined,
  authorize: () => undefined,
}
const smithyTarget = 'CloudTrail_20131101.LookupEvents'
const lookup = async (body: string, over: Partial<CloudTrailDeps> = {}) => {
  const reply = await handleCloudTrail(smithyTarget, body, { ...deps, ...over })
  return { status: reply.status, body: JSON.parse(reply.body) }
}

const serialization = (Message?: string) => ({ __type: 'SerializationException', ...(Message ? { Message } : {}) })
const attributes = (message: string) => ({ __type: 'InvalidLookupAttributesException', message })
const badKey = attributes('Lookup attribute key is not valid.')
const badValue = attributes('Lookup attribute value is not valid.')
const maxResults = (n: number) => ({
  __type: 'InvalidMaxResultsException',
  message: `A max results value of ${n} is invalid. Specify max results between 1 and 50.`,
})
const timeRange = (message: string) => ({ __type: 'InvalidTimeRangeException', message })
const badToken = { __type: 'InvalidNextTokenException', message: 'The next token is not valid.' }
const by = (AttributeKey: unknown, AttributeValue: unknown) =>
  JSON.stringify({ LookupAttributes: [{ AttributeKey, AttributeValue }] })

const refusals: [string, unknown][] = [
  ['', serialization()],
  ['null', serialization()],
  ['"text"', serialization()],
  ['{"MaxResults":1,}', serialization()],
  ['['.repeat(1 << 20), serialization()],
  ['{"LookupAttributes":'.repeat(50_000), serialization()],
  ['[]', serialization('Start of list found where not expected')],
  ['{"MaxResults":"5"}', serialization('STRING_VALUE can not be converted to an Integer')],
  ['{"MaxResults":true}', serialization('TRUE_VALUE can not be converted to an Integer')],
  ['{"MaxResults":{}}', serialization('Start of structure or map found where not expected.')],
  ['{"NextToken":5}', serialization('NUMBER_VALUE can not be converted to a String')],
  ['{"NextToken":[]}', serialization('Start of list found where not expected')],
  [
    '{"StartTime":"2026-11-02T09:00:00Z"}',
    serialization('STRING_VALUE can not be converted to milliseconds since epoch'),
  ],
  ['{"LookupAttributes":"EventName"}', serialization('Expected list or null')],
  ['{"LookupAttributes":{}}', serialization('Start of structure or map found where not expected.')],
  ['{"LookupAttributes":["EventName"]}', serialization('Expected null')],
  [by(7, 'x'), serialization('NUMBER_VALUE can not be converted to a String')],
  ['{"MaxResults":0,"NextToken":5}', serialization('NUMBER_VALUE can not be converted to a String')], // type before value
  [
    '{"LookupAttributes":[{"AttributeKey":"EventName","AttributeValue":"a"},{"AttributeKey":"EventId","AttributeValue":"b"}]}',
    attributes('Specify no more than one lookup attribute.'),
  ],
  [by('eventName', 'x'), badKey],
  [by('toString', 'x'), badKey],
  [by(undefined, 'x'), badKey],
  [by('EventName', undefined), badValue],
  [by('EventName', ''), badValue],
  [by('EventName', 'x'.repeat(2001)), badValue],
  [by('ReadOnly', 'True'), badValue],
  ['{"MaxResults":0}', maxResults(0)],
  ['{"MaxResults":51}', maxResults(51)],
  ['{"MaxResults":-1}', maxResults(-1)],
  ['{"MaxResults":1e400}', maxResults(Infinity)],
  ['{"StartTime":2,"EndTime":1}', timeRange('Start time must be before end time.')],
  ['{"StartTime":-1}', timeRange('Time is out of range.')],
  ['{"EndTime":1e400}', timeRange('Time is out of range.')],
  [
    '{"EventCategory":"management"}',
    { __type: 'InvalidEventCategoryException', message: 'The event category is not valid.' },
  ],
  ['{"NextToken":""}', badToken],
  ['{"NextToken":"forged"}', badToken],
]

describe('refusals', () => {
  it.each(refusals.map(([body, expected]) => [body.slice(0, 60), body, expected]))('%s', async (_, body, expected) => {
    expect(await lookup(body as string)).toEqual({ status: 400, body: expected })
  })

  it.each([
    '',
    'LookupEvent',
    'lookupEvents',
    'TrentService.Decrypt',
    'CloudTrail_20131101.CreateTrail',
    'X.LookupEvents',
  ])('target "%s"', async (target) => {
    expect(await handleCloudTrail(target, '{}', deps)).toEqual({
      status: 400,
      body: '{"__type":"UnknownOperationException"}',
    })
  })

  it('of an endless token come without opening it', async () => {
    const openToken = () => Promise.reject(new Error('opened'))
    expect(await lookup(`{"NextToken":"${'x'.repeat(8193)}"}`, { openToken })).toEqual({ status: 400, body: badToken })
  })

  it('of permission come after the values and before the log is read', async () => {
    const asked: string[] = []
    const refused: Partial<CloudTrailDeps> = {
      authorize: async (action) => {
        asked.push(action)
        throw new KmsError('AccessDeniedException', 'no')
      },
      readAudit: () => Promise.reject(new Error('read')),
    }
    expect(await lookup('{"MaxResults":0}', refused)).toMatchObject({ body: maxResults(0) })
    expect(asked).toEqual([])
    const body = { __type: 'AccessDeniedException', Message: 'no' }
    expect(await lookup('{}', refused)).toEqual({ status: 400, body })
    expect(asked).toEqual(['cloudtrail:LookupEvents'])
  })
})

describe('answers', () => {
  it.each([smithyTarget, `com.amazonaws.cloudtrail.v20131101.${smithyTarget}`, 'LookupEvents'])(
    '%s',
    async (target) => {
      const { status, body } = await handleCloudTrail(target, '{"MaxResults":1.9,"__proto__":{"MaxResults":0}}', deps)
      expect(status).toBe(200)
      expect(JSON.parse(body).Events).toHaveLength(1)
    },
  )

  it('throws only what nobody expected', async () => {
    const broken = () => Promise.reject(new TypeError('disk'))
    await expect(lookup('{}', { readAudit: broken })).rejects.toThrow('disk')
  })

  it('any JSON', async () => {
    const members = fc.record(
      {
        LookupAttributes: fc.oneof(
          fc.jsonValue(),
          fc.array(fc.record({ AttributeKey: fc.jsonValue(), AttributeValue: fc.jsonValue() })),
        ),
        StartTime: fc.jsonValue(),
        EndTime: fc.jsonValue(),
        MaxResults: fc.jsonValue(),
        NextToken: fc.jsonValue(),
        EventCategory: fc.jsonValue(),
      },
      { requiredKeys: [] },
    )
    const bodies = fc.oneof(
      fc.string(),
      fc.json(),
      members.map((body) => JSON.stringify(body)),
    )
    await fc.assert(
      fc.asyncProperty(bodies, async (body) => {
        const reply = await lookup(body)
        expect(reply.status === 200 ? Array.isArray(reply.body.Events) : typeof reply.body.__type).toBeTruthy()
      }),
      { numRuns: 500 },
    )
  })
})
