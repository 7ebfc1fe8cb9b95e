import { describe, expect, it } from 'vitest'
import type { SignedPrincipal } from '../../src/policy/principal'
import { accountId, allow, arn, openAccount, rootKeyId, trust } from './iam/helpers'

const [a, b, c, d] = ['kms:A', 'kms:B', 'kms:C', 'kms:D'].map((action) => allow(action)) as [
  string,
  string,
  string,
  string,
]
const nothing = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","NotAction":"*","Resource":"*"}]}'
const times = { issuedAtMs: 1, expiresAtMs: 2 }
const tag = (Key: string, Value: string) => ({ Key, Value })

/** A user in a group, a role, and a managed policy that both have. */
async function furnished() {
  const account = await openAccount()
  const { done, directory, newCaller } = account
  const caller = await newCaller('alice', a)
  await done('CreatePolicy', { PolicyName: 'shared', PolicyDocument: b })
  await done('CreatePolicy', { PolicyName: 'edge', PolicyDocument: d })
  await done('AttachUserPolicy', { UserName: 'alice', PolicyArn: arn('policy/shared') })
  await done('CreateGroup', { GroupName: 'staff' })
  await done('PutGroupPolicy', { GroupName: 'staff', PolicyName: 'g', PolicyDocument: c })
  await done('AddUserToGroup', { GroupName: 'staff', UserName: 'alice' })
  await done('TagUser', { UserName: 'alice', Tags: [tag('team', 'blue'), tag('stage', 'test')] })
  await done('CreateRole', { RoleName: 'deploy', AssumeRolePolicyDocument: trust({ AWS: accountId }) })
  await done('PutRolePolicy', { RoleName: 'deploy', PolicyName: 'r', PolicyDocument: c })
  await done('AttachRolePolicy', { RoleName: 'deploy', PolicyArn: 'arn:aws:iam::aws:policy/AdministratorAccess' })
  await done('PutRolePermissionsBoundary', { RoleName: 'deploy', PermissionsBoundary: arn('policy/edge') })
  const roleId = (await directory.findRole('deploy'))?.roleId ?? ''
  const { userId, userName, path } = caller
  const issued = { ...times, issuerAccessKeyId: caller.accessKeyId }
  const role = (session: object = {}): SignedPrincipal => ({
    kind: 'role-session',
    accountId,
    accessKeyId: 'ASIA',
    roleId,
    roleName: 'deploy',
    path: '/',
    sessionName: 's',
    session: { ...times, ...session },
  })
  const federated = (session: object = issued): SignedPrincipal => ({
    kind: 'federated-user',
    accountId,
    accessKeyId: 'ASIA',
    name: 'fred',
    issuer: { userId, userName, path },
    session: { ...times, ...session },
  })
  return { ...account, caller, role, federated, issued }
}

const ofAlice = {
  'policy own of user alice': a,
  [arn('policy/shared')]: b,
  'policy g of group staff': c,
}

describe('the entry', () => {
  it('of a user: its own policies, those of its groups, its tags', async () => {
    const { directory, caller } = await furnished()
    const version = await directory.version()
    const entry = { version, policies: ofAlice, tags: { team: 'blue', stage: 'test' } }
    expect(await directory.findEntry(caller)).toEqual(entry)
    const session = { ...times, issuerAccessKeyId: caller.accessKeyId }
    expect(await directory.findEntry({ ...caller, accessKeyId: 'ASIA', session })).toEqual(entry)
  })

  it('of a role session: of the role, with boundary and session policies', async () => {
    const { directory, done, role } = await furnished()
    await done('TagRole', { RoleName: 'deploy', Tags: [tag('team', 'blue'), tag('stage', 'test')] })
    const policies = { 'policy r of role deploy': c, 'arn:aws:iam::aws:policy/AdministratorAccess': allow('*') }
    expect(await directory.findEntry(role())).toMatchObject({
      policies,
      boundary: d,
      tags: { team: 'blue', stage: 'test' },
    })
    expect(await directory.findEntry(role())).not.toHaveProperty('sessionPolicies')
    const limited = { policies: [a], policyArns: [arn('policy/shared')], tags: { Team: 'red' } }
    expect(await directory.findEntry(role(limited))).toMatchObject({
      sessionPolicies: [a, b],
      tags: { stage: 'test', Team: 'red' },
    })
    expect((await directory.findEntry(role(limited)))?.tags).not.toHaveProperty('team')
  })

  it('of a session whose managed policy is gone allows nothing in its place', async () => {
    const { directory, role } = await furnished()
    const session = { policyArns: [arn('policy/gone'), 'arn:aws:iam::444455556666:policy/shared'] }
    expect((await directory.findEntry(role(session)))?.sessionPolicies).toEqual([nothing, nothing])
  })

  it('of a federated user: of the user who vouches for it, with the tags of the session alone', async () => {
    const { directory, federated, issued } = await furnished()
    expect(await directory.findEntry(federated({ ...issued, policies: [d], tags: { x: 'y' } }))).toMatchObject({
      policies: ofAlice,
      sessionPolicies: [d],
      tags: { x: 'y' },
    })
    expect(await directory.findEntry(federated())).not.toHaveProperty('tags')
  })

  it('of root and of who it vouches for: no policies', async () => {
    const { directory } = await furnished()
    const root = { kind: 'root', accountId, accessKeyId: rootKeyId } as const
    const session = { ...times, issuerAccessKeyId: rootKeyId }
    const fred = { kind: 'federated-user', accountId, accessKeyId: 'ASIA', name: 'fred' } as const
    expect(await directory.findEntry(root)).toMatchObject({ policies: {} })
    expect(await directory.findEntry({ ...root, accessKeyId: 'ASIA', session })).toMatchObject({ policies: {} })
    expect(await directory.findEntry({ ...fred, session })).toMatchObject({ policies: {} })
    for (const issuerAccessKeyId of ['AKIAFORMERROOT000001', undefined]) {
      const former = { ...times, ...(issuerAccessKeyId ? { issuerAccessKeyId } : {}) }
      expect(await directory.findEntry({ ...root, accessKeyId: 'ASIA', session: former })).toBeUndefined()
      expect(await directory.findEntry({ ...fred, session: former })).toBeUndefined()
    }
  })
})

describe('nobody is', () => {
  type Furnished = Awaited<ReturnType<typeof furnished>>
  const rows: [
    name: string,
    change: (account: Furnished) => Promise<unknown>,
    who: (account: Furnished) => SignedPrincipal | Promise<SignedPrincipal>,
  ][] = [
    [
      'a user whose key is inactive',
      ({ directory, caller }) => directory.setAccessKeyActive(caller.accessKeyId, false),
      ({ caller }) => caller,
    ],
    [
      'a user under a former name',
      ({ done }) => done('UpdateUser', { UserName: 'alice', NewUserName: 'al' }),
      ({ caller }) => caller,
    ],
    [
      'a user under a former path',
      ({ done }) => done('UpdateUser', { UserName: 'alice', NewPath: '/x/' }),
      ({ caller }) => caller,
    ],
    [
      'a session whose issuing key is deleted',
      ({ done, caller }) => done('DeleteAccessKey', { UserName: 'alice', AccessKeyId: caller.accessKeyId }),
      ({ caller, issued }) => ({ ...caller, accessKeyId: 'ASIA', session: issued }),
    ],
    ['a session without an issuing key', async () => undefined, ({ caller }) => ({ ...caller, session: times })],
    [
      "a session by another user's key",
      ({ newCaller }) => newCaller('bob'),
      async ({ caller, directory }) => {
        const userId = (await directory.resolvePrincipals([arn('user/bob')]))[arn('user/bob')] ?? 'none'
        const session = { ...times, issuerAccessKeyId: caller.accessKeyId }
        return { ...caller, userName: 'bob', userId, accessKeyId: 'ASIA', session }
      },
    ],
    [
      'a federated user whose issuing key is inactive',
      ({ directory, caller }) => directory.setAccessKeyActive(caller.accessKeyId, false),
      ({ federated }) => federated(),
    ],
    [
      'a session of a role that was deleted and made anew',
      async ({ done }) => {
        await done('DeleteRolePolicy', { RoleName: 'deploy', PolicyName: 'r' })
        await done('DetachRolePolicy', { RoleName: 'deploy', PolicyArn: 'arn:aws:iam::aws:policy/AdministratorAccess' })
        await done('DeleteRole', { RoleName: 'deploy' })
        await done('CreateRole', { RoleName: 'deploy', AssumeRolePolicyDocument: trust({ AWS: accountId }) })
      },
      ({ role }) => role(),
    ],
  ]
  it.each(rows)('%s', async (_name, change, who) => {
    const account = await furnished()
    await change(account)
    expect(await account.directory.findEntry(await who(account))).toBeUndefined()
  })
})

describe('names and unique ids', () => {
  it('resolve for users, roles and role sessions of the account', async () => {
    const { directory, caller, role } = await furnished()
    const roleId = role().kind === 'role-session' && (role() as { roleId: string }).roleId
    const sts = `arn:aws:sts::${accountId}`
    expect(
      await directory.resolvePrincipals([
        arn('user/alice'),
        arn('user/ALICE'),
        arn('user/x/alice'),
        arn('role/deploy'),
        arn('group/staff'),
        `${sts}:assumed-role/deploy/any`,
        `${sts}:assumed-role/none/any`,
        `${sts}:federated-user/fred`,
        arn('root'),
        'arn:aws:iam::444455556666:user/alice',
      ]),
    ).toEqual({
      [arn('user/alice')]: caller.userId,
      [arn('user/ALICE')]: null,
      [arn('user/x/alice')]: null,
      [arn('role/deploy')]: roleId,
      [arn('group/staff')]: null,
      [`${sts}:assumed-role/deploy/any`]: roleId,
      [`${sts}:assumed-role/none/any`]: null,
    })
    expect(await directory.principalArns([caller.userId, String(roleId), 'AIDAGONE', 'AGPAX'])).toEqual({
      [caller.userId]: arn('user/alice'),
      [String(roleId)]: arn('role/deploy'),
    })
  })

  it('describe a principal without an access key', async () => {
    const { directory } = await furnished()
    expect(await directory.describePrincipal(arn('user/alice'))).toMatchObject({
      principal: { kind: 'user', userName: 'alice' },
      entry: { policies: ofAlice },
    })
    const session = `arn:aws:sts::${accountId}:assumed-role/deploy/any`
    expect(await directory.describePrincipal(session)).toMatchObject({
      principal: { kind: 'role-session', sessionName: 'any' },
      entry: { boundary: d },
    })
    expect(await directory.describePrincipal(arn('root'))).toMatchObject({ principal: { kind: 'root' } })
    for (const none of [arn('user/none'), arn('group/staff'), 'x']) {
      expect(await directory.describePrincipal(none)).toBeUndefined()
    }
  })
})
