import { unknownCaller } from '../../model/errors'
import { callerFacts, callerPolicies, type Organization } from '../../policy/caller'
import { lazyContext } from '../../policy/context'
import { decide } from '../../policy/decision'
import { principalArn, type SignedPrincipal } from '../../policy/principal'
import type { Policy } from '../../policy/types'
import type { IdentityPort } from '../../ports/identity'
import type { DirectoryService } from '../directory'
import { QueryError, queryDenied } from '../query-error'
import type { CheckFacts, IamCall } from './action'

/** Who calls, and how. */
export interface IamRequest {
  readonly principal: SignedPrincipal
  /** Of the signature's scope. */
  readonly region: string
  readonly sourceIp?: string | undefined
  readonly userAgent?: string | undefined
  readonly secureTransport: boolean
}

/** What IAM is made of, in the Directory of the caller's account. */
export interface IamParts {
  readonly directory: Pick<DirectoryService, 'accountId' | 'findEntry' | 'transact'>
  readonly crypto: IamCall['crypto']
  wallMs(): number
  /** Of all accounts. */
  readonly lookup: Pick<IdentityPort, 'resolvePrincipals' | 'principalArns'>
  /** What the organisation lays on the account. */
  readonly governance?: Organization & { readonly scp?: readonly (readonly Policy[])[] }
}

export function createIamCall(parts: IamParts, request: IamRequest): IamCall {
  const { directory, crypto, lookup } = parts
  return {
    accountId: directory.accountId,
    principal: request.principal,
    crypto,
    wallMs: () => parts.wallMs(),
    authorize: (action, resource, facts) => authorize(parts, request, action, resource, facts),
    transact: (work) => directory.transact(work),
    resolvePrincipals: (arns) => lookup.resolvePrincipals(arns),
    principalArns: (uniqueIds, accountIds) => lookup.principalArns(uniqueIds, accountIds),
  }
}

/**
 * Identity policies of the caller decide, with what limits them; the root user passes unless its organisation forbids.
 * Credentials of GetSessionToken and GetFederationToken cannot call IAM without a second factor, of which this service
 * knows none. Source: IAM user guide, comparing the AWS STS API operations.
 */
async function authorize(
  { directory, governance, wallMs }: IamParts,
  { principal, region, sourceIp, userAgent, secureTransport }: IamRequest,
  action: string,
  resource: string,
  facts: CheckFacts,
): Promise<void> {
  if (principal.session && principal.kind !== 'role-session') {
    throw new QueryError('InvalidClientTokenId', 'The security token included in the request is invalid', 403)
  }
  const entry = await directory.findEntry(principal)
  if (!entry) throw unknownCaller()
  const caller = callerFacts(principal, entry.tags, governance)
  const policies = callerPolicies(entry)
  const extra = Object.entries(facts).filter(
    (fact): fact is [string, string | readonly string[]] => fact[1] !== undefined,
  )
  const decision = decide({
    caller,
    policies: governance?.scp ? { ...policies, scp: governance.scp } : policies,
    check: { action, decidedBy: 'iam', grantOperation: null, crossAccount: false },
    resource,
    context: lazyContext({
      action,
      caller,
      region,
      ...(sourceIp === undefined ? {} : { sourceIp }),
      ...(userAgent === undefined ? {} : { userAgent }),
      secureTransport,
      nowMs: wallMs(),
      extra: Object.fromEntries(extra),
    }),
  })
  if (!decision.allowed) throw queryDenied(principalArn(principal), action, resource, decision.because)
}
