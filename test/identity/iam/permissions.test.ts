import { describe, expect, it } from 'vitest'
import type { SignedPrincipal } from '../../../src/policy/principal'
import { accountId, allow, arn, openAccount, type Parameters, rootKeyId, textOf, trust } from './helpers'

const denied = (user: string, action: string, resource: string) =>
  `AccessDenied 403: User: ${arn(`user/${user}`)} is not authorized to perform: ${action} on resource: ${resource} because no identity-based policy allows the ${action} action`

/** What each action asks permission for, as a caller without any is told. */
const resources: [action: string, parameters: Parameters, resource: string][] = [
  ['GetUser', {}, arn('user/caller')],
  ['GetUser', { UserName: 'ALICE' }, arn('user/team/alice')],
  ['GetUser', { UserName: 'nobody' }, arn('user/nobody')],
  ['CreateUser', { UserName: 'x', Path: '/p/' }, arn('user/p/x')],
  ['ListUsers', {}, arn('user/')],
  ['ListUsers', { PathPrefix: '/team' }, arn('user/team')],
  ['CreateAccessKey', { UserName: 'alice' }, arn('user/team/alice')],
  ['GetAccessKeyLastUsed', { AccessKeyId: 'AKIAIOSFODNN7EXAMPLE' }, '*'],
  ['PutUserPolicy', { UserName: 'alice', PolicyName: 'p', PolicyDocument: 'x' }, arn('user/team/alice')],
  ['AttachRolePolicy', { RoleName: 'deploy', PolicyArn: arn('policy/none') }, arn('role/deploy')],
  ['AddUserToGroup', { GroupName: 'staff', UserName: 'nobody' }, arn('group/staff')],
  ['ListGroupsForUser', { UserName: 'alice' }, arn('user/team/alice')],
  ['DeleteGroup', { GroupName: 'none' }, arn('group/none')],
  ['CreateRole', { RoleName: 'r', AssumeRolePolicyDocument: 'x' }, arn('role/r')],
  ['UpdateAssumeRolePolicy', { RoleName: 'deploy', PolicyDocument: 'x' }, arn('role/deploy')],
  ['ListRoles', {}, arn('role/')],
  ['CreatePolicy', { PolicyName: 'p', PolicyDocument: 'x', Path: '/a/' }, arn('policy/a/p')],
  ['GetPolicy', { PolicyArn: arn('policy/none') }, arn('policy/none')],
  ['ListPolicies', {}, 'policy path /'],
  [
    'TagOpenIDConnectProvider',
    { OpenIDConnectProviderArn: arn('oidc-provider/a.example.com') },
    arn('oidc-provider/a.example.com'),
  ],
  ['CreateOpenIDConnectProvider', { Url: 'https://a.example.com' }, arn('oidc-provider/a.example.com')],
  ['ListOpenIDConnectProviders', {}, '*'],
  ['GetAccountSummary', {}, '*'],
  ['DeleteLoginProfile', { UserName: 'nobody' }, arn('user/nobody')],
]

async function furnished() {
  const account = await openAccount()
  await account.done('CreateUser', { UserName: 'alice', Path: '/team/' })
  await account.done('CreateGroup', { GroupName: 'staff' })
  await account.done('CreateRole', { RoleName: 'deploy', AssumeRolePolicyDocument: trust({ AWS: accountId }) })
  return account
}

describe('permission comes before anything is told', () => {
  it.each(resources)('%s %o: %s', async (action, parameters, resource) => {
    const { refused, newCaller } = await furnished()
    expect(await refused(action, parameters, await newCaller('caller'))).toBe(
      denied('caller', `iam:${action}`, resource),
    )
  })
})

describe('conditions', () => {
  const boundary = arn('policy/edge')
  const rows: [name: string, policy: string, action: string, parameters: Parameters, allowed: boolean][] = [
    [
      'a policy that may be attached',
      allow('iam:AttachUserPolicy', '*', { ArnEquals: { 'iam:PolicyARN': boundary } }),
      'AttachUserPolicy',
      { UserName: 'alice', PolicyArn: boundary },
      true,
    ],
    [
      'a policy that may not',
      allow('iam:AttachUserPolicy', '*', { ArnEquals: { 'iam:PolicyARN': boundary } }),
      'AttachUserPolicy',
      { UserName: 'alice', PolicyArn: 'arn:aws:iam::aws:policy/AdministratorAccess' },
      false,
    ],
    [
      'a user made with its boundary',
      allow('iam:CreateUser', '*', { StringEquals: { 'iam:PermissionsBoundary': boundary } }),
      'CreateUser',
      { UserName: 'x', PermissionsBoundary: boundary },
      true,
    ],
    [
      'a user made without',
      allow('iam:CreateUser', '*', { StringEquals: { 'iam:PermissionsBoundary': boundary } }),
      'CreateUser',
      { UserName: 'x' },
      false,
    ],
    [
      'a policy put on a bounded user',
      allow('iam:PutUserPolicy', '*', { StringEquals: { 'iam:PermissionsBoundary': boundary } }),
      'PutUserPolicy',
      { UserName: 'bounded', PolicyName: 'p', PolicyDocument: allow('*') },
      true,
    ],
    [
      'a policy put on an unbounded one',
      allow('iam:PutUserPolicy', '*', { StringEquals: { 'iam:PermissionsBoundary': boundary } }),
      'PutUserPolicy',
      { UserName: 'alice', PolicyName: 'p', PolicyDocument: allow('*') },
      false,
    ],
    [
      'tags asked for',
      allow(['iam:CreateUser', 'iam:TagUser'], '*', { StringEquals: { 'aws:RequestTag/team': 'blue' } }),
      'CreateUser',
      { UserName: 'x', Tags: [{ Key: 'Team', Value: 'blue' }] },
      true,
    ],
    [
      'tags without permission to tag',
      allow('iam:CreateUser'),
      'CreateUser',
      { UserName: 'x', Tags: [{ Key: 'team', Value: 'blue' }] },
      false,
    ],
    [
      'a tag of the user',
      allow('iam:DeleteUser', '*', { StringEquals: { 'iam:ResourceTag/team': 'blue' } }),
      'DeleteUser',
      { UserName: 'bounded' },
      true,
    ],
    [
      'no tag of the user',
      allow('iam:DeleteUser', '*', { StringEquals: { 'aws:ResourceTag/team': 'blue' } }),
      'DeleteUser',
      { UserName: 'alice' },
      false,
    ],
    ['own user by variable', allow('iam:GetUser', arn('user/$' + '{aws:username}')), 'GetUser', {}, true],
    [
      'another user by variable',
      allow('iam:GetUser', arn('user/$' + '{aws:username}')),
      'GetUser',
      { UserName: 'alice' },
      false,
    ],
    [
      'a move to a path that is allowed',
      allow('iam:UpdateUser', arn('user/team/*')),
      'UpdateUser',
      { UserName: 'alice', NewUserName: 'x' },
      true,
    ],
    [
      'a move to another path',
      allow('iam:UpdateUser', arn('user/team/*')),
      'UpdateUser',
      { UserName: 'alice', NewPath: '/' },
      false,
    ],
  ]
  it.each(rows)('%s', async (_name, policy, action, parameters, allowed) => {
    const { done, ask, newCaller } = await furnished()
    await done('CreatePolicy', { PolicyName: 'edge', PolicyDocument: allow('kms:*') })
    await done('CreateUser', {
      UserName: 'bounded',
      PermissionsBoundary: boundary,
      Tags: [{ Key: 'team', Value: 'blue' }],
    })
    const { status, body } = await ask(action, parameters, await newCaller('caller', policy))
    expect([status, textOf(body, 'Code')]).toEqual(allowed ? [200, undefined] : [403, 'AccessDenied'])
  })
})

describe('who may call', () => {
  const session = { issuedAtMs: 0, expiresAtMs: 9e15 }
  const gone = 'InvalidClientTokenId 403: The security token included in the request is invalid'

  it('nobody who is gone', async () => {
    const { done, refused, newCaller } = await furnished()
    const caller = await newCaller('caller', allow('iam:*'))
    await done('ListUsers', {}, caller)
    await done('UpdateAccessKey', { UserName: 'caller', AccessKeyId: caller.accessKeyId, Status: 'Inactive' })
    expect(await refused('ListUsers', {}, caller)).toBe(`${gone}.`)
    expect(await refused('ListUsers', {}, { kind: 'root', accountId, accessKeyId: 'AKIAFORMERROOT000001' })).toBe(
      `${gone}.`,
    )
  })

  it('no session without a second factor, but for those of roles', async () => {
    const { done, refused, newCaller, directory } = await furnished()
    const caller = await newCaller('caller', allow('iam:*'))
    const issued = { ...session, issuerAccessKeyId: caller.accessKeyId }
    const { userId, userName, path } = caller
    const refusedOnes: SignedPrincipal[] = [
      { ...caller, session: issued },
      { kind: 'root', accountId, accessKeyId: 'ASIA', session: { ...session, issuerAccessKeyId: rootKeyId } },
      {
        kind: 'federated-user',
        accountId,
        accessKeyId: 'ASIA',
        name: 'f',
        issuer: { userId, userName, path },
        session: issued,
      },
    ]
    for (const principal of refusedOnes) expect(await refused('ListUsers', {}, principal)).toBe(gone)
    await done('PutRolePolicy', { RoleName: 'deploy', PolicyName: 'p', PolicyDocument: allow('iam:ListUsers') })
    const roleId = (await directory.findRole('deploy'))?.roleId ?? ''
    const role = {
      kind: 'role-session',
      accountId,
      accessKeyId: 'ASIA',
      roleId,
      roleName: 'deploy',
      path: '/',
      sessionName: 's',
      session,
    } as const
    await done('ListUsers', {}, role)
    expect(await refused('GetUser', {}, role)).toBe(
      'ValidationError 400: Must specify userName when calling with non-User credentials',
    )
  })
})
