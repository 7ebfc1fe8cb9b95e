import { describe, expect, it } from 'vitest'
import type { Question } from '../../src/policy/types'
import { alice, cloudtrail, root, session } from './asking'
import { carl, denies, forAlice, identity, nothing, outcome, sessionElsewhere } from './deciding'
import { grant, otherAccount, policy, question, rootArn, shut } from './questions'

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
