import { describe, expect, it } from 'vitest'
import { allow, arn, type Parameters, trust } from './helpers'
import { furnished, gone, nobody, type Refusal, read, refusesEach, role, user } from './refusing'

const refusals: readonly Refusal[] = [
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
  refusesEach(refusals)

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
