import { describe, expect, it } from 'vitest'
import type { QueryInput } from '../../../src/identity/query-types'
import type { SignedPrincipal } from '../../../src/policy/principal'
import {
  accountId,
  allow,
  deny,
  document,
  federated,
  nowMs,
  otherAccount,
  outcome,
  roleArn,
  roleSession,
  root,
  sts,
  trust,
  user,
  type World,
} from './helpers'

const input = (more: QueryInput = {}): QueryInput => ({ RoleArn: roleArn, RoleSessionName: 'build-17', ...more })
const alice = `arn:aws:iam::${accountId}:user/alice`
const mayAssume = { policies: { p: document(allow('sts:*')) } }
const denied = (who: string, action = 'sts:AssumeRole', clause = '') =>
  `AccessDenied 403: User: ${who} is not authorized to perform: ${action} on resource: ${roleArn}${clause}`

describe('the answer', () => {
  it('has credentials for a session of the role', async () => {
    const { answer, open } = await sts({ entry: mayAssume })
    const given = await answer('AssumeRole', user(), input())
    expect(given).toEqual({
      Credentials: {
        AccessKeyId: expect.stringMatching(/^ASIADHPWNEHF[A-Z2-7]{8}$/),
        SecretAccessKey: expect.stringMatching(/^[A-Za-z0-9+/]{40}$/),
        SessionToken: expect.any(String),
        Expiration: new Date(nowMs + 3_600_000),
      },
      AssumedRoleUser: {
        AssumedRoleId: 'AROADEPLOYER:build-17',
        Arn: `arn:aws:sts::${accountId}:assumed-role/deployer/build-17`,
      },
      PackedPolicySize: undefined,
      SourceIdentity: undefined,
    })
    expect((await open(given)).principal).toEqual({
      kind: 'role-session',
      accountId,
      accessKeyId: (given.Credentials as Record<string, string>).AccessKeyId,
      roleId: 'AROADEPLOYER',
      roleName: 'deployer',
      path: '/ci/',
      sessionName: 'build-17',
      session: { issuedAtMs: nowMs, expiresAtMs: nowMs + 3_600_000 },
    })
  })

  it('is another one each time', async () => {
    const { answer } = await sts({ entry: mayAssume })
    const answers = await Promise.all([1, 2, 3].map(() => answer('AssumeRole', user(), input())))
    const of = (name: string) =>
      new Set(answers.map(({ Credentials }) => (Credentials as Record<string, string>)[name]))
    expect([of('AccessKeyId').size, of('SecretAccessKey').size, of('SessionToken').size]).toEqual([3, 3, 3])
  })
})

describe('who may assume a role', () => {
  const named = document(trust({ AWS: alice }))
  const account = document(trust({ AWS: accountId }))
  const builder = `arn:aws:iam::${accountId}:role/builder`
  const session = `arn:aws:sts::${accountId}:assumed-role/builder/job`
  const carol = user('carol', otherAccount)
  const carolArn = `arn:aws:iam::${otherAccount}:user/carol`
  const limits = { boundary: document(allow('kms:*')) }
  const explicit = ' with an explicit deny in an identity-based policy'
  const trustDeny = ' with an explicit deny in a resource-based policy'
  const rows: [string, SignedPrincipal, string, World['entry'], string][] = [
    ['a user that is named', user(), named, { policies: {} }, 'ok'],
    ['a user that is named, outside its boundary', user(), named, { policies: {}, ...limits }, 'ok'],
    [
      'a user that is named and denied',
      user(),
      named,
      { policies: { p: document(deny('sts:*')) } },
      denied(alice, undefined, explicit),
    ],
    ['another user', user('bob'), named, mayAssume, denied(`arn:aws:iam::${accountId}:user/bob`)],
    ['a user of the account', user(), account, mayAssume, 'ok'],
    ['a user of the account without a policy', user(), account, { policies: {} }, denied(alice)],
    ['a user of the account, outside its boundary', user(), account, { ...mayAssume, ...limits }, denied(alice)],
    [
      'a user of the account, for another role',
      user(),
      account,
      { policies: { p: document({ ...allow('sts:*'), Resource: builder }) } },
      denied(alice),
    ],
    [
      'a user of the account, for this role',
      user(),
      account,
      { policies: { p: document({ ...allow('sts:*'), Resource: roleArn }) } },
      'ok',
    ],
    ['a session of a role that is named', roleSession(), document(trust({ AWS: builder })), { policies: {} }, 'ok'],
    [
      'the same, limited by a boundary',
      roleSession(),
      document(trust({ AWS: builder })),
      { policies: {}, ...limits },
      denied(session),
    ],
    [
      'the same, limited by its session policy',
      roleSession(),
      document(trust({ AWS: builder })),
      { policies: {}, sessionPolicies: [document(allow('kms:*'))] },
      denied(session),
    ],
    [
      'a session that is named itself',
      roleSession(),
      document(trust({ AWS: session })),
      { policies: {}, ...limits },
      'ok',
    ],
    ['everybody of the account is let in', user(), document(trust('*')), { policies: {} }, 'ok'],
    [
      'a user of another account that is named alone',
      carol,
      document(trust({ AWS: carolArn })),
      { policies: {} },
      denied(carolArn),
    ],
    ['a user of another account, both sides', carol, document(trust({ AWS: carolArn })), mayAssume, 'ok'],
    ['a user of another account, by its account', carol, document(trust({ AWS: otherAccount })), mayAssume, 'ok'],
    ['a user of another account, its policy alone', carol, account, mayAssume, denied(carolArn)],
    [
      'a deny of the trust policy',
      user(),
      document(trust({ AWS: alice }), { ...trust({ AWS: alice }), Effect: 'Deny' }),
      mayAssume,
      denied(alice, undefined, trustDeny),
    ],
    [
      'a trust policy for another action',
      user(),
      document(trust({ AWS: alice }, 'sts:TagSession')),
      mayAssume,
      denied(alice),
    ],
    [
      'a trust policy for a service',
      user(),
      document(trust({ Service: 'ec2.amazonaws.com' })),
      mayAssume,
      denied(alice),
    ],
    [
      'a trust policy for a provider',
      user(),
      document(trust({ Federated: `arn:aws:iam::${accountId}:oidc-provider/x.example.com` }, 'sts:*')),
      mayAssume,
      denied(alice),
    ],
    [
      'the root user',
      root(),
      account,
      { policies: {} },
      'AccessDenied 403: Roles may not be assumed by root accounts.',
    ],
    [
      'the root user of another account',
      root(otherAccount),
      document(trust({ AWS: otherAccount })),
      { policies: {} },
      'AccessDenied 403: Roles may not be assumed by root accounts.',
    ],
    [
      'a federated user',
      federated(),
      document(trust('*')),
      { ...mayAssume, sessionPolicies: [document(allow('*'))] },
      denied(`arn:aws:sts::${accountId}:federated-user/bob`),
    ],
    [
      'somebody who is gone',
      user(),
      named,
      undefined,
      'UnrecognizedClientException: The security token included in the request is invalid.',
    ],
  ]
  it.each(rows)('%s', async (_name, principal, trustPolicy, entry, expected) => {
    const { answer } = await sts({ role: { trustPolicy }, entry })
    expect(await outcome(answer('AssumeRole', principal, input()))).toBe(expected)
  })

  it('nobody of the same name, once the trusted user is another one', async () => {
    const role = { trustPolicy: named, trustPins: { [alice]: 'AIDAFORMER' } }
    expect(await outcome((await sts({ role })).answer('AssumeRole', user(), input()))).toBe(denied(alice))
    const pinned = { ...role, trustPins: { [alice]: user().userId } }
    expect(await outcome((await sts({ role: pinned })).answer('AssumeRole', user(), input()))).toBe('ok')
  })

  it('under a service control policy that does not allow it', async () => {
    const { compilePolicy } = await import('../../../src/policy/compile')
    const scp = [[compilePolicy(document(allow('kms:*')), { kind: 'scp', name: 'scp' })]]
    const { answer } = await sts({ role: { trustPolicy: named }, parts: { governance: () => ({ scp }) } })
    expect(await outcome(answer('AssumeRole', user(), input()))).toBe(denied(alice))
  })

  const others: [string, string][] = [
    ['another name', `arn:aws:iam::${accountId}:role/ci/other`],
    ['another path', `arn:aws:iam::${accountId}:role/deployer`],
    ['another spelling', `arn:aws:iam::${accountId}:role/ci/Deployer`],
  ]
  it.each(others)('a role of %s is like one that does not trust', async (_name, arn) => {
    const { answer } = await sts({ role: { trustPolicy: document(trust('*')) }, entry: mayAssume })
    expect(await outcome(answer('AssumeRole', user(), input({ RoleArn: arn })))).toBe(
      `AccessDenied 403: User: ${alice} is not authorized to perform: sts:AssumeRole on resource: ${arn}`,
    )
  })
})

describe('conditions of the trust policy', () => {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: a policy variable
  const ownName = '${aws:username}-*'
  const rows: [string, object, QueryInput, string][] = [
    ['external id', { StringEquals: { 'sts:ExternalId': 'x-1' } }, { ExternalId: 'x-1' }, 'ok'],
    ['another external id', { StringEquals: { 'sts:ExternalId': 'x-1' } }, { ExternalId: 'x-2' }, denied(alice)],
    ['no external id', { StringEquals: { 'sts:ExternalId': 'x-1' } }, {}, denied(alice)],
    ['session name', { StringLike: { 'sts:RoleSessionName': ownName } }, { RoleSessionName: 'alice-1' }, 'ok'],
    [
      'session name of somebody else',
      { StringLike: { 'sts:RoleSessionName': ownName } },
      { RoleSessionName: 'bob-1' },
      denied(alice),
    ],
    ['address', { IpAddress: { 'aws:SourceIp': '192.0.2.0/24' } }, {}, 'ok'],
    ['another address', { IpAddress: { 'aws:SourceIp': '198.51.100.0/24' } }, {}, denied(alice)],
    ['tag of the caller', { StringEquals: { 'aws:PrincipalTag/team': 'blue' } }, {}, 'ok'],
    ['no second factor', { Bool: { 'aws:MultiFactorAuthPresent': 'true' } }, {}, denied(alice)],
    ['time', { DateLessThan: { 'aws:CurrentTime': '2026-11-25T00:00:00Z' } }, {}, 'ok'],
    ['later', { DateGreaterThan: { 'aws:CurrentTime': '2026-11-25T00:00:00Z' } }, {}, denied(alice)],
    ['epoch', { NumericLessThan: { 'aws:EpochTime': String(nowMs / 1000 + 1) } }, {}, 'ok'],
    [
      'the caller',
      {
        ArnEquals: { 'aws:PrincipalArn': alice },
        StringEquals: {
          'aws:PrincipalAccount': accountId,
          'aws:PrincipalType': 'User',
          'aws:userid': 'AIDAALICE',
          'aws:RequestedRegion': 'us-east-1',
        },
        Bool: { 'aws:SecureTransport': 'true' },
      },
      {},
      'ok',
    ],
  ]
  it.each(rows)('%s', async (_name, Condition, more, expected) => {
    const trustPolicy = document(trust({ AWS: alice }, 'sts:AssumeRole', { Condition }))
    const { answer } = await sts({ role: { trustPolicy }, entry: { policies: {}, tags: { team: 'blue' } } })
    expect(await outcome(answer('AssumeRole', user(), input(more)))).toBe(expected)
  })

  it('a session of a role is its role to aws:PrincipalArn', async () => {
    const Condition = {
      ArnEquals: { 'aws:PrincipalArn': `arn:aws:iam::${accountId}:role/builder` },
      Null: { 'aws:TokenIssueTime': 'false' },
    }
    const { answer } = await sts({ role: { trustPolicy: document(trust('*', 'sts:AssumeRole', { Condition })) } })
    expect(await outcome(answer('AssumeRole', roleSession(), input()))).toBe('ok')
    expect(await outcome(answer('AssumeRole', user(), input()))).toBe(denied(alice))
  })
})

describe('how long', () => {
  const rows: [string, SignedPrincipal, number, string | undefined, number | string][] = [
    ['an hour unless asked for', user(), 43_200, undefined, 3600],
    ['the least', user(), 3600, '900', 900],
    ['the most', user(), 43_200, '43200', 43_200],
    ['the most of the role', user(), 7200, '7200', 7200],
    [
      'more than the role has',
      user(),
      7200,
      '7201',
      'ValidationError 400: The requested DurationSeconds exceeds the MaxSessionDuration set for this role.',
    ],
    [
      'too short',
      user(),
      7200,
      '899',
      "ValidationError 400: 1 validation error detected: Value '899' at 'durationSeconds' failed to satisfy constraint: Member must have value greater than or equal to 900",
    ],
    [
      'too long',
      user(),
      43_200,
      '43201',
      "ValidationError 400: 1 validation error detected: Value '43201' at 'durationSeconds' failed to satisfy constraint: Member must have value less than or equal to 43200",
    ],
    ['no number', user(), 7200, '1e3', 'ValidationError 400: The parameter durationSeconds must be a whole number.'],
    [
      'a negative number',
      user(),
      7200,
      '-1',
      'ValidationError 400: The parameter durationSeconds must be a whole number.',
    ],
    ['an hour in a chain', roleSession(), 43_200, '3600', 3600],
    [
      'more in a chain',
      roleSession(),
      43_200,
      '3601',
      'ValidationError 400: The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.',
    ],
  ]
  it.each(rows)('%s', async (_name, principal, maxSessionSeconds, DurationSeconds, expected) => {
    const { answer } = await sts({ role: { maxSessionSeconds, trustPolicy: document(trust('*')) } })
    const work = answer('AssumeRole', principal, input(DurationSeconds === undefined ? {} : { DurationSeconds }))
    if (typeof expected === 'string') expect(await outcome(work)).toBe(expected)
    else expect((await work).Credentials).toMatchObject({ Expiration: new Date(nowMs + expected * 1000) })
  })
})

describe('parameters', () => {
  const invalid = (value: string, path: string, words: string) =>
    `ValidationError 400: 1 validation error detected: Value ${value} at '${path}' failed to satisfy constraint: ${words}`
  const rows: [string, QueryInput, string][] = [
    ['no role', { RoleArn: undefined }, invalid('null', 'roleArn', 'Member must not be null')],
    ['no session name', { RoleSessionName: undefined }, invalid('null', 'roleSessionName', 'Member must not be null')],
    [
      'short session name',
      { RoleSessionName: 'a' },
      invalid("'a'", 'roleSessionName', 'Member must have length greater than or equal to 2'),
    ],
    [
      'long session name',
      { RoleSessionName: 'a'.repeat(65) },
      invalid(`'${'a'.repeat(65)}'`, 'roleSessionName', 'Member must have length less than or equal to 64'),
    ],
    [
      'blank in the session name',
      { RoleSessionName: 'a b' },
      invalid("'a b'", 'roleSessionName', 'Member must satisfy regular expression pattern: [\\w+=,.@-]*'),
    ],
    [
      'line feed at the end of the session name',
      { RoleSessionName: 'ab\n' },
      invalid("'ab\n'", 'roleSessionName', 'Member must satisfy regular expression pattern: [\\w+=,.@-]*'),
    ],
    [
      'slash in the session name',
      { RoleSessionName: 'a/b' },
      invalid("'a/b'", 'roleSessionName', 'Member must satisfy regular expression pattern: [\\w+=,.@-]*'),
    ],
    [
      'short ARN',
      { RoleArn: 'deployer' },
      invalid("'deployer'", 'roleArn', 'Member must have length greater than or equal to 20'),
    ],
    ['ARN of a user', { RoleArn: alice }, `ValidationError 400: ${alice} is invalid`],
    [
      'list for text',
      { RoleSessionName: ['a', 'b'] },
      'ValidationError 400: The parameter roleSessionName must be a single value.',
    ],
    [
      'external id',
      { ExternalId: 'a' },
      invalid("'a'", 'externalId', 'Member must have length greater than or equal to 2'),
    ],
    [
      'second factor',
      { SerialNumber: 'arn:aws:iam::1:mfa/x', TokenCode: '123456' },
      'AccessDenied 403: MultiFactorAuthentication failed with invalid MFA one time pass code.',
    ],
    [
      'long policy',
      { Policy: ' '.repeat(2049) },
      invalid("'...'", 'policy', 'Member must have length less than or equal to 2048'),
    ],
    [
      'eleven policies',
      { PolicyArns: Array.from({ length: 11 }, () => ({ arn: 'x' })) },
      invalid("'...'", 'policyArns', 'Member must have length less than or equal to 10'),
    ],
    [
      'policy ARN',
      { PolicyArns: [{ arn: 'arn:aws:iam::aws:group/x' }] },
      'ValidationError 400: arn:aws:iam::aws:group/x is invalid',
    ],
    [
      '51 tags',
      { Tags: Array.from({ length: 51 }, (_, i) => ({ Key: `k${i}`, Value: '' })) },
      invalid("'...'", 'tags', 'Member must have length less than or equal to 50'),
    ],
    ['tag without value', { Tags: [{ Key: 'a' }] }, invalid('null', 'tags.1.member.value', 'Member must not be null')],
    [
      'tag twice, whatever its case',
      {
        Tags: [
          { Key: 'a', Value: '1' },
          { Key: 'A', Value: '2' },
        ],
      },
      'ValidationError 400: Duplicate tag keys found. Please note that Tag keys are case insensitive.',
    ],
    [
      'tag of AWS',
      { Tags: [{ Key: 'AWS:x', Value: '1' }] },
      'ValidationError 400: Tag keys cannot be prefixed with aws:.',
    ],
    [
      'transitive key without its tag',
      { TransitiveTagKeys: ['a'] },
      'ValidationError 400: The specified transitive tag key must be included in the requested tags.',
    ],
    [
      'transitive key of Object',
      { TransitiveTagKeys: ['constructor'], Tags: [{ Key: 'a', Value: '' }] },
      'ValidationError 400: The specified transitive tag key must be included in the requested tags.',
    ],
    [
      'source identity',
      { SourceIdentity: 'aws:x' },
      invalid("'aws:x'", 'sourceIdentity', 'Member must satisfy regular expression pattern: [\\w+=,.@-]*'),
    ],
    ['empty lists', { Tags: '', PolicyArns: '', TransitiveTagKeys: '' }, 'ok'],
  ]
  it.each(rows)('%s', async (_name, more, expected) => {
    const { answer } = await sts({ entry: mayAssume })
    expect(await outcome(answer('AssumeRole', user(), input(more)))).toBe(expected)
  })
})

describe('session policies', () => {
  const managed = {
    [`arn:aws:iam::${accountId}:policy/a`]: document(allow('kms:*')),
    'arn:aws:iam::aws:policy/B': document(allow('*')),
  }
  const text = document(allow('kms:Encrypt'))

  it('go along, without white space, and are told in percent', async () => {
    const { answer, open } = await sts({ entry: mayAssume, managed })
    const PolicyArns = Object.keys(managed).map((arn) => ({ arn }))
    const given = await answer(
      'AssumeRole',
      user(),
      input({ Policy: JSON.stringify(JSON.parse(text), null, 2), PolicyArns }),
    )
    expect(given.PackedPolicySize).toBeGreaterThan(0)
    expect((await open(given)).principal.session).toMatchObject({ policies: [text], policyArns: Object.keys(managed) })
  })

  const rows: [string, QueryInput, string | RegExp][] = [
    ['no JSON', { Policy: '{' }, /^MalformedPolicyDocumentException: /],
    ['a principal', { Policy: document({ ...allow('*'), Principal: '*' }) }, /^MalformedPolicyDocumentException: /],
    [
      'an unknown operator',
      { Policy: document({ ...allow('*'), Condition: { Like: { 'aws:userid': 'a' } } }) },
      /^MalformedPolicyDocumentException: /,
    ],
    [
      'a managed policy that is gone',
      { PolicyArns: [{ arn: `arn:aws:iam::${accountId}:policy/gone` }] },
      /^ValidationError 400: Policy arn:aws:iam::111122223333:policy\/gone does not exist/,
    ],
    [
      'a managed policy of another account',
      { PolicyArns: [{ arn: `arn:aws:iam::${otherAccount}:policy/a` }] },
      /^ValidationError 400: Policy .* does not exist/,
    ],
    [
      'more tags than a token holds',
      { Tags: Array.from({ length: 20 }, (_, i) => ({ Key: `k${i}`, Value: 'x'.repeat(200) })) },
      /^PackedPolicyTooLarge 400: /,
    ],
  ]
  it.each(rows)('%s', async (_name, more, expected) => {
    const trustPolicy = document(trust('*', ['sts:AssumeRole', 'sts:TagSession']))
    const { answer } = await sts({ entry: mayAssume, managed, role: { trustPolicy } })
    expect(await outcome(answer('AssumeRole', user(), input(more)))).toMatch(expected)
  })

  it('of a role that does not trust the caller are not looked at', async () => {
    const { answer } = await sts({ role: { trustPolicy: document(trust({ AWS: otherAccount })) } })
    expect(await outcome(answer('AssumeRole', user(), input({ Policy: '{' })))).toBe(denied(alice))
  })
})

describe('tags and source identity', () => {
  const Tags = [{ Key: 'Team', Value: 'blue' }]
  const trusts = (...actions: string[]) => ({ trustPolicy: document(trust('*', actions)) })

  it('tags need sts:TagSession of the trust policy', async () => {
    const without = await sts({ role: trusts('sts:AssumeRole') })
    expect(await outcome(without.answer('AssumeRole', user(), input({ Tags })))).toBe(denied(alice, 'sts:TagSession'))
    const { answer, open } = await sts({ role: trusts('sts:AssumeRole', 'sts:TagSession') })
    const given = await answer('AssumeRole', user(), input({ Tags, TransitiveTagKeys: ['Team'] }))
    expect((await open(given)).principal.session).toMatchObject({ tags: { Team: 'blue' }, transitiveTagKeys: ['Team'] })
  })

  it('a source identity needs sts:SetSourceIdentity', async () => {
    const more = input({ SourceIdentity: 'alice' })
    const without = await sts({ role: trusts('sts:AssumeRole') })
    expect(await outcome(without.answer('AssumeRole', user(), more))).toBe(denied(alice, 'sts:SetSourceIdentity'))
    const { answer, open } = await sts({ role: trusts('sts:AssumeRole', 'sts:SetSourceIdentity') })
    const given = await answer('AssumeRole', user(), more)
    expect([given.SourceIdentity, (await open(given)).principal.session.sourceIdentity]).toEqual(['alice', 'alice'])
  })

  it('conditions see what is asked for', async () => {
    const Condition = {
      StringEquals: { 'aws:RequestTag/team': 'blue', 'sts:SourceIdentity': 'alice' },
      'ForAllValues:StringEquals': { 'aws:TagKeys': ['Team'], 'sts:TransitiveTagKeys': ['Team'] },
    }
    const trustPolicy = document(
      trust('*', ['sts:AssumeRole', 'sts:TagSession', 'sts:SetSourceIdentity'], { Condition }),
    )
    const { answer } = await sts({ role: { trustPolicy } })
    const whole = { Tags, TransitiveTagKeys: ['Team'], SourceIdentity: 'alice' }
    expect(await outcome(answer('AssumeRole', user(), input(whole)))).toBe('ok')
    for (const other of [
      { Tags: [{ Key: 'Team', Value: 'red' }] },
      { SourceIdentity: 'bob' },
      { Tags: [...Tags, { Key: 'x', Value: '' }] },
    ]) {
      expect(await outcome(answer('AssumeRole', user(), input({ ...whole, ...other })))).toBe(denied(alice))
    }
  })

  const chained = roleSession('builder', {
    tags: { Team: 'blue', Local: 'x' },
    transitiveTagKeys: ['Team'],
    sourceIdentity: 'alice',
  })
  const session = `arn:aws:sts::${accountId}:assumed-role/builder/job`

  it('transitive ones and the source identity go on in a chain, the others do not', async () => {
    const { answer, open } = await sts({ role: trusts('sts:*') })
    const given = await answer('AssumeRole', chained, input({ Tags: [{ Key: 'More', Value: '1' }] }))
    expect((await open(given)).principal.session).toMatchObject({
      tags: { Team: 'blue', More: '1' },
      transitiveTagKeys: ['Team'],
      sourceIdentity: 'alice',
    })
  })

  const rows: [string, string[], QueryInput, string][] = [
    [
      'inherited tags need the action',
      ['sts:AssumeRole', 'sts:SetSourceIdentity'],
      {},
      denied(session, 'sts:TagSession'),
    ],
    [
      'an inherited source identity needs the action',
      ['sts:AssumeRole', 'sts:TagSession'],
      {},
      denied(session, 'sts:SetSourceIdentity'),
    ],
    ['the same source identity again', ['sts:*'], { SourceIdentity: 'alice' }, 'ok'],
    [
      'another source identity',
      ['sts:*'],
      { SourceIdentity: 'bob' },
      'AccessDenied 403: The source identity of a session cannot be changed by role chaining.',
    ],
    [
      'another value for a transitive tag',
      ['sts:*'],
      { Tags: [{ Key: 'team', Value: 'red' }] },
      "ValidationError 400: One of the specified transitive tag keys can't be set because it conflicts with a transitive tag key from the calling session.",
    ],
    ['a tag that was not transitive', ['sts:*'], { Tags: [{ Key: 'Local', Value: 'y' }] }, 'ok'],
  ]
  it.each(rows)('%s', async (_name, actions, more, expected) => {
    const { answer } = await sts({ role: trusts(...actions) })
    expect(await outcome(answer('AssumeRole', chained, input(more)))).toBe(expected)
  })
})
