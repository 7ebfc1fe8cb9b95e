import { describe, expect, it } from 'vitest'
import { accessDenied, decide, type Question } from '../../src/policy/decision'
import { defaultKeyPolicy, delegatesToAccount } from '../../src/policy/key-policy'
import type { Principal } from '../../src/policy/principal'

const accountId = '111122223333'
const root: Principal = { kind: 'root', accountId, accessKeyId: 'AKIAROOT' }
const user: Principal = { kind: 'user', accountId, accessKeyId: 'AKIAUSER', userId: 'AIDA', userName: 'u', path: '/a/' }
const keyPolicy = defaultKeyPolicy(accountId)
const policyOf = (Effect: string) => JSON.stringify({ Statement: { Effect, Action: '*', Resource: '*' } })

const question = (over: Partial<Question>): Question => ({
  principal: user,
  policies: {},
  action: 'kms:Encrypt',
  resource: 'arn:k',
  owner: { accountId, keyPolicy },
  ...over,
})

describe('decide', () => {
  const none = 'because no resource-based policy allows the kms:Encrypt action'
  const cases: [what: string, over: Partial<Question>, because: string | undefined, by: string][] = [
    ['root', { principal: root }, undefined, 'key policy: the account'],
    ['root without a key', { principal: root, owner: { accountId } }, undefined, 'root user'],
    [
      'root under a policy that shuts it out',
      { principal: root, owner: { accountId, keyPolicy: '{}' } },
      none,
      'no statement of the key policy',
    ],
    [
      'user without policies',
      {},
      'because no identity-based policy allows the kms:Encrypt action',
      'no identity policy',
    ],
    ['user with one', { policies: { p: policyOf('Allow') } }, undefined, 'identity policy p, statement 0'],
    [
      'user with both',
      { policies: { p: policyOf('Allow'), q: policyOf('Deny') } },
      'with an explicit deny in an identity-based policy',
      'identity policy q, statement 0',
    ],
    [
      'user, key shut',
      { policies: { p: policyOf('Allow') }, owner: { accountId, keyPolicy: '{}' } },
      none,
      'no statement of the key policy',
    ],
    [
      'another account’s key',
      {
        policies: { p: policyOf('Allow') },
        owner: { accountId: '444455556666', keyPolicy: defaultKeyPolicy('444455556666') },
      },
      none,
      'no statement of the key policy',
    ],
    [
      'a key that trusts the caller’s account alone',
      { policies: { p: policyOf('Allow') }, owner: { accountId: '444455556666', keyPolicy } },
      none,
      'no statement of the key policy',
    ],
  ]
  it.each(cases)('%s', (_, over, because, by) => {
    const decision = decide(question(over))
    expect(decision).toEqual(because === undefined ? { allowed: true, by } : { allowed: false, by, because })
  })

  it('denies with the path of the user', () => {
    const asked = question({})
    const decision = decide(asked)
    if (decision.allowed) throw new Error('allowed')
    expect(accessDenied(asked, decision).message).toBe(
      `User: arn:aws:iam::${accountId}:user/a/u is not authorized to perform: kms:Encrypt on resource: arn:k because no identity-based policy allows the kms:Encrypt action`,
    )
  })
})

describe('delegatesToAccount', () => {
  it('answers for each account on its own', () => {
    expect(delegatesToAccount(keyPolicy, accountId)).toBe(true)
    expect(delegatesToAccount(keyPolicy, '444455556666')).toBe(false)
    expect(delegatesToAccount('x', accountId)).toBe(false)
  })
})
