import { requireAlgorithm, requireState, requireUsage } from '../keys/guards'
import { invalidMac } from '../model/errors'
import type { GenerateMacRequest } from '../model/generated/types'
import type { Call } from './call'
import { findKey } from './find-key'
import type { Handler } from './handler'

type MacRequest = Pick<GenerateMacRequest, 'KeyId' | 'MacAlgorithm' | 'GrantTokens'>

/** What both check, in AWS's order: usage, state, algorithm. The key, its algorithm and its handle. */
async function openMacKey(call: Call, input: MacRequest, operation: 'GenerateMac' | 'VerifyMac') {
  const key = await findKey(call, input.KeyId, 'keyOrAlias')
  await call.authorize(key, operation)
  requireUsage(key, 'GENERATE_VERIFY_MAC', operation)
  requireState(key, operation)
  const algorithm = requireAlgorithm(key, 'macAlgorithms', input.MacAlgorithm)
  return { key, algorithm, handle: await call.openCurrentMaterial(key, 'mac') }
}

/** GenerateMac: HMAC of 1 to 4096 bytes. Source: AWS API reference, GenerateMac; behaviours 7. */
export const generateMac: Handler<'GenerateMac'> = async (call, input) => {
  const { key, algorithm, handle } = await openMacKey(call, input, 'GenerateMac')
  const Mac = await handle.generate(input.Message)
  call.stopIfDryRun(input)

  call.recordUse(key)
  return { KeyId: key.arn, Mac, MacAlgorithm: algorithm }
}

/**
 * VerifyMac: answers MacValid true or throws. A MAC that does not verify, one of another length included, is
 * KMSInvalidMacException without message.
 * Source: AWS API reference, VerifyMac; behaviours 7.
 */
export const verifyMac: Handler<'VerifyMac'> = async (call, input) => {
  const { key, algorithm, handle } = await openMacKey(call, input, 'VerifyMac')
  if (!(await handle.verify(input.Message, input.Mac))) throw invalidMac()
  call.stopIfDryRun(input)

  call.recordUse(key)
  return { KeyId: key.arn, MacValid: true, MacAlgorithm: algorithm }
}
