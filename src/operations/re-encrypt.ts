import { findSource, ignoresCiphertext } from './decrypt'
import { requireContext, requireEncryptingKey, seal } from './encrypt'
import { findKey } from './find-key'
import type { Handler } from './handler'

/**
 * ReEncrypt: opens under one key and seals under another without showing the plaintext. Both halves are checked on their
 * own (kms:ReEncryptFrom, kms:ReEncryptTo), the source first.
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
  const context = requireContext(input.DestinationEncryptionContext)
  if (withoutCiphertext) call.stopIfDryRun(input)
  const plaintext = await source.open()
  call.stopIfDryRun(input)

  const CiphertextBlob = await seal(call, destination, plaintext, context).finally(() => plaintext.fill(0))
  call.recordUse(source.key)
  if (destination.keyId !== source.key.keyId) call.recordUse(destination)
  return {
    CiphertextBlob,
    SourceKeyId: source.key.arn,
    KeyId: destination.arn,
    SourceEncryptionAlgorithm: sourceAlgorithm,
    DestinationEncryptionAlgorithm: destinationAlgorithm,
    SourceKeyMaterialId: source.materialId,
    DestinationKeyMaterialId: destination.currentMaterialId,
  }
}
