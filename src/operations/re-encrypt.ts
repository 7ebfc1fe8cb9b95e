import { requirePlaintextFits } from '../keys/guards'
import { shownMaterialId } from '../keys/metadata'
import { findSource, ignoresCiphertext } from './decrypt'
import { requireContext, requireEncryptingKey, seal } from './encrypt'
import { findKey } from './find-key'
import type { Handler } from './handler'

/**
 * ReEncrypt: opens under one key and seals under another without showing the plaintext. Both halves are checked on their
 * own (kms:ReEncryptFrom, kms:ReEncryptTo), the source first. Either may be symmetric or RSA; a plaintext that is too
 * long for an RSA destination shows only when it is open.
 * Throws in the order of the lines below. Source: AWS API reference, ReEncrypt; behaviours 7.
 */
export const reEncrypt: Handler<'ReEncrypt'> = async (call, input) => {
  const sourceAlgorithm = input.SourceEncryptionAlgorithm ?? 'SYMMETRIC_DEFAULT'
  const destinationAlgorithm = input.DestinationEncryptionAlgorithm ?? 'SYMMETRIC_DEFAULT'
  const withoutCiphertext = ignoresCiphertext(input)
  const source = await findSource(call, {
    ciphertext: withoutCiphertext ? undefined : input.CiphertextBlob,
    keyId: input.SourceKeyId,
    algorithm: sourceAlgorithm,
    context: input.SourceEncryptionContext,
    grantTokens: input.GrantTokens,
    action: 'ReEncryptFrom',
  })
  const destination = await findKey(call, input.DestinationKeyId, 'keyOrAlias', 'ReEncryptTo')
  call.authorize(destination, 'ReEncryptTo', input.GrantTokens)
  requireEncryptingKey(destination, destinationAlgorithm, 'ReEncryptTo')
  const context = requireContext(destination, input.DestinationEncryptionContext)
  if (withoutCiphertext) call.stopIfDryRun(input)
  const plaintext = await source.open()
  let CiphertextBlob: Bytes
  try {
    requirePlaintextFits(destination, destinationAlgorithm, plaintext.length)
    call.stopIfDryRun(input)
    CiphertextBlob = await seal(call, destination, { algorithm: destinationAlgorithm, plaintext, context })
  } finally {
    plaintext.fill(0)
  }
  call.recordUse(source.key)
  if (destination.keyId !== source.key.keyId) call.recordUse(destination)
  return {
    CiphertextBlob,
    SourceKeyId: source.key.arn,
    KeyId: destination.arn,
    SourceEncryptionAlgorithm: sourceAlgorithm,
    DestinationEncryptionAlgorithm: destinationAlgorithm,
    SourceKeyMaterialId: source.materialId,
    DestinationKeyMaterialId: shownMaterialId(destination),
  }
}
