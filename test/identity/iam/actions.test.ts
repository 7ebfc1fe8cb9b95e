import { describe, expect, it } from 'vitest'
import { allow, arn, openAccount, textOf, textsOf, trust } from './helpers'

const document = (xml: string, element: string) => decodeURIComponent(textOf(xml, element) ?? '')

describe('users', () => {
  it('are made, read, renamed, listed and deleted', async () => {
    const { done, refused, directory } = await openAccount()
    const made = await done('CreateUser', { UserName: 'alice', Path: '/team/', Tags: [{ Key: 'a', Value: '1' }] })
    expect(textOf(made, 'UserId')).toMatch(/^AIDA[A-Z2-7]{17}$/)
    expect([textOf(made, 'Arn'), textOf(made, 'CreateDate'), textOf(made, 'Key')]).toEqual([
      arn('user/team/alice'),
      '2026-11-24T12:00:00Z',
      'a',
    ])
    expect(await done('GetUser', { UserName: 'ALICE' })).toContain(`<Arn>${arn('user/team/alice')}</Arn>`)
    await done('UpdateUser', { UserName: 'alice', NewUserName: 'Alice', NewPath: '/' })
    await done('UpdateUser', { UserName: 'alice', NewUserName: 'bob' })
    expect(await refused('GetUser', { UserName: 'alice' })).toMatch(/^NoSuchEntity/)
    expect(textsOf(await done('ListUsers'), 'Arn')).toEqual([arn('user/bob')])
    expect(textOf(await done('ListUsers'), 'Key')).toBeUndefined()
    await done('DeleteUser', { UserName: 'bob' })
    expect(textsOf(await done('ListUsers'), 'Arn')).toEqual([])
    const again = await done('CreateUser', { UserName: 'bob' })
    expect(textOf(again, 'UserId')).not.toBe(textOf(made, 'UserId'))
    expect(await directory.principalArns([textOf(made, 'UserId') ?? ''])).toEqual({})
  })

  it('read about themselves without a name', async () => {
    const { done, newCaller } = await openAccount()
    const alice = await newCaller('alice', allow('iam:GetUser'))
    expect(textOf(await done('GetUser', {}, alice), 'UserName')).toBe('alice')
    expect(textOf(await done('GetUser'), 'Arn')).toBe(arn('root'))
  })
})

describe('access keys', () => {
  it('show their secret once, are switched off and on, and deleted', async () => {
    const { done, directory, storage, crypto } = await openAccount()
    await done('CreateUser', { UserName: 'alice' })
    const made = await done('CreateAccessKey', { UserName: 'alice' })
    const [AccessKeyId = '', secret = ''] = [textOf(made, 'AccessKeyId'), textOf(made, 'SecretAccessKey')]
    expect(AccessKeyId).toMatch(/^AKIA[A-Z2-7]{16}$/)
    expect(secret).toMatch(/^[A-Za-z0-9+/]{40}$/)
    const found = await directory.findAccessKey(AccessKeyId)
    if (!found) throw new Error('not found')
    await crypto.openSecret(found.secret, { accessKeyId: AccessKeyId, userId: found.principal.userId })
    expect(JSON.stringify(await storage.list('accessKey', { limit: 9 }))).not.toContain(secret)
    const listed = await done('ListAccessKeys', { UserName: 'alice' })
    expect(textOf(listed, 'Status')).toBe('Active')
    expect(listed).not.toContain('Secret')

    await done('UpdateAccessKey', { UserName: 'alice', AccessKeyId, Status: 'Inactive' })
    expect(await directory.findAccessKey(AccessKeyId)).toBeUndefined()
    expect(await directory.findEntry(found.principal)).toBeUndefined()
    await done('UpdateAccessKey', { UserName: 'alice', AccessKeyId, Status: 'Active' })
    expect(await directory.findEntry(found.principal)).toMatchObject({ policies: {} })
    await done('DeleteAccessKey', { UserName: 'alice', AccessKeyId })
    expect(await directory.findAccessKey(AccessKeyId)).toBeUndefined()
  })

  it('belong to one user alone', async () => {
    const { done, refused, newCaller } = await openAccount()
    const { accessKeyId: AccessKeyId } = await newCaller('alice')
    await done('CreateUser', { UserName: 'bob' })
    expect(await refused('DeleteAccessKey', { UserName: 'bob', AccessKeyId })).toMatch(/^NoSuchEntity/)
  })

  it('tell their last use to a minute, which is no write of the Directory', async () => {
    const { done, directory, newCaller, clock, dropped } = await openAccount()
    const { accessKeyId: AccessKeyId } = await newCaller('alice')
    const lastUse = async () => {
      const xml = await done('GetAccessKeyLastUsed', { AccessKeyId })
      return ['UserName', 'LastUsedDate', 'ServiceName', 'Region'].map((element) => textOf(xml, element))
    }
    expect(await lastUse()).toEqual(['alice', undefined, 'N/A', 'N/A'])
    const writes = dropped.length
    await directory.noteUse(AccessKeyId, 'kms', 'eu-west-1')
    clock.ms += 59_999
    await directory.noteUse(AccessKeyId, 'iam', 'us-east-1')
    expect(await lastUse()).toEqual(['alice', '2026-11-24T12:00:00Z', 'kms', 'eu-west-1'])
    clock.ms += 1
    await directory.noteUse(AccessKeyId, 'iam', 'us-east-1')
    expect(await lastUse()).toEqual(['alice', '2026-11-24T12:01:00Z', 'iam', 'us-east-1'])
    await directory.noteUse('AKIAUNKNOWN', 'iam', 'us-east-1')
    expect(dropped).toHaveLength(writes)
  })
})

describe.each([
  ['User', 'CreateUser'],
  ['Group', 'CreateGroup'],
  ['Role', 'CreateRole'],
])('policies of a %s', (kind, create) => {
  const who = { [`${kind}Name`]: 'x' }
  const open = async () => {
    const account = await openAccount()
    await account.done(create, { ...who, AssumeRolePolicyDocument: trust({ AWS: '111122223333' }) })
    return account
  }

  it('inline: put, read back as written, listed, replaced, deleted', async () => {
    const { done, refused } = await open()
    const text = `{ "Statement" : { "Effect": "Allow", "Action": "kms:*",\n "Resource": "*", "Sid":"" } }`
    await done(`Put${kind}Policy`, { ...who, PolicyName: '__proto__', PolicyDocument: text })
    await done(`Put${kind}Policy`, { ...who, PolicyName: 'a', PolicyDocument: allow('*') })
    const got = await done(`Get${kind}Policy`, { ...who, PolicyName: '__proto__' })
    expect(document(got, 'PolicyDocument')).toBe(text)
    expect(textOf(got, 'PolicyDocument')).toContain('%2A')
    expect(got).toContain(`<${kind}Name>x</${kind}Name>`)
    expect(await done(`List${kind}Policies`, who)).toMatch(/<member>__proto__<\/member>\s*<member>a<\/member>/)
    await done(`Put${kind}Policy`, { ...who, PolicyName: 'a', PolicyDocument: text })
    expect(document(await done(`Get${kind}Policy`, { ...who, PolicyName: 'a' }), 'PolicyDocument')).toBe(text)
    await done(`Delete${kind}Policy`, { ...who, PolicyName: '__proto__' })
    expect(await refused(`Delete${kind}Policy`, { ...who, PolicyName: '__proto__' })).toBe(
      `NoSuchEntity 404: The ${kind.toLowerCase()} policy with name __proto__ cannot be found.`,
    )
  })

  it('managed: attached, counted, listed from both ends, detached', async () => {
    const { done } = await open()
    await done('CreatePolicy', { PolicyName: 'read', Path: '/p/', PolicyDocument: allow('kms:Get*') })
    const [own, admin] = [arn('policy/p/read'), 'arn:aws:iam::aws:policy/AdministratorAccess']
    for (const PolicyArn of [own, admin, own]) await done(`Attach${kind}Policy`, { ...who, PolicyArn })
    const attached = await done(`ListAttached${kind}Policies`, who)
    expect(textsOf(attached, 'PolicyArn').sort()).toEqual([own, admin].sort())
    expect(textsOf(await done(`ListAttached${kind}Policies`, { ...who, PathPrefix: '/p/' }), 'PolicyName')).toEqual([
      'read',
    ])
    for (const PolicyArn of [own, admin]) {
      expect(textOf(await done('GetPolicy', { PolicyArn }), 'AttachmentCount')).toBe('1')
      const entities = await done('ListEntitiesForPolicy', { PolicyArn })
      expect(textsOf(entities, `${kind}Name`)).toEqual(['x'])
      expect(textsOf(await done('ListEntitiesForPolicy', { PolicyArn, EntityFilter: kind }), `${kind}Name`)).toEqual([
        'x',
      ])
      const others = kind === 'Role' ? 'User' : 'Role'
      expect(await done('ListEntitiesForPolicy', { PolicyArn, EntityFilter: others })).not.toContain('<member>')
    }
    for (const PolicyArn of [own, admin]) await done(`Detach${kind}Policy`, { ...who, PolicyArn })
    expect(await done('ListEntitiesForPolicy', { PolicyArn: own })).not.toContain('<member>')
    await done('DeletePolicy', { PolicyArn: own })
  })
})

describe('groups', () => {
  it('have members until they leave', async () => {
    const { done } = await openAccount()
    for (const UserName of ['alice', 'bob']) await done('CreateUser', { UserName })
    await done('CreateGroup', { GroupName: 'staff', Path: '/g/' })
    for (const UserName of ['alice', 'bob', 'bob']) await done('AddUserToGroup', { UserName, GroupName: 'Staff' })
    expect(textsOf(await done('GetGroup', { GroupName: 'staff' }), 'UserName').sort()).toEqual(['alice', 'bob'])
    expect(textsOf(await done('ListGroupsForUser', { UserName: 'bob' }), 'Arn')).toEqual([arn('group/g/staff')])
    await done('UpdateGroup', { GroupName: 'staff', NewGroupName: 'crew' })
    expect(textsOf(await done('ListGroupsForUser', { UserName: 'bob' }), 'Arn')).toEqual([arn('group/g/crew')])
    for (const UserName of ['bob', 'alice', 'alice']) await done('RemoveUserFromGroup', { UserName, GroupName: 'crew' })
    expect(textsOf(await done('ListGroupsForUser', { UserName: 'bob' }), 'Arn')).toEqual([])
    await done('DeleteGroup', { GroupName: 'crew' })
    expect(textsOf(await done('ListGroups'), 'GroupName')).toEqual([])
  })
})

describe('roles', () => {
  it('are made, changed and read', async () => {
    const { done } = await openAccount()
    const text = trust({ Service: 'rds.amazonaws.com' })
    const made = await done('CreateRole', { RoleName: 'r', AssumeRolePolicyDocument: text, Description: 'a <role>' })
    expect(textOf(made, 'RoleId')).toMatch(/^AROA[A-Z2-7]{17}$/)
    expect(document(made, 'AssumeRolePolicyDocument')).toBe(text)
    expect([textOf(made, 'MaxSessionDuration'), textOf(made, 'Description')]).toEqual(['3600', 'a &lt;role&gt;'])
    expect(await done('UpdateRole', { RoleName: 'r', MaxSessionDuration: '7200' })).toContain('<UpdateRoleResult>')
    await done('UpdateRole', { RoleName: 'r', Description: '' })
    const got = await done('GetRole', { RoleName: 'r' })
    expect([textOf(got, 'MaxSessionDuration'), textOf(got, 'Description')]).toEqual(['7200', ''])
    expect(textOf(await done('UpdateRoleDescription', { RoleName: 'r', Description: 'd' }), 'Description')).toBe('d')
    expect(await done('ListInstanceProfilesForRole', { RoleName: 'r' })).toContain('<InstanceProfiles/>')
    await done('DeleteRole', { RoleName: 'r' })
  })

  it('trust who a name was when it was written, and show who that is now', async () => {
    const { done, directory } = await openAccount()
    const userId = textOf(await done('CreateUser', { UserName: 'alice' }), 'UserId') ?? ''
    await done('CreateRole', { RoleName: 'first', AssumeRolePolicyDocument: trust({ AWS: arn('user/alice') }) })
    const session = 'arn:aws:sts::111122223333:assumed-role/first/session'
    const roleId = (await directory.findRole('first'))?.roleId
    const names = [arn('user/alice'), arn('role/first'), session, 'arn:aws:iam::444455556666:user/far', '111122223333']
    await done('CreateRole', { RoleName: 'second', AssumeRolePolicyDocument: trust({ AWS: names }) })
    expect((await directory.findRole('second'))?.trustPins).toEqual({
      [names[0] as string]: userId,
      [names[1] as string]: roleId,
      [session]: roleId,
    })
    const shown = async () => {
      const text = document(await done('GetRole', { RoleName: 'second' }), 'AssumeRolePolicyDocument')
      return JSON.parse(text).Statement[0].Principal.AWS
    }
    expect(await shown()).toEqual(names)
    await done('UpdateUser', { UserName: 'alice', NewUserName: 'bob', NewPath: '/x/' })
    expect(await shown()).toEqual([arn('user/x/bob'), ...names.slice(1)])
    await done('DeleteUser', { UserName: 'bob' })
    await done('CreateUser', { UserName: 'alice' })
    await done('DeleteRole', { RoleName: 'first' })
    expect(await shown()).toEqual([userId, roleId, roleId, ...names.slice(3)])
  })
})

describe('managed policies', () => {
  it('have versions, one of them the default', async () => {
    const { done, clock } = await openAccount()
    const made = await done('CreatePolicy', { PolicyName: 'p', PolicyDocument: allow('kms:Get*'), Description: 'd' })
    expect(textOf(made, 'PolicyId')).toMatch(/^ANPA[A-Z2-7]{17}$/)
    const PolicyArn = arn('policy/p')
    clock.ms += 1000
    await done('CreatePolicyVersion', { PolicyArn, PolicyDocument: allow('kms:Put*') })
    await done('CreatePolicyVersion', { PolicyArn, PolicyDocument: allow('kms:List*'), SetAsDefault: 'true' })
    const listed = await done('ListPolicyVersions', { PolicyArn })
    expect(textsOf(listed, 'VersionId')).toEqual(['v3', 'v2', 'v1'])
    expect(textsOf(listed, 'IsDefaultVersion')).toEqual(['true', 'false', 'false'])
    await done('SetDefaultPolicyVersion', { PolicyArn, VersionId: 'v2' })
    const got = await done('GetPolicy', { PolicyArn })
    expect([textOf(got, 'DefaultVersionId'), textOf(got, 'Description'), textOf(got, 'UpdateDate')]).toEqual([
      'v2',
      'd',
      '2026-11-24T12:00:01Z',
    ])
    const version = await done('GetPolicyVersion', { PolicyArn, VersionId: 'v2' })
    expect(document(version, 'Document')).toBe(allow('kms:Put*'))
    for (const VersionId of ['v1', 'v3']) await done('DeletePolicyVersion', { PolicyArn, VersionId })
    await done('DeletePolicy', { PolicyArn })
  })

  it('of AWS are there to be read', async () => {
    const { done } = await openAccount()
    const names = ['AWSKeyManagementServicePowerUser', 'AdministratorAccess', 'IAMFullAccess']
    expect(textsOf(await done('ListPolicies', { Scope: 'AWS' }), 'PolicyName')).toEqual(names)
    const PolicyArn = 'arn:aws:iam::aws:policy/AdministratorAccess'
    expect(document(await done('GetPolicyVersion', { PolicyArn, VersionId: 'v1' }), 'Document')).toBe(allow('*'))
    expect(textsOf(await done('ListPolicyVersions', { PolicyArn }), 'VersionId')).toEqual(['v1'])
    expect(textsOf(await done('ListPolicies', { OnlyAttached: 'true' }), 'PolicyName')).toEqual([])
  })
})

describe('boundaries', () => {
  it('are set, shown, counted, replaced and taken away', async () => {
    const { done, refused } = await openAccount()
    for (const PolicyName of ['a', 'b']) await done('CreatePolicy', { PolicyName, PolicyDocument: allow('kms:*') })
    const [a, b] = [arn('policy/a'), arn('policy/b')]
    await done('CreateUser', { UserName: 'u', PermissionsBoundary: a })
    await done('PutUserPermissionsBoundary', { UserName: 'u', PermissionsBoundary: b })
    expect(textOf(await done('GetUser', { UserName: 'u' }), 'PermissionsBoundaryArn')).toBe(b)
    const count = async (PolicyArn: string) =>
      textOf(await done('GetPolicy', { PolicyArn }), 'PermissionsBoundaryUsageCount')
    expect([await count(a), await count(b)]).toEqual(['0', '1'])
    const usage = { PolicyArn: b, PolicyUsageFilter: 'PermissionsBoundary' }
    expect(textsOf(await done('ListEntitiesForPolicy', usage), 'UserName')).toEqual(['u'])
    await done('DeleteUserPermissionsBoundary', { UserName: 'u' })
    expect(await refused('DeleteUserPermissionsBoundary', { UserName: 'u' })).toMatch(/^NoSuchEntity/)
    await done('PutUserPermissionsBoundary', { UserName: 'u', PermissionsBoundary: a })
    await done('DeleteUser', { UserName: 'u' })
    expect(await count(a)).toBe('0')
    await done('DeletePolicy', { PolicyArn: a })
  })
})

describe('tags', () => {
  it.each([
    ['User', { UserName: 'x' }],
    ['Role', { RoleName: 'x' }],
    ['Policy', { PolicyArn: arn('policy/x') }],
    ['OpenIDConnectProvider', { OpenIDConnectProviderArn: arn('oidc-provider/id.example.com') }],
  ])('of a %s', async (kind, who) => {
    const { done } = await openAccount()
    await done('CreateUser', { UserName: 'x' })
    await done('CreateRole', { RoleName: 'x', AssumeRolePolicyDocument: trust({ AWS: '111122223333' }) })
    await done('CreatePolicy', { PolicyName: 'x', PolicyDocument: allow('*') })
    await done('CreateOpenIDConnectProvider', { Url: 'https://id.example.com' })
    const tags = async (more = {}) => {
      const xml = await done(`List${kind}Tags`, { ...who, ...more })
      return textsOf(xml, 'Key').map((key, index) => `${key}=${textsOf(xml, 'Value')[index]}`)
    }
    await done(`Tag${kind}`, {
      ...who,
      Tags: [
        { Key: 'b', Value: '1' },
        { Key: 'a', Value: '' },
      ],
    })
    await done(`Tag${kind}`, { ...who, Tags: [{ Key: 'B', Value: '2' }] })
    expect((await tags()).sort()).toEqual(['B=2', 'a='])
    expect(await tags({ MaxItems: '1' })).toHaveLength(1)
    await done(`Untag${kind}`, { ...who, TagKeys: ['b', 'none'] })
    expect(await tags()).toEqual(['a='])
  })
})

describe('OpenID Connect providers', () => {
  it('are made, changed and deleted', async () => {
    const { done, directory } = await openAccount()
    const OpenIDConnectProviderArn = arn('oidc-provider/id.example.com/pool/')
    const thumbprint = 'ab'.repeat(20)
    const made = await done('CreateOpenIDConnectProvider', {
      Url: 'https://ID.example.com/pool/',
      ClientIDList: ['app', 'app'],
    })
    expect(textOf(made, 'OpenIDConnectProviderArn')).toBe(OpenIDConnectProviderArn)
    for (const ClientID of ['b', 'b'])
      await done('AddClientIDToOpenIDConnectProvider', { OpenIDConnectProviderArn, ClientID })
    for (const ClientID of ['app', 'app']) {
      await done('RemoveClientIDFromOpenIDConnectProvider', { OpenIDConnectProviderArn, ClientID })
    }
    await done('UpdateOpenIDConnectProviderThumbprint', { OpenIDConnectProviderArn, ThumbprintList: [thumbprint] })
    const got = await done('GetOpenIDConnectProvider', { OpenIDConnectProviderArn })
    expect(textOf(got, 'Url')).toBe('id.example.com/pool/')
    expect(textsOf(got, 'member')).toEqual(['b', thumbprint])
    expect(textsOf(await done('ListOpenIDConnectProviders'), 'Arn')).toEqual([OpenIDConnectProviderArn])
    await directory.pinJwks('id.example.com/pool/', '{"keys":[]}')
    expect(await directory.findProvider('id.example.com/pool/')).toMatchObject({
      jwks: '{"keys":[]}',
      clientIds: ['b'],
    })
    await directory.pinJwks('id.example.com/pool/', undefined)
    expect(await directory.findProvider('id.example.com/pool/')).not.toHaveProperty('jwks')
    for (const _ of [1, 2]) await done('DeleteOpenIDConnectProvider', { OpenIDConnectProviderArn })
    expect(await directory.pinJwks('id.example.com/pool/', '{}')).toBe(false)
  })
})

describe('the account', () => {
  it('sums up what is there', async () => {
    const { done } = await openAccount()
    await done('CreateUser', { UserName: 'u' })
    const summary = await done('GetAccountSummary')
    expect(summary).toMatch(/<key>Users<\/key>\s*<value>1<\/value>/)
    expect(summary).toMatch(/<key>Groups<\/key>\s*<value>0<\/value>/)
    expect(await done('ListAccountAliases')).toContain('<AccountAliases/>')
  })

  it.each(['ListSSHPublicKeys', 'ListServiceSpecificCredentials', 'ListMFADevices', 'ListSigningCertificates'])(
    '%s: nothing of a user that is there',
    async (action) => {
      const { done, refused } = await openAccount()
      await done('CreateUser', { UserName: 'u' })
      expect(await done(action, { UserName: 'u' })).not.toContain('<member>')
      expect(await refused(action, { UserName: 'v' })).toMatch(/^NoSuchEntity/)
    },
  )
})

describe('pages', () => {
  it('show everything once, in order of name', async () => {
    const { done } = await openAccount()
    const names = Array.from({ length: 7 }, (_, i) => `${i % 2 ? 'U' : 'u'}ser${i}`)
    for (const UserName of [...names].reverse())
      await done('CreateUser', { UserName, Path: UserName === 'user6' ? '/x/' : '/' })
    for (const size of [1, 2, 3, 7, 8]) {
      const seen: string[] = []
      let Marker: string | undefined
      do {
        const page = await done('ListUsers', { MaxItems: String(size), ...(Marker === undefined ? {} : { Marker }) })
        const found = textsOf(page, 'UserName')
        expect(found.length).toBeLessThanOrEqual(size)
        seen.push(...found)
        Marker = textOf(page, 'Marker')
        expect(textOf(page, 'IsTruncated')).toBe(String(Marker !== undefined))
      } while (Marker !== undefined)
      expect(seen).toEqual(names)
    }
    expect(textsOf(await done('ListUsers', { PathPrefix: '/x/', MaxItems: '1' }), 'UserName')).toEqual(['user6'])
  })

  it('go on where a listing of more than one read stops', async () => {
    const { done, storage, directory } = await openAccount()
    await directory.transact(async (tx) => {
      for (let i = 0; i < 450; i++) {
        const policyId = `ANPA${i}`
        const id = `policy/p${String(i).padStart(3, '0')}`
        await tx.find('managedPolicy', policyId)
        await tx.find('iamName', id)
        tx.put('iamName', id, { kind: 'policy', uniqueId: policyId })
        tx.put('managedPolicy', policyId, {
          policyId,
          policyName: id.slice(7),
          path: '/',
          createdAtMs: 0,
          updatedAtMs: 0,
          versions: [],
          defaultVersionId: 'v1',
          versionCount: 1,
          tags: [],
        })
      }
    })
    expect(await storage.list('iamName', { limit: 1000 })).toHaveLength(450)
    expect(textsOf(await done('ListPolicies', { MaxItems: '1000' }), 'PolicyName')).toHaveLength(453)
    const first = await done('ListPolicies', { MaxItems: '2' })
    const second = await done('ListPolicies', { MaxItems: '2', Marker: textOf(first, 'Marker') ?? '' })
    expect([...textsOf(first, 'PolicyName'), ...textsOf(second, 'PolicyName')]).toEqual([
      'AWSKeyManagementServicePowerUser',
      'AdministratorAccess',
      'IAMFullAccess',
      'p000',
    ])
    expect(await done('GetAccountSummary')).toMatch(/<key>Policies<\/key>\s*<value>450<\/value>/)
  })

  it.each([{}, { PolicyUsageFilter: 'PermissionsPolicy' }])('of entities of a policy: %o', async (filter) => {
    const { done } = await openAccount()
    await done('CreatePolicy', { PolicyName: 'p', PolicyDocument: allow('*') })
    const PolicyArn = arn('policy/p')
    for (let i = 0; i < 5; i++) {
      await done('CreateUser', { UserName: `u${i}`, PermissionsBoundary: PolicyArn })
      await done('AttachUserPolicy', { UserName: `u${i}`, PolicyArn })
    }
    const seen: string[] = []
    let Marker: string | undefined
    do {
      const page = await done('ListEntitiesForPolicy', {
        PolicyArn,
        MaxItems: '2',
        ...(Marker === undefined ? {} : { Marker }),
        ...filter,
      })
      seen.push(...textsOf(page, 'UserName'))
      Marker = textOf(page, 'Marker')
    } while (Marker !== undefined)
    expect(seen.sort()).toEqual(['u0', 'u1', 'u2', 'u3', 'u4'])
  })
})
