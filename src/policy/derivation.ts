import { decide, type Step } from './decision'
import { Evaluation } from './evaluation'
import type { GrantMismatch } from './grants'
import type { Asked, Decision, GrantFacts, MatchLevel, Mismatch, Policy, PolicyKind, Question } from './types'

/** One statement against one question. */
export interface StatementView {
  readonly index: number
  readonly sid?: string
  readonly effect: 'Allow' | 'Deny'
  /** How strongly it names the caller; null when it does not. */
  readonly level: MatchLevel | null
  readonly applies: boolean
  /** The first element that keeps it from applying. */
  readonly mismatch?: Mismatch
}

export interface PolicyView {
  readonly kind: PolicyKind
  readonly name: string
  /** False where AWS does not look at the document for this check: key policies and RCPs with RetireGrant. */
  readonly counts: boolean
  readonly statements: readonly StatementView[]
}

export interface GrantView {
  readonly grantId: string
  /** Why it does not allow; absent when it does. */
  readonly mismatch?: GrantMismatch
}

/** How a decision came about, as plain JSON: names of documents, statements and conditions, never values of the request. */
export interface Derivation {
  readonly caller: { readonly kind: string; readonly arn: string; readonly accountId: string | null }
  readonly action: string
  readonly resource: string
  readonly decidedBy: 'key' | 'iam' | 'grant'
  readonly policies: readonly PolicyView[]
  readonly grants: readonly GrantView[]
  readonly steps: readonly Step[]
  readonly decision: Decision
}

/** Every policy and grant that has a part in the question, what each says, and the decision that `decide` takes. */
export function derive(question: Question): Derivation {
  const { caller, check, resource, key } = question
  const evaluation = new Evaluation(question)
  const { asked } = evaluation
  const steps: Step[] = []
  const looked = new Map<GrantFacts, GrantMismatch | undefined>()
  const decision = decide(
    { ...question, context: asked.context },
    { step: (step) => steps.push(step), grant: (grant, mismatch) => looked.set(grant, mismatch) },
  )
  const { kind, arn, accountId } = caller
  return {
    caller: { kind, arn, accountId },
    action: check.action,
    resource,
    decidedBy: check.decidedBy,
    policies: policiesOf(question).map(([policy, counts]) => viewPolicy(policy, counts, asked)),
    grants: (key?.grants ?? []).map((grant) => {
      const mismatch = looked.has(grant) ? looked.get(grant) : evaluation.grantMismatch(grant)
      return { grantId: grant.grantId, ...(mismatch ? { mismatch } : {}) }
    }),
    steps,
    decision,
  }
}

/** In the order in which they are asked, each with whether it counts. */
function policiesOf({ policies, key, check, caller }: Question): (readonly [Policy, counts: boolean])[] {
  const { scp = [], boundary, session = [], identity } = policies
  const onKey = check.decidedBy === 'key'
  return [
    ...scp.flat().map((policy) => [policy, caller.kind !== 'service'] as const),
    ...(key?.rcp ?? []).map((policy) => [policy, onKey] as const),
    ...[...(boundary ? [boundary] : []), ...session, ...identity].map((policy) => [policy, true] as const),
    ...(key ? [[key.policy, onKey] as const] : []),
  ]
}

const viewPolicy = ({ kind, name, statements }: Policy, counts: boolean, asked: Asked): PolicyView => ({
  kind,
  name,
  counts,
  statements: statements.map((statement) => {
    const { index, sid, effect } = statement
    const mismatch = statement.mismatch(asked)
    return {
      index,
      ...(sid === undefined ? {} : { sid }),
      effect,
      level: statement.level(asked.caller) ?? null,
      applies: mismatch === undefined,
      ...(mismatch ? { mismatch } : {}),
    }
  }),
})
