import type { CallerFacts } from '../../policy/types'
import type { QueryOutput } from '../query-types'
import type { StsCall, StsParts } from './call'
import { stsContext } from './context'
import { rejectedClaim, webIdentityDenied } from './errors'
import { checkedTags, duration, isSourceIdentity, policiesOf, roleOf, roleSessionName, webIdentityToken } from './input'
import { findRole, issueRoleSession, maxRoleSeconds, requireDuration, trustPolicyOf } from './role-session'
import { type SessionBody, sessionPolicies } from './sessions'
import { trustsProvider } from './trust'
import { verifyWebIdentity, type WebIdentity } from './web-identity'

const nobody: CallerFacts = { kind: 'anonymous', arn: '', accountId: null, userId: 'anonymous' }

/**
 * AssumeRoleWithWebIdentity: the token is the credential, whether the request is signed or not. Runs in the Directory of
 * the role's account.
 *
 * Throws in this order: ValidationError; what is wrong with the token; AccessDenied, which is the answer about a role
 * that is not there too; then as AssumeRole does.
 * Source: AWS STS API reference, AssumeRoleWithWebIdentity; IAM user guide, OIDC federation, session tags in tokens.
 */
export async function assumeRoleWithWebIdentity(parts: StsParts, call: StsCall): Promise<QueryOutput> {
  const { input } = call
  const target = roleOf(input)
  const sessionName = roleSessionName(input)
  const token = webIdentityToken(input)
  const seconds = duration(input, maxRoleSeconds)
  const policyInput = policiesOf(input)

  const identity = await verifyWebIdentity(token, {
    findProvider: (url) => parts.findProvider(url),
    fetchJwks: parts.fetchJwks,
    nowMs: () => parts.wallMs(),
  })
  const providerArn = `arn:aws:iam::${parts.accountId}:oidc-provider/${identity.provider.url}`
  const session = claimedSession(identity)
  const role = await findRole(parts, target)
  if (!role) throw webIdentityDenied()
  const policy = trustPolicyOf(role)
  const claims = claimKeys(identity, providerArn)
  const context = stsContext(nobody, call, { ...session, roleSessionName: sessionName, claims }, parts.wallMs())
  const actions = [
    'sts:AssumeRoleWithWebIdentity',
    ...(session.tags ? ['sts:TagSession'] : []),
    ...(session.sourceIdentity === undefined ? [] : ['sts:SetSourceIdentity']),
  ]
  for (const action of actions) {
    if (!trustsProvider({ action, role: target, policy, context }, role.trustPolicy, providerArn)) {
      throw webIdentityDenied(action)
    }
  }
  const allowedSeconds = requireDuration(seconds, role, false)

  const policies = await sessionPolicies(policyInput, parts.accountId, (arn) => parts.findManagedPolicy(arn))
  const body = { ...policies, ...session, federatedProvider: providerArn }
  return {
    ...(await issueRoleSession(parts, role, sessionName, allowedSeconds, body)),
    SubjectFromWebIdentityToken: identity.subject,
    Audience: identity.audience,
    Provider: providerArn,
  }
}

/** `{host and path of the issuer}:sub` and the like. */
function claimKeys({ provider, subject, audience, amr }: WebIdentity, providerArn: string) {
  return {
    [`${provider.url}:aud`]: audience,
    [`${provider.url}:sub`]: subject,
    [`${provider.url}:amr`]: amr,
    'aws:FederatedProvider': providerArn,
  }
}

const tagsClaim = 'https://aws.amazon.com/tags'
const sourceIdentityClaim = 'https://aws.amazon.com/source_identity'

/** Tags and source identity that the provider gives the session (IAM user guide, session tags in web identity tokens). */
function claimedSession({ payload }: WebIdentity): Pick<SessionBody, 'tags' | 'transitiveTagKeys' | 'sourceIdentity'> {
  const { [tagsClaim]: claim, [sourceIdentityClaim]: sourceIdentity } = payload
  if (sourceIdentity !== undefined && (typeof sourceIdentity !== 'string' || !isSourceIdentity(sourceIdentity))) {
    throw rejectedClaim(sourceIdentityClaim)
  }
  const { principal_tags: given = {}, transitive_tag_keys: keys = [] } = requireObject(claim ?? {})
  const tags = checkedTags(
    Object.entries(requireObject(given)).map(([key, values]) => {
      const value: unknown = Array.isArray(values) && values.length === 1 ? values[0] : values
      if (typeof value !== 'string') throw rejectedClaim(tagsClaim)
      return [key, value]
    }),
  )
  const isKey = (key: unknown): key is string => typeof key === 'string' && Object.hasOwn(tags ?? {}, key)
  if (!Array.isArray(keys) || !keys.every(isKey)) throw rejectedClaim(tagsClaim)
  return {
    ...(tags ? { tags } : {}),
    ...(keys.length ? { transitiveTagKeys: [...new Set(keys)] } : {}),
    ...(sourceIdentity === undefined ? {} : { sourceIdentity }),
  }
}

function requireObject(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw rejectedClaim(tagsClaim)
  return value as Readonly<Record<string, unknown>>
}
