import { describe, expect, it } from 'vitest'
import { allow, arn, openAccount, type Parameters, trust } from './helpers'

const nobody = trust({ AWS: '111122223333' })
const letters = (count: number) => allow(`kms:${'a'.repeat(count)}`)

/** What the account holds before each refusal. */
async function furnished() {
  const account = await openAccount()
  const { done } = account
  await done('CreateUser', { UserName: 'alice', Path: '/team/' })
  await done('CreateGroup', { GroupName: 'Staff' })
  await done('CreateRole', { RoleName: 'deploy', AssumeRolePolicyDocument: nobody })
  await done('CreatePolicy', { PolicyName: 'read', PolicyDocument: allow('kms:Describe*') })
  await done('CreateOpenIDConnectProvider', { Url: 'https://id.example.com/pool', ClientIDList: ['app'] })
  return account
}

const user = { UserName: 'alice' }
const role = { RoleName: 'deploy' }
const read = arn('policy/read')
const gone = arn('policy/gone')
const hint = 'It must contain only alphanumeric characters and/or the following: +=,.@_-'

const refusals: [name: string, action: string, parameters: Parameters, refusal: string][] = [
  ['absent user', 'GetUser', { UserName: 'bob' }, 'NoSuchEntity 404: The user with name bob cannot be found.'],
  ['absent group', 'GetGroup', { GroupName: 'x' }, 'NoSuchEntity 404: The group with name x cannot be found.'],
  ['absent role', 'GetRole', { RoleName: 'x' }, 'NoSuchEntity 404: The role with name x cannot be found.'],
  ['absent policy', 'GetPolicy', { PolicyArn: gone }, `NoSuchEntity 404: Policy ${gone} was not found.`],
  [
    'policy of another path',
    'GetPolicy',
    { PolicyArn: arn('policy/p/read') },
    `NoSuchEntity 404: Policy ${arn('policy/p/read')} was not found.`,
  ],
  [
    'policy of another account',
    'AttachUserPolicy',
    { ...user, PolicyArn: 'arn:aws:iam::444455556666:policy/read' },
    'NoSuchEntity 404: Policy arn:aws:iam::444455556666:policy/read does not exist or is not attachable.',
  ],
  [
    'policy of AWS that is not kept here',
    'AttachUserPolicy',
    { ...user, PolicyArn: 'arn:aws:iam::aws:policy/ReadOnlyAccess' },
    'NoSuchEntity 404: Policy arn:aws:iam::aws:policy/ReadOnlyAccess does not exist or is not attachable.',
  ],
  [
    'absent inline policy',
    'GetRolePolicy',
    { ...role, PolicyName: '__proto__' },
    'NoSuchEntity 404: The role policy with name __proto__ cannot be found.',
  ],
  [
    'absent version',
    'GetPolicyVersion',
    { PolicyArn: read, VersionId: 'v9' },
    `NoSuchEntity 404: Policy ${read} version v9 does not exist or is not attachable.`,
  ],
  [
    'detached before',
    'DetachUserPolicy',
    { ...user, PolicyArn: read },
    `NoSuchEntity 404: Policy ${read} was not found.`,
  ],
  [
    'absent access key',
    'DeleteAccessKey',
    { ...user, AccessKeyId: 'AKIAIOSFODNN7EXAMPLE' },
    'NoSuchEntity 404: The Access Key with id AKIAIOSFODNN7EXAMPLE cannot be found.',
  ],
  ['no password', 'GetLoginProfile', user, 'NoSuchEntity 404: Login Profile for User alice cannot be found.'],
  [
    'no password to delete',
    'DeleteLoginProfile',
    user,
    'NoSuchEntity 404: Login Profile for User alice cannot be found.',
  ],
  [
    'absent boundary',
    'PutUserPermissionsBoundary',
    { ...user, PermissionsBoundary: gone },
    `NoSuchEntity 404: Scope ARN: ${gone} does not exist or is not attachable.`,
  ],
  [
    'absent provider',
    'GetOpenIDConnectProvider',
    { OpenIDConnectProviderArn: arn('oidc-provider/x.example.com') },
    `NoSuchEntity 404: OpenIDConnect Provider not found for arn ${arn('oidc-provider/x.example.com')}`,
  ],

  [
    'user name in another case',
    'CreateUser',
    { UserName: 'ALICE' },
    'EntityAlreadyExists 409: User with name ALICE already exists.',
  ],
  [
    'group name in use',
    'CreateGroup',
    { GroupName: 'staff', Path: '/x/' },
    'EntityAlreadyExists 409: Group with name staff already exists.',
  ],
  [
    'role name in use',
    'CreateRole',
    { RoleName: 'deploy', AssumeRolePolicyDocument: nobody },
    'EntityAlreadyExists 409: Role with name deploy already exists.',
  ],
  [
    'policy name in use',
    'CreatePolicy',
    { PolicyName: 'READ', PolicyDocument: allow('*') },
    'EntityAlreadyExists 409: A policy called READ already exists. Duplicate names are not allowed.',
  ],
  [
    'provider in use',
    'CreateOpenIDConnectProvider',
    { Url: 'https://ID.example.com/pool' },
    'EntityAlreadyExists 409: Provider with url https://id.example.com/pool already exists.',
  ],
  [
    'rename to a name in use',
    'UpdateGroup',
    { GroupName: 'Staff', NewGroupName: 'other' },
    'EntityAlreadyExists 409: Group with name other already exists.',
  ],

  [
    'name with a slash',
    'CreateUser',
    { UserName: 'a/b' },
    `ValidationError 400: The specified value for userName is invalid. ${hint}`,
  ],
  [
    'name not ASCII',
    'CreateRole',
    { RoleName: 'rôle', AssumeRolePolicyDocument: nobody },
    `ValidationError 400: The specified value for roleName is invalid. ${hint}`,
  ],
  [
    'name too long',
    'GetUser',
    { UserName: 'a'.repeat(65) },
    `ValidationError 400: 1 validation error detected: Value '${'a'.repeat(65)}' at 'userName' failed to satisfy constraint: Member must have length less than or equal to 64`,
  ],
  [
    'no name',
    'CreateUser',
    {},
    "ValidationError 400: 1 validation error detected: Value null at 'userName' failed to satisfy constraint: Member must not be null",
  ],
  [
    'path without end',
    'CreateUser',
    { UserName: 'x', Path: '/team' },
    'ValidationError 400: The specified value for path is invalid. It must begin and end with / and contain only alphanumeric characters and/or / characters.',
  ],
  [
    'session too long',
    'UpdateRole',
    { ...role, MaxSessionDuration: '43201' },
    "ValidationError 400: 1 validation error detected: Value '43201' at 'maxSessionDuration' failed to satisfy constraint: Member must have value less than or equal to 43200",
  ],
  [
    'session too short',
    'UpdateRole',
    { ...role, MaxSessionDuration: '3599' },
    "ValidationError 400: 1 validation error detected: Value '3599' at 'maxSessionDuration' failed to satisfy constraint: Member must have value greater than or equal to 3600",
  ],
  [
    'tags that differ in case',
    'TagUser',
    {
      ...user,
      Tags: [
        { Key: 'a', Value: '1' },
        { Key: 'A', Value: '2' },
      ],
    },
    'InvalidInput 400: Duplicate tag keys found. Please note that Tag keys are case insensitive.',
  ],
  [
    "AWS's own tags",
    'TagRole',
    { ...role, Tags: [{ Key: 'AWS:x', Value: '1' }] },
    'InvalidInput 400: Tag keys beginning with "aws:" are reserved.',
  ],
  [
    'a tag without value',
    'TagUser',
    { ...user, Tags: [{ Key: 'a' }] },
    "ValidationError 400: 1 validation error detected: Value null at 'tags.1.member.value' failed to satisfy constraint: Member must not be null",
  ],
  [
    'status in lower case',
    'UpdateAccessKey',
    { ...user, AccessKeyId: 'AKIAIOSFODNN7EXAMPLE', Status: 'active' },
    "ValidationError 400: 1 validation error detected: Value 'active' at 'status' failed to satisfy constraint: Member must satisfy enum value set: [Active, Inactive]",
  ],
  ['marker of somebody else', 'ListUsers', { Marker: '!' }, 'InvalidInput 400: Invalid Marker.'],
  [
    'provider without https',
    'CreateOpenIDConnectProvider',
    { Url: 'http://id.example.com' },
    'InvalidInput 400: Invalid Open ID Connect Provider URL',
  ],
  [
    'provider with a port',
    'CreateOpenIDConnectProvider',
    { Url: 'https://id.example.com:8443' },
    'InvalidInput 400: Invalid Open ID Connect Provider URL',
  ],
  [
    'provider with a query',
    'CreateOpenIDConnectProvider',
    { Url: 'https://id.example.com/?a' },
    'InvalidInput 400: Invalid Open ID Connect Provider URL',
  ],
  [
    'thumbprint that is no digest',
    'CreateOpenIDConnectProvider',
    { Url: 'https://b.example.com', ThumbprintList: ['x'.repeat(40)] },
    'InvalidInput 400: Thumbprint must be the 40 hexadecimal digits of a SHA-1 digest.',
  ],
  [
    'own user of the root user',
    'CreateAccessKey',
    {},
    'ValidationError 400: Must specify userName when calling with non-User credentials',
  ],

  [
    'inline policies too large for a user',
    'PutUserPolicy',
    { ...user, PolicyName: 'p', PolicyDocument: letters(2048) },
    'LimitExceeded 409: Maximum policy size of 2048 bytes exceeded for user alice',
  ],
  [
    'inline policies too large for a group',
    'PutGroupPolicy',
    { GroupName: 'Staff', PolicyName: 'p', PolicyDocument: letters(5120) },
    'LimitExceeded 409: Maximum policy size of 5120 bytes exceeded for group Staff',
  ],
  [
    'inline policies too large for a role',
    'PutRolePolicy',
    { ...role, PolicyName: 'p', PolicyDocument: letters(10_240) },
    'LimitExceeded 409: Maximum policy size of 10240 bytes exceeded for role deploy',
  ],
  [
    'managed policy too large',
    'CreatePolicy',
    { PolicyName: 'big', PolicyDocument: letters(6144) },
    'LimitExceeded 409: Cannot exceed quota for PolicySize: 6144',
  ],
  [
    'trust policy too large',
    'UpdateAssumeRolePolicy',
    { ...role, PolicyDocument: trust({ Service: Array.from({ length: 120 }, (_, i) => `service${i}.example.com`) }) },
    'LimitExceeded 409: Cannot exceed quota for ACLSizePerRole: 2048',
  ],

  [
    'trust in a user that is not there',
    'CreateRole',
    { RoleName: 'r', AssumeRolePolicyDocument: trust({ AWS: arn('user/nobody') }) },
    `MalformedPolicyDocument 400: Invalid principal in policy: "AWS":"${arn('user/nobody')}"`,
  ],
  [
    'trust in a user without its path',
    'CreateRole',
    { RoleName: 'r', AssumeRolePolicyDocument: trust({ AWS: arn('user/alice') }) },
    `MalformedPolicyDocument 400: Invalid principal in policy: "AWS":"${arn('user/alice')}"`,
  ],
  [
    'trust in a bare unique id',
    'UpdateAssumeRolePolicy',
    { ...role, PolicyDocument: trust({ AWS: 'AIDAIOSFODNN7EXAMPLE1' }) },
    'MalformedPolicyDocument 400: Invalid principal in policy: "AWS":"AIDAIOSFODNN7EXAMPLE1"',
  ],
  [
    'trust in a group',
    'UpdateAssumeRolePolicy',
    { ...role, PolicyDocument: trust({ AWS: arn('group/Staff') }) },
    `MalformedPolicyDocument 400: Invalid principal in policy: "AWS":"${arn('group/Staff')}"`,
  ],

  [
    'policy of AWS',
    'DeletePolicy',
    { PolicyArn: 'arn:aws:iam::aws:policy/AdministratorAccess' },
    'AccessDenied 403: Policy arn:aws:iam::aws:policy/AdministratorAccess is managed by AWS and cannot be changed.',
  ],
  [
    'unknown action',
    'CreateInstanceProfile',
    {},
    'InvalidAction 400: Could not find operation CreateInstanceProfile for version 2010-05-08',
  ],
  [
    'another version',
    'GetUser',
    { Version: '2011-06-15' },
    'InvalidAction 400: Could not find operation GetUser for version 2011-06-15',
  ],
]

describe('IAM refuses', () => {
  it.each(refusals)('%s', async (_name, action, parameters, refusal) => {
    const { done, refused, dropped, faults } = await furnished()
    await done('CreateGroup', { GroupName: 'other' })
    const writes = dropped.length
    expect(await refused(action, parameters)).toBe(refusal)
    expect(dropped).toHaveLength(writes)
    expect(faults).toEqual([])
  })

  const documents: [name: string, text: string][] = [
    ['no JSON', 'x'],
    ['no statement', '{"Version":"2012-10-17"}'],
    ['a principal', trust({ AWS: '*' })],
    ['no resource', '{"Statement":{"Effect":"Allow","Action":"*"}}'],
    ['an unknown operator', allow('*', '*', { Never: { 'aws:username': 'x' } })],
  ]
  it.each(documents)('an identity policy with %s', async (_name, PolicyDocument) => {
    const { refused } = await furnished()
    const rows: [string, Parameters][] = [
      ['PutUserPolicy', { ...user, PolicyName: 'p', PolicyDocument }],
      ['CreatePolicy', { PolicyName: 'p', PolicyDocument }],
      ['CreatePolicyVersion', { PolicyArn: read, PolicyDocument }],
    ]
    for (const [action, parameters] of rows) {
      expect(await refused(action, parameters)).toMatch(/^MalformedPolicyDocument 400: ./)
    }
  })

  it('a trust policy without principal', async () => {
    const { refused } = await furnished()
    expect(await refused('UpdateAssumeRolePolicy', { ...role, PolicyDocument: allow('sts:AssumeRole') })).toMatch(
      /^MalformedPolicyDocument 400: ./,
    )
  })
})

describe('limits', () => {
  it('two access keys for each user', async () => {
    const { done, refused } = await furnished()
    await done('CreateAccessKey', user)
    await done('CreateAccessKey', user)
    expect(await refused('CreateAccessKey', user)).toBe(
      'LimitExceeded 409: Cannot exceed quota for AccessKeysPerUser: 2',
    )
  })

  it('documents by their characters, white space left out', async () => {
    const { done } = await furnished()
    const padded = allow('kms:Get*').replaceAll(',', `,${' \t\n\r'.repeat(2000)}`)
    await done('PutUserPolicy', { ...user, PolicyName: 'p', PolicyDocument: padded })
    await done('CreatePolicy', { PolicyName: 'padded', PolicyDocument: padded })
  })

  it('all inline policies of a user together', async () => {
    const { done, refused } = await furnished()
    await done('PutUserPolicy', { ...user, PolicyName: 'a', PolicyDocument: letters(1000) })
    await done('PutUserPolicy', { ...user, PolicyName: 'a', PolicyDocument: letters(1001) })
    expect(await refused('PutUserPolicy', { ...user, PolicyName: 'b', PolicyDocument: letters(1000) })).toMatch(
      /^LimitExceeded 409: Maximum policy size/,
    )
  })

  it('five versions of a policy, whose numbers are not used again', async () => {
    const { done, refused } = await furnished()
    const create = { PolicyArn: read, PolicyDocument: allow('kms:Get*') }
    for (const number of [2, 3, 4, 5]) {
      expect(await done('CreatePolicyVersion', create)).toContain(`<VersionId>v${number}</VersionId>`)
    }
    expect(await refused('CreatePolicyVersion', create)).toMatch(
      /^LimitExceeded 409: A managed policy can have up to 5/,
    )
    await done('DeletePolicyVersion', { PolicyArn: read, VersionId: 'v5' })
    expect(await done('CreatePolicyVersion', create)).toContain('<VersionId>v6</VersionId>')
  })

  it('ten managed policies, ten groups, fifty tags', async () => {
    const { done, refused } = await furnished()
    for (let i = 0; i <= 10; i++) {
      await done('CreatePolicy', { PolicyName: `p${i}`, PolicyDocument: allow('kms:Get*') })
      await done('CreateGroup', { GroupName: `g${i}` })
    }
    for (let i = 0; i < 10; i++) {
      await done('AttachUserPolicy', { ...user, PolicyArn: arn(`policy/p${i}`) })
      await done('AddUserToGroup', { ...user, GroupName: `g${i}` })
    }
    await done('AttachUserPolicy', { ...user, PolicyArn: arn('policy/p0') })
    expect(await refused('AttachUserPolicy', { ...user, PolicyArn: arn('policy/p10') })).toBe(
      'LimitExceeded 409: Cannot exceed quota for PoliciesPerUser: 10',
    )
    expect(await refused('AddUserToGroup', { ...user, GroupName: 'g10' })).toBe(
      'LimitExceeded 409: Cannot exceed quota for GroupsPerUser: 10',
    )
    const tags = (from: number, count: number) =>
      Array.from({ length: count }, (_, i) => ({ Key: `k${from + i}`, Value: '' }))
    await done('TagUser', { ...user, Tags: tags(0, 50) })
    await done('TagUser', { ...user, Tags: [{ Key: 'K7', Value: 'again' }] })
    expect(await refused('TagUser', { ...user, Tags: tags(50, 1) })).toMatch(/^LimitExceeded 409: /)
  })
})

describe('what is in use stays', () => {
  const conflicts: [name: string, before: [string, Parameters], action: [string, Parameters], text: string][] = [
    [
      'user in a group',
      ['AddUserToGroup', { ...user, GroupName: 'Staff' }],
      ['DeleteUser', user],
      'Cannot delete entity, must remove users from group first.',
    ],
    [
      'user with an inline policy',
      ['PutUserPolicy', { ...user, PolicyName: 'p', PolicyDocument: allow('*') }],
      ['DeleteUser', user],
      'Cannot delete entity, must delete policies first.',
    ],
    [
      'user with a managed policy',
      ['AttachUserPolicy', { ...user, PolicyArn: read }],
      ['DeleteUser', user],
      'Cannot delete entity, must detach all policies first.',
    ],
    [
      'user with an access key',
      ['CreateAccessKey', user],
      ['DeleteUser', user],
      'Cannot delete entity, must delete access keys first.',
    ],
    [
      'group with a user',
      ['AddUserToGroup', { ...user, GroupName: 'Staff' }],
      ['DeleteGroup', { GroupName: 'Staff' }],
      'Cannot delete entity, must remove users from group first.',
    ],
    [
      'group with a policy',
      ['PutGroupPolicy', { GroupName: 'Staff', PolicyName: 'p', PolicyDocument: allow('*') }],
      ['DeleteGroup', { GroupName: 'Staff' }],
      'Cannot delete entity, must delete policies first.',
    ],
    [
      'role with a managed policy',
      ['AttachRolePolicy', { ...role, PolicyArn: read }],
      ['DeleteRole', role],
      'Cannot delete entity, must detach all policies first.',
    ],
    [
      'role with an inline policy',
      ['PutRolePolicy', { ...role, PolicyName: 'p', PolicyDocument: allow('*') }],
      ['DeleteRole', role],
      'Cannot delete entity, must delete policies first.',
    ],
    [
      'attached policy',
      ['AttachRolePolicy', { ...role, PolicyArn: read }],
      ['DeletePolicy', { PolicyArn: read }],
      'Cannot delete a policy attached to entities.',
    ],
    [
      'policy that is a boundary',
      ['PutRolePermissionsBoundary', { ...role, PermissionsBoundary: read }],
      ['DeletePolicy', { PolicyArn: read }],
      'Cannot delete a policy attached to entities.',
    ],
    [
      'policy with versions',
      ['CreatePolicyVersion', { PolicyArn: read, PolicyDocument: allow('*') }],
      ['DeletePolicy', { PolicyArn: read }],
      "This policy has more than one version. Before you delete a policy, you must delete the policy's versions. The default version is deleted with the policy.",
    ],
    [
      'default version',
      ['GetUser', user],
      ['DeletePolicyVersion', { PolicyArn: read, VersionId: 'v1' }],
      'Cannot delete the default version of a policy.',
    ],
  ]
  it.each(conflicts)('%s', async (_name, [before, beforeParameters], [action, parameters], text) => {
    const { done, refused } = await furnished()
    await done(before, beforeParameters)
    expect(await refused(action, parameters)).toBe(`DeleteConflict 409: ${text}`)
  })
})
