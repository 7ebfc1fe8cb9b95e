import type { MessageType, SigningAlgorithmSpec } from './generated/types'

/** What one signing algorithm takes as its Message (behaviours 7; AWS API reference, Sign). */
export interface SigningAlgorithmRow {
  readonly messageTypes: readonly MessageType[]
  /** The one length of a Message with MessageType DIGEST. */
  readonly digestBytes?: number
  /** The one length of a Message with MessageType EXTERNAL_MU. */
  readonly muBytes?: number
}

const hashed = (digestBytes: number): SigningAlgorithmRow => ({ messageTypes: ['RAW', 'DIGEST'], digestBytes })

export const signingAlgorithms: { readonly [A in SigningAlgorithmSpec]: SigningAlgorithmRow } = {
  RSASSA_PSS_SHA_256: hashed(32),
  RSASSA_PSS_SHA_384: hashed(48),
  RSASSA_PSS_SHA_512: hashed(64),
  RSASSA_PKCS1_V1_5_SHA_256: hashed(32),
  RSASSA_PKCS1_V1_5_SHA_384: hashed(48),
  RSASSA_PKCS1_V1_5_SHA_512: hashed(64),
  ECDSA_SHA_256: hashed(32),
  ECDSA_SHA_384: hashed(48),
  ECDSA_SHA_512: hashed(64),
  SM2DSA: hashed(32),
  ML_DSA_SHAKE_256: { messageTypes: ['RAW', 'EXTERNAL_MU'], muBytes: 64 },
  ED25519_SHA_512: { messageTypes: ['RAW'] },
  // The 64 bytes are hashed once more: AWS takes the digest as the message of RFC 8032's Ed25519ph.
  ED25519_PH_SHA_512: { messageTypes: ['DIGEST'], digestBytes: 64 },
}
