import { describe, expect, it } from 'vitest'
import type { QueryInput } from '../../../src/identity/query-types'
import type { SignedPrincipal } from '../../../src/policy/principal'
import { alice, denied, input, mayAssume } from './assuming'
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
