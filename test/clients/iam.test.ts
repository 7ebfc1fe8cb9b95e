import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ServedProcess } from '../../scripts/serve-process.mjs'
import {
  accountId,
  asUser,
  type GivenCredentials,
  isThere,
  newStateFolder,
  removeFolder,
  runAws,
  shellLines,
  startServer,
} from './server'

const arn = (rest: string) => `arn:aws:iam::${accountId}:${rest}`
const policy = (Action: string | string[], Resource = '*') => ({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Action, Resource }],
})
const json = JSON.stringify

type Members = Readonly<Record<string, unknown>>

/** What the CLI answers, as far as the tests look at it. */
interface Answer extends Members {
  readonly User: Members
  readonly Users: readonly Members[]
  readonly AccessKey: GivenCredentials
  readonly AccessKeyMetadata: readonly Members[]
  readonly Groups: readonly Members[]
  readonly Role: Members
  readonly Policy: Members & { readonly Arn: string }
  readonly PolicyVersion: Members
  readonly OpenIDConnectProviderArn: string
}

/** `aws iam` as an administrator types it; each line goes on from the ones before it. */
describe.skipIf(!(await isThere('aws', '--version')))('AWS CLI: iam', () => {
  let folder: string
  let server: ServedProcess
  let rootLines: string

  const run = async (lines: string, args: readonly string[]) => ((await runAws(lines, ...args)) ?? {}) as Answer
  const iam = (...args: string[]): Promise<Answer> => run(rootLines, ['iam', ...args])
  const linesOf = (key: GivenCredentials) => `${rootLines}\n${asUser(key)}`

  beforeAll(async () => {
    folder = await newStateFolder()
    server = await startServer(folder)
    rootLines = await shellLines(server.url)
  })
  afterAll(async () => {
    await server.stop()
    await removeFolder(folder)
  })

  it('users and their access keys', async () => {
    const { User } = await iam('create-user', '--user-name', 'alice', '--path', '/team/', '--tags', 'Key=a,Value=1 2')
    expect(User).toMatchObject({ Path: '/team/', Arn: arn('user/team/alice'), Tags: [{ Key: 'a', Value: '1 2' }] })
    expect((await iam('get-user', '--user-name', 'alice')).User).toEqual(User)
    expect((await iam('list-users')).Users).toMatchObject([{ UserId: User.UserId }])
    await expect(iam('create-user', '--user-name', 'Alice')).rejects.toThrow(
      '(EntityAlreadyExists) when calling the CreateUser operation: User with name Alice already exists.',
    )
    await expect(iam('get-user', '--user-name', 'bob')).rejects.toThrow(
      '(NoSuchEntity) when calling the GetUser operation: The user with name bob cannot be found.',
    )
  })

  it('a user does what a policy allows, from the moment that it is put', async () => {
    const { AccessKey } = await iam('create-access-key', '--user-name', 'alice')
    const alice = (...args: string[]) => run(linesOf(AccessKey), args)
    expect(await alice('sts', 'get-caller-identity')).toMatchObject({ Arn: arn('user/team/alice') })
    await expect(alice('iam', 'get-user')).rejects.toThrow(
      `(AccessDenied) when calling the GetUser operation: User: ${arn('user/team/alice')} is not authorized to perform: iam:GetUser on resource: ${arn('user/team/alice')} because no identity-based policy allows the iam:GetUser action`,
    )
    await expect(alice('kms', 'list-keys')).rejects.toThrow('(AccessDeniedException)')
    await iam(
      'put-user-policy',
      '--user-name',
      'alice',
      '--policy-name',
      'own',
      '--policy-document',
      json(policy(['iam:GetUser', 'kms:ListKeys'])),
    )
    expect((await alice('iam', 'get-user')).User.UserName).toBe('alice')
    expect(await alice('kms', 'list-keys')).toMatchObject({ Keys: [] })
    expect(await iam('get-user-policy', '--user-name', 'alice', '--policy-name', 'own')).toEqual({
      UserName: 'alice',
      PolicyName: 'own',
      PolicyDocument: policy(['iam:GetUser', 'kms:ListKeys']),
    })
    await iam('delete-user-policy', '--user-name', 'alice', '--policy-name', 'own')
    await expect(alice('kms', 'list-keys')).rejects.toThrow('(AccessDeniedException)')

    const used = await iam('get-access-key-last-used', '--access-key-id', AccessKey.AccessKeyId)
    expect(used).toMatchObject({ UserName: 'alice', AccessKeyLastUsed: { Region: 'us-east-1' } })
    await iam(
      'update-access-key',
      '--user-name',
      'alice',
      '--access-key-id',
      AccessKey.AccessKeyId,
      '--status',
      'Inactive',
    )
    await expect(alice('sts', 'get-caller-identity')).rejects.toThrow('(InvalidClientTokenId)')
    const { AccessKeyMetadata } = await iam('list-access-keys', '--user-name', 'alice')
    expect(AccessKeyMetadata).toMatchObject([{ Status: 'Inactive', AccessKeyId: AccessKey.AccessKeyId }])
    await iam('delete-access-key', '--user-name', 'alice', '--access-key-id', AccessKey.AccessKeyId)
  })

  it('groups give what they have to their members', async () => {
    await iam('create-group', '--group-name', 'staff')
    await iam('attach-group-policy', '--group-name', 'staff', '--policy-arn', 'arn:aws:iam::aws:policy/IAMFullAccess')
    await iam('add-user-to-group', '--group-name', 'staff', '--user-name', 'alice')
    expect((await iam('get-group', '--group-name', 'staff')).Users).toMatchObject([{ UserName: 'alice' }])
    expect((await iam('list-groups-for-user', '--user-name', 'alice')).Groups).toMatchObject([{ GroupName: 'staff' }])
    const { AccessKey } = await iam('create-access-key', '--user-name', 'alice')
    const alice = (...args: string[]) => run(linesOf(AccessKey), ['iam', ...args])
    await alice('create-user', '--user-name', 'carol')
    await alice('delete-user', '--user-name', 'carol')
    await iam('remove-user-from-group', '--group-name', 'staff', '--user-name', 'alice')
    await expect(alice('list-users')).rejects.toThrow(`on resource: ${arn('user/')} because`)
    await iam('delete-access-key', '--user-name', 'alice', '--access-key-id', AccessKey.AccessKeyId)
    await iam('detach-group-policy', '--group-name', 'staff', '--policy-arn', 'arn:aws:iam::aws:policy/IAMFullAccess')
    await iam('delete-group', '--group-name', 'staff')
  })

  it('managed policies and their versions', async () => {
    const { Policy } = await iam(
      'create-policy',
      '--policy-name',
      'read',
      '--policy-document',
      json(policy('kms:Get*')),
    )
    expect(Policy).toMatchObject({ Arn: arn('policy/read'), DefaultVersionId: 'v1', AttachmentCount: 0 })
    const which = ['--policy-arn', Policy.Arn]
    const file = join(folder, 'policy.json')
    await writeFile(file, JSON.stringify(policy('kms:List*'), undefined, 2))
    await iam('create-policy-version', ...which, '--policy-document', `file://${file}`, '--set-as-default')
    const { Versions } = await iam('list-policy-versions', ...which)
    expect(Versions).toMatchObject([
      { VersionId: 'v2', IsDefaultVersion: true },
      { VersionId: 'v1', IsDefaultVersion: false },
    ])
    const { PolicyVersion } = await iam('get-policy-version', ...which, '--version-id', 'v2')
    expect(PolicyVersion.Document).toEqual(policy('kms:List*'))
    await iam('attach-user-policy', '--user-name', 'alice', ...which)
    expect((await iam('list-attached-user-policies', '--user-name', 'alice')).AttachedPolicies).toEqual([
      { PolicyName: 'read', PolicyArn: Policy.Arn },
    ])
    expect((await iam('list-entities-for-policy', ...which)).PolicyUsers).toMatchObject([{ UserName: 'alice' }])
    await expect(iam('delete-user', '--user-name', 'alice')).rejects.toThrow('(DeleteConflict)')
    await expect(iam('delete-policy', ...which)).rejects.toThrow('Cannot delete a policy attached to entities.')
    await iam('detach-user-policy', '--user-name', 'alice', ...which)
    await expect(iam('delete-policy', ...which)).rejects.toThrow('(DeleteConflict)')
    await iam('delete-policy-version', ...which, '--version-id', 'v1')
    await iam('delete-policy', ...which)
    await expect(iam('create-policy', '--policy-name', 'x', '--policy-document', '{"Statement":[]}')).rejects.toThrow(
      '(MalformedPolicyDocument)',
    )
  })

  it('a boundary limits what policies allow', async () => {
    const { Policy } = await iam('create-policy', '--policy-name', 'edge', '--policy-document', json(policy('kms:*')))
    await iam('put-user-permissions-boundary', '--user-name', 'alice', '--permissions-boundary', Policy.Arn)
    await iam(
      'attach-user-policy',
      '--user-name',
      'alice',
      '--policy-arn',
      'arn:aws:iam::aws:policy/AdministratorAccess',
    )
    expect((await iam('get-user', '--user-name', 'alice')).User.PermissionsBoundary).toMatchObject({
      PermissionsBoundaryArn: Policy.Arn,
    })
    const { AccessKey } = await iam('create-access-key', '--user-name', 'alice')
    const alice = (...args: string[]) => run(linesOf(AccessKey), args)
    expect(await alice('kms', 'list-keys')).toMatchObject({ Keys: [] })
    await expect(alice('iam', 'list-users')).rejects.toThrow(
      'because no permissions boundary allows the iam:ListUsers action',
    )
    await iam('delete-user-permissions-boundary', '--user-name', 'alice')
    expect((await alice('iam', 'list-users')).Users).toHaveLength(1)
    await iam('delete-access-key', '--user-name', 'alice', '--access-key-id', AccessKey.AccessKeyId)
    await iam(
      'detach-user-policy',
      '--user-name',
      'alice',
      '--policy-arn',
      'arn:aws:iam::aws:policy/AdministratorAccess',
    )
    await iam('delete-policy', '--policy-arn', Policy.Arn)
  })

  it('roles', async () => {
    const trust = (AWS: string) => ({
      Version: '2012-10-17',
      Statement: [{ Effect: 'Allow', Principal: { AWS }, Action: 'sts:AssumeRole' }],
    })
    const who = ['--role-name', 'deploy']
    const create = ['create-role', ...who, '--assume-role-policy-document', json(trust(arn('user/team/alice')))]
    const { Role } = await iam(...create, '--max-session-duration', '7200', '--description', "it's <ours>")
    expect(Role.AssumeRolePolicyDocument).toEqual(trust(arn('user/team/alice')))
    expect((await iam('get-role', ...who)).Role).toMatchObject({ MaxSessionDuration: 7200, Description: "it's <ours>" })
    await iam('tag-role', ...who, '--tags', 'Key=team,Value=blue', 'Key=stage,Value=')
    await iam('untag-role', ...who, '--tag-keys', 'stage')
    expect((await iam('list-role-tags', ...who)).Tags).toEqual([{ Key: 'team', Value: 'blue' }])
    await iam('update-assume-role-policy', ...who, '--policy-document', json(trust(accountId)))
    expect((await iam('get-role', ...who)).Role.AssumeRolePolicyDocument).toEqual(trust(accountId))
    await expect(
      iam('update-assume-role-policy', ...who, '--policy-document', json(trust(arn('user/nobody')))),
    ).rejects.toThrow('(MalformedPolicyDocument)')
    await iam('put-role-policy', ...who, '--policy-name', 'p', '--policy-document', json(policy('kms:*')))
    expect(await iam('list-role-policies', ...who)).toMatchObject({ PolicyNames: ['p'] })
    expect(await iam('list-instance-profiles-for-role', ...who)).toMatchObject({ InstanceProfiles: [] })
    await expect(iam('delete-role', ...who)).rejects.toThrow('Cannot delete entity, must delete policies first.')
    await iam('delete-role-policy', ...who, '--policy-name', 'p')
    await iam('delete-role', ...who)
    const again = await iam(...create)
    expect(again.Role.RoleId).not.toBe(Role.RoleId)
    await iam('delete-role', ...who)
  })

  it('OpenID Connect providers', async () => {
    const { OpenIDConnectProviderArn: made } = await iam(
      'create-open-id-connect-provider',
      '--url',
      'https://id.example.com/pool',
      '--client-id-list',
      'app',
      'web',
      '--thumbprint-list',
      'ab'.repeat(20),
    )
    expect(made).toBe(arn('oidc-provider/id.example.com/pool'))
    const which = ['--open-id-connect-provider-arn', made]
    await iam('add-client-id-to-open-id-connect-provider', ...which, '--client-id', 'other')
    expect(await iam('get-open-id-connect-provider', ...which)).toMatchObject({
      Url: 'id.example.com/pool',
      ClientIDList: ['app', 'web', 'other'],
    })
    expect((await iam('list-open-id-connect-providers')).OpenIDConnectProviderList).toEqual([{ Arn: made }])
    await iam('delete-open-id-connect-provider', ...which)
  })

  it('pages: the CLI follows the markers', async () => {
    for (const name of ['p1', 'p2', 'p3']) await iam('create-group', '--group-name', name)
    const { Groups } = await iam('list-groups', '--page-size', '1')
    expect(Groups.map(({ GroupName }) => GroupName)).toEqual(['p1', 'p2', 'p3'])
  })

  it('the summary, and a user who goes', async () => {
    expect((await iam('get-account-summary')).SummaryMap).toMatchObject({ Users: 1, Groups: 3, Roles: 0 })
    await iam('delete-user', '--user-name', 'alice')
    expect((await iam('list-users')).Users).toEqual([])
    await expect(
      iam('create-saml-provider', '--name', 'x', '--saml-metadata-document', 'x'.repeat(1000)),
    ).rejects.toThrow('(InvalidAction)')
  })
})
