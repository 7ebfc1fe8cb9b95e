import { decide } from '../../src/policy/decision'
import type { CallerFacts, DecidedBy, Policy, Question } from '../../src/policy/types'
import { alice, session } from './asking'
import { allowing, otherAccount, policy } from './questions'

export const carl: CallerFacts = {
  ...alice,
  arn: `arn:aws:iam::${otherAccount}:user/carl`,
  accountId: otherAccount,
  userName: 'carl',
}
export const identity = { identity: [allowing] }
export const nothing = { identity: [] }
export const boundaryElsewhere = policy('boundary', [{ Action: 's3:*' }])
export const sessionElsewhere = policy('session', [{ Action: 's3:*' }])
export const forAlice = policy('key', [{ to: alice.arn }])
export const forRole = policy('key', [{ to: session.parentArn ?? '' }])
export const denies = (kind: Policy['kind']) => policy(kind, [{ Sid: 'No', Effect: 'Deny' }])

/** `key:0` for a statement of the key policy, `grant g1`, `no identity` for what lacks. */
const short = (by: DecidedBy): string => {
  if (by.kind === 'statement') return `${by.policyKind}:${by.statement}`
  if (by.kind === 'grant') return `grant ${by.grantId}`
  return by.kind === 'rule' ? by.rule : `no ${by.policyKind}`
}
export const outcome = (asked: Question) => {
  const decision = decide(asked)
  return [decision.allowed ? 'allow' : decision.denial, ...decision.by.map(short)]
}
