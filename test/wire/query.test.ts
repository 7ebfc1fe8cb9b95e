import { describe, expect, it } from 'vitest'
import { presignUrl } from '../../src/identity/sigv4'
import { answerQuery, type Doorway, dispatch } from '../../src/wire'
import { findSigningKey, long, nowMs } from '../identity/sigv4/helpers'
import { ask, door, form, requestId, seen } from './helpers'

const identity = 'Action=GetCallerIdentity&Version=2011-06-15'

async function answer(request: Request, changes: Partial<Doorway> = {}): Promise<[number, string]> {
  const inbound = await dispatch(request, door(changes))
  if (inbound instanceof Response) return seen(inbound)
  if (inbound.protocol !== 'query') throw new Error('not the Query door')
  return seen(await answerQuery(inbound, door()))
}
const stsForm = (body: string) => ask({ headers: form, service: 'sts', body })

// Form of the reply: AWS STS API reference, GetCallerIdentity, example 1.
const reply = (
  arn: string,
  userId: string,
) => `<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
  <GetCallerIdentityResult>
    <Arn>${arn}</Arn>
    <UserId>${userId}</UserId>
    <Account>111122223333</Account>
  </GetCallerIdentityResult>
  <ResponseMetadata>
    <RequestId>${requestId}</RequestId>
  </ResponseMetadata>
</GetCallerIdentityResponse>
`
const refusal = (
  code: string,
  message: string,
  service = 'sts',
  version = '2011-06-15',
) => `<ErrorResponse xmlns="https://${service}.amazonaws.com/doc/${version}/">
  <Error>
    <Type>Sender</Type>
    <Code>${code}</Code>
    <Message>${message}</Message>
  </Error>
  <RequestId>${requestId}</RequestId>
</ErrorResponse>
`

describe('GetCallerIdentity', () => {
  const root = reply('arn:aws:iam::111122223333:root', '111122223333')

  it('by form', async () => expect(await answer(await stsForm(identity))).toEqual([200, root]))
  it('by signed GET', async () => {
    const request = await ask({ method: 'GET', url: `https://h.example/?${identity}`, headers: {}, service: 'sts' })
    expect(await answer(request)).toEqual([200, root])
  })
  it.each(['GET', 'POST'])('presigned, sent by %s', async (method) => {
    const credentials = { ...long, sessionToken: 't' }
    const url = await presignUrl(
      { method, url: `https://h.example/?${identity}` },
      { credentials, region: 'us-east-1', service: 'sts', nowMs, expiresSeconds: 60 },
    )
    expect(await answer(new Request(url, { method }))).toEqual([200, root])
  })
  it('of a user whose name needs escaping', async () => {
    const found = await answer(await stsForm(identity), {
      findSigningKey: async (credential) =>
        ({
          ...(await findSigningKey(credential)),
          principal: {
            kind: 'user',
            accountId: '111122223333',
            accessKeyId: 'AKID',
            userId: 'AIDAX',
            userName: 'a<&\u0001',
            path: '/x/',
          },
        }) as never,
    })
    expect(found).toEqual([200, reply('arn:aws:iam::111122223333:user/x/a&lt;&amp;\ufffd', 'AIDAX')])
  })
})

describe('refusals', () => {
  const rows: [string, Parameters<typeof ask>[0], number, string][] = [
    [
      'unknown action',
      { body: 'Action=Nope&Version=2011-06-15' },
      400,
      refusal('InvalidAction', 'Could not find operation Nope for version 2011-06-15'),
    ],
    [
      'action of Object',
      { body: 'Action=constructor&Version=2011-06-15' },
      400,
      refusal('InvalidAction', 'Could not find operation constructor for version 2011-06-15'),
    ],
    [
      'action not built',
      { body: 'Action=AssumeRole&Version=2011-06-15' },
      400,
      refusal('InvalidAction', 'Could not find operation AssumeRole for version 2011-06-15'),
    ],
    [
      'markup in the action',
      { body: 'Action=%3Ca%3E&Version=2' },
      400,
      refusal('InvalidAction', 'Could not find operation &lt;a&gt; for version 2'),
    ],
    [
      'no version',
      { body: 'Action=GetCallerIdentity' },
      400,
      refusal('InvalidAction', 'Could not find operation GetCallerIdentity for version NO_VERSION_SPECIFIED'),
    ],
    [
      'no action',
      { body: 'Version=2011-06-15' },
      400,
      refusal('MissingAction', 'The request must contain the parameter Action'),
    ],
    [
      'IAM',
      { service: 'iam', body: 'Action=GetUser&Version=2010-05-08' },
      400,
      refusal('InvalidAction', 'Could not find operation GetUser for version 2010-05-08', 'iam', '2010-05-08'),
    ],
    [
      'unknown key',
      { body: identity, accessKeyId: 'AKIDNOBODY' },
      403,
      refusal('InvalidClientTokenId', 'The security token included in the request is invalid.'),
    ],
    [
      'unknown key of IAM',
      { body: identity, service: 'iam', accessKeyId: 'AKIDNOBODY' },
      403,
      refusal('InvalidClientTokenId', 'The security token included in the request is invalid.', 'iam', '2010-05-08'),
    ],
    [
      'scope of KMS',
      { body: identity, service: 'kms' },
      403,
      refusal('SignatureDoesNotMatch', 'Credential should be scoped to correct service: &apos;sts&apos;. '),
    ],
    ['not UTF-8', { body: new Uint8Array([0xff]) }, 400, refusal('MalformedInput', '')],
  ]
  it.each(rows)('%s', async (_name, changes, status, body) => {
    expect(await answer(await ask({ headers: form, service: 'sts', ...changes }))).toEqual([status, body])
  })
  it('unsigned', async () => {
    const request = new Request('https://h.example/', { method: 'POST', headers: form, body: identity })
    expect(await answer(request)).toEqual([403, refusal('MissingAuthenticationToken', 'Missing Authentication Token')])
  })
  it.each([
    ['wrong signature', 'Signature=0', 403, 'SignatureDoesNotMatch'],
    ['incomplete', 'Nothing=0', 400, 'IncompleteSignature'],
  ])('%s', async (_name, replacement, status, code) => {
    const signed = await stsForm(identity)
    const headers = new Headers(signed.headers)
    headers.set('authorization', (headers.get('authorization') ?? '').replace(/Signature=.*/, replacement))
    const found = await answer(new Request(signed.url, { method: 'POST', headers, body: identity }))
    expect([found[0], /<Code>(.*)<\/Code>/.exec(found[1])?.[1]]).toEqual([status, code])
  })
})
