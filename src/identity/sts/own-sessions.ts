import { principalArn, principalUserId } from '../../policy/principal'
import type { QueryOutput } from '../query-types'
import { requireAllowed, requireCaller, type StsCall, type StsCaller, type StsParts } from './call'
import { notFromSession, wrongMfaCode } from './errors'
import { duration, federatedName, policiesOf, showsMfa, tagsOf } from './input'
import { issue, sessionPolicies } from './sessions'

/** Sessions that a user, or the root user, makes from its own access key. */

const maxSeconds = 129_600
const defaultSeconds = 43_200
/** A longer session of a root user is cut, not refused. */
const maxRootSeconds = 3600

const secondsFor = ({ principal }: StsCaller, asked: number | undefined): number =>
  principal.kind === 'root' ? Math.min(asked ?? maxRootSeconds, maxRootSeconds) : (asked ?? defaultSeconds)

/**
 * GetSessionToken: the caller itself, with temporary credentials. Needs no permission, as at AWS; a second factor, of
 * which this service knows none, is a wrong one.
 * Source: AWS STS API reference, GetSessionToken.
 */
export async function getSessionToken(parts: StsParts, call: StsCall): Promise<QueryOutput> {
  const asked = duration(call.input, maxSeconds)
  const caller = await requireCaller(parts, call)
  const { principal } = caller
  if (principal.session || (principal.kind !== 'root' && principal.kind !== 'user')) {
    throw notFromSession('GetSessionToken')
  }
  if (showsMfa(call.input)) throw wrongMfaCode()
  const body = { issuerAccessKeyId: principal.accessKeyId }
  const { credentials } = await issue(parts, secondsFor(caller, asked), body, (common) => ({ ...principal, ...common }))
  return { Credentials: credentials }
}

/**
 * GetFederationToken: a name that the caller vouches for, limited by session policies. Needs sts:GetFederationToken from
 * an identity policy, and sts:TagSession for tags.
 * Source: AWS STS API reference, GetFederationToken.
 */
export async function getFederationToken(parts: StsParts, call: StsCall): Promise<QueryOutput> {
  const { input } = call
  const name = federatedName(input)
  const asked = duration(input, maxSeconds)
  const policyInput = policiesOf(input)
  const tags = tagsOf(input)
  const caller = await requireCaller(parts, call)
  const { principal } = caller
  if (principal.session || (principal.kind !== 'root' && principal.kind !== 'user')) {
    throw notFromSession('GetFederationToken')
  }
  const resource = `arn:aws:sts::${principal.accountId}:federated-user/${name}`
  for (const action of ['sts:GetFederationToken', ...(tags ? ['sts:TagSession'] : [])]) {
    requireAllowed(parts, call, caller, action, resource, { tags })
  }
  const policies = await sessionPolicies(policyInput, parts.accountId, (arn) => parts.findManagedPolicy(arn))
  const body = { issuerAccessKeyId: principal.accessKeyId, ...policies, ...(tags ? { tags } : {}) }
  const issued = await issue(parts, secondsFor(caller, asked), body, (common) => ({
    kind: 'federated-user',
    ...common,
    name,
    ...(principal.kind === 'user'
      ? { issuer: { userId: principal.userId, userName: principal.userName, path: principal.path } }
      : {}),
  }))
  return {
    Credentials: issued.credentials,
    FederatedUser: { FederatedUserId: principalUserId(issued.principal), Arn: principalArn(issued.principal) },
    PackedPolicySize: issued.packedPolicySize,
  }
}
