import { describe, expect, it } from 'vitest'
import { decide } from '../../src/policy/decision'
import { accessDenied, foreignKeyDenied } from '../../src/policy/texts'
import type { Policy, Question } from '../../src/policy/types'
import { alice, keyArn, session } from './asking'
import { boundaryElsewhere, carl, denies, identity, sessionElsewhere } from './deciding'
import { delegating, grant, policy, question, shut } from './questions'

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
