import { requirePlaintextFits } from '../keys/guards'
import { shownMaterialId } from '../keys/metadata'
import type { KeyRecord } from '../keys/records'
import { KmsError } from '../model/errors'
import type { ReEncryptRequest, ReEncryptResponse } from '../model/generated/types'
import type { Call } from './call'
import { ignoresCiphertext, locateSource, requireSource, type Source } from './decrypt'
import { requireContext, requireEncryptingKey, seal } from './encrypt'
import { findKey } from './find-key'
import type { Handler } from './handler'

/**
 * ReEncrypt: opens under one key and seals under another without showing the plaintext. Both halves are checked on their
 * own (kms:ReEncryptFrom, kms:ReEncryptTo), the source first. Either may be symmetric or RSA; a plaintext that is too
 * long for an RSA destination shows only when it is open.
 * Throws in the order of the lines below. Source: AWS API reference, ReEncrypt; behaviours 7.
 */
export const reEncrypt: Handler<'ReEncrypt'> = (call, input) => reEncryptBetween(call, call, input)

/**
 * The same between two services: `from` holds the source key, `to` the destination. Each checks its own half, and each
 * has a record of it.
 */
export async function reEncryptBetween(from: Call, to: Call, input: ReEncryptRequest): Promise<ReEncryptResponse> {
  const withoutCiphertext = ignoresCiphertext(input)
  const request: Source = {
    ciphertext: withoutCiphertext ? undefined : input.CiphertextBlob,
    keyId: input.SourceKeyId,
    algorithm: input.SourceEncryptionAlgorithm ?? 'SYMMETRIC_DEFAULT',
    context: input.SourceEncryptionContext,
    action: 'ReEncryptFrom',
  }
  const destinationAlgorithm = input.DestinationEncryptionAlgorithm ?? 'SYMMETRIC_DEFAULT'
  const located = await locateSource(from, request)
  const found = await findDestination(from, to, input.DestinationKeyId)
  const sameKey = !(found instanceof KmsError) && found.arn === located.key.arn
  const source = await requireSource(from, request, located, { sameKey })
  if (found instanceof KmsError) throw found
  const destination = found
  await to.authorize(destination, 'ReEncryptTo', { sameKey })
  requireEncryptingKey(destination, destinationAlgorithm, 'ReEncryptTo')
  const context = requireContext(destination, input.DestinationEncryptionContext)
  if (withoutCiphertext) to.stopIfDryRun(input)
  const plaintext = await source.open()
  let CiphertextBlob: Bytes
  try {
    requirePlaintextFits(destination, destinationAlgorithm, plaintext.length)
    to.stopIfDryRun(input)
    CiphertextBlob = await seal(to, destination, { algorithm: destinationAlgorithm, plaintext, context })
  } finally {
    plaintext.fill(0)
  }
  from.recordUse(source.key)
  if (!sameKey) to.recordUse(destination)
  return {
    CiphertextBlob,
    SourceKeyId: source.key.arn,
    KeyId: destination.arn,
    SourceEncryptionAlgorithm: request.algorithm,
    DestinationEncryptionAlgorithm: destinationAlgorithm,
    SourceKeyMaterialId: source.materialId,
    DestinationKeyMaterialId: shownMaterialId(destination),
  }
}

/**
 * The destination, or why there is none. To a caller of another account the order of refusals must not tell which of two
 * keys exists: the source is decided first.
 */
async function findDestination(from: Call, to: Call, keyId: string): Promise<KeyRecord | KmsError> {
  try {
    return await findKey(to, keyId, 'keyOrAlias', 'ReEncryptTo')
  } catch (refusal) {
    if ((from.isLocal && to.isLocal) || !(refusal instanceof KmsError)) throw refusal
    return refusal
  }
}
