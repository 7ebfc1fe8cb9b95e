export { SigningKeyCache } from './cache'
export { parsePairs, splitUrl } from './canonical'
export { deriveSigningKey, importSecret } from './keys'
export {
  type PresignOptions,
  presignUrl,
  type SignableRequest,
  type SigningCredentials,
  type SignOptions,
  signRequest,
} from './sign'
export type {
  ClaimedCredential,
  SignedRequest,
  SigningKey,
  SigningKeyRefusal,
  SigningKeyResult,
  SigningScope,
  VerifiedSignature,
  VerifyContext,
} from './types'
export { verifySignature } from './verify'
