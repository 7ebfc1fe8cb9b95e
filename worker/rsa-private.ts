import type { RsaPrivateOperation } from '../src/adapters/webcrypto'

/**
 * The bare RSA operation, which WebCrypto does not have, by the runtime's node:crypto: native, constant-time and with
 * the same non-extractable key.
 */
export const rsaPrivate: RsaPrivateOperation = async (key, block) => {
  const { constants, KeyObject, privateDecrypt } = await import('node:crypto')
  const answer = privateDecrypt({ key: KeyObject.from(key), padding: constants.RSA_NO_PADDING }, block)
  return new Uint8Array(answer)
}
