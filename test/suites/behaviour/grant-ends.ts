import { describe, expect, it } from 'vitest'
import type { Principal } from '../../../src/policy/principal'
import { settleDue } from '../../../src/service/maintenance'
import { accountId, rootPrincipal, type TestKms } from '../compose'
import { alice, bob, deployer, roleArn, rootArn, sourceArn, userArn, withGrantees } from './grant-harness'
import { bytes, checkRows, must, newKey, type Open, range, verdict } from './harness'

const identity = (over: object = {}) =>
  JSON.stringify({ Statement: { Effect: 'Allow', Action: 'kms:*', Resource: '*', ...over } })
const retire = identity({ Action: 'kms:RetireGrant' })
const rds: Principal = { kind: 'service', accountId: null, service: 'rds.amazonaws.com' }

type Outcome = 'ok' | 'implicit' | 'explicit'
interface Facts {
  readonly policy?: string
  /** A statement of the key policy besides that of the account. */
  readonly statement?: object
}

/** Who retires which grant: of alice for Encrypt unless it says otherwise. */
const rows: readonly (readonly [what: string, caller: Principal, over: object, facts: Facts, outcome: Outcome])[] = [
  ['root of the account', rootPrincipal, {}, {}, 'ok'],
  ['the retiring user', bob, { RetiringPrincipal: userArn('bob') }, {}, 'ok'],
  ['a session of the retiring role', deployer, { RetiringPrincipal: roleArn }, {}, 'ok'],
  [
    'the retiring user, denied at home',
    bob,
    { RetiringPrincipal: userArn('bob') },
    { policy: identity({ Effect: 'Deny' }) },
    'explicit',
  ],
  [
    'the retiring user, denied by the key policy, which does not count',
    bob,
    { RetiringPrincipal: userArn('bob') },
    { statement: { Effect: 'Deny', Principal: '*', Action: 'kms:RetireGrant' } },
    'ok',
  ],
  ['the grantee', alice, {}, {}, 'implicit'],
  ['the grantee with RetireGrant', alice, { Operations: ['Encrypt', 'RetireGrant'] }, {}, 'ok'],
  [
    'a constraint aside',
    alice,
    { Operations: ['RetireGrant'], Constraints: { EncryptionContextEquals: { a: '1' }, SourceArn: sourceArn } },
    {},
    'ok',
  ],
  ['another grantee with RetireGrant', bob, { Operations: ['RetireGrant'] }, {}, 'implicit'],
  ['somebody of the account without permission', bob, {}, {}, 'implicit'],
  ['somebody of the account with permission', bob, {}, { policy: retire }, 'ok'],
  [
    'whom the key policy allows, which does not count',
    bob,
    {},
    { statement: { Effect: 'Allow', Principal: { AWS: userArn('bob') }, Action: 'kms:*' } },
    'implicit',
  ],
  ['the account as retiring principal, without permission', bob, { RetiringPrincipal: rootArn }, {}, 'implicit'],
  ['a service that it names', rds, { RetiringServicePrincipal: 'rds.amazonaws.com' }, {}, 'ok'],
  ['a service that it does not name', rds, { RetiringServicePrincipal: 'ec2.amazonaws.com' }, {}, 'implicit'],
]

async function stored(kms: TestKms) {
  const count: Record<string, number> = {}
  for (const collection of ['grant', 'grantName', 'grantTally', 'retirable'] as const) {
    count[collection] = (await kms.storage.list(collection, { limit: 1000 })).length
  }
  return count
}

const none = { grant: 0, grantName: 0, grantTally: 0, retirable: 0 }

export function grantEnds(open: Open): void {
  describe('the end of a grant', () => {
    it.each(rows)('is for %s to bring', async (_, caller, over, { policy, statement }, outcome) => {
      const { kms, KeyId, arn, grant, granted } = await withGrantees(open)
      const root = { Effect: 'Allow', Principal: { AWS: rootArn }, Action: 'kms:*', Resource: '*' }
      if (statement) {
        await must(kms, 'PutKeyPolicy', {
          KeyId,
          Policy: JSON.stringify({ Statement: [root, { Resource: '*', ...statement }] }),
        })
      }
      const entry = { policies: policy === undefined ? {} : { p: policy } }
      for (const person of [alice, bob, deployer]) kms.identity.add(person, entry)
      const { GrantId, GrantToken } = await grant(over)
      const name = caller.kind === 'service' ? caller.service : userArn(caller === alice ? 'alice' : 'bob')
      const clause =
        outcome === 'explicit'
          ? 'with an explicit deny in an identity-based policy'
          : 'because no identity-based policy allows the kms:RetireGrant action'
      const expected =
        outcome === 'ok'
          ? 'ok'
          : `AccessDeniedException: User: ${name} is not authorized to perform: kms:RetireGrant on resource: ${arn} ${clause}`
      const dry = outcome === 'ok' ? /^DryRunOperationException/ : /^AccessDeniedException/
      expect(await verdict(kms, 'RetireGrant', { GrantToken, DryRun: true }, caller)).toMatch(dry)
      expect(await granted()).toHaveLength(1)
      expect(await verdict(kms, 'RetireGrant', { GrantToken }, caller)).toBe(expected)
      expect(await granted()).toHaveLength(outcome === 'ok' ? 0 : 1)
      const again = await grant({ ...over, Name: 'second' })
      expect(await verdict(kms, 'RetireGrant', { KeyId: arn, GrantId: again.GrantId }, caller)).toBe(expected)
      if (outcome === 'ok') {
        expect(await verdict(kms, 'RetireGrant', { KeyId, GrantId }, caller)).toBe(
          `NotFoundException: Grant ID ${GrantId} not found`,
        )
        expect(await stored(kms)).toEqual({ ...none, grantTally: 1 })
      }
      expect(kms.faults).toEqual([])
    })

    it('has one way of naming the grant', async () => {
      const { kms, KeyId, grant } = await withGrantees(open)
      const { GrantId, GrantToken } = await grant()
      const either = 'ValidationException: Specify either a grant token or a key id with a grant id.'
      const unknown = 'a'.repeat(64)
      await checkRows(kms, [
        ['nothing', 'RetireGrant', {}, either],
        ['a key alone', 'RetireGrant', { KeyId }, either],
        ['a grant alone', 'RetireGrant', { GrantId }, either],
        ['both', 'RetireGrant', { GrantToken, KeyId, GrantId }, either],
        [
          'an alias',
          'RetireGrant',
          { KeyId: 'alias/a', GrantId },
          'InvalidArnException: Key Aliases are not supported for this operation.',
        ],
        ['unknown', 'RetireGrant', { KeyId, GrantId: unknown }, `NotFoundException: Grant ID ${unknown} not found`],
        ['unknown', 'RevokeGrant', { KeyId, GrantId: unknown }, `NotFoundException: Grant ID ${unknown} not found`],
        [
          'dry',
          'RevokeGrant',
          { KeyId, GrantId, DryRun: true },
          'DryRunOperationException: The request would have succeeded, but the DryRun option is set.',
        ],
        ['by key and grant', 'RetireGrant', { KeyId, GrantId }, 'ok'],
      ])
    })

    it('by RevokeGrant is for policies to allow: neither grantee nor retiring principal may', async () => {
      const { kms, KeyId, grant, granted } = await withGrantees(open)
      const { GrantId } = await grant({ RetiringPrincipal: userArn('bob'), Operations: ['Encrypt', 'RetireGrant'] })
      for (const caller of [alice, bob]) {
        expect(await verdict(kms, 'RevokeGrant', { KeyId, GrantId }, caller)).toMatch(/^AccessDeniedException/)
      }
      kms.identity.add(bob, { policies: { p: identity({ Action: 'kms:RevokeGrant' }) } })
      expect(await verdict(kms, 'RevokeGrant', { KeyId, GrantId }, bob)).toBe('ok')
      expect(await verdict(kms, 'Encrypt', { KeyId, Plaintext: bytes(1) }, alice)).toMatch(/^AccessDeniedException/)
      expect(await granted()).toEqual([])
    })

    it('comes with the end of the key', async () => {
      const { kms, KeyId, grant } = await withGrantees(open)
      const kept = await newKey(kms)
      for (const i of range(120))
        await grant({
          Name: `n${i % 7}`,
          RetiringPrincipal: userArn(i % 2 ? 'alice' : 'bob'),
          Constraints: { EncryptionContextSubset: { i: `${i}` } },
        })
      const last = await must(kms, 'CreateGrant', {
        KeyId: kept.KeyId,
        GranteePrincipal: rootArn,
        RetiringPrincipal: userArn('bob'),
        Name: 'kept',
        Operations: ['Encrypt'],
      })
      const { GrantToken } = await grant()
      const retirable = async () =>
        (await must(kms, 'ListRetirableGrants', { RetiringPrincipal: userArn('bob'), Limit: 100 })).Grants.map(
          ({ GrantId }) => GrantId,
        )
      expect(await retirable()).toHaveLength(61)
      await must(kms, 'ScheduleKeyDeletion', { KeyId, PendingWindowInDays: 7 })
      expect(await retirable()).toHaveLength(61)
      kms.clock.advanceDays(7)
      expect(await retirable()).toEqual([last.GrantId])
      expect(await verdict(kms, 'RetireGrant', { GrantToken })).toBe('NotFoundException: Grant not found')
      while (await settleDue(kms)) {
        // One turn after the other.
      }
      expect(await stored(kms)).toEqual({ grant: 1, grantName: 1, grantTally: 1, retirable: 1 })
      expect(await retirable()).toEqual([last.GrantId])
      expect(kms.faults).toEqual([])
    })
  })

  describe('ListRetirableGrants', () => {
    it('asks for the retiring principal, by identity policies, in the own account', async () => {
      const { kms, KeyId, grant } = await withGrantees(open)
      const { GrantId } = await grant({ RetiringPrincipal: userArn('bob') })
      const service = await grant({ RetiringServicePrincipal: 'rds.amazonaws.com' })
      const list = (RetiringPrincipal: string, caller: Principal) =>
        verdict(kms, 'ListRetirableGrants', { RetiringPrincipal }, caller)
      const refused = (resource: string) =>
        `AccessDeniedException: User: ${userArn('bob')} is not authorized to perform: kms:ListRetirableGrants on resource: ${resource} because no identity-based policy allows the kms:ListRetirableGrants action`
      expect(await list(userArn('bob'), bob)).toBe(refused(userArn('bob')))
      for (const [Resource, expected] of [
        ['*', 'ok'],
        [userArn('bob'), 'ok'],
        [userArn('alice'), refused(userArn('bob'))],
        [`arn:aws:kms:eu-west-1:${accountId}:key/${KeyId}`, refused(userArn('bob'))],
      ] as const) {
        kms.identity.add(bob, { policies: { p: identity({ Action: 'kms:ListRetirableGrants', Resource }) } })
        expect(await list(userArn('bob'), bob), Resource).toBe(expected)
      }
      kms.identity.add(bob, { policies: { p: identity() } })
      expect(await list('arn:aws:iam::444455556666:root', bob)).toMatch(
        /^AccessDeniedException: .*kms:ListRetirableGrants on this resource because/,
      )
      expect(await list('bob', bob)).toBe('InvalidArnException: bob is not a valid principal.')
      const found = await must(kms, 'ListRetirableGrants', { RetiringPrincipal: userArn('bob') }, bob)
      expect(found).toMatchObject({ Grants: [{ GrantId, RetiringPrincipal: userArn('bob') }], Truncated: false })

      const ofService = { RetiringServicePrincipal: 'rds.amazonaws.com' }
      expect((await must(kms, 'ListRetirableGrants', ofService as never, rds)).Grants).toMatchObject([
        { GrantId: service.GrantId },
      ])
      const both =
        'ValidationException: Exactly one of RetiringPrincipal and RetiringServicePrincipal must be specified.'
      expect(await verdict(kms, 'ListRetirableGrants', ofService)).toMatch(/^AccessDeniedException/)
      expect(await verdict(kms, 'ListRetirableGrants', {})).toBe(both)
      expect(await verdict(kms, 'ListRetirableGrants', { ...ofService, RetiringPrincipal: rootArn })).toBe(both)
      expect(
        await verdict(kms, 'ListRetirableGrants', ofService, { ...rds, service: 'ec2.amazonaws.com' } as Principal),
      ).toMatch(/^AccessDeniedException/)
    })
  })
}
