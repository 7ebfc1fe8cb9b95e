import { decide } from '../../policy/decision'
import type {
  Asked,
  CallerFacts,
  CallerPolicies,
  ConditionContext,
  Decision,
  Policy,
  Statement,
} from '../../policy/types'

/** One action that a role's trust policy is asked about. */
export interface TrustQuestion {
  /** `sts:AssumeRole` and the like. */
  readonly action: string
  readonly role: { readonly arn: string; readonly accountId: string }
  /** The trust policy, compiled. */
  readonly policy: Policy
  context(): ConditionContext
}

/**
 * Whether a role trusts a caller with an access key. A trust policy counts as the policy of the role, as a key policy
 * does of a key: a deny anywhere comes first; in the role's own account it suffices that the caller, or the role or user
 * behind it, is named; a trusted account needs an identity policy besides, and a caller of another account always does.
 * Source: IAM user guide, evaluation of resource-based policies; docs/behaviour.md, authorization.
 */
export const decideTrust = (
  { action, role, policy, context }: TrustQuestion,
  caller: CallerFacts,
  policies: CallerPolicies,
): Decision =>
  decide({
    caller,
    policies,
    check: { action, decidedBy: 'key', grantOperation: null, crossAccount: true },
    resource: role.arn,
    key: { accountId: role.accountId, policy },
    context,
  })

/**
 * Whether a role trusts an identity provider, whose ARN must stand under Federated. There is no caller yet and so no
 * other policy. `document` is the text that `policy` was compiled from.
 */
export const trustsProvider = (question: TrustQuestion, document: string, providerArn: string): boolean =>
  trustsByName(question, document, 'Federated', providerArn, {
    kind: 'anonymous',
    arn: '',
    accountId: null,
    userId: 'anonymous',
  })

/** A service as policies see it. */
export const serviceFacts = (service: string): CallerFacts => ({
  kind: 'service',
  arn: service,
  accountId: null,
  userId: service,
})

/** Whether a role trusts a service, whose name must stand under Service. A service belongs to no account with policies. */
export const trustsService = (question: TrustQuestion, document: string, service: string): boolean =>
  trustsByName(question, document, 'Service', service, serviceFacts(service))

/** `*` denies everybody and lets nobody in here. */
function trustsByName(
  { action, role, policy, context }: TrustQuestion,
  document: string,
  type: 'Federated' | 'Service',
  name: string,
  caller: CallerFacts,
): boolean {
  const asked: Asked = { action, resource: role.arn, caller, context }
  const principals = readPrincipals(document)
  const applying = policy.statements.filter((statement) => statement.applies(asked))
  const named = (statement: Statement) => names(principals[statement.index], type, name)
  if (applying.some((statement) => statement.effect === 'Deny' && named(statement) !== 'no')) return false
  return applying.some((statement) => statement.effect === 'Allow' && named(statement) === 'by name')
}

interface PrincipalElements {
  readonly Principal?: unknown
  readonly NotPrincipal?: unknown
}

function readPrincipals(document: string): readonly PrincipalElements[] {
  const { Statement: statements } = JSON.parse(document) as { Statement: PrincipalElements | PrincipalElements[] }
  return Array.isArray(statements) ? statements : [statements]
}

function names(elements: PrincipalElements | undefined, type: string, name: string): 'by name' | 'as anybody' | 'no' {
  if (elements?.NotPrincipal !== undefined) {
    return valuesOf(elements.NotPrincipal, type).includes(name) ? 'no' : 'as anybody'
  }
  if (valuesOf(elements?.Principal, type).includes(name)) return 'by name'
  return isAnybody(elements?.Principal) ? 'as anybody' : 'no'
}

const listOf = (value: unknown): readonly unknown[] =>
  Array.isArray(value) ? value : value === undefined ? [] : [value]
const valuesOf = (element: unknown, type: string): readonly unknown[] =>
  typeof element === 'object' && element !== null ? listOf((element as Record<string, unknown>)[type]) : []

const isAnybody = (element: unknown) =>
  element === '*' || valuesOf(element, 'AWS').includes('*') || valuesOf(element, 'Federated').includes('*')
