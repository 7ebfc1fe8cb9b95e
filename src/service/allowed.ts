import { unknownCaller } from '../model/errors'
import type { CallRequest, Kms } from '../operations/kms'
import { callerFacts, callerPolicies } from '../policy/caller'
import { lazyContext } from '../policy/context'
import { decide } from '../policy/decision'
import { accessDenied, foreignKeyDenied } from '../policy/texts'
import type { Question } from '../policy/types'

/** Who asks, and how. */
export type AllowedCaller = Pick<CallRequest, 'principal' | 'sourceIp' | 'userAgent' | 'secureTransport'>

/**
 * AccessDeniedException unless the caller's identity policies allow an action outside KMS (`subtle-kms:Rewrap`,
 * `cloudtrail:LookupEvents`) on `*`; UnrecognizedClientException when the caller is gone.
 */
export async function requireAllowed(
  kms: Kms,
  { principal, sourceIp, userAgent, secureTransport = true }: AllowedCaller,
  action: string,
): Promise<void> {
  if (principal.accountId !== kms.home.accountId) throw foreignKeyDenied(callerFacts(principal).arn, action)
  const entry = await kms.identity.findEntry(principal)
  if (!entry) throw unknownCaller()
  const governance = kms.governance?.(principal.accountId)
  const caller = callerFacts(principal, entry.tags, governance)
  const policies = callerPolicies(entry)
  const question: Question = {
    caller,
    policies: governance?.scp ? { ...policies, scp: governance.scp } : policies,
    check: { action, decidedBy: 'iam', grantOperation: null, crossAccount: false },
    resource: '*',
    context: lazyContext({
      action,
      caller,
      region: kms.home.region,
      secureTransport,
      ...(sourceIp === undefined ? {} : { sourceIp }),
      ...(userAgent === undefined ? {} : { userAgent }),
      nowMs: kms.clock.wallMs(),
    }),
  }
  const decision = decide(question)
  if (!decision.allowed) throw accessDenied(question, decision)
}
