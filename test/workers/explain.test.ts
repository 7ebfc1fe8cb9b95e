import { describe, expect, it } from 'vitest'
import {
  allow,
  base64,
  type Caller,
  deny,
  deployed,
  isolate,
  kms,
  lookup,
  manage,
  newKey,
  newRegion,
  newUser,
  otherRoot,
  root,
} from './front-door'
import { iam, newRole, session, sts } from './identities'

const explain = (region: string, body: object, caller: Caller = root, to = deployed) =>
  manage(to, caller, region, 'POST', '/api/explain', body)
const arnOf = async (caller: Caller) => (await sts(caller, { Action: 'GetCallerIdentity' })).of('Arn') ?? ''

/** A KMS call and the id that its caller was given. */
async function call(caller: Caller, region: string, operation: string, input: object, to = deployed) {
  const answer = await kms(to, caller, region, operation, input)
  return { ...answer, requestId: answer.headers.get('x-amzn-requestid') ?? expect.fail('no request id') }
}

const context = { team: 'red-team-value' }
const onlyBlue = JSON.stringify({
  Version: '2012-10-17',
  Statement: [
    {
      Sid: 'OnlyBlue',
      Effect: 'Allow',
      Action: 'kms:Encrypt',
      Resource: '*',
      Condition: { StringEquals: { 'kms:EncryptionContext:team': 'blue' } },
    },
  ],
})

describe('POST /api/explain', () => {
  it('a denied call: the statement and the condition; nothing of the request', async () => {
    const region = newRegion()
    const KeyId = await newKey(region)
    const user = await newUser({ work: onlyBlue })
    const input = { KeyId, Plaintext: base64('a secret plaintext'), EncryptionContext: context }
    const { requestId, code } = await call(user, region, 'Encrypt', input)
    expect(code).toBe('AccessDeniedException')
    const { status, output } = await explain(region, { requestId })
    expect(status).toBe(200)
    expect(output).toMatchObject({
      operation: 'Encrypt',
      principal: await arnOf(user),
      allowed: false,
      recorded: { errorCode: 'AccessDeniedException', decision: expect.stringContaining('kms:Encrypt not allowed') },
      checks: [
        {
          action: 'kms:Encrypt',
          resource: `arn:aws:kms:${region}:${root.accountId}:key/${KeyId}`,
          decision: { allowed: false, denial: 'implicit' },
        },
      ],
    })
    const [policy] = output.checks[0].policies.filter(({ kind }: { kind: string }) => kind === 'identity')
    expect(policy.name).toMatch(/^policy work of user user\d+$/)
    expect(policy.statements).toEqual([
      {
        index: 0,
        sid: 'OnlyBlue',
        effect: 'Allow',
        level: 'direct',
        applies: false,
        mismatch: { element: 'Condition', condition: 'StringEquals kms:EncryptionContext:team' },
      },
    ])
    expect(JSON.stringify(output)).not.toMatch(/red-team-value|blue"|secret|YSBzZWNyZXQ/)
  })

  it.each([0, 60])('an allowed call, leased for %i seconds', async (seconds) => {
    const region = newRegion()
    const KeyId = await newKey(region)
    const user = await newUser({ work: onlyBlue })
    const front = isolate({ KMS_LEASE_SECONDS: String(seconds) })
    const input = { KeyId, Plaintext: base64('x'), EncryptionContext: { team: 'blue' } }
    const { requestId, status } = await call(user, region, 'Encrypt', input, front)
    expect(status).toBe(200)
    await front.settled()
    const { output } = await explain(region, { requestId })
    expect(output).toMatchObject({ allowed: true, recorded: { errorCode: null } })
    expect(output.checks[0].decision.by.map(({ statement }: { statement: string }) => statement)).toEqual([
      'Enable IAM User Permissions',
      'OnlyBlue',
    ])
  })

  it('a call that might be: of a user, a role, a session of it, the root user, the asker', async () => {
    const region = newRegion()
    const KeyId = await newKey(region)
    const user = await newUser({ work: onlyBlue })
    const role = await newRole({ AWS: root.accountId }, ['kms:DescribeKey'])
    const sessionArn = `arn:aws:sts::${root.accountId}:assumed-role/${role.RoleName}/night`
    const asker = await newUser({ p: allow('iam:SimulatePrincipalPolicy') })
    const ask = async (principal: string | undefined, operation: string, EncryptionContext?: object) => {
      const input = { KeyId, ...(EncryptionContext ? { EncryptionContext } : {}) }
      const { status, output } = await explain(region, { principal, operation, input }, asker)
      expect([status, output.message]).toEqual([200, undefined])
      return [output.principal, output.allowed]
    }
    const userArn = await arnOf(user)
    const rootArn = `arn:aws:iam::${root.accountId}:root`
    expect(await ask(userArn, 'Encrypt', { team: 'blue' })).toEqual([userArn, true])
    expect(await ask(userArn, 'Encrypt', context)).toEqual([userArn, false])
    expect((await ask(role.arn, 'DescribeKey'))[1]).toBe(true)
    expect((await ask(role.arn, 'DisableKey'))[1]).toBe(false)
    expect(await ask(sessionArn, 'DescribeKey')).toEqual([sessionArn, true])
    expect(await ask(rootArn, 'DisableKey')).toEqual([rootArn, true])
    expect(await ask(undefined, 'DescribeKey')).toEqual([await arnOf(asker), false])
    const names = (await lookup(deployed, root, region)).map(({ eventName }) => eventName)
    expect(new Set(names)).toEqual(new Set(['CreateKey', 'SimulatePrincipalPolicy']))
  })

  it('from an address', async () => {
    const region = newRegion()
    const inside = { IpAddress: { 'aws:SourceIp': '203.0.113.0/24' } }
    const statement = { Effect: 'Allow', Action: 'kms:ListKeys', Resource: '*', Condition: inside }
    const user = await newUser({ p: JSON.stringify({ Version: '2012-10-17', Statement: [statement] }) })
    const ask = async (sourceIp: string) =>
      (await explain(region, { principal: await arnOf(user), operation: 'ListKeys', sourceIp })).output.allowed
    expect([await ask('203.0.113.7'), await ask('198.51.100.7')]).toEqual([true, false])
  })

  it('needs the permission, which is asked for before anything is looked up', async () => {
    const region = newRegion()
    const { requestId } = await call(root, region, 'ListKeys', {})
    const nobody = `arn:aws:iam::${root.accountId}:user/there-is-none`
    const somebody = await arnOf(await newUser({}))
    const unable = [await newUser({}), await newUser({ p: allow('kms:*', 'iam:Get*'), d: deny('iam:Simulate*') })]
    for (const caller of unable) {
      const bodies = [
        { requestId },
        { requestId: 'unknown' },
        { principal: nobody, operation: 'ListKeys' },
        { principal: somebody, operation: 'ListKeys' },
      ]
      for (const body of bodies) {
        const { status, code, message } = await explain(region, body, caller)
        expect([status, code]).toEqual([400, 'AccessDeniedException'])
        expect(message).toMatch(/^User: .* is not authorized to perform: iam:SimulatePrincipalPolicy on resource: \*/)
      }
    }
    const [last] = await lookup(deployed, root, region)
    expect(last).toMatchObject({ eventName: 'SimulatePrincipalPolicy', errorCode: 'AccessDenied' })
  })

  it('of another account sees nothing of this one', async () => {
    const region = newRegion()
    const { requestId } = await call(root, region, 'ListKeys', {})
    expect((await explain(region, { requestId }, otherRoot)).code).toBe('NotFoundException')
    const principal = await arnOf(await newUser({}))
    expect((await explain(region, { principal, operation: 'ListKeys' }, otherRoot)).code).toBe('NotFoundException')
  })

  it('a session may ask too, and a session is explained without its own policies', async () => {
    const region = newRegion()
    const user = await newUser({ p: allow('sts:AssumeRole') })
    const { arn } = await newRole({ AWS: root.accountId }, ['kms:ListKeys', 'iam:SimulatePrincipalPolicy'])
    const narrow = await session(user, arn, { Policy: allow('kms:DescribeKey') })
    const { requestId, code } = await call(narrow, region, 'ListKeys', {})
    expect(code).toBe('AccessDeniedException')
    const { output } = await explain(region, { requestId }, await session(user, arn))
    expect(output).toMatchObject({ recorded: { errorCode: 'AccessDeniedException' } })
    expect(output.notes).toContainEqual(expect.stringContaining('session'))
  })

  const bad: [what: string, body: object | undefined][] = [
    ['nothing', undefined],
    ['an empty object', {}],
    ['an unknown operation', { operation: 'Fly', input: {} }],
    ['an operation of the prototype', { operation: 'toString' }],
    ['an input that is a list', { operation: 'ListKeys', input: [] }],
    ['an address that is none of text', { operation: 'ListKeys', sourceIp: 7 }],
    ['a principal that is none of text', { operation: 'ListKeys', principal: ['x'] }],
    ['a request id that is none of text', { requestId: 7 }],
    ['an input with a member of another kind', { operation: 'DescribeKey', input: { KeyId: {} } }],
  ]
  it.each(bad)('refuses %s', async (_what, body) => {
    const region = newRegion()
    const { status, code } = await manage(deployed, root, region, 'POST', '/api/explain', body)
    expect(status).toBe(400)
    expect(['ValidationException', 'SerializationException']).toContain(code)
  })

  it('unknown request ids and principals', async () => {
    const region = newRegion()
    expect(await explain(region, { requestId: crypto.randomUUID() })).toMatchObject({
      status: 400,
      code: 'NotFoundException',
      message: 'The audit log holds no call with this request id.',
    })
    const principals = ['', 'x', 'arn:aws:iam::111122223333:user/', 'arn:aws:iam::777788889999:root', 'x'.repeat(5_000)]
    for (const principal of principals) {
      expect(await explain(region, { principal, operation: 'ListKeys' })).toMatchObject({
        code: 'NotFoundException',
        message: 'The principal does not exist in this account.',
      })
    }
  })

  it('bounds its input', async () => {
    const region = newRegion()
    const KeyId = await newKey(region)
    const huge = 'x'.repeat(2 * 1024 * 1024)
    expect((await explain(region, { requestId: huge })).status).toBe(413)
    const pairs = Object.fromEntries(Array.from({ length: 20_000 }, (_, i) => [`k${i}`, 'v']))
    const begun = Date.now()
    const { status } = await explain(region, { operation: 'Encrypt', input: { KeyId, EncryptionContext: pairs } })
    expect([200, 400, 413]).toContain(status)
    expect(Date.now() - begun).toBeLessThan(3_000)
  })

  it('a user who was renamed asks, and is asked about, by the new name', async () => {
    const region = newRegion()
    const user = await newUser({ p: allow('iam:SimulatePrincipalPolicy', 'kms:ListKeys') })
    expect((await explain(region, { operation: 'ListKeys' }, user)).output.allowed).toBe(true)
    const UserName = (await arnOf(user)).split('/').at(-1) ?? ''
    await iam(root, { Action: 'UpdateUser', UserName, NewUserName: `${UserName}-anew` })
    const { output } = await explain(region, { operation: 'ListKeys' }, user)
    expect([output.allowed, output.principal]).toEqual([true, `arn:aws:iam::${root.accountId}:user/${UserName}-anew`])
  })
})
