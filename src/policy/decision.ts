import { KmsError } from '../model/errors'
import { type IdentityStatement, statementsOf } from './identity-policy'
import { delegatesToAccount } from './key-policy'
import { type Principal, principalArn } from './principal'

/** What a decision is about. */
export interface Question {
  readonly principal: Principal
  /** Identity policies of the caller, by name. */
  readonly policies: Readonly<Record<string, string>>
  /** `kms:Encrypt` and the like. */
  readonly action: string
  /** A key or alias ARN, or `*` for operations without a resource. */
  readonly resource: string
  /** The account that owns the resource, and for a key its policy. */
  readonly owner: { readonly accountId: string; readonly keyPolicy?: string }
}

/** The answer, with what decided. `because` continues the text of AccessDeniedException. */
export type Decision =
  | { readonly allowed: true; readonly by: string }
  | { readonly allowed: false; readonly by: string; readonly because: string }

const name = (statement: IdentityStatement) =>
  `identity policy ${statement.policyName}, statement ${statement.sid ?? statement.index}`

/**
 * Explicit deny first; then, for a key, its policy, which must delegate to the account; then the caller's identity
 * policies, which never limit a root user. Pure: no clock, no I/O.
 * Source: IAM policy evaluation logic; KMS developer guide, key policies.
 */
export function decide(question: Question): Decision {
  const { principal, action, resource, owner } = question
  const statements = statementsOf(question.policies)
  const denying = statements.find((statement) => statement.effect === 'Deny' && statement.covers(action, resource))
  if (denying) {
    return { allowed: false, by: name(denying), because: 'with an explicit deny in an identity-based policy' }
  }
  if (owner.keyPolicy !== undefined || principal.accountId !== owner.accountId) {
    const delegated =
      principal.accountId === owner.accountId &&
      owner.keyPolicy !== undefined &&
      delegatesToAccount(owner.keyPolicy, owner.accountId)
    if (!delegated) {
      return {
        allowed: false,
        by: 'no statement of the key policy',
        because: `because no resource-based policy allows the ${action} action`,
      }
    }
  }
  if (principal.kind === 'root') return { allowed: true, by: owner.keyPolicy ? 'key policy: the account' : 'root user' }
  const allowing = statements.find((statement) => statement.effect === 'Allow' && statement.covers(action, resource))
  if (allowing) return { allowed: true, by: name(allowing) }
  return {
    allowed: false,
    by: 'no identity policy',
    because: `because no identity-based policy allows the ${action} action`,
  }
}

/** AccessDeniedException in AWS's words (behaviours, authorisation texts). */
export const accessDenied = (question: Question, decision: Decision & { allowed: false }): KmsError =>
  question.principal.accountId === question.owner.accountId
    ? new KmsError(
        'AccessDeniedException',
        `User: ${principalArn(question.principal)} is not authorized to perform: ${question.action} on resource: ${question.resource} ${decision.because}`,
      )
    : foreignKeyDenied(question.principal, question.action)

/** The one answer about a key of another account that is absent, in another Region or not shared. */
export const foreignKeyDenied = (principal: Principal, action: string): KmsError =>
  new KmsError(
    'AccessDeniedException',
    `User: ${principalArn(principal)} is not authorized to perform: ${action} on this resource because the resource does not exist in this Region, no resource-based policies allow access, or a resource-based policy explicitly denies access`,
  )
