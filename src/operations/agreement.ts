import { requireAlgorithm, requireState, requireUsage } from '../keys/guards'
import { invalidPeerKey } from '../model/errors'
import { refuseRecipient } from './data-keys'
import { findKey } from './find-key'
import type { Handler } from './handler'

/**
 * DeriveSharedSecret: ECDH with the caller's peer.
 *
 * In: PublicKey, SubjectPublicKeyInfo in DER, of the key's own curve.
 * Out: SharedSecret, the raw X coordinate, as long as the field (NIST SP 800-56A section 5.7.1.2).
 * Throws usage, state, algorithm; then ValidationException with an empty message for anything that is no point of this
 * curve.
 * Source: AWS API reference, DeriveSharedSecret; behaviours 7.
 */
export const deriveSharedSecret: Handler<'DeriveSharedSecret'> = async (call, input) => {
  refuseRecipient(input)
  const key = await findKey(call, input.KeyId, 'keyOrAlias')
  await call.authorize(key, 'DeriveSharedSecret')
  requireUsage(key, 'KEY_AGREEMENT', 'DeriveSharedSecret')
  requireState(key, 'DeriveSharedSecret')
  const algorithm = requireAlgorithm(key, 'keyAgreementAlgorithms', input.KeyAgreementAlgorithm)
  const handle = await call.openCurrentMaterial(key, 'agreement')
  const SharedSecret = await handle.derive(input.PublicKey)
  if (!SharedSecret) throw invalidPeerKey()
  call.stopIfDryRun(input)

  call.recordUse(key)
  return { KeyId: key.arn, SharedSecret, KeyAgreementAlgorithm: algorithm, KeyOrigin: key.origin }
}
