import { describe, expect, it } from 'vitest'
import { decide } from '../../src/policy/decision'
import type { CallerFacts, Policy, Question } from '../../src/policy/types'
import { account, alice, anonymous, cloudtrail, federated, root, session } from './asking'
import {
  boundaryElsewhere,
  carl,
  denies,
  forAlice,
  forRole,
  identity,
  nothing,
  outcome,
  sessionElsewhere,
} from './deciding'
import { grant, otherAccount, policy, question, rootArn, shut } from './questions'

describe('decide, on a key of the caller’s account', () => {
  const enabled = 'key:Enable IAM User Permissions'
  const cases: [what: string, asked: Question, ...outcome: string[]][] = [
    ['delegation alone', question(), 'implicit', 'no identity'],
    ['delegation and identity policy', question({ policies: identity }), 'allow', enabled, 'identity:All'],
    ['identity policy without delegation', question({ keyPolicy: shut, policies: identity }), 'implicit', 'no key'],
    ['named itself', question({ keyPolicy: forAlice }), 'allow', 'key:0'],
    ['root under delegation', question({ caller: root }), 'allow', enabled, 'root user'],
    ['root, shut out', question({ caller: root, keyPolicy: shut }), 'implicit', 'no key'],
    [
      'delegation, boundary elsewhere',
      question({ policies: { ...identity, boundary: boundaryElsewhere } }),
      'implicit',
      'no boundary',
    ],
    [
      'named itself, boundary elsewhere',
      question({ keyPolicy: forAlice, policies: { ...nothing, boundary: boundaryElsewhere } }),
      'allow',
      'key:0',
    ],
    ['the session’s role named', question({ caller: session, keyPolicy: forRole }), 'allow', 'key:0'],
    [
      'the session’s role named, session policy elsewhere',
      question({ caller: session, keyPolicy: forRole, policies: { ...nothing, session: [sessionElsewhere] } }),
      'implicit',
      'no session',
    ],
    [
      'one of two session policies elsewhere',
      question({
        caller: session,
        policies: { ...identity, session: [sessionElsewhere, policy('session', [{}])] },
      }),
      'allow',
      'key:Enable IAM User Permissions',
      'identity:All',
      'session:0',
    ],
    [
      'all limits allow',
      question({
        caller: session,
        policies: { ...identity, boundary: policy('boundary', [{}]), session: [policy('session', [{}])] },
      }),
      'allow',
      enabled,
      'identity:All',
      'boundary:0',
      'session:0',
    ],
    ['federated without session policy', question({ caller: federated, policies: identity }), 'implicit', 'no session'],
    [
      'federated, the vouching user named, without session policy',
      question({ caller: federated, keyPolicy: forAlice }),
      'implicit',
      'no session',
    ],
    [
      'federated, the vouching user named, with session policy',
      question({
        caller: federated,
        keyPolicy: forAlice,
        policies: { ...nothing, session: [policy('session', [{}])] },
      }),
      'allow',
      'key:0',
      'session:0',
    ],
    [
      'federated by root with session policy',
      question({
        caller: { ...federated, parentArn: rootArn(account) },
        policies: { ...nothing, session: [policy('session', [{}])] },
      }),
      'allow',
      enabled,
      'federated by the root user',
      'session:0',
    ],
    ['a service under delegation', question({ caller: cloudtrail, policies: identity }), 'implicit', 'no key'],
    [
      'a service named',
      question({ caller: cloudtrail, keyPolicy: policy('key', [{ service: cloudtrail.arn }]) }),
      'allow',
      'key:0',
    ],
    ['nobody in particular', question({ caller: anonymous, keyPolicy: policy('key', [{}]) }), 'implicit', 'no key'],
    ['a grant', question({ keyPolicy: shut, grants: [grant()] }), 'allow', 'grant g1'],
    [
      'the second of two grants',
      question({ keyPolicy: shut, grants: [grant({ operations: ['Encrypt'] }), grant({ grantId: 'g2' })] }),
      'allow',
      'grant g2',
    ],
    [
      'a grant for an action that no grant can allow',
      question({ action: 'kms:DisableKey', keyPolicy: shut, grants: [grant({ operations: ['DisableKey'] })] }),
      'implicit',
      'no key',
    ],
    [
      'a deny on the key against a grant',
      question({ keyPolicy: policy('key', [{ Effect: 'Deny' }]), grants: [grant()] }),
      'explicit',
      'key:0',
    ],
    [
      'a role grantee with a session policy elsewhere',
      question({
        caller: session,
        keyPolicy: shut,
        grants: [grant({ granteePrincipal: session.parentArn ?? '' })],
        policies: { ...nothing, session: [sessionElsewhere] },
      }),
      'implicit',
      'no key',
    ],
    [
      'a user grantee with a boundary elsewhere',
      question({ keyPolicy: shut, grants: [grant()], policies: { ...nothing, boundary: boundaryElsewhere } }),
      'allow',
      'grant g1',
    ],
    [
      'the account as grantee, no identity policy',
      question({ keyPolicy: shut, grants: [grant({ granteePrincipal: rootArn(account) })] }),
      'implicit',
      'no key',
    ],
    [
      'the account as grantee and an identity policy',
      question({
        keyPolicy: shut,
        grants: [grant({ granteePrincipal: rootArn(account) })],
        policies: identity,
      }),
      'allow',
      'grant g1',
    ],
  ]
  it.each(cases)('%s', (_what, asked, ...expected) => expect(outcome(asked)).toEqual(expected))
})

describe('decide, on a key of another account', () => {
  const open = policy('key', [{ to: rootArn(otherAccount) }])
  const named = policy('key', [{ to: carl.arn }])
  const cases: [what: string, asked: Question, ...outcome: string[]][] = [
    ['both sides', question({ caller: carl, keyPolicy: open, policies: identity }), 'allow', 'key:0', 'identity:All'],
    ['the key’s side alone', question({ caller: carl, keyPolicy: named }), 'implicit', 'no identity'],
    ['its own side alone', question({ caller: carl, policies: identity }), 'implicit', 'no key'],
    [
      'boundary elsewhere, although named itself',
      question({ caller: carl, keyPolicy: named, policies: { ...identity, boundary: boundaryElsewhere } }),
      'implicit',
      'no boundary',
    ],
    [
      'an action that never crosses accounts',
      question({ action: 'kms:DisableKey', caller: carl, keyPolicy: open, policies: identity }),
      'implicit',
      'no cross-account',
    ],
    [
      'a grant alone',
      question({ caller: carl, keyPolicy: shut, grants: [grant({ granteePrincipal: carl.arn })] }),
      'allow',
      'grant g1',
    ],
    [
      'root of the other account',
      question({ caller: { ...root, arn: rootArn(otherAccount), accountId: otherAccount }, keyPolicy: open }),
      'allow',
      'key:0',
      'root user',
    ],
  ]
  it.each(cases)('%s', (_what, asked, ...expected) => expect(outcome(asked)).toEqual(expected))
})

describe('decide, service control policies', () => {
  const all = policy('scp', [{}])
  const elsewhere = policy('scp', [{ Action: 's3:*' }])
  const cases: [what: string, scp: (readonly Policy[])[], caller: CallerFacts, ...outcome: string[]][] = [
    ['every level allows', [[elsewhere, all], [all]], alice, 'allow'],
    ['one level does not', [[all], [elsewhere]], alice, 'implicit'],
    ['an empty level', [[all], []], alice, 'implicit'],
    ['root is bound', [[elsewhere]], root, 'implicit'],
    ['a service is not', [[elsewhere], [denies('scp')]], cloudtrail, 'allow'],
    ['a deny at any level', [[all], [all, denies('scp')]], alice, 'explicit'],
  ]
  it.each(cases)('%s', (_what, scp, caller, verdict) => {
    const keyPolicy = policy('key', [{ to: [alice.arn, rootArn(account)] }, { service: cloudtrail.arn }])
    expect(outcome(question({ caller, keyPolicy, policies: { ...nothing, scp } }))[0]).toBe(verdict)
  })
})

describe('decide, without a key', () => {
  const ask = (over: Parameters<typeof question>[0]) => question({ action: 'kms:CreateKey', keyPolicy: null, ...over })
  const listing = { decidedBy: 'iam', grantOperation: null, crossAccount: false } as const
  const list = (accountId: string) =>
    ask({
      check: { action: 'kms:ListRetirableGrants', ...listing },
      resource: `arn:aws:iam::${accountId}:user/x`,
      policies: identity,
    })
  const cases: [what: string, asked: Question, ...outcome: string[]][] = [
    ['no policy', ask({}), 'implicit', 'no identity'],
    ['an identity policy', ask({ policies: identity }), 'allow', 'identity:All'],
    ['root', ask({ caller: root }), 'allow', 'root user'],
    ['a service', ask({ caller: cloudtrail, policies: identity }), 'implicit', 'no identity'],
    ['retiring principal of the account', list(account), 'allow', 'identity:All'],
    ['retiring principal of another account', list(otherAccount), 'implicit', 'no cross-account'],
    [
      'an action of another service on another account’s resource',
      ask({
        check: { action: 'sts:AssumeRole', ...listing },
        resource: `arn:aws:iam::${otherAccount}:role/x`,
        policies: { identity: [policy('identity', [{ Action: 'sts:*' }])] },
      }),
      'allow',
      'identity:0',
    ],
  ]
  it.each(cases)('%s', (_what, asked, ...expected) => expect(outcome(asked)).toEqual(expected))
})

describe('the context', () => {
  it('is made once however many conditions ask, and not at all without any', () => {
    let made = 0
    const context = () => {
      made++
      return new Map()
    }
    decide({ ...question({ policies: identity }), context })
    expect(made).toBe(0)
    const Condition = { StringEquals: { 'aws:username': 'x' } }
    const conditional = policy('identity', [{ Condition }, { Condition }, { Condition }])
    decide({ ...question({ policies: { identity: [conditional, conditional] } }), context })
    expect(made).toBe(1)
  })
})
