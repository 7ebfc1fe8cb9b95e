/** Client-side envelope encryption in the message format of the AWS Encryption SDK (docs/envelope.md). */
export {
  type CacheCounters,
  type CachingMaterials,
  type CachingOptions,
  cachingMaterials,
  type MaterialsCache,
  materialsCache,
} from './caching'
export { fromSdk, type SdkCommands } from './clients/from-sdk'
export { type EnvelopeOperation, fromSend } from './clients/from-send'
export type { EnvelopeKmsClient } from './clients/kms-client'
export type { EncryptionContext } from './context'
export { type Decrypted, type DecryptOptions, decrypt } from './decrypt'
export { type DecryptStreamOptions, decryptStream } from './decrypt-stream'
export { type Encrypted, encrypt } from './encrypt'
export { type EncryptStreamOptions, encryptStream } from './encrypt-stream'
export { EnvelopeError, type EnvelopeErrorCode, type KeyringReason } from './errors'
export { explainError } from './explain'
export type { EncryptedDataKey, MessageHeader } from './header'
export { type Inspected, inspect } from './inspect'
export type { Keyring, UnwrapRequest, Wrapped, WrapRequest } from './keyring'
export { type KmsKeyringOptions, kms } from './keyrings/kms'
export { type KmsDiscoveryOptions, kmsDiscovery } from './keyrings/kms-discovery'
export { type MultiKeyringOptions, multi } from './keyrings/multi'
export { type RawAesOptions, rawAes } from './keyrings/raw-aes'
export { type RawRsaOptions, rawRsa } from './keyrings/raw-rsa'
export type { Materials, Signatures } from './materials'
export type { MessageStream } from './message-stream'
export type { ByteSource } from './numbers'
export type { OpenOptions } from './opening'
export { forbidEncryptAllowDecrypt, requireEncryptAllowDecrypt, requireEncryptRequireDecrypt } from './policies'
export type { EncryptOptions } from './sealing'
export { ecdsa } from './signing'
export type { CommitmentPolicy, Format, Suite } from './suites'
