import { requireAlgorithm, requireMessageFits, requireState, requireUsage } from '../keys/guards'
import type { KeyRecord } from '../keys/records'
import { invalidSignature } from '../model/errors'
import type { SignRequest } from '../model/generated/types'
import type { ToSign } from '../ports/crypto'
import type { Call } from './call'
import { findKey } from './find-key'
import type { Handler } from './handler'

type SigningRequest = Pick<SignRequest, 'KeyId' | 'Message' | 'MessageType' | 'SigningAlgorithm' | 'GrantTokens'>

/** What Sign and Verify check alike, in AWS's order: usage, state, algorithm, message type, length (behaviours 4). */
async function requireSigning(
  call: Call,
  input: SigningRequest,
  operation: 'Sign' | 'Verify',
): Promise<{ readonly key: KeyRecord; readonly toSign: ToSign }> {
  const key = await findKey(call, input.KeyId, 'keyOrAlias')
  await call.authorize(key, operation)
  requireUsage(key, 'SIGN_VERIFY', operation)
  requireState(key, operation)
  const algorithm = requireAlgorithm(key, 'signingAlgorithms', input.SigningAlgorithm)
  const messageType = input.MessageType ?? 'RAW'
  requireMessageFits(key, algorithm, messageType, input.Message.length)
  return { key, toSign: { algorithm, messageType, message: input.Message } }
}

/**
 * Sign: a message of 1 to 4096 bytes, its digest (DIGEST, not hashed again) or its μ (EXTERNAL_MU, FIPS 204).
 *
 * Out: Signature. ECDSA: DER (RFC 3279 section 2.2.3); RSASSA-PSS: salt as long as the digest; Ed25519 and ML-DSA: raw.
 * Throws in the order of requireSigning; UnsupportedOperationException, without message, where the runtime cannot.
 * Source: AWS API reference, Sign; behaviours 7.
 */
export const sign: Handler<'Sign'> = async (call, input) => {
  const { key, toSign } = await requireSigning(call, input, 'Sign')
  const signer = await call.openCurrentMaterial(key, 'signing')
  const Signature = await signer.sign(toSign)
  call.stopIfDryRun(input)

  call.recordUse(key)
  return { KeyId: key.arn, Signature, SigningAlgorithm: toSign.algorithm }
}

/**
 * Verify: answers SignatureValid true or throws. A signature of 1 to 6144 bytes that does not verify, whatever is wrong
 * with it, is KMSInvalidSignatureException without message.
 * Source: AWS API reference, Verify; behaviours 7.
 */
export const verify: Handler<'Verify'> = async (call, input) => {
  const { key, toSign } = await requireSigning(call, input, 'Verify')
  const verifier = await call.openCurrentMaterial(key, 'signing')
  if (!(await verifier.verify(toSign, input.Signature))) throw invalidSignature()
  call.stopIfDryRun(input)

  call.recordUse(key)
  return { KeyId: key.arn, SignatureValid: true, SigningAlgorithm: toSign.algorithm }
}
