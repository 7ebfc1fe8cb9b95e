import { requireAlgorithm, requireState, requireUsage } from '../keys/guards'
import { invalidCiphertext } from '../model/errors'
import type { EncapsulateRequest } from '../model/generated/types'
import { keySpecs } from '../model/key-specs'
import type { Call } from './call'
import { findKey } from './find-key'
import type { Handler } from './handler'

type KemRequest = Pick<EncapsulateRequest, 'KeyId' | 'EncapsulationAlgorithm' | 'GrantTokens'>

/** What both check, in AWS's order: usage, state, algorithm. */
async function requireKemKey(call: Call, input: KemRequest, operation: 'Encapsulate' | 'Decapsulate') {
  const key = await findKey(call, input.KeyId, 'keyOrAlias')
  await call.authorize(key, operation)
  requireUsage(key, 'ENCAPSULATE_DECAPSULATE', operation)
  requireState(key, operation)
  const algorithm = requireAlgorithm(key, 'encapsulationAlgorithms', input.EncapsulationAlgorithm)
  return { key, algorithm }
}

/** Encapsulate: a new 32-byte secret, and what gives it to the holder of the key. Source: AWS API reference; FIPS 203. */
export const encapsulate: Handler<'Encapsulate'> = async (call, input) => {
  const { key, algorithm } = await requireKemKey(call, input, 'Encapsulate')
  const handle = await call.openCurrentMaterial(key, 'encapsulation')
  const { sharedSecret, ciphertext } = await handle.encapsulate()
  call.stopIfDryRun(input)

  call.recordUse(key)
  return {
    KeyId: key.arn,
    SharedSecret: sharedSecret,
    SharedSecretCiphertextBlob: ciphertext,
    EncapsulationAlgorithm: algorithm,
  }
}

/**
 * Decapsulate. A ciphertext of another length than the spec's is InvalidCiphertextException; any other wrong one gives
 * 32 bytes that nobody else has (implicit rejection, FIPS 203 section 6.3).
 * Source: AWS API reference, Decapsulate; behaviours 7.
 */
export const decapsulate: Handler<'Decapsulate'> = async (call, input) => {
  const { key, algorithm } = await requireKemKey(call, input, 'Decapsulate')
  const ciphertext = input.SharedSecretCiphertextBlob
  if (ciphertext.length !== keySpecs[key.keySpec].encapsulationBytes) throw invalidCiphertext()
  const handle = await call.openCurrentMaterial(key, 'encapsulation')
  const SharedSecret = await handle.decapsulate(ciphertext)
  if (!SharedSecret) throw invalidCiphertext()
  call.stopIfDryRun(input)

  call.recordUse(key)
  return { KeyId: key.arn, SharedSecret, EncapsulationAlgorithm: algorithm }
}
