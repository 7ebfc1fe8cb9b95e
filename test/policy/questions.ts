import { checkOf } from '../../src/policy/checks'
import { compilePolicy } from '../../src/policy/compile'
import type { GrantFacts, Policy, PolicyKind, Question } from '../../src/policy/types'
import { account, alice, keyArn } from './asking'

export const otherAccount = '444455556666'
export const rootArn = (accountId: string) => `arn:aws:iam::${accountId}:root`

export interface Rule {
  readonly Sid?: string
  readonly Effect?: 'Allow' | 'Deny'
  /** Value of Principal's `AWS`; `*` stands for everybody. */
  readonly to?: string | readonly string[]
  readonly service?: string
  readonly Action?: string | readonly string[]
  readonly Resource?: string | readonly string[]
  readonly Condition?: object
}

/** A policy of few words: what is not said allows everything to everybody. */
export function policy(kind: PolicyKind, rules: readonly Rule[], name = kind, pins?: Record<string, string>): Policy {
  const Statement = rules.map(({ to = '*', service, ...rule }) => ({
    Effect: 'Allow',
    Action: '*',
    Resource: '*',
    ...rule,
    ...(kind === 'key' ? { Principal: service ? { Service: service } : { AWS: to } } : {}),
    ...(kind === 'rcp' ? { Principal: '*' } : {}),
  }))
  const text = JSON.stringify({ Version: '2012-10-17', Statement })
  return compilePolicy(text, { kind, name, ...(pins ? { pins } : {}) })
}

/** What the key policy of the default does: the account decides. */
export const delegating = policy('key', [{ Sid: 'Enable IAM User Permissions', to: rootArn(account), Action: 'kms:*' }])
/** A key policy that lets nobody in who is asked about here. */
export const shut = policy('key', [{ to: `arn:aws:iam::${account}:user/admin` }])
export const allowing = policy('identity', [{ Sid: 'All', Action: 'kms:*' }])

export const grant = (over: Partial<GrantFacts> = {}): GrantFacts => ({
  grantId: 'g1',
  granteePrincipal: alice.arn,
  operations: ['Decrypt'],
  issuingAccount: rootArn(account),
  ...over,
})

interface Asking extends Partial<Omit<Question, 'key' | 'check' | 'context'>> {
  readonly action?: string
  readonly check?: Question['check']
  /** Null: a check without a key. */
  readonly keyPolicy?: Policy | null
  readonly keyAccount?: string
  readonly rcp?: readonly Policy[]
  readonly grants?: readonly GrantFacts[]
  readonly context?: Readonly<Record<string, string | readonly string[]>>
}

/** By default: alice, without any policy, decrypts under a key of her account that delegates to it. */
export function question(asking: Asking = {}): Question {
  const { action = 'kms:Decrypt', keyPolicy = delegating, keyAccount = account, rcp, grants, context, ...rest } = asking
  const facts = new Map(Object.entries(context ?? {}).map(([name, value]) => [name.toLowerCase(), value]))
  return {
    caller: alice,
    policies: { identity: [] },
    check: checkOf(action, keyPolicy ? 'key' : '*'),
    resource: keyPolicy ? keyArn.replace(account, keyAccount) : '*',
    ...(keyPolicy
      ? { key: { accountId: keyAccount, policy: keyPolicy, ...(rcp ? { rcp } : {}), ...(grants ? { grants } : {}) } }
      : {}),
    ...rest,
    context: () => facts,
  }
}
