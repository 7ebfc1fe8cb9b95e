import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import {
  type Answer,
  allow,
  base64,
  type Caller,
  deployed,
  directoryOf,
  type Front,
  isolate,
  kms,
  lookup,
  newKey,
  newRegion,
  newUser,
  root,
  sqlNumber,
  type User,
} from './front-door'
import {
  assume,
  callerOf,
  iam,
  newRole,
  type Parameters,
  type Role,
  sealedSession,
  session,
  sts,
  trust,
} from './identities'

/** Who may no longer is refused by the very next call; under a lease, when the lease ends. */
const leaseSeconds = 30

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() })
})
afterEach(() => {
  vi.useRealTimers()
})
const passSeconds = (seconds: number) => vi.setSystemTime(Date.now() + seconds * 1000)

interface Place {
  readonly region: string
  readonly keyId: string
}
const encrypt = (to: Front, caller: Caller, { region, keyId }: Place): Promise<Answer> =>
  kms(to, caller, region, 'Encrypt', { KeyId: keyId, Plaintext: base64('x') })
const asRoot = (Action: string, parameters: Parameters) => iam(root, { Action, ...parameters })

/** Somebody who may encrypt, and what takes that away. */
interface Allowed {
  readonly caller: Caller
  revoke(): Promise<unknown>
}

const nameOf = async (user: User) => {
  const who = await sts(user, { Action: 'GetCallerIdentity' })
  return who.of('Arn')?.split('/').at(-1) ?? ''
}
const mayEncrypt = () => newUser({ p: allow('kms:Encrypt') })

let names = 0
const newName = (word: string) => `${word}-${names++}-${crypto.randomUUID().slice(0, 8)}`
async function newPolicy(document = allow('kms:Encrypt')): Promise<string> {
  const made = await asRoot('CreatePolicy', { PolicyName: newName('policy'), PolicyDocument: document })
  return made.of('Arn') ?? ''
}

async function attachedUser() {
  const PolicyArn = await newPolicy()
  const caller = await newUser({})
  const UserName = await nameOf(caller)
  await asRoot('AttachUserPolicy', { UserName, PolicyArn })
  return { caller, UserName, PolicyArn }
}

async function groupMember(put: (GroupName: string) => Promise<unknown>) {
  const GroupName = newName('group')
  const caller = await newUser({})
  const UserName = await nameOf(caller)
  await asRoot('CreateGroup', { GroupName })
  await put(GroupName)
  await asRoot('AddUserToGroup', { GroupName, UserName })
  return { caller, GroupName, UserName }
}

async function roleSession(): Promise<{ caller: Caller; role: Role; user: Caller }> {
  const user = await newUser({ p: allow('sts:AssumeRole') })
  const role = await newRole({ AWS: root.accountId }, ['kms:Encrypt'])
  return { caller: await session(user, role.arn), role, user }
}

const deleteRole = async ({ RoleName }: Role) => {
  await asRoot('DeleteRolePolicy', { RoleName, PolicyName: 'work' })
  await asRoot('DeleteRole', { RoleName })
}

const grantTo = (place: Place, GranteePrincipal: string | undefined) =>
  kms(deployed, root, place.region, 'CreateGrant', {
    KeyId: place.keyId,
    GranteePrincipal,
    RetiringPrincipal: `arn:aws:iam::${root.accountId}:root`,
    Operations: ['Encrypt'],
  })
async function grantee(place: Place) {
  const caller = await newUser({})
  const arn = `arn:aws:iam::${root.accountId}:user/${await nameOf(caller)}`
  const { output } = await grantTo(place, arn)
  return { caller, GrantId: output.GrantId as string, GrantToken: output.GrantToken as string }
}

const gone = 'UnrecognizedClientException'
const denied = 'AccessDeniedException'

const revocations: [what: string, code: string, (place: Place) => Promise<Allowed>][] = [
  [
    'an access key is switched off',
    gone,
    async () => {
      const caller = await mayEncrypt()
      const key = { UserName: await nameOf(caller), AccessKeyId: caller.accessKeyId }
      return { caller, revoke: () => asRoot('UpdateAccessKey', { ...key, Status: 'Inactive' }) }
    },
  ],
  [
    'an access key is deleted',
    gone,
    async () => {
      const caller = await mayEncrypt()
      const key = { UserName: await nameOf(caller), AccessKeyId: caller.accessKeyId }
      return { caller, revoke: () => asRoot('DeleteAccessKey', key) }
    },
  ],
  [
    'an inline policy is deleted',
    denied,
    async () => {
      const caller = await mayEncrypt()
      const policy = { UserName: await nameOf(caller), PolicyName: 'p' }
      return { caller, revoke: () => asRoot('DeleteUserPolicy', policy) }
    },
  ],
  [
    'a policy is detached',
    denied,
    async () => {
      const { caller, UserName, PolicyArn } = await attachedUser()
      return { caller, revoke: () => asRoot('DetachUserPolicy', { UserName, PolicyArn }) }
    },
  ],
  [
    'a policy has another default version',
    denied,
    async () => {
      const { caller, PolicyArn } = await attachedUser()
      const version = { PolicyDocument: allow('kms:ListKeys'), SetAsDefault: 'true' }
      return { caller, revoke: () => asRoot('CreatePolicyVersion', { PolicyArn, ...version }) }
    },
  ],
  [
    'a boundary is put',
    denied,
    async () => {
      const caller = await mayEncrypt()
      const UserName = await nameOf(caller)
      const PermissionsBoundary = await newPolicy(allow('kms:ListKeys'))
      return { caller, revoke: () => asRoot('PutUserPermissionsBoundary', { UserName, PermissionsBoundary }) }
    },
  ],
  [
    'a user leaves a group',
    denied,
    async () => {
      const { caller, ...membership } = await groupMember((GroupName) =>
        asRoot('PutGroupPolicy', { GroupName, PolicyName: 'p', PolicyDocument: allow('kms:Encrypt') }),
      )
      return { caller, revoke: () => asRoot('RemoveUserFromGroup', membership) }
    },
  ],
  [
    "a group's policy is detached",
    denied,
    async () => {
      const PolicyArn = await newPolicy()
      const { caller, GroupName } = await groupMember((name) =>
        asRoot('AttachGroupPolicy', { GroupName: name, PolicyArn }),
      )
      return { caller, revoke: () => asRoot('DetachGroupPolicy', { GroupName, PolicyArn }) }
    },
  ],
  [
    'a tag that a policy asks for changes',
    denied,
    async () => {
      const statement = {
        Effect: 'Allow',
        Action: 'kms:Encrypt',
        Resource: '*',
        Condition: { StringEquals: { 'aws:PrincipalTag/team': 'blue' } },
      }
      const caller = await newUser({ p: JSON.stringify({ Version: '2012-10-17', Statement: [statement] }) })
      const UserName = await nameOf(caller)
      const tag = (Value: string) =>
        asRoot('TagUser', { UserName, 'Tags.member.1.Key': 'team', 'Tags.member.1.Value': Value })
      await tag('blue')
      return { caller, revoke: () => tag('red') }
    },
  ],
  [
    "a role's policy is deleted under its session",
    denied,
    async () => {
      const { caller, role } = await roleSession()
      return { caller, revoke: () => asRoot('DeleteRolePolicy', { RoleName: role.RoleName, PolicyName: 'work' }) }
    },
  ],
  [
    'a role is deleted under its session',
    gone,
    async () => {
      const { caller, role } = await roleSession()
      return { caller, revoke: () => deleteRole(role) }
    },
  ],
  [
    'the access key behind a session token is switched off',
    gone,
    async () => {
      const user = await mayEncrypt()
      const key = { UserName: await nameOf(user), AccessKeyId: user.accessKeyId }
      const caller = callerOf(await sts(user, { Action: 'GetSessionToken' }))
      return { caller, revoke: () => asRoot('UpdateAccessKey', { ...key, Status: 'Inactive' }) }
    },
  ],
  [
    'the user behind a federated user loses the policy',
    denied,
    async () => {
      const user = await newUser({ p: allow('kms:Encrypt'), federate: allow('sts:GetFederationToken') })
      const policy = { UserName: await nameOf(user), PolicyName: 'p' }
      const federation = { Action: 'GetFederationToken', Name: 'bob', Policy: allow('kms:*') }
      return { caller: callerOf(await sts(user, federation)), revoke: () => asRoot('DeleteUserPolicy', policy) }
    },
  ],
  [
    'a grant is revoked',
    denied,
    async (place) => {
      const { caller, GrantId } = await grantee(place)
      return { caller, revoke: () => kms(deployed, root, place.region, 'RevokeGrant', { KeyId: place.keyId, GrantId }) }
    },
  ],
  [
    'a grant is retired',
    denied,
    async (place) => {
      const { caller, GrantToken } = await grantee(place)
      return { caller, revoke: () => kms(deployed, root, place.region, 'RetireGrant', { GrantToken }) }
    },
  ],
  [
    'the key policy no longer lets IAM decide',
    denied,
    async (place) => {
      const caller = await mayEncrypt()
      const statement = {
        Effect: 'Allow',
        Principal: { AWS: `arn:aws:iam::${root.accountId}:root` },
        Action: ['kms:PutKeyPolicy', 'kms:DescribeKey'],
        Resource: '*',
      }
      const Policy = JSON.stringify({ Version: '2012-10-17', Statement: [statement] })
      return { caller, revoke: () => kms(deployed, root, place.region, 'PutKeyPolicy', { KeyId: place.keyId, Policy }) }
    },
  ],
]

async function newPlace(): Promise<Place> {
  const region = newRegion()
  return { region, keyId: await newKey(region) }
}

describe.each(revocations)('%s', (_what, code, prepare) => {
  it('strong: the next call is refused, in another isolate too', async () => {
    const place = await newPlace()
    const { caller, revoke } = await prepare(place)
    const other = isolate()
    expect((await encrypt(deployed, caller, place)).status).toBe(200)
    expect((await encrypt(other, caller, place)).status).toBe(200)
    await revoke()
    expect((await encrypt(deployed, caller, place)).code).toBe(code)
    expect((await encrypt(other, caller, place)).code).toBe(code)
    const [last] = await lookup(deployed, root, place.region)
    expect(last).toMatchObject({ eventName: 'Encrypt', errorCode: code === gone ? expect.anything() : 'AccessDenied' })
  })

  it('leased: refused when the lease ends, at the latest; control calls at once', async () => {
    const place = await newPlace()
    const { caller, revoke } = await prepare(place)
    const front = isolate({ KMS_LEASE_SECONDS: String(leaseSeconds) })
    expect((await encrypt(front, caller, place)).status).toBe(200)
    await revoke()
    passSeconds(leaseSeconds - 1)
    expect((await encrypt(front, caller, place)).status).toBe(200)
    passSeconds(1)
    expect((await encrypt(front, caller, place)).code).toBe(code)
    await front.settled()
  })
})

describe('what does not end a session', () => {
  it('another trust policy: old sessions live on, nobody gets a new one', async () => {
    const place = await newPlace()
    const { caller, role, user } = await roleSession()
    const nobody = trust({ AWS: `arn:aws:iam::${root.accountId}:root` }, 'sts:TagSession')
    await asRoot('UpdateAssumeRolePolicy', { RoleName: role.RoleName, PolicyDocument: nobody })
    expect((await encrypt(deployed, caller, place)).status).toBe(200)
    expect(await assume(user, role.arn)).toMatchObject({ status: 403, code: 'AccessDenied' })
  })

  it('the end of the user who assumed the role', async () => {
    const place = await newPlace()
    const { caller, user } = await roleSession()
    const key = { UserName: await nameOf(user as User), AccessKeyId: user.accessKeyId }
    await asRoot('UpdateAccessKey', { ...key, Status: 'Inactive' })
    expect((await encrypt(deployed, caller, place)).status).toBe(200)
    expect((await assume(user, 'arn:aws:iam::111122223333:role/x')).code).toBe('InvalidClientTokenId')
  })
})

describe('a session that is over', () => {
  const sessionOfRole = async (leftMs: number) => {
    const { RoleName: roleName, roleId } = await newRole({ AWS: root.accountId }, ['kms:*', 'sts:*', 'iam:*'])
    const principal = {
      kind: 'role-session',
      accountId: root.accountId,
      roleId,
      roleName,
      path: '/',
      sessionName: 's',
    } as const
    const times = { issuedAtMs: Date.now() - 1_000, expiresAtMs: Date.now() + leftMs }
    return sealedSession(principal, times)
  }

  it('is refused at every door, with nothing done', async () => {
    const place = await newPlace()
    const over = await sessionOfRole(0)
    expect(await encrypt(deployed, over, place)).toMatchObject({
      status: 400,
      code: 'ExpiredTokenException',
      message: 'The security token included in the request is expired',
    })
    expect(await sts(over, { Action: 'GetCallerIdentity' })).toMatchObject({ status: 403, code: 'ExpiredToken' })
    await expect(iam(over, { Action: 'ListUsers' })).rejects.toThrow('ExpiredToken')
    await expect(lookup(deployed, over, place.region)).rejects.toThrow('ExpiredTokenException')
    const names = (await lookup(deployed, root, place.region)).map(({ eventName }) => eventName)
    expect(names).toEqual(['CreateKey'])
  })

  it.each([0, leaseSeconds])('ends in the middle of things, leased for %i seconds', async (seconds) => {
    const place = await newPlace()
    const front = isolate({ KMS_LEASE_SECONDS: String(seconds) })
    const short = await sessionOfRole(1_000)
    expect((await encrypt(front, short, place)).status).toBe(200)
    passSeconds(1)
    expect((await encrypt(front, short, place)).code).toBe('ExpiredTokenException')
    await front.settled()
  })
})

it('a user who is renamed goes on under the new name', async () => {
  const place = await newPlace()
  const user = await mayEncrypt()
  expect((await encrypt(deployed, user, place)).status).toBe(200)
  const NewUserName = newName('renamed')
  await asRoot('UpdateUser', { UserName: await nameOf(user), NewUserName })
  expect((await encrypt(deployed, user, place)).status).toBe(200)
  const [last] = await lookup(deployed, root, place.region)
  expect(last.userIdentity.userName).toBe(NewUserName)
})

it('who only reads identities outdates nothing', async () => {
  const user = await newUser({ p: allow('kms:ListKeys') })
  const version = () =>
    sqlNumber(directoryOf(), "SELECT version FROM rows WHERE collection = 'setting' AND id = 'directory-version'")
  const before = await version()
  const UserName = await nameOf(user)
  for (const [Action, more] of [
    ['ListUsers', {}],
    ['GetUser', { UserName }],
    ['ListRoles', {}],
  ] as const) {
    await asRoot(Action, more)
  }
  expect(await version()).toBe(before)
  await asRoot('DeleteUserPolicy', { UserName, PolicyName: 'p' })
  expect(await version()).toBe(before + 1)
})
