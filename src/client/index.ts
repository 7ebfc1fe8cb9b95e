/** The client side of a KMS: sealing, scoped credentials, tokens (docs/client.md). */
export { type BoxCaching, type BoxOptions, type KmsBox, kmsBox, type SealStreamOptions } from './box'
export { KmsRequestError } from './errors'
export type { Field, FieldOptions, FieldPlace, FieldValue } from './field'
export { type CallOptions, type HttpKms, type HttpKmsOptions, httpKms } from './http'
export {
  type JwksOptions,
  type JwtAlgorithm,
  type JwtSigner,
  type JwtSignerOptions,
  jwks,
  kmsJwtSigner,
  type PublicJwk,
  type PublicKeyClient,
  type SignClient,
} from './jwt'
export type { Fetch, FetchInit } from './runtime'
export {
  type AssumedCredentials,
  type AssumeRole,
  type AssumeRoleInput,
  type ScopedCredentials,
  type ScopedOptions,
  scopedCredentials,
  scopedPolicy,
} from './scoped'
export type { Credentials, EndpointOptions } from './send'
