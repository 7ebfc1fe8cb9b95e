import { describe, expect, it } from 'vitest'
import type { OperationName } from '../../../src/model/operations'
import type { CallRequest } from '../../../src/operations/kms'
import type { Principal, UserPrincipal } from '../../../src/policy/principal'
import { accountId } from '../compose'
import { madeAnew, sessionPrincipal } from '../directory'
import {
  alice,
  bob,
  deployer,
  type GrantInput,
  roleArn,
  rootArn,
  service,
  sourceArn,
  userArn,
  withGrantees,
} from './grant-harness'
import { attempt, bytes, codeOf, must, newKey, type Open, verdict } from './harness'

const context = { app: 'a', stage: 'test' }
const Plaintext = bytes(1, 2, 3)

const statement = (over: object) =>
  JSON.stringify({ Statement: { Effect: 'Allow', Action: 'kms:*', Resource: '*', ...over } })
const rds: Principal = { kind: 'service', accountId: null, service: 'rds.amazonaws.com' }
const from = (arn: string): Partial<CallRequest> => ({
  forwarding: { viaService: 'rds.eu-west-1.amazonaws.com', sourceArn: arn },
})
const elsewhere = sourceArn.replace('orders', 'others')
const equals = { Constraints: { EncryptionContextEquals: context } }
const subset = { Constraints: { EncryptionContextSubset: { app: 'a' } } }

/** A grant, and whether it lets Encrypt with this context pass. */
const encrypting: readonly (readonly [
  what: string,
  over: Partial<GrantInput>,
  EncryptionContext: object | undefined,
  passes: boolean,
  caller?: Principal,
  more?: Partial<CallRequest>,
])[] = [
  ['no constraint', {}, undefined, true],
  ['no constraint, with a context', {}, context, true],
  ['another operation', { Operations: ['Decrypt'] }, undefined, false],
  ['another grantee', {}, undefined, false, bob],
  ['equals, the same', equals, context, true],
  ['equals, in another order', equals, { stage: 'test', app: 'a' }, true],
  ['equals, one pair less', equals, { app: 'a' }, false],
  ['equals, one pair more', equals, { ...context, more: '1' }, false],
  ['equals, another case', equals, { ...context, app: 'A' }, false],
  ['equals, another case of a name', equals, { stage: 'test', App: 'a' }, false],
  ['equals, none', equals, undefined, false],
  ['subset, the same', subset, { app: 'a' }, true],
  ['subset, more pairs', subset, context, true],
  ['subset, another value', subset, { app: 'b' }, false],
  ['subset, none', subset, undefined, false],
  ['subset, a name that objects have', { Constraints: { EncryptionContextSubset: { constructor: 'x' } } }, {}, false],
  ['a source, none', { Constraints: { SourceArn: sourceArn } }, undefined, false],
  ['a source', { Constraints: { SourceArn: sourceArn } }, undefined, true, alice, from(sourceArn)],
  ['another source', { Constraints: { SourceArn: sourceArn } }, undefined, false, alice, from(elsewhere)],
  [
    'a source and a context',
    { Constraints: { ...subset.Constraints, SourceArn: sourceArn } },
    context,
    true,
    alice,
    from(sourceArn),
  ],
  [
    'a source and another context',
    { Constraints: { ...subset.Constraints, SourceArn: sourceArn } },
    undefined,
    false,
    alice,
    from(sourceArn),
  ],
  ['a role', { GranteePrincipal: roleArn }, undefined, true, deployer],
  [
    'a role, limited by a session policy',
    { GranteePrincipal: roleArn },
    undefined,
    false,
    sessionPrincipal('Deployer', 's2', { policies: [statement({ Action: 's3:*' })] }),
  ],
  ['a session', { GranteePrincipal: `arn:aws:sts::${accountId}:assumed-role/Deployer/s1` }, undefined, true, deployer],
  [
    'another session',
    { GranteePrincipal: `arn:aws:sts::${accountId}:assumed-role/Deployer/s2` },
    undefined,
    false,
    deployer,
  ],
  ['the account, without permission', { GranteePrincipal: rootArn }, undefined, false],
  [
    'a service',
    { ...(service as object), Constraints: { SourceArn: sourceArn }, RetiringPrincipal: rootArn },
    undefined,
    true,
    rds,
    from(sourceArn),
  ],
  [
    'a service, another source',
    { ...(service as object), Constraints: { SourceArn: sourceArn }, RetiringPrincipal: rootArn },
    undefined,
    false,
    rds,
    from(elsewhere),
  ],
]

const outcome = (passes: boolean) => (passes ? 'ok' : 'AccessDeniedException')

export function grantUse(open: Open): void {
  describe('grants in use', () => {
    it('allow what one of them holds, to whom it names, with the context it wants', async () => {
      const { kms, KeyId, grant } = await withGrantees(open)
      const [found, wanted]: Record<string, string>[] = [{}, {}]
      for (const [what, over, EncryptionContext, passes, caller = alice, more] of encrypting) {
        const { GrantId } = await grant(over)
        const input = { KeyId, Plaintext, ...(EncryptionContext ? { EncryptionContext } : {}) }
        ;(wanted as Record<string, string>)[what] = outcome(passes)
        ;(found as Record<string, string>)[what] = codeOf(await attempt(kms, 'Encrypt', input, caller, more))
        await must(kms, 'RevokeGrant', { KeyId, GrantId })
        expect(codeOf(await attempt(kms, 'Encrypt', input, caller, more)), what).toBe('AccessDeniedException')
      }
      expect(found).toEqual(wanted)
      expect(kms.faults).toEqual([])
    })

    it('do not add up', async () => {
      const { kms, KeyId, grant } = await withGrantees(open)
      await grant({ Operations: ['Encrypt'], Constraints: { EncryptionContextEquals: { a: '1' } } })
      await grant({ Operations: ['Decrypt'] })
      expect(codeOf(await attempt(kms, 'Encrypt', { KeyId, Plaintext }, alice))).toBe('AccessDeniedException')
    })

    it('give an account to those whom it lets', async () => {
      const { kms, KeyId, grant } = await withGrantees(open)
      await must(kms, 'PutKeyPolicy', {
        KeyId,
        BypassPolicyLockoutSafetyCheck: true,
        Policy: JSON.stringify({
          Statement: {
            Effect: 'Allow',
            Principal: { AWS: rootArn },
            Action: ['kms:CreateGrant', 'kms:ListGrants'],
            Resource: '*',
          },
        }),
      })
      const ask = () => attempt(kms, 'Encrypt', { KeyId, Plaintext }, alice)
      kms.identity.add(alice, { policies: { p: statement({ Action: 'kms:Encrypt' }) } })
      expect(codeOf(await ask())).toBe('AccessDeniedException')
      await grant({ GranteePrincipal: accountId })
      expect(codeOf(await ask())).toBe('ok')
      kms.identity.add(alice)
      expect(codeOf(await ask())).toBe('AccessDeniedException')
    })

    it('never allow what no grant can hold', async () => {
      const { kms, KeyId, grant } = await withGrantees(open)
      const { GrantId, GrantToken } = await grant({
        Operations: ['CreateGrant', 'DescribeKey', 'RetireGrant', 'Encrypt', 'Decrypt', 'GenerateDataKey'],
      })
      const rows: [OperationName, object][] = [
        ['PutKeyPolicy', { Policy: '{}' }],
        ['GetKeyPolicy', {}],
        ['ListKeyPolicies', {}],
        ['ListGrants', {}],
        ['RevokeGrant', { GrantId }],
        ['DisableKey', {}],
        ['EnableKey', {}],
        ['EnableKeyRotation', {}],
        ['GetKeyRotationStatus', {}],
        ['ListKeyRotations', {}],
        ['RotateKeyOnDemand', {}],
        ['ScheduleKeyDeletion', {}],
        ['CancelKeyDeletion', {}],
        ['TagResource', { Tags: [{ TagKey: 'a', TagValue: 'b' }] }],
        ['UntagResource', { TagKeys: ['a'] }],
        ['ListResourceTags', {}],
        ['UpdateKeyDescription', { Description: 'x' }],
        ['GetKeyLastUsage', {}],
        ['GenerateDataKeyWithoutPlaintext', { KeySpec: 'AES_256' }],
      ]
      for (const [operation, input] of rows) {
        const said = await verdict(kms, operation, { KeyId, ...input }, alice)
        expect(said, operation).toMatch(/^AccessDeniedException: .* because no identity-based policy allows/)
      }
      for (const input of [{}, { GrantTokens: [GrantToken] }]) {
        expect(await verdict(kms, 'DescribeKey', { KeyId, ...input }, alice)).toBe('ok')
      }
      expect(await verdict(kms, 'GenerateDataKey', { KeyId, KeySpec: 'AES_256' }, alice)).toBe('ok')
    })

    it('yield to every deny', async () => {
      const { kms, KeyId, grant } = await withGrantees(open)
      await grant()
      const ask = () => verdict(kms, 'Encrypt', { KeyId, Plaintext }, alice)
      expect(await ask()).toBe('ok')
      const deny = statement({ Effect: 'Deny', Action: 'kms:Encrypt' })
      kms.identity.add(alice, { policies: { p: deny } })
      expect(await ask()).toMatch(/with an explicit deny in an identity-based policy$/)
      kms.identity.add(alice, { boundary: deny })
      expect(await ask()).toMatch(/with an explicit deny in a permissions boundary$/)
      kms.identity.add(alice, { boundary: statement({ Action: 's3:*' }) })
      expect(await ask()).toBe('ok')
      kms.identity.add(alice)
      const root = { Effect: 'Allow', Principal: { AWS: rootArn }, Action: 'kms:*', Resource: '*' }
      const Policy = JSON.stringify({ Statement: [root, { ...root, Effect: 'Deny', Action: 'kms:Encrypt' }] })
      await must(kms, 'PutKeyPolicy', { KeyId, Policy })
      expect(await ask()).toMatch(/with an explicit deny in a resource-based policy$/)
    })

    it('look at the context of each half of ReEncrypt', async () => {
      const { kms, KeyId, grant } = await withGrantees(open)
      const other = await newKey(kms)
      const { CiphertextBlob } = await must(kms, 'Encrypt', { KeyId, Plaintext, EncryptionContext: { app: 'a' } })
      await grant({ Operations: ['ReEncryptFrom'], ...subset })
      const to = {
        GranteePrincipal: userArn('alice'),
        Operations: ['ReEncryptTo'],
        Constraints: { EncryptionContextEquals: { app: 'b' } },
      } as const
      await must(kms, 'CreateGrant', { KeyId: other.KeyId, ...to, Operations: [...to.Operations] })
      const move = (DestinationEncryptionContext: object) =>
        attempt(
          kms,
          'ReEncrypt',
          {
            CiphertextBlob,
            SourceEncryptionContext: { app: 'a' },
            DestinationKeyId: other.KeyId,
            DestinationEncryptionContext,
          },
          alice,
        )
      expect(codeOf(await move({ app: 'b' }))).toBe('ok')
      expect(codeOf(await move({ app: 'a' }))).toBe('AccessDeniedException')
      expect(codeOf(await attempt(kms, 'Decrypt', { CiphertextBlob, EncryptionContext: { app: 'a' } }, alice))).toBe(
        'AccessDeniedException',
      )
    })

    it('mean the user or role that had the name then', async () => {
      const { kms, KeyId, grant, granted } = await withGrantees(open)
      const named = { Name: 'n', RetiringPrincipal: userArn('alice') }
      const first = await grant(named)
      await grant({ GranteePrincipal: roleArn })
      await grant({ GranteePrincipal: `arn:aws:sts::${accountId}:assumed-role/Deployer/s1` })
      const [anew, sessionAnew] = [madeAnew(alice), madeAnew(deployer)]
      const ask = async (principals: Principal[]) => {
        const codes = []
        for (const principal of principals)
          codes.push(codeOf(await attempt(kms, 'Encrypt', { KeyId, Plaintext }, principal)))
        return codes
      }
      expect(await ask([alice, deployer])).toEqual(['ok', 'ok'])
      for (const gone of [alice, deployer]) kms.identity.remove(gone)
      const parties = async () => (await granted()).map(({ GranteePrincipal = '' }) => GranteePrincipal).sort()
      const ids = [alice.userId, deployer.roleId, `${deployer.roleId}:s1`].sort()
      expect(await parties()).toEqual(ids)
      for (const here of [anew, sessionAnew]) kms.identity.add(here)
      expect(await ask([anew, sessionAnew])).toEqual(['AccessDeniedException', 'AccessDeniedException'])
      expect(await parties()).toEqual(ids)
      expect(codeOf(await attempt(kms, 'RetireGrant', { GrantToken: first.GrantToken }, anew))).toBe(
        'AccessDeniedException',
      )
      const second = await grant(named)
      expect(second.GrantId).not.toBe(first.GrantId)
      expect(await ask([anew])).toEqual(['ok'])
    })

    it('mean a user by whatever it is called now', async () => {
      const { kms, KeyId, grant, granted } = await withGrantees(open)
      await grant({ RetiringPrincipal: userArn('alice') })
      const Statement = [{ Effect: 'Allow', Action: 'kms:ListRetirableGrants', Resource: '*' }]
      const onlyListing = JSON.stringify({ Version: '2012-10-17', Statement })
      const renamed: UserPrincipal = { ...alice, userName: 'alicia' }
      kms.identity.remove(alice)
      kms.identity.add(renamed, { policies: { p: onlyListing } })
      expect(codeOf(await attempt(kms, 'Encrypt', { KeyId, Plaintext }, renamed))).toBe('ok')
      expect(await granted()).toMatchObject([
        { GranteePrincipal: userArn('alicia'), RetiringPrincipal: userArn('alicia') },
      ])
      const listed = async (input: object) => (await must(kms, 'ListGrants', { KeyId, ...input })).Grants.length
      expect(await listed({ GranteePrincipal: userArn('alicia') })).toBe(1)
      expect(await listed({ GranteePrincipal: userArn('alice') })).toBe(0)
      const retirable = await must(kms, 'ListRetirableGrants', { RetiringPrincipal: userArn('alicia') }, renamed)
      expect(retirable.Grants).toHaveLength(1)
    })
  })
}
