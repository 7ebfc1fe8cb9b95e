import { describe, expect, it } from 'vitest'
import { locksOut } from '../../src/policy/lockout'
import { lockoutRefused } from '../../src/policy/refusals'
import type { CallerFacts } from '../../src/policy/types'
import { account, alice, cloudtrail, federated, keyArn, root, session } from './asking'
import { delegating, policy, type Rule, rootArn, shut } from './questions'

const locks = (rules: readonly Rule[], caller: CallerFacts = alice, context: Record<string, string> = {}) =>
  locksOut(policy('key', rules), { caller, resource: keyArn, context: () => new Map(Object.entries(context)) })

describe('locksOut', () => {
  const conditional = { Condition: { Bool: { 'aws:MultiFactorAuthPresent': 'true' } } }
  const cases: [what: string, rules: readonly Rule[], locked: boolean, caller?: CallerFacts][] = [
    ['delegation to the account', [{ to: rootArn(account) }], false],
    ['delegation, to root', [{ to: rootArn(account) }], false, root],
    ['the caller', [{ to: alice.arn, Action: 'kms:Put*' }], false],
    ['the caller for other actions', [{ to: alice.arn, Action: 'kms:Encrypt' }], true],
    ['another user', [{ to: `${alice.arn}2` }], true],
    ['the role of the session', [{ to: session.parentArn ?? '' }], false, session],
    ['the user behind a federated one', [{ to: alice.arn }], false, federated],
    ['a service', [{ service: cloudtrail.arn }], true],
    ['a deny beside an allow', [{ to: rootArn(account) }, { to: alice.arn, Effect: 'Deny' }], true],
    ['a deny of something else', [{}, { Effect: 'Deny', Action: 'kms:Encrypt' }], false],
    ['a condition that the caller does not meet', [{ ...conditional }], true],
    ['a deny whose condition does not hold', [{}, { Effect: 'Deny', ...conditional }], false],
    ['another key as resource', [{ Resource: keyArn.replace('1234', '4321') }], true],
  ]
  it.each(cases)('%s', (_what, rules, locked, caller) => expect(locks(rules, caller)).toBe(locked))

  it('a condition that the caller meets counts', () => {
    expect(locks([conditional], alice, { 'aws:multifactorauthpresent': 'true' })).toBe(false)
  })

  it('default and shut', () => {
    const facts = { caller: alice, resource: keyArn, context: () => new Map() }
    expect([locksOut(delegating, facts), locksOut(shut, facts)]).toEqual([false, true])
  })
})

it('the refusal has AWS’s text', () => {
  expect(lockoutRefused()).toMatchObject({
    code: 'MalformedPolicyDocumentException',
    message: 'The new key policy will not allow you to update the key policy in the future.',
  })
})
