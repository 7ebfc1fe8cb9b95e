import type { Asked, CallerFacts, ConditionContext, Policy } from './types'

/** Who puts a policy on which key, and in what context. */
export interface LockoutFacts {
  readonly caller: CallerFacts
  /** ARN of the key, or of the key to be. */
  readonly resource: string
  /** The context of this request as it would be for kms:PutKeyPolicy on the key. */
  context(): ConditionContext
}

/**
 * The policy lockout safety check: whether the caller could not put another policy once this one is in force. Identity
 * policies are not asked: a policy that lets the caller's account decide is enough. The caller of this function minds
 * BypassPolicyLockoutSafetyCheck. Source: AWS KMS API reference, PutKeyPolicy.
 */
export function locksOut(newPolicy: Policy, { caller, resource, context }: LockoutFacts): boolean {
  const asked: Asked = { action: 'kms:PutKeyPolicy', resource, caller, context }
  const applying = newPolicy.statements.filter((each) => each.level(caller) !== undefined && each.applies(asked))
  return applying.some(({ effect }) => effect === 'Deny') || !applying.some(({ effect }) => effect === 'Allow')
}
