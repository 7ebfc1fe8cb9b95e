import { afterEach, describe, expect, it, vi } from 'vitest'
import {
  allow,
  type Caller,
  callerIdentity,
  deployed,
  env,
  type Front,
  isolate,
  kms,
  newKey,
  newRegion,
  newUser,
  origin,
  otherRoot,
  root,
  signedRequest,
  watched,
} from './front-door'

afterEach(() => {
  vi.useRealTimers()
})

type Parameters = Readonly<Record<string, string>>
const form = (service: 'sts' | 'iam', parameters: Parameters) =>
  new URLSearchParams({ Version: service === 'sts' ? '2011-06-15' : '2010-05-08', ...parameters }).toString()
const formType = { 'content-type': 'application/x-www-form-urlencoded' }

async function call(to: Front, caller: Caller | undefined, service: 'sts' | 'iam', parameters: Parameters) {
  const body = form(service, parameters)
  const request = caller
    ? await signedRequest(caller, { service, body, headers: formType })
    : new Request(`${origin}/`, { method: 'POST', headers: formType, body })
  const response = await to.fetch(request)
  const text = await response.text()
  const of = (name: string) => new RegExp(`<${name}>([^<]*)</${name}>`).exec(text)?.[1]
  return { status: response.status, code: of('Code'), message: of('Message'), text, of }
}
const sts = (caller: Caller | undefined, parameters: Parameters, to: Front = deployed) =>
  call(to, caller, 'sts', parameters)

async function iam(caller: Caller, parameters: Parameters) {
  const answer = await call(deployed, caller, 'iam', parameters)
  if (answer.status !== 200) throw new Error(`${parameters.Action}: ${answer.text}`)
  return answer
}

type Session = Caller & { readonly sessionToken: string }
function sessionOf({ status, text, of }: Awaited<ReturnType<typeof sts>>, accountId = root.accountId): Session {
  const [accessKeyId, secretAccessKey, sessionToken] = ['AccessKeyId', 'SecretAccessKey', 'SessionToken'].map(of)
  if (status !== 200 || !accessKeyId || !secretAccessKey || !sessionToken) throw new Error(text)
  return { accountId, accessKeyId, secretAccessKey, sessionToken }
}

let roles = 0
async function newRole(trusted: object, actions: string | string[] = 'sts:AssumeRole', ...allowed: string[]) {
  const RoleName = `role${roles++}`
  const trust = { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Principal: trusted, Action: actions }] }
  await iam(root, { Action: 'CreateRole', RoleName, AssumeRolePolicyDocument: JSON.stringify(trust) })
  const PolicyDocument = allow(...(allowed.length ? allowed : ['kms:ListKeys', 'sts:AssumeRole']))
  await iam(root, { Action: 'PutRolePolicy', RoleName, PolicyName: 'work', PolicyDocument })
  return { RoleName, arn: `arn:aws:iam::${root.accountId}:role/${RoleName}` }
}
const assume = (caller: Caller, RoleArn: string, more: Parameters = {}, to: Front = deployed) =>
  sts(caller, { Action: 'AssumeRole', RoleArn, RoleSessionName: 'job', ...more }, to)

describe('AssumeRole', () => {
  it('across accounts, when both sides allow it', async () => {
    const { arn } = await newRole({ AWS: otherRoot.accountId })
    const may = await newUser({ p: allow('sts:AssumeRole') }, otherRoot.accountId)
    const mayNot = await newUser({}, otherRoot.accountId)
    const own = await newUser({ p: allow('sts:AssumeRole') })
    const session = sessionOf(await assume(may, arn))
    expect((await sts(session, { Action: 'GetCallerIdentity' })).of('Arn')).toBe(
      `arn:aws:sts::${root.accountId}:assumed-role/${arn.split('/').at(-1)}/job`,
    )
    expect((await kms(deployed, session, newRegion(), 'ListKeys')).status).toBe(200)
    for (const caller of [mayNot, own]) {
      expect(await assume(caller, arn)).toMatchObject({ status: 403, code: 'AccessDenied' })
    }
  })

  it('by a session of another role', async () => {
    const user = await newUser({ p: allow('sts:AssumeRole') })
    const first = await newRole({ AWS: root.accountId })
    const second = await newRole({ AWS: first.arn })
    expect(await assume(user, second.arn)).toMatchObject({ code: 'AccessDenied' })
    const session = sessionOf(await assume(user, first.arn))
    const chained = sessionOf(await assume(session, second.arn))
    expect((await sts(chained, { Action: 'GetCallerIdentity' })).of('Arn')).toContain(`/${second.RoleName}/job`)
    expect(await assume(session, second.arn, { DurationSeconds: '3601' })).toMatchObject({ code: 'ValidationError' })
  })

  it('of an account that is not kept here touches no object', async () => {
    const user = await newUser({ p: allow('sts:AssumeRole') })
    const RoleArn = 'arn:aws:iam::777788889999:role/x'
    const unreachable = {
      DIRECTORY: watched(env.DIRECTORY, (method) => method !== 'findAccessKey' && expect.unreachable(method)),
    }
    const front = isolate(unreachable)
    expect(await assume(user, RoleArn, {}, front)).toMatchObject({ status: 403, code: 'AccessDenied' })
    const unsigned = { Action: 'AssumeRoleWithWebIdentity', RoleArn, RoleSessionName: 'job', WebIdentityToken: 'a.b.c' }
    expect(await sts(undefined, unsigned, front)).toMatchObject({ status: 403, code: 'AccessDenied' })
  })

  it('a role of a name that was used before is another one to old sessions', async () => {
    const user = await newUser({ p: allow('sts:AssumeRole') })
    const { RoleName, arn } = await newRole({ AWS: root.accountId })
    const session = sessionOf(await assume(user, arn))
    await iam(root, { Action: 'DeleteRolePolicy', RoleName, PolicyName: 'work' })
    await iam(root, { Action: 'DeleteRole', RoleName })
    const trust = JSON.stringify({
      Version: '2012-10-17',
      Statement: [{ Effect: 'Allow', Principal: { AWS: root.accountId }, Action: 'sts:AssumeRole' }],
    })
    await iam(root, { Action: 'CreateRole', RoleName, AssumeRolePolicyDocument: trust })
    expect(await kms(deployed, session, newRegion(), 'ListKeys')).toMatchObject({ code: 'UnrecognizedClientException' })
  })
})

describe('a session', () => {
  it('ends when it says so, at the door of each protocol, its signing key kept', async () => {
    const user = await newUser({ p: allow('sts:*', 'kms:*') })
    const region = newRegion()
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() })
    const session = sessionOf(await sts(user, { Action: 'GetSessionToken', DurationSeconds: '900' }))
    expect((await kms(deployed, session, region, 'ListKeys')).status).toBe(200)
    vi.setSystemTime(Date.now() + 900_000)
    expect(await kms(deployed, session, region, 'ListKeys')).toMatchObject({
      status: 400,
      code: 'ExpiredTokenException',
      message: 'The security token included in the request is expired',
    })
    expect(await sts(session, { Action: 'GetCallerIdentity' })).toMatchObject({ status: 403, code: 'ExpiredToken' })
  })

  it.each([0, 60])('is limited by its session policy, leased for %i seconds', async (seconds) => {
    const front = isolate({ KMS_LEASE_SECONDS: String(seconds) })
    const user = await newUser({ p: allow('sts:AssumeRole') })
    const { arn } = await newRole({ AWS: root.accountId }, 'sts:AssumeRole', 'kms:*')
    const region = newRegion()
    const KeyId = await newKey(region)
    const [wide, narrow] = [
      sessionOf(await assume(user, arn)),
      sessionOf(await assume(user, arn, { Policy: allow('kms:DescribeKey') })),
    ]
    const input = { KeyId, Plaintext: btoa('x') }
    // The same role and session name: what one may do says nothing of the other.
    for (let round = 0; round < 2; round++) {
      expect((await kms(front, wide, region, 'Encrypt', input)).status).toBe(200)
      expect(await kms(front, narrow, region, 'Encrypt', input)).toMatchObject({
        code: 'AccessDeniedException',
        message: expect.stringContaining('because no session policy allows the kms:Encrypt action'),
      })
    }
  })

  it('may be presigned', async () => {
    const session = sessionOf(await sts(root, { Action: 'GetSessionToken' }))
    expect(await (await callerIdentity(deployed, session)).text()).toContain(
      `<Arn>arn:aws:iam::${root.accountId}:root</Arn>`,
    )
    const last = session.sessionToken.endsWith('_') ? 'A' : '_'
    const changed = { ...session, sessionToken: `${session.sessionToken.slice(0, -1)}${last}` }
    expect((await callerIdentity(deployed, changed)).status).toBe(403)
  })
})

describe('unsigned', () => {
  it('nothing passes but AssumeRoleWithWebIdentity', async () => {
    for (const Action of ['GetCallerIdentity', 'AssumeRole', 'GetSessionToken', 'CreateUser', '']) {
      expect(await sts(undefined, { Action })).toMatchObject({ status: 403, code: 'MissingAuthenticationToken' })
    }
    const RoleArn = `arn:aws:iam::${root.accountId}:role/x`
    const ask = { Action: 'AssumeRoleWithWebIdentity', RoleArn, RoleSessionName: 'job', WebIdentityToken: 'a.b.c' }
    expect(await sts(undefined, ask)).toMatchObject({ status: 400, code: 'InvalidIdentityToken' })
    expect(await sts(undefined, { ...ask, Version: '2010-05-08' })).toMatchObject({
      status: 400,
      code: 'InvalidAction',
    })
    expect(await sts(undefined, { ...ask, RoleArn: 'x' })).toMatchObject({ status: 400, code: 'ValidationError' })
  })

  it('a provider whose keys cannot be fetched', async () => {
    const name = 'printer.local'
    const fetching = vi.spyOn(globalThis, 'fetch')
    await iam(root, { Action: 'CreateOpenIDConnectProvider', Url: `https://${name}`, 'ClientIDList.member.1': 'app' })
    const part = (value: object) => btoa(JSON.stringify(value)).replaceAll('=', '')
    const token = `${part({ alg: 'RS256', kid: 'k' })}.${part({ iss: `https://${name}`, aud: 'app' })}.AAAA`
    const RoleArn = `arn:aws:iam::${root.accountId}:role/x`
    const ask = { Action: 'AssumeRoleWithWebIdentity', RoleArn, RoleSessionName: 'job', WebIdentityToken: token }
    expect(await sts(undefined, ask)).toMatchObject({ status: 400, code: 'IDPCommunicationError' })
    expect(fetching).not.toHaveBeenCalled()
    fetching.mockRestore()
  })
})
