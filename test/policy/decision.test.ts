import { describe, expect, it } from 'vitest'
import { decide } from '../../src/policy/decision'
import { accessDenied, foreignKeyDenied } from '../../src/policy/texts'
import type { CallerFacts, DecidedBy, Policy, Question } from '../../src/policy/types'
import { account, alice, anonymous, cloudtrail, federated, keyArn, root, session } from './asking'
import { allowing, delegating, grant, otherAccount, policy, question, rootArn, shut } from './questions'

const carl: CallerFacts = {
  ...alice,
  arn: `arn:aws:iam::${otherAccount}:user/carl`,
  accountId: otherAccount,
  userName: 'carl',
}
const identity = { identity: [allowing] }
const nothing = { identity: [] }
const boundaryElsewhere = policy('boundary', [{ Action: 's3:*' }])
const sessionElsewhere = policy('session', [{ Action: 's3:*' }])
const forAlice = policy('key', [{ to: alice.arn }])
const forRole = policy('key', [{ to: session.parentArn ?? '' }])
const denies = (kind: Policy['kind']) => policy(kind, [{ Sid: 'No', Effect: 'Deny' }])

/** `key:0` for a statement of the key policy, `grant g1`, `no identity` for what lacks. */
const short = (by: DecidedBy): string => {
  if (by.kind === 'statement') return `${by.policyKind}:${by.statement}`
  if (by.kind === 'grant') return `grant ${by.grantId}`
  return by.kind === 'rule' ? by.rule : `no ${by.policyKind}`
}
const outcome = (asked: Question) => {
  const decision = decide(asked)
  return [decision.allowed ? 'allow' : decision.denial, ...decision.by.map(short)]
}

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

describe('decide, RetireGrant', () => {
  const ask = (over: Parameters<typeof question>[0]) =>
    question({ action: 'kms:RetireGrant', keyPolicy: shut, retiredGrant: grant({ granteePrincipal: 'x' }), ...over })
  const bobs = { granteePrincipal: 'x' }
  const cases: [what: string, asked: Question, ...outcome: string[]][] = [
    [
      'retiring principal',
      ask({ retiredGrant: grant({ ...bobs, retiringPrincipal: alice.arn }) }),
      'allow',
      'grant g1',
    ],
    [
      'a session of the retiring role, whatever its session policy',
      ask({
        caller: session,
        policies: { ...nothing, session: [sessionElsewhere] },
        retiredGrant: grant({ ...bobs, retiringPrincipal: session.parentArn ?? '' }),
      }),
      'allow',
      'grant g1',
    ],
    [
      'retiring service',
      ask({ caller: cloudtrail, retiredGrant: grant({ ...bobs, retiringServicePrincipal: cloudtrail.arn }) }),
      'allow',
      'grant g1',
    ],
    [
      'a retiring principal made anew',
      ask({
        retiredGrant: grant({ ...bobs, retiringPrincipal: alice.arn, pins: { [alice.arn]: 'AIDAFORMERALICE' } }),
      }),
      'implicit',
      'no identity',
    ],
    ['grantee without RetireGrant', ask({ retiredGrant: grant() }), 'implicit', 'no identity'],
    [
      'grantee with RetireGrant, constraints aside',
      ask({ retiredGrant: grant({ operations: ['RetireGrant'], constraints: { SourceArn: 'x' } }) }),
      'allow',
      'grant g1',
    ],
    ['the key’s account and an identity policy', ask({ policies: identity }), 'allow', 'identity:All'],
    ['root of the key’s account', ask({ caller: root }), 'allow', 'root user'],
    ['the key’s account alone', ask({}), 'implicit', 'no identity'],
    ['another account, whatever its policies', ask({ caller: carl, policies: identity }), 'implicit', 'no grant'],
    [
      'the account that made the grant',
      ask({
        caller: carl,
        policies: identity,
        retiredGrant: grant({ ...bobs, issuingAccount: rootArn(otherAccount) }),
      }),
      'allow',
      'identity:All',
    ],
    [
      'the account named as retiring principal',
      ask({
        caller: carl,
        policies: identity,
        retiredGrant: grant({ ...bobs, retiringPrincipal: rootArn(otherAccount) }),
      }),
      'allow',
      'identity:All',
    ],
    [
      'a deny of the key policy and of an RCP',
      ask({
        keyPolicy: policy('key', [{ Effect: 'Deny' }]),
        rcp: [denies('rcp')],
        retiredGrant: grant({ retiringPrincipal: alice.arn }),
      }),
      'allow',
      'grant g1',
    ],
    ['an Allow of the key policy', ask({ keyPolicy: forAlice }), 'implicit', 'no identity'],
    [
      'a deny of an identity policy',
      ask({ policies: { identity: [denies('identity')] }, retiredGrant: grant({ retiringPrincipal: alice.arn }) }),
      'explicit',
      'identity:No',
    ],
  ]
  it.each(cases)('%s', (_what, asked, ...expected) => expect(outcome(asked)).toEqual(expected))
})

describe('accessDenied', () => {
  const message = (asked: Question) => {
    const decision = decide(asked)
    if (decision.allowed) throw new Error('allowed')
    const { code, message } = accessDenied(asked, decision)
    return [code, message]
  }
  const denied = (who: string, clause: string, resource = keyArn, action = 'kms:Decrypt') => [
    'AccessDeniedException',
    `User: ${who} is not authorized to perform: ${action} on resource: ${resource} ${clause}`,
  ]

  const explicit: [Policy['kind'], string][] = [
    ['scp', 'a service control policy'],
    ['rcp', 'a resource control policy'],
    ['boundary', 'a permissions boundary'],
    ['session', 'a session policy'],
    ['identity', 'an identity-based policy'],
    ['key', 'a resource-based policy'],
  ]
  it.each(
    explicit.map(([kind, phrase], index) => [kind, phrase, explicit.slice(index).map(([each]) => each)] as const),
  )('names a deny of kind %s before those that come later', (_kind, phrase, kinds) => {
    const has = (kind: Policy['kind']) => kinds.includes(kind)
    const asked = question({
      keyPolicy: has('key') ? denies('key') : delegating,
      rcp: has('rcp') ? [denies('rcp')] : [],
      policies: {
        identity: has('identity') ? [denies('identity')] : [],
        ...(has('scp') ? { scp: [[denies('scp')]] } : {}),
        ...(has('boundary') ? { boundary: denies('boundary') } : {}),
        ...(has('session') ? { session: [denies('session')] } : {}),
      },
    })
    expect(message(asked)).toEqual(denied(alice.arn, `with an explicit deny in ${phrase}`))
  })

  const implicit: [phrase: string, asked: Question][] = [
    ['identity-based policy', question()],
    ['resource-based policy', question({ keyPolicy: shut, policies: identity })],
    ['permissions boundary', question({ policies: { ...identity, boundary: boundaryElsewhere } })],
    ['session policy', question({ policies: { ...identity, session: [sessionElsewhere] } })],
    ['service control policy', question({ policies: { ...identity, scp: [[]] } })],
  ]
  it.each(implicit)('no %s', (phrase, asked) =>
    expect(message(asked)).toEqual(denied(alice.arn, `because no ${phrase} allows the kms:Decrypt action`)),
  )

  it('names the session, and the star of an operation without a resource', () => {
    const asked = question({ action: 'kms:CreateKey', keyPolicy: null, caller: session })
    const clause = 'because no identity-based policy allows the kms:CreateKey action'
    expect(message(asked)).toEqual(denied(session.arn, clause, '*', 'kms:CreateKey'))
  })

  const open = policy('key', [{ to: carl.arn }])
  const foreign = (over: Parameters<typeof question>[0]) => question({ caller: carl, ...over })
  const hidden: [what: string, asked: Question][] = [
    ['does not admit it', foreign({ policies: identity })],
    ['denies it', foreign({ keyPolicy: policy('key', [{}, { Effect: 'Deny' }]), policies: identity })],
    ['is under an RCP that denies it', foreign({ keyPolicy: open, rcp: [denies('rcp')], policies: identity })],
    ['does not admit it, which is denied at home too', foreign({ policies: { identity: [denies('identity')] } })],
    ['is asked for what never crosses accounts', foreign({ action: 'kms:DisableKey', keyPolicy: open })],
    [
      'has a grant that it may not retire',
      foreign({ action: 'kms:RetireGrant', keyPolicy: open, retiredGrant: grant(), policies: identity }),
    ],
  ]
  it.each(hidden)('tells an outsider nothing about a key that %s', (_what, asked) => {
    const { code, message: text } = foreignKeyDenied(carl.arn, asked.check.action)
    expect(message(asked)).toEqual([code, text])
    expect(text).toBe(
      `User: ${carl.arn} is not authorized to perform: ${asked.check.action} on this resource because the resource does not exist in this Region, no resource-based policies allow access, or a resource-based policy explicitly denies access`,
    )
  })

  it('tells an outsider who is let in what its own account lacks or denies', () => {
    expect(message(foreign({ keyPolicy: open }))).toEqual(
      denied(carl.arn, 'because no identity-based policy allows the kms:Decrypt action'),
    )
    expect(message(foreign({ keyPolicy: open, policies: { identity: [denies('identity')] } }))).toEqual(
      denied(carl.arn, 'with an explicit deny in an identity-based policy'),
    )
  })
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
