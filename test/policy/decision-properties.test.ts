import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { KmsError } from '../../src/model/errors'
import { checksOf } from '../../src/policy/checks'
import { compilePolicy } from '../../src/policy/compile'
import { conditionContext } from '../../src/policy/context'
import { decide } from '../../src/policy/decision'
import { derive } from '../../src/policy/derivation'
import { accessDenied } from '../../src/policy/texts'
import type { CallerFacts, CallerPolicies, GrantFacts, PolicyKind, Question } from '../../src/policy/types'
import { account, alice, anonymous, cloudtrail, federated, keyArn, root, session } from './asking'
import { grant, otherAccount, policy, question, type Rule, rootArn } from './questions'

const carl: CallerFacts = { ...alice, arn: `arn:aws:iam::${otherAccount}:user/carl`, accountId: otherAccount }
const callers = [alice, session, federated, root, cloudtrail, anonymous, carl]
const names = ['*', alice.arn, session.arn, session.parentArn ?? '', federated.arn, carl.arn]
const accounts = [rootArn(account), rootArn(otherAccount)]

const rule: fc.Arbitrary<Rule> = fc.record(
  {
    Effect: fc.constantFrom<'Allow' | 'Deny'>(...Array<'Allow'>(7).fill('Allow'), 'Deny'),
    to: fc.constantFrom(...names, ...accounts, ...accounts),
    Action: fc.constantFrom('*', '*', 'kms:*', 'kms:Decrypt', 'kms:Re*', 's3:*'),
    Resource: fc.constantFrom('*', '*', keyArn, 'arn:aws:kms:*:*:key/*', 'arn:aws:kms:eu-west-1:*'),
    Condition: fc.constantFrom(
      { StringEquals: { 'kms:ViaService': 's3.us-west-2.amazonaws.com' } },
      { StringNotEquals: { 'kms:ViaService': 's3.us-west-2.amazonaws.com' } },
      { Bool: { 'aws:SecureTransport': 'true' } },
    ),
  },
  { requiredKeys: [] },
)
const rules = (max = 3) => fc.array(rule, { maxLength: max })
const limits = fc.option(
  rules(2).map((drawn): readonly Rule[] => (drawn.length ? drawn : [{}])),
  { freq: 1 },
)

/** A whole situation, in words that can be changed before they become a question. */
interface Situation {
  readonly caller: CallerFacts
  readonly action: string
  readonly key: readonly Rule[]
  readonly identity: readonly Rule[]
  readonly boundary: readonly Rule[] | null
  readonly session: readonly Rule[] | null
  readonly scp: readonly Rule[] | null
  readonly rcp: readonly Rule[]
  readonly grants: readonly GrantFacts[]
}

const situation: fc.Arbitrary<Situation> = fc.record({
  caller: fc.constantFrom(...callers),
  action: fc.constantFrom('kms:Decrypt', 'kms:ReEncryptTo', 'kms:DisableKey', 'kms:RetireGrant'),
  key: rules(),
  identity: rules(),
  boundary: limits,
  session: limits,
  scp: limits,
  rcp: rules(1),
  grants: fc
    .array(
      fc.record({
        granteePrincipal: fc.constantFrom(...names, ...accounts),
        operations: fc.subarray(['Decrypt', 'ReEncryptTo', 'RetireGrant'], { minLength: 1 }),
      }),
      { maxLength: 2 },
    )
    .map((grants) => grants.map((each) => grant(each))),
})

function questionOf(each: Situation): Question {
  // A policy must have a statement: one about another service says nothing here.
  const make = (kind: PolicyKind, said: readonly Rule[]) => policy(kind, [...said, { Action: 's3:PutObject' }])
  const policies: CallerPolicies = {
    identity: [make('identity', each.identity)],
    ...(each.boundary ? { boundary: make('boundary', each.boundary) } : {}),
    ...(each.session ? { session: [make('session', each.session)] } : {}),
    ...(each.scp ? { scp: [[make('scp', each.scp)]] } : {}),
  }
  const [retiredGrant] = each.grants
  return question({
    caller: each.caller,
    action: each.action,
    keyPolicy: make('key', each.key),
    rcp: [make('rcp', each.rcp)],
    grants: each.grants,
    policies,
    ...(retiredGrant ? { retiredGrant } : {}),
    context: { 'aws:SecureTransport': 'true' },
  })
}

const places = ['key', 'identity', 'boundary', 'session', 'scp', 'rcp'] as const
const place = fc.constantFrom(...places)
const add = (each: Situation, where: (typeof places)[number], extra: Rule): Situation =>
  each[where] === null ? each : { ...each, [where]: [...(each[where] as readonly Rule[]), extra] }
const allows = (each: Situation) => decide(questionOf(each)).allowed

describe('decide', () => {
  it('allows some and refuses some of what is drawn here', () => {
    const verdicts = fc.sample(situation, { numRuns: 500, seed: 5 }).map(allows)
    expect(verdicts.filter(Boolean).length).toBeGreaterThan(50)
    expect(verdicts.filter((allowed) => !allowed).length).toBeGreaterThan(50)
  })

  it('a Deny more, or a policy more that limits, allows nothing', () => {
    fc.assert(
      fc.property(situation, place, rule, rules(2), (each, where, extra, limits) => {
        const before = allows(each)
        fc.pre(!before)
        expect(allows(add(each, where, { ...extra, Effect: 'Deny' }))).toBe(false)
        if (!each.boundary) expect(allows({ ...each, boundary: limits })).toBe(false)
        if (!each.scp) expect(allows({ ...each, scp: limits })).toBe(false)
      }),
      { numRuns: 300 },
    )
  })

  it('an Allow more, or a grant more, refuses nothing', () => {
    fc.assert(
      fc.property(situation, place, rule, (each, where, extra) => {
        fc.pre(allows(each))
        expect(allows(add(each, where, { ...extra, Effect: 'Allow' }))).toBe(true)
        expect(allows({ ...each, grants: [...each.grants, grant({ operations: ['Encrypt'] })] })).toBe(true)
      }),
      { numRuns: 300 },
    )
  })

  it('minds no order of statements and grants', () => {
    fc.assert(
      fc.property(situation, (each) => {
        const turned = { ...each, key: [...each.key].reverse(), identity: [...each.identity].reverse() }
        const grants = each.action === 'kms:RetireGrant' ? each.grants : [...each.grants].reverse()
        const [one, other] = [decide(questionOf(each)), decide(questionOf({ ...turned, grants }))]
        expect(other.allowed).toBe(one.allowed)
        if (!one.allowed && !other.allowed) expect([other.denial, other.because]).toEqual([one.denial, one.because])
      }),
      { numRuns: 300 },
    )
  })

  it('an explicit deny that applies is final', () => {
    fc.assert(
      fc.property(situation, place, (each, where) => {
        fc.pre(each[where] !== null)
        const denied = decide(questionOf(add(each, where, { Effect: 'Deny' })))
        const isAside =
          (each.action === 'kms:RetireGrant' && (where === 'key' || where === 'rcp')) ||
          (each.caller.kind === 'service' && where === 'scp')
        fc.pre(!isAside && each.caller.kind !== 'anonymous')
        expect(denied).toMatchObject({ allowed: false, denial: 'explicit' })
      }),
      { numRuns: 300 },
    )
  })

  it('is what derive shows, step by step', () => {
    fc.assert(
      fc.property(situation, (each) => {
        const asked = questionOf(each)
        const { decision, steps, policies } = derive(asked)
        expect(decision).toEqual(decide(asked))
        const denies = policies.flatMap(({ counts, statements }) =>
          counts ? statements.filter(({ effect, applies }) => effect === 'Deny' && applies) : [],
        )
        expect(steps[0]?.outcome).toBe(denies.length ? 'denied' : 'passed')
      }),
      { numRuns: 300 },
    )
  })
})

describe('hostile input', () => {
  const odd = [
    '*',
    '?',
    '$\u007baws:username}',
    '$\u007b',
    '__proto__',
    'constructor',
    'arn:aws:iam::1:root',
    alice.arn,
  ]
  const word = fc.oneof(fc.string({ maxLength: 20 }), fc.constantFrom(...odd))
  const words = fc.oneof(word, fc.array(word, { minLength: 1, maxLength: 3 }))
  const statement = fc.record(
    {
      Effect: fc.constantFrom('Allow', 'Deny'),
      Principal: fc.oneof(fc.constant('*'), fc.record({ AWS: words })),
      Action: fc.oneof(fc.constant('kms:*'), words),
      Resource: words,
      Condition: fc.dictionary(
        fc.constantFrom('StringLike', 'ArnNotLike', 'DateLessThan', 'IpAddress', 'StringNotEqualsIgnoreCase', 'Bool'),
        fc.dictionary(fc.oneof(word, fc.constantFrom('aws:username', 'kms:EncryptionContext:__proto__')), words),
        { maxKeys: 2, noNullPrototype: true },
      ),
    },
    { requiredKeys: ['Effect', 'Principal', 'Action', 'Resource'] },
  )
  const document = fc.record({
    Version: fc.constantFrom('2012-10-17', '2008-10-17'),
    Statement: fc.array(statement, { minLength: 1, maxLength: 3 }),
  })
  const pairs = fc.dictionary(word, word, { maxKeys: 4, noNullPrototype: false })
  const checks = checksOf('ReEncrypt').concat(checksOf('CreateGrant'), checksOf('RetireGrant'))

  it('throws nothing but KmsError, and only while a document is read', () => {
    let decided = 0
    fc.assert(
      fc.property(
        document,
        fc.constantFrom(...callers),
        fc.constantFrom(...checks),
        pairs,
        word,
        (written, who, check, context, text) => {
          const caller = { ...who, tags: context, ...(who.userName === undefined ? {} : { userName: text }) }
          let keyPolicy: Question['key'] & object
          try {
            const compiled = compilePolicy(JSON.stringify(written), { kind: 'key', name: text })
            keyPolicy = { accountId: account, policy: compiled }
          } catch (error) {
            expect(error).toBeInstanceOf(KmsError)
            return
          }
          decided++
          const hostile = grant({
            granteePrincipal: text,
            operations: [text, 'ReEncryptFrom', 'CreateGrant'],
            constraints: { EncryptionContextSubset: context, SourceArn: text },
            pins: context,
            issuingAccount: text,
          })
          const input = { SourceEncryptionContext: context, Constraints: hostile.constraints, KeyId: text }
          const asked: Question = {
            caller,
            policies: { identity: [] },
            check,
            resource: keyArn,
            key: { ...keyPolicy, grants: [hostile] },
            encryptionContext: context,
            childGrant: hostile,
            retiredGrant: hostile,
            context: () =>
              conditionContext({
                action: check.action,
                input,
                caller,
                region: text,
                secureTransport: true,
                sourceIp: text,
                nowMs: 0,
                extra: context,
              }),
          }
          const decision = decide(asked)
          JSON.stringify(derive(asked))
          if (!decision.allowed) expect(accessDenied(asked, decision)).toBeInstanceOf(KmsError)
        },
      ),
      { numRuns: 1000 },
    )
    expect(decided).toBeGreaterThan(100)
  })

  it('a grant to a name that is no principal lets nobody in', () => {
    for (const granteePrincipal of ['', '*', 'constructor', '__proto__', account]) {
      const asked = {
        grants: [grant({ granteePrincipal })],
        keyPolicy: policy('key', [{ to: 'arn:aws:iam::111122223333:user/x' }]),
      }
      for (const caller of callers) expect(decide(question({ ...asked, caller })).allowed).toBe(false)
    }
  })
})
