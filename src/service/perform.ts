import { decodeInput } from '../codec/decode'
import { validateInput } from '../codec/validate'
import { internal, KmsError, throttled } from '../model/errors'
import type { OperationInput, OperationName, OperationOutput } from '../model/generated/types'
import { handlers } from '../operations'
import { Call } from '../operations/call'
import type { Handler } from '../operations/handler'
import type { CallRequest, Kms } from '../operations/kms'
import { reEncryptBetween } from '../operations/re-encrypt'
import { describeFault } from './fault'
import { type CallResult, type Refusal, recorded, refusal } from './record'

export type { CallResult } from './record'

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
    await kms.storage.commit(recorded(new Call(kms, request), result))
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
  const result = await settled(kms, async () => {
    const input = await openInput(call, request)
    const handle = handlers[request.operation] as Handler<N>
    return (await handle(call, input)) as OperationOutput[N]
  })
  return (await kms.storage.commit(recorded(call, result))) ? result : undefined
}

/** The caller made sure of, the body decoded and checked: what comes before every handler. */
async function openInput<N extends OperationName>(
  call: Call,
  request: CallRequest & { readonly operation: N },
): Promise<OperationInput[N]> {
  await call.requireCaller()
  const input = decodeInput(request.operation, request.body)
  call.input = input
  validateInput(request.operation, input)
  return input
}

/** What became of the work, as data; what nobody expected is told in the log alone. */
async function settled<T>(
  kms: Kms,
  work: () => Promise<T>,
): Promise<{ readonly ok: true; readonly output: T } | Refusal> {
  try {
    return { ok: true, output: await work() }
  } catch (error) {
    if (!(error instanceof KmsError)) kms.report(describeFault(error))
    return refusal(error instanceof KmsError ? error : internal())
  }
}

/**
 * ReEncrypt from a key of one service to a key of another: each half is checked, and on record, at home. Never throws.
 * Nothing is changed by either, so that there is nothing to undo when one of the two records cannot be written.
 */
export async function performReEncryptBetween(
  from: Kms,
  to: Kms,
  request: CallRequest & { readonly operation: 'ReEncrypt' },
): Promise<CallResult<'ReEncrypt'>> {
  try {
    for (let run = 0; run < maxRuns; run++) {
      const [source, destination] = [new Call(from, request), new Call(to, request)]
      const result = await settled(from, async () => {
        const input = await openInput(source, request)
        await openInput(destination, request)
        return reEncryptBetween(source, destination, input)
      })
      const sharedEventId = source.newUuid()
      // A third account is told once; where one half is the caller's own, that record is the one at home.
      const halves = [
        { sharedEventId, tells: !destination.isLocal },
        { sharedEventId, tells: false },
      ] as const
      if (!(await from.storage.commit(recorded(source, result, halves[0])))) continue
      if (await to.storage.commit(recorded(destination, result, halves[1]))) return result
    }
    return refusal(throttled())
  } catch (fault) {
    if (fault instanceof KmsError) return refusal(fault)
    from.report(describeFault(fault))
    return refusal(internal())
  }
}
