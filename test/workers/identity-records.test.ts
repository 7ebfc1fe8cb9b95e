import { runDurableObjectAlarm } from 'cloudflare:test'
import { describe, expect, it } from 'vitest'
import { deployed, directoryOf, lookup, origin, root, signedRequest, vaultOf } from './front-door'

const formType = { 'content-type': 'application/x-www-form-urlencoded' }
const iamRegion = 'us-east-1'

async function call(service: 'sts' | 'iam', parameters: Readonly<Record<string, string>>, region = iamRegion) {
  const Version = service === 'sts' ? '2011-06-15' : '2010-05-08'
  const body = new URLSearchParams({ Version, ...parameters }).toString()
  const response = await deployed.fetch(await signedRequest(root, { service, body, headers: formType, region }))
  return { status: response.status, text: await response.text() }
}

/** Records of one Region once the Directory has handed over what it has. */
async function recordsOf(eventSource: string, region = iamRegion) {
  await runDurableObjectAlarm(directoryOf())
  const records = await lookup(deployed, root, region)
  return records.filter((record) => record.eventSource === eventSource)
}

describe('calls of IAM and STS', () => {
  it('leave one record each, refused or not, in the log of their Region', async () => {
    const UserName = `recorded-${crypto.randomUUID().slice(0, 8)}`
    expect((await call('iam', { Action: 'CreateUser', UserName, Path: '/a/' })).status).toBe(200)
    expect((await call('iam', { Action: 'CreateUser', UserName })).status).toBe(409)
    expect((await call('iam', { Action: 'GetUser', UserName })).status).toBe(200)
    const mine = (await recordsOf('iam.amazonaws.com')).filter(
      ({ requestParameters }) => requestParameters?.userName === UserName,
    )
    expect(new Set(mine.map(({ eventName, errorCode, readOnly }) => `${eventName} ${errorCode} ${readOnly}`))).toEqual(
      new Set(['CreateUser undefined false', 'CreateUser EntityAlreadyExists false', 'GetUser undefined true']),
    )
    expect(mine).toHaveLength(3)
    expect(mine.find(({ errorCode, eventName }) => !errorCode && eventName === 'CreateUser')).toMatchObject({
      userIdentity: { type: 'Root', accountId: root.accountId },
      requestParameters: { userName: UserName, path: '/a/' },
      recipientAccountId: root.accountId,
      awsRegion: iamRegion,
    })
  })

  it('hold no credentials', async () => {
    const secret = 'eyJhbGciOiJub25lIn0.e30.secretsecret'
    const body = new URLSearchParams({
      Version: '2011-06-15',
      Action: 'AssumeRoleWithWebIdentity',
      RoleArn: `arn:aws:iam::${root.accountId}:role/none`,
      RoleSessionName: 'page',
      WebIdentityToken: secret,
    })
    const response = await deployed.fetch(
      new Request(`${origin}/`, { method: 'POST', headers: formType, body: `${body}` }),
    )
    expect(response.status).toBeGreaterThanOrEqual(400)
    const [record] = await recordsOf('sts.amazonaws.com')
    expect(record).toMatchObject({ eventName: 'AssumeRoleWithWebIdentity', userIdentity: { type: 'WebIdentityUser' } })
    expect(JSON.stringify(record)).not.toContain('secretsecret')
  })

  it('of STS are in the Region of the call, each once', async () => {
    const region = 'eu-central-1'
    expect((await call('sts', { Action: 'GetCallerIdentity' }, region)).status).toBe(200)
    await recordsOf('sts.amazonaws.com', region)
    const names = (await recordsOf('sts.amazonaws.com', region)).map(({ eventName }) => eventName)
    expect(names).toEqual(['GetCallerIdentity'])
    expect(await runDurableObjectAlarm(vaultOf(region))).toBeTypeOf('boolean')
  })
})
