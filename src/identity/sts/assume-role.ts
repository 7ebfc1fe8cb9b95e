import { principalArn, type SignedPrincipal } from '../../policy/principal'
import { validationError } from '../query-error'
import type { QueryOutput } from '../query-types'
import { requireCaller, type StsCall, type StsCaller, type StsParts } from './call'
import { type RequestedSession, stsContext } from './context'
import { notAuthorized, rootMayNotAssume, sourceIdentityFixed, wrongMfaCode } from './errors'
import {
  duration,
  externalId,
  policiesOf,
  type RoleName,
  roleOf,
  roleSessionName,
  showsMfa,
  sourceIdentity,
  tagsOf,
  transitiveKeysOf,
} from './input'
import { findRole, issueRoleSession, maxRoleSeconds, requireDuration, trustPolicyOf } from './role-session'
import { type SessionBody, sessionPolicies } from './sessions'
import { decideTrust } from './trust'

/**
 * AssumeRole. Runs in the Directory of the role's account.
 *
 * Throws in this order: ValidationError; UnrecognizedClientException for a caller who is gone; AccessDenied, which is
 * the answer about a role that is not there too; ValidationError for a duration beyond the role's own;
 * MalformedPolicyDocument; PackedPolicyTooLarge.
 * Source: AWS STS API reference, AssumeRole; IAM user guide, session tags, source identity, role chaining.
 */
export async function assumeRole(parts: StsParts, call: StsCall): Promise<QueryOutput> {
  const { input } = call
  const target = roleOf(input)
  const sessionName = roleSessionName(input)
  const seconds = duration(input, maxRoleSeconds)
  const policyInput = policiesOf(input)
  const asked = {
    tags: tagsOf(input),
    transitiveTagKeys: transitiveKeysOf(input),
    sourceIdentity: sourceIdentity(input),
  }
  const external = externalId(input)
  requireTagsOf(asked)

  const caller = await requireCaller(parts, call)
  const { principal } = caller
  if (principal.kind === 'root') throw rootMayNotAssume()
  if (showsMfa(input)) throw wrongMfaCode()
  const session = chainedSession(principal, asked)
  const requested = { ...session, roleSessionName: sessionName, externalId: external }
  const role = await requireTrustingRole(parts, call, caller, target, requested)
  if (session.sourceIdentity !== asked.sourceIdentity && asked.sourceIdentity !== undefined) throw sourceIdentityFixed()
  const allowedSeconds = requireDuration(seconds, role, principal.kind === 'role-session')

  const policies = await sessionPolicies(policyInput, parts.accountId, (arn) => parts.findManagedPolicy(arn))
  return issueRoleSession(parts, role, sessionName, allowedSeconds, { ...policies, ...session })
}

type Asked = Pick<RequestedSession, 'tags' | 'transitiveTagKeys' | 'sourceIdentity'>
type Carried = Pick<SessionBody, 'tags' | 'transitiveTagKeys' | 'sourceIdentity'>

function requireTagsOf({ tags = {}, transitiveTagKeys = [] }: Asked): void {
  if (transitiveTagKeys.every((key) => Object.hasOwn(tags, key))) return
  throw validationError('The specified transitive tag key must be included in the requested tags.')
}

/** What the new session has of its own and from the session before it: a chain keeps its source identity. */
function chainedSession(
  { session }: SignedPrincipal,
  { tags, transitiveTagKeys = [], sourceIdentity }: Asked,
): Carried {
  const inheritedKeys = session?.transitiveTagKeys ?? []
  const inherited = Object.entries(session?.tags ?? {}).filter(([key]) => inheritedKeys.includes(key))
  const taken = new Set(inherited.map(([key]) => key.toLowerCase()))
  if (Object.keys(tags ?? {}).some((key) => taken.has(key.toLowerCase()))) {
    throw validationError(
      "One of the specified transitive tag keys can't be set because it conflicts with a transitive tag key from the calling session.",
    )
  }
  const allTags = { ...Object.fromEntries(inherited), ...tags }
  const allKeys = [...new Set([...inheritedKeys, ...transitiveTagKeys])]
  const identity = session?.sourceIdentity ?? sourceIdentity
  return {
    ...(Object.keys(allTags).length ? { tags: allTags } : {}),
    ...(allKeys.length ? { transitiveTagKeys: allKeys } : {}),
    ...(identity === undefined ? {} : { sourceIdentity: identity }),
  }
}

/**
 * The role, once it has said yes to every action that the session needs. A session that inherits tags or a source
 * identity needs the actions for them as one that brings them does.
 */
async function requireTrustingRole(
  parts: StsParts,
  call: StsCall,
  caller: StsCaller,
  target: RoleName,
  requested: RequestedSession,
) {
  const refuse = (action: string, clause = '') =>
    notAuthorized(principalArn(caller.principal), action, target.arn, clause)
  const role = await findRole(parts, target)
  // A federated user's credentials are good for GetCallerIdentity alone, of all that STS does.
  if (!role || caller.principal.kind === 'federated-user') throw refuse('sts:AssumeRole')
  const policy = trustPolicyOf(role)
  const context = stsContext(caller.facts, call, requested, parts.wallMs())
  const actions = [
    'sts:AssumeRole',
    ...(requested.tags ? ['sts:TagSession'] : []),
    ...(requested.sourceIdentity === undefined ? [] : ['sts:SetSourceIdentity']),
  ]
  for (const action of actions) {
    const decision = decideTrust({ action, role: target, policy, context }, caller.facts, caller.policies)
    if (!decision.allowed) throw refuse(action, decision.denial === 'explicit' ? ` ${decision.because}` : '')
  }
  return role
}
