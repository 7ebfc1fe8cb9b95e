import { auditAdditional, auditAppend, auditParameters, auditResponse } from '../audit'
import type { ErrorCode, KmsError } from '../model/errors'
import type { OperationName, OperationOutput } from '../model/generated/types'
import type { Call } from '../operations/call'
import { describeDecision } from '../policy/describe'
import { auditedPrincipal } from '../policy/principal'
import type { DecidedBy, PolicyKind } from '../policy/types'
import type { AuditEntry } from '../ports/audit'
import type { Change, Commit } from '../ports/storage'

/** What became of a call, as data: it crosses Durable Object RPC and postMessage, which strip classes. */
export type CallResult<N extends OperationName = OperationName> =
  | { readonly ok: true; readonly output: OperationOutput[N] }
  | Refusal

export interface Refusal {
  readonly ok: false
  readonly error: { readonly code: ErrorCode; readonly message: string }
}

export const refusal = ({ code, message }: KmsError): Refusal => ({ ok: false, error: { code, message } })

/** One half of a call that two services make together: both records are of one event. */
export interface Half {
  readonly sharedEventId: string
  /** Whether this half tells the caller's account, should that be a third one. */
  readonly tells: boolean
}

/**
 * What a call commits: what it read and changed, and its one audit record. A caller of another account gets a copy of the
 * record at home, by way of the outbox in the same commit (CloudTrail user guide, sharedEventID).
 */
export function recorded(call: Call, result: CallResult, half?: Half): Commit {
  const { kms, principal } = call
  const { reads, changes, appends } = call.outcome(result.ok)
  const abroad = kms.outbox && !call.isLocal && half?.tells !== false ? principal.accountId : null
  const entry = entryOf(call, result, half?.sharedEventId ?? (abroad === null ? undefined : call.newUuid()))
  const copy = abroad === null ? [] : [copyFor(call, abroad, entry)]
  return { reads, changes: [...changes, ...copy], appends: [...appends, auditAppend(entry)] }
}

/**
 * The copy does not say what decided: that would show policies of the key. Of a denied call it names no resource either:
 * that would show that there is a key.
 */
function copyFor(call: Call, accountId: string, { decision: _, resources = [], ...entry }: AuditEntry): Change {
  const denied = entry.error?.code === 'AccessDeniedException'
  const copy = auditAppend({ ...entry, eventId: call.newUuid(), ...(denied ? {} : { resources }) })
  if (copy.kind !== 'audit') throw new TypeError('an audit entry became another append')
  const value = {
    to: { accountId, region: call.kms.home.region },
    dueAtMs: call.kms.clock.serviceMs(),
    message: copy,
  }
  return { collection: 'outbox', id: call.newUuid(), version: 0, value }
}

/** The record of a call. Of a denied one CloudTrail's rendering hides parameters and resources; explain needs them. */
function entryOf(call: Call, result: CallResult, sharedEventId: string | undefined): AuditEntry {
  const { kms, request } = call
  const { operation, sourceIp, userAgent, host, forwarding } = request
  const additional = result.ok ? auditAdditional(operation, result.output, call.materialId) : undefined
  return {
    eventId: call.eventId,
    requestId: request.requestId,
    eventName: operation,
    wallMs: kms.clock.wallMs(),
    serviceMs: kms.clock.serviceMs(),
    principal: auditedPrincipal(request.principal),
    ...(forwarding ? { invokedBy: `${forwarding.viaService.split('.', 1)[0]}.amazonaws.com` } : {}),
    ...(sharedEventId === undefined ? {} : { sharedEventId }),
    ...(sourceIp === undefined ? {} : { sourceIp }),
    ...(userAgent === undefined ? {} : { userAgent }),
    ...(host === undefined ? {} : { host }),
    parameters: auditParameters(operation, call.input),
    response: result.ok ? auditResponse(operation, result.output, changedKey(call)) : null,
    ...(additional ? { additional } : {}),
    resources: call.resources,
    ...(result.ok ? {} : { error: result.error.message ? result.error : { code: result.error.code } }),
    ...(call.judged.length ? { decision: decisionOf(call) } : {}),
  }
}

/** What decided. Policies of a caller of another account are that account's own affair. */
const decisionOf = ({ judged, isLocal }: Call): string =>
  judged
    .map(({ action, decision }) => {
      const shown = isLocal ? decision : { ...decision, by: decision.by.filter(isOfKey) }
      return describeDecision(action, shown)
    })
    .join('; ')

const isOfKey = (by: DecidedBy): boolean => {
  if (by.kind === 'grant') return true
  return by.kind !== 'rule' && !callersOwn.has(by.policyKind)
}

const callersOwn: ReadonlySet<string> = new Set<PolicyKind>(['identity', 'boundary', 'session', 'scp'])

/** The key that a change was about: the first key among the resources, aliases aside. */
const changedKey = (call: Call) => call.resources.find((arn) => arn.includes(':key/'))
