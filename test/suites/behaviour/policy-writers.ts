import { describe, expect, it } from 'vitest'
import {
  type Principal,
  principalArn,
  type RoleSessionPrincipal,
  type UserPrincipal,
} from '../../../src/policy/principal'
import { accountId, userPrincipal } from '../compose'
import { madeAnew, sessionPrincipal } from '../directory'
import { checkRows, must, newKey, type Open, type Row, verdict } from './harness'

const rootArn = `arn:aws:iam::${accountId}:root`
const statement = (over: object = {}) => ({
  Effect: 'Allow',
  Principal: { AWS: rootArn },
  Action: 'kms:*',
  Resource: '*',
  ...over,
})
const document = (over: object = {}) => JSON.stringify({ Version: '2012-10-17', Statement: [statement(over)] })
const named = (AWS: string | string[]) => document({ Principal: { AWS } })

const malformed = (text: string) => `MalformedPolicyDocumentException: ${text}`
const invalidPrincipals = malformed('Policy contains a statement with one or more invalid principals.')
const lockout = malformed('The new key policy will not allow you to update the key policy in the future.')

/** What root of the account could not change again. */
const lockouts: [what: string, text: string][] = [
  ['deny', document({ Effect: 'Deny' })],
  ['fewer actions', document({ Action: 'kms:Encrypt' })],
  ['another account', document({ Principal: { AWS: 'arn:aws:iam::444455556666:root' } })],
  ['a service alone', document({ Principal: { Service: 's3.amazonaws.com' } })],
  ['a user alone', named(`arn:aws:iam::${accountId}:user/alice`)],
  [
    'a condition that this request does not meet',
    document({ Condition: { Bool: { 'aws:SecureTransport': 'false' } } }),
  ],
  ['another key', document({ Resource: `arn:aws:kms:eu-west-1:${accountId}:key/${crypto.randomUUID()}` })],
  ['no resource', document({ Resource: undefined })],
  [
    'deny beside allow',
    JSON.stringify({ Statement: [statement(), statement({ Effect: 'Deny', Action: 'kms:Put*' })] }),
  ],
]

export function policyWriters(open: Open): void {
  describe('key policies', () => {
    it('are refused when they lock their writer out, unless it says so', async () => {
      const kms = await open()
      kms.users.set('alice', {})
      const { KeyId } = await newKey(kms)
      const before = await must(kms, 'GetKeyPolicy', { KeyId })
      await checkRows(
        kms,
        lockouts.flatMap(([what, Policy]): Row[] => [
          [what, 'PutKeyPolicy', { KeyId, Policy }, lockout],
          [
            `${what}, in so many words`,
            'PutKeyPolicy',
            { KeyId, Policy, BypassPolicyLockoutSafetyCheck: false },
            lockout,
          ],
          [what, 'CreateKey', { Policy }, lockout],
          [`${what}, bypassed`, 'CreateKey', { Policy, BypassPolicyLockoutSafetyCheck: true }, 'ok'],
        ]),
      )
      expect(await must(kms, 'GetKeyPolicy', { KeyId })).toEqual(before)
    })

    it('ask nobody but themselves whether their writer may write again', async () => {
      const kms = await open()
      const [alice, bob] = [userPrincipal('alice'), userPrincipal('bob')]
      const may = { p: JSON.stringify({ Statement: { Effect: 'Allow', Action: ['kms:CreateKey'], Resource: '*' } }) }
      kms.users.set('alice', may).set('bob', {})
      const forBob = named(`arn:aws:iam::${accountId}:user/bob`)
      // The creator needs no permission on the key; whether its account may decide is enough.
      expect(await verdict(kms, 'CreateKey', {}, alice)).toBe('ok')
      expect(await verdict(kms, 'CreateKey', { Policy: named(rootArn) }, alice)).toBe('ok')
      expect(await verdict(kms, 'CreateKey', { Policy: forBob }, alice)).toBe(lockout)
      const input = { Policy: forBob, BypassPolicyLockoutSafetyCheck: true }
      const { KeyMetadata } = await must(kms, 'CreateKey', input, alice)
      const KeyId = KeyMetadata.KeyId as string
      const describe = (principal: Principal) => verdict(kms, 'DescribeKey', { KeyId }, principal)
      expect([await describe(alice), await describe(bob)].map((text) => text.split(':')[0])).toEqual([
        'AccessDeniedException',
        'ok',
      ])
      // Bypassing the check does not stand in for the permission.
      const bypass = { KeyId, Policy: named(rootArn), BypassPolicyLockoutSafetyCheck: true }
      expect(await verdict(kms, 'PutKeyPolicy', bypass)).toMatch(/^AccessDeniedException/)
      const forOthers = named('arn:aws:iam::444455556666:root')
      expect(await verdict(kms, 'PutKeyPolicy', { KeyId, Policy: forOthers }, bob)).toBe(lockout)
      expect(await verdict(kms, 'PutKeyPolicy', bypass, bob)).toBe('ok')
      expect(await verdict(kms, 'DescribeKey', { KeyId })).toBe('ok')
    })

    it('mean the users and roles that had the names then', async () => {
      const kms = await open()
      const [alice, role] = [userPrincipal('alice'), sessionPrincipal('Deployer', 's1')]
      const arns = [principalArn(alice), `arn:aws:iam::${accountId}:role/Deployer`, principalArn(role)]
      const rows =
        (expected: string[], [a, r]: [Principal, Principal]) =>
        async () => {
          const found = [
            await verdict(kms, 'DescribeKey', { KeyId }, a),
            await verdict(kms, 'DescribeKey', { KeyId }, r),
          ]
          expect(found.map((text) => text.split(':')[0])).toEqual(expected)
        }
      kms.identity.add(alice)
      kms.identity.add(role)
      const Policy = JSON.stringify({
        Statement: [statement(), ...arns.map((AWS) => statement({ Principal: { AWS }, Action: 'kms:DescribeKey' }))],
      })
      const { KeyId } = await newKey(kms, { Policy })
      const shown = async () => {
        const document = JSON.parse((await must(kms, 'GetKeyPolicy', { KeyId })).Policy)
        return document.Statement.slice(1).map((each: { Principal: { AWS: string } }) => each.Principal.AWS)
      }
      await rows(['ok', 'ok'], [alice, role])()
      expect(await shown()).toEqual(arns)

      kms.identity.remove(alice)
      kms.identity.remove(role)
      expect(await shown()).toEqual([alice.userId, role.roleId, role.roleId])
      const read = (await must(kms, 'GetKeyPolicy', { KeyId })).Policy
      expect(await verdict(kms, 'PutKeyPolicy', { KeyId, Policy: read })).toBe(invalidPrincipals)

      const anew: [UserPrincipal, RoleSessionPrincipal] = [madeAnew(alice), madeAnew(role)]
      for (const principal of anew) kms.identity.add(principal)
      await rows(['AccessDeniedException', 'AccessDeniedException'], anew)()
      expect(await shown()).toEqual([alice.userId, role.roleId, role.roleId])
      await must(kms, 'PutKeyPolicy', { KeyId, Policy })
      await rows(['ok', 'ok'], anew)()
      expect(await shown()).toEqual(arns)
    })

    it('mean a user by whatever it is called now', async () => {
      const kms = await open()
      const alice = userPrincipal('alice')
      const renamed: UserPrincipal = { ...alice, userName: 'alicia', path: '/team/' }
      kms.identity.add(alice)
      const { KeyId } = await newKey(kms, { Policy: named([rootArn, principalArn(alice)]) })
      kms.identity.add(renamed)
      expect(await verdict(kms, 'DescribeKey', { KeyId }, renamed)).toBe('ok')
      const { Statement } = JSON.parse((await must(kms, 'GetKeyPolicy', { KeyId })).Policy)
      expect(Statement[0].Principal.AWS).toEqual([rootArn, principalArn(renamed)])
    })

    it('take the unique id of somebody who is there for its ARN', async () => {
      const kms = await open()
      const alice = userPrincipal('alice')
      kms.identity.add(alice)
      const { KeyId } = await newKey(kms, { Policy: named([rootArn, alice.userId]) })
      const { Statement } = JSON.parse((await must(kms, 'GetKeyPolicy', { KeyId })).Policy)
      expect(Statement[0].Principal.AWS).toEqual([rootArn, principalArn(alice)])
      expect(await verdict(kms, 'DescribeKey', { KeyId }, alice)).toBe('ok')
    })
  })
}
