import { unknownCaller } from '../../model/errors'
import { callerFacts, callerPolicies, type Organization } from '../../policy/caller'
import { decide } from '../../policy/decision'
import { principalArn, type SignedPrincipal } from '../../policy/principal'
import type { CallerFacts, CallerPolicies, Policy } from '../../policy/types'
import type { CallerEntry } from '../../ports/identity'
import type { QueryInput } from '../query-types'
import { type Connection, type RequestedSession, stsContext } from './context'
import { notAuthorized } from './errors'
import type { IssuerParts } from './sessions'
import type { FetchJwks, OidcProvider } from './web-identity'

/** A role, as far as STS looks at it. */
export interface StsRole {
  readonly roleId: string
  readonly roleName: string
  readonly path: string
  readonly trustPolicy: string
  readonly trustPins: Readonly<Record<string, string>>
  readonly maxSessionSeconds: number
}

/** What STS is made of, in the Directory of one account. */
export interface StsParts extends IssuerParts {
  /** Of any account: a caller of another one is asked for where it lives. Undefined when it is gone. */
  findEntry(principal: SignedPrincipal): Promise<CallerEntry | undefined>
  /** A role of this account by name, without path. */
  findRole(roleName: string): Promise<StsRole | undefined>
  /** The document of a managed policy of this account, or of AWS, by ARN. */
  findManagedPolicy(arn: string): Promise<string | undefined>
  /** An OIDC provider of this account by its url, without `https://`. */
  findProvider(url: string): Promise<OidcProvider | undefined>
  readonly fetchJwks: FetchJwks
  /** The account of a configured root user's access key, whose id has any form. */
  rootKeyAccount?(accessKeyId: string): string | undefined
  /** What the configuration lays on an account. */
  governance?(accountId: string): Organization & { readonly scp?: readonly (readonly Policy[])[] }
}

/** One request. Inputs are as the Query protocol brings them. */
export interface StsCall extends Connection {
  readonly action: string
  readonly input: QueryInput
  /** Undefined for an unsigned AssumeRoleWithWebIdentity. */
  readonly principal: SignedPrincipal | undefined
}

/** The caller, and everything that limits or allows it. */
export interface StsCaller {
  readonly principal: SignedPrincipal
  readonly facts: CallerFacts
  readonly policies: CallerPolicies
}

/** UnrecognizedClientException unless the caller still is somebody. */
export async function requireCaller(parts: StsParts, { principal }: StsCall): Promise<StsCaller> {
  if (!principal) throw unknownCaller()
  const entry = await parts.findEntry(principal)
  if (!entry) throw unknownCaller()
  const governance = parts.governance?.(principal.accountId)
  const policies = callerPolicies(entry)
  return {
    principal,
    facts: callerFacts(principal, entry.tags, governance),
    policies: governance?.scp ? { ...policies, scp: governance.scp } : policies,
  }
}

/** AccessDenied unless the caller's own policies allow the action; a root user needs none. */
export function requireAllowed(
  parts: StsParts,
  call: StsCall,
  caller: StsCaller,
  action: string,
  resource: string,
  requested: RequestedSession = {},
): void {
  const decision = decide({
    caller: caller.facts,
    policies: caller.policies,
    check: { action, decidedBy: 'iam', grantOperation: null, crossAccount: false },
    resource,
    context: stsContext(caller.facts, call, requested, parts.wallMs()),
  })
  if (decision.allowed) return
  throw notAuthorized(principalArn(caller.principal), action, resource, ` ${decision.because}`)
}
