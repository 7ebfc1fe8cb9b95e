import { auditAdditional, auditAppend, auditParameters, auditResponse } from '../audit'
import { decodeInput } from '../codec/decode'
import { validateInput } from '../codec/validate'
import { type ErrorCode, internal, KmsError, throttled } from '../model/errors'
import type { OperationInput, OperationName, OperationOutput } from '../model/generated/types'
import { handlers } from '../operations'
import { Call } from '../operations/call'
import type { Handler } from '../operations/handler'
import type { CallRequest, Kms } from '../operations/kms'
import { formatUuid } from '../operations/working-set'
import type { AuditEntry } from '../ports/audit'
import { describeFault } from './fault'

/** What became of a call, as data: it crosses Durable Object RPC and postMessage, which strip classes. */
export type CallResult<N extends OperationName = OperationName> =
  | { readonly ok: true; readonly output: OperationOutput[N] }
  | { readonly ok: false; readonly error: { readonly code: ErrorCode; readonly message: string } }

/**
 * A call that others overtook this often is refused: the caller may try again. Of calls that change one row at the same
 * time one gets through in each round, so this is also how many of them never see a refusal.
 */
const maxRuns = 64

/**
 * The only door: decodes, decides, computes, commits; every call leaves one audit record in the same commit.
 * Never throws. When others changed what the call had read, it runs again from the start.
 */
export async function perform<N extends OperationName>(
  kms: Kms,
  request: CallRequest & { readonly operation: N },
): Promise<CallResult<N>> {
  try {
    for (let run = 0; run < maxRuns; run++) {
      const result = await runOnce(kms, request)
      if (result) return result
    }
    // The refusal is a call like any other: it is on record, and nothing that it read can be outdated.
    const result = refusal(throttled())
    await kms.storage.commit({
      reads: [],
      changes: [],
      appends: [auditAppend(entryOf(kms, request, formatUuid(kms.crypto.random(16)), { parameters: null, result }))],
    })
    return result
  } catch (fault) {
    // Not even the record could be written. What was to be done has not been done, as far as anybody was told.
    if (fault instanceof KmsError) return refusal(fault)
    kms.report(describeFault(fault))
    return refusal(internal())
  }
}

/** One run; undefined when the commit found that something had moved. */
async function runOnce<N extends OperationName>(
  kms: Kms,
  request: CallRequest & { readonly operation: N },
): Promise<CallResult<N> | undefined> {
  const call = new Call(kms, request)
  let input: OperationInput[N] | undefined
  let result: CallResult<N>
  try {
    await call.requireCaller()
    input = decodeInput(request.operation, request.body)
    validateInput(request.operation, input)
    const handle = handlers[request.operation] as Handler<N>
    result = { ok: true, output: (await handle(call, input)) as OperationOutput[N] }
  } catch (error) {
    if (!(error instanceof KmsError)) kms.report(describeFault(error))
    result = refusal(error instanceof KmsError ? error : internal())
  }
  const { reads, changes, appends } = call.outcome(result.ok)
  const entry = entryOf(kms, request, call.eventId, { parameters: input, result, call })
  const committed = await kms.storage.commit({ reads, changes, appends: [...appends, auditAppend(entry)] })
  return committed ? result : undefined
}

const refusal = ({ code, message }: KmsError) => ({ ok: false, error: { code, message } }) as const

/** The record of a call. A denied one shows neither parameters nor resources, as with CloudTrail. */
function entryOf<N extends OperationName>(
  kms: Kms,
  request: CallRequest & { readonly operation: N },
  eventId: string,
  outcome: { parameters: OperationInput[N] | null | undefined; result: CallResult<N>; call?: Call },
): AuditEntry {
  const { result, call } = outcome
  const denied = !result.ok && result.error.code === 'AccessDeniedException'
  const additional = result.ok ? auditAdditional(request.operation, result.output, call?.materialId) : undefined
  const resources = denied ? undefined : call?.resources
  return {
    eventId,
    requestId: request.requestId,
    eventName: request.operation,
    wallMs: kms.clock.wallMs(),
    serviceMs: kms.clock.serviceMs(),
    principal: request.principal,
    ...(request.sourceIp === undefined ? {} : { sourceIp: request.sourceIp }),
    ...(request.userAgent === undefined ? {} : { userAgent: request.userAgent }),
    ...(request.host === undefined ? {} : { host: request.host }),
    parameters: denied ? null : auditParameters(request.operation, outcome.parameters ?? undefined),
    response: result.ok ? auditResponse(request.operation, result.output, changedKey(call)) : null,
    ...(additional ? { additional } : {}),
    ...(resources ? { resources } : {}),
    ...(result.ok ? {} : { error: result.error.message ? result.error : { code: result.error.code } }),
    ...(call?.decision ? { decision: call.decision } : {}),
  }
}

/** The key that a change was about: the first key among the resources, aliases aside. */
const changedKey = (call: Call | undefined) => call?.resources.find((arn) => arn.includes(':key/'))
