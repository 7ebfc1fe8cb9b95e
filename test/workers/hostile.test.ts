import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { presignUrl, signRequest } from '../../src/identity/sigv4'
import {
  type Answer,
  base64,
  deployed,
  kms,
  kmsRequest,
  lookup,
  newKey,
  newRegion,
  origin,
  readAnswer,
  root,
  signedRequest,
  sqlNumber,
  vaultOf,
} from './front-door'
import { logStaysEmpty } from './harmless'

logStaysEmpty()

const region = newRegion()
const rows = () => sqlNumber(vaultOf(region), 'SELECT coalesce(sum(version), 0) FROM rows')
const records = () => sqlNumber(vaultOf(region), 'SELECT coalesce(max(total_entries), 0) FROM audit')
const send = async (operation: string, body: string): Promise<Answer> =>
  readAnswer(await deployed.fetch(await kmsRequest(root, region, operation, body)))

/** The answer; and that nothing but `audited` records was written, and that the next request works. */
async function refusal(ask: () => Promise<Answer>, audited: 0 | 1): Promise<Answer> {
  await kms(deployed, root, region, 'ListKeys')
  const before = [await rows(), await records()] as const
  const answer = await ask()
  expect([await rows(), await records()]).toEqual([before[0], before[1] + audited])
  expect((await kms(deployed, root, region, 'ListKeys')).status).toBe(200)
  return answer
}

const nested = (depth: number, open: string, close: string) => open.repeat(depth) + close.repeat(depth)

describe('bodies', () => {
  const bodies: [string, string, string, string][] = [
    ['nested lists', 'CreateKey', `{"Tags":${nested(5_000, '[', ']')}}`, 'SerializationException'],
    ['nested objects', 'CreateKey', `${'{"Tags":'.repeat(5_000)}1${'}'.repeat(5_000)}`, 'SerializationException'],
    ['half of a nested list', 'CreateKey', '['.repeat(100_000), 'SerializationException'],
    ['nested where nobody looks', 'DescribeKey', `{"Other":${nested(50_000, '[', ']')}}`, 'ValidationException'],
    ['__proto__ for a body', 'DescribeKey', '{"__proto__":{"KeyId":"alias/a"}}', 'ValidationException'],
    ['constructor for a body', 'DescribeKey', '{"constructor":{"prototype":{"KeyId":"x"}}}', 'ValidationException'],
    ['a huge number', 'ListKeys', '{"Limit":1e999}', 'ValidationException'],
    ['a number past 32 bits', 'ListKeys', '{"Limit":99999999999999999999}', 'ValidationException'],
    ['a negative number', 'ListKeys', '{"Limit":-1}', 'ValidationException'],
    ['a lone surrogate in a description', 'CreateKey', '{"Description":"\\ud800"}', 'SerializationException'],
    ['a lone surrogate in a key id', 'DescribeKey', '{"KeyId":"\\udfff"}', 'SerializationException'],
    ['bad base64', 'Encrypt', '{"KeyId":"alias/a","Plaintext":"a"}', 'SerializationException'],
    ['base64 with rest bits', 'Encrypt', '{"KeyId":"alias/a","Plaintext":"QR=="}', 'SerializationException'],
    ['base64url', 'Encrypt', '{"KeyId":"alias/a","Plaintext":"-_-_"}', 'SerializationException'],
    ['truncated', 'CreateKey', '{"Description":"tru', 'SerializationException'],
    ['two values', 'CreateKey', '{}{}', 'SerializationException'],
    ['mistyped', 'CreateKey', '{"Tags":{"TagKey":"a"}}', 'SerializationException'],
    ['an enum that does not exist', 'CreateKey', '{"KeySpec":"toString"}', 'ValidationException'],
    ['a NUL in a key id', 'DescribeKey', '{"KeyId":"a\\u0000b"}', 'NotFoundException'],
    ['a ciphertext of nothing', 'Decrypt', '{"CiphertextBlob":"AA=="}', 'InvalidCiphertextException'],
    ['a marker of nobody', 'ListKeys', '{"Marker":"AAAA"}', 'InvalidMarkerException'],
    ['a long text', 'CreateKey', `{"Description":"${'d'.repeat(900_000)}"}`, 'ValidationException'],
    ['many tags', 'CreateKey', JSON.stringify({ Tags: manyTags(5_000) }), 'TagException'],
  ]
  it.each(bodies)('%s', async (_, operation, body, code) => {
    const answer = await refusal(() => send(operation, body), 1)
    expect(answer.status).toBe(400)
    expect(answer.code).toBe(code)
  })

  it('of two members of one name, the same one counts in the decision and in the deed', async () => {
    const [a, b] = [await newKey(region), await newKey(region)]
    const { output } = await send('DescribeKey', `{"KeyId":"${a}","KeyId":"${b}"}`)
    expect(output.KeyMetadata.KeyId).toBe(b)
    expect((await lookup(deployed, root, region))[0].requestParameters).toEqual({ keyId: b })
  })

  it('an EncryptionContext of names that objects have', async () => {
    const KeyId = await newKey(region)
    const context = '{"__proto__":"a","constructor":"b","toString":"c"}'
    const sealed = await send('Encrypt', `{"KeyId":"${KeyId}","Plaintext":"eA==","EncryptionContext":${context}}`)
    const { CiphertextBlob } = sealed.output
    const open = (text: string) => send('Decrypt', `{"CiphertextBlob":"${CiphertextBlob}","EncryptionContext":${text}}`)
    expect((await open(context)).output.Plaintext).toBe('eA==')
    expect((await open('{"constructor":"b","toString":"c"}')).code).toBe('InvalidCiphertextException')
  })

  it('bytes that are no UTF-8', async () => {
    const body = new Uint8Array([0x7b, 0xff, 0xfe, 0x7d])
    const url = `${origin}/`
    const headers = await signRequest(
      {
        method: 'POST',
        url,
        body,
        headers: { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': 'TrentService.ListKeys' },
      },
      { credentials: root, region, service: 'kms', nowMs: Date.now() },
    )
    const ask = async () => readAnswer(await deployed.fetch(new Request(url, { method: 'POST', headers, body })))
    expect((await refusal(ask, 0)).code).toBe('SerializationException')
  })

  it('any bytes and any JSON: an answer of AWS, never a fault', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom('Encrypt', 'Decrypt', 'CreateKey', 'ListKeys', 'CreateAlias', 'ReEncrypt', 'TagResource'),
        fc.oneof(fc.json(), fc.string({ unit: 'binary' }), fc.dictionary(memberNames, fc.jsonValue()).map(toJson)),
        async (operation, body) => {
          const { status, code } = await send(operation, body)
          expect(status === 200 || (status === 400 && code !== undefined)).toBe(true)
        },
      ),
      { numRuns: 150 },
    )
  })
})

const memberNames = fc.constantFrom(
  'KeyId',
  'Plaintext',
  'CiphertextBlob',
  'Limit',
  'Tags',
  'EncryptionContext',
  '__proto__',
)
const toJson = (value: unknown) => JSON.stringify(value)

function manyTags(count: number) {
  return Array.from({ length: count }, (_, i) => ({ TagKey: `t${i}`, TagValue: '' }))
}

describe('signatures', () => {
  const valid = () => kmsRequest(root, region, 'CreateKey', '{}')
  const changed = (change: (headers: Headers) => void) => async () => {
    const request = await valid()
    change(request.headers)
    return request
  }
  const swap = (from: string | RegExp, to: string) =>
    changed((headers) => headers.set('authorization', (headers.get('authorization') as string).replace(from, to)))
  const at = (shiftMs: number) => () => kmsRequest(root, region, 'CreateKey', '{}', { nowMs: Date.now() + shiftMs })

  const requests: [string, () => Promise<Request>, string][] = [
    ['unsigned', changed((headers) => headers.delete('authorization')), 'MissingAuthenticationTokenException'],
    ['another algorithm', swap('AWS4-HMAC-SHA256', 'AWS4-HMAC-SHA1'), 'IncompleteSignatureException'],
    ['no signature', swap(/, Signature=.*/, ''), 'IncompleteSignatureException'],
    ['expired', at(-301_000), 'InvalidSignatureException'],
    ['from the future', at(302_000), 'InvalidSignatureException'],
    ['another Region than signed for', swap(region, 'us-west-2'), 'InvalidSignatureException'],
    ['a Region that is a path', swap(region, '..%2F..'), 'InvalidSignatureException'],
    ['another service than signed for', swap('/kms/', '/cloudtrail/'), 'InvalidSignatureException'],
    ['an unknown service', swap('/kms/', '/s3/'), 'InvalidSignatureException'],
    ['a flipped bit', swap(/Signature=[0-9a-f]/, 'Signature=g'), 'InvalidSignatureException'],
    ['a signature of zeros', swap(/Signature=.*/, `Signature=${'0'.repeat(64)}`), 'InvalidSignatureException'],
    [
      'another target',
      changed((headers) => headers.set('x-amz-target', 'TrentService.ListKeys')),
      'InvalidSignatureException',
    ],
    ['an unsigned target', swap(';x-amz-target', ''), 'InvalidSignatureException'],
    [
      'a token that was not signed',
      changed((headers) => headers.set('x-amz-security-token', 'x')),
      'InvalidSignatureException',
    ],
    [
      'a body that was not signed',
      async () => new Request(await valid(), { body: '{"Description":"x"}' }),
      'InvalidSignatureException',
    ],
    [
      'a path that was not signed',
      async () => new Request(`${origin}/?x=1`, await valid()),
      'InvalidSignatureException',
    ],
  ]
  it.each(requests)('%s', async (_, request, code) => {
    const answer = await refusal(async () => readAnswer(await deployed.fetch(await request())), 0)
    expect(answer).toMatchObject({ status: 400, code })
  })

  it('a presigned call that has expired, was changed, or lives too long', async () => {
    const url = `${origin}/?Action=GetCallerIdentity&Version=2011-06-15`
    const options = { credentials: root, region: 'us-east-1', service: 'sts' }
    const presign = (nowMs: number, expiresSeconds: number) =>
      presignUrl({ method: 'GET', url }, { ...options, nowMs, expiresSeconds })
    const ask = async (text: string, method = 'GET') => (await deployed.fetch(new Request(text, { method }))).status
    const good = await presign(Date.now(), 60)
    expect(await ask(good)).toBe(200)
    expect(await ask(good, 'POST')).toBe(403)
    expect(await ask(`${good}&x=1`)).toBe(403)
    expect(await ask(good.replace('GetCallerIdentity', 'GetSessionToken'))).toBe(403)
    expect(await ask(await presign(Date.now() - 61_000, 60))).toBe(403)
    expect(await ask(await presign(Date.now(), 604_801))).toBe(400)
  })

  it('names in XML refusals are escaped', async () => {
    const body = 'Action=%3Cscript%3E&Version=%22'
    const headers = { 'content-type': 'application/x-www-form-urlencoded' }
    const response = await deployed.fetch(await signedRequest(root, { service: 'sts', headers, body }))
    const text = await response.text()
    expect([response.status, text.includes('<script>')]).toEqual([400, false])
  })

  it('a caller of the account that the blob or ARN names gets nothing by naming it', async () => {
    const KeyId = await newKey(region)
    const { CiphertextBlob } = (await kms(deployed, root, region, 'Encrypt', { KeyId, Plaintext: base64('x') })).output
    const bytes = Uint8Array.from(atob(CiphertextBlob), (c) => c.charCodeAt(0))
    for (let at = 0; at < bytes.length; at += 5) {
      const tampered = bytes.slice()
      tampered[at] = (tampered[at] as number) ^ 1
      const answer = await kms(deployed, root, region, 'Decrypt', {
        CiphertextBlob: base64(String.fromCharCode(...tampered)),
      })
      expect(['InvalidCiphertextException', 'AccessDeniedException']).toContain(answer.code)
    }
  })
})
