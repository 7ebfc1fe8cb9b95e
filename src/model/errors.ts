import { type ErrorCode, errorTable } from './generated/errors'

/**
 * The one error class of the service. Inside, errors are thrown; at the service edge they become data.
 * Without a message AWS sends no message member at all, and neither does the wire.
 */
export class KmsError extends Error {
  constructor(
    readonly code: ErrorCode,
    message = '',
    options?: ErrorOptions,
  ) {
    super(message, options)
    this.name = code
  }
}

export { type ErrorCode, errorTable }

// Key identifiers (docs/behaviour.md, key identifiers)
export const keyNotFound = (arn: string) => new KmsError('NotFoundException', `Key '${arn}' does not exist`)
export const invalidKeyId = (keyId: string) => new KmsError('NotFoundException', `Invalid keyId '${keyId}'`)
export const invalidKeyIdInArn = (keyId: string) => new KmsError('NotFoundException', `Invalid keyId ${keyId}`)
export const foreignRegionArn = (region: string) => new KmsError('NotFoundException', `Invalid arn ${region}`)
export const aliasNotFound = (aliasArn: string) => new KmsError('NotFoundException', `Alias ${aliasArn} is not found.`)
export const aliasesNotSupported = () =>
  new KmsError('InvalidArnException', 'Key Aliases are not supported for this operation.')
export const aliasOfAlias = () => new KmsError('ValidationException', 'Aliases must refer to keys. Not aliases')

// Usage, state, algorithm
export const wrongUsage = (arn: string, usage: string, operation: string) =>
  new KmsError('InvalidKeyUsageException', `${arn} key usage is ${usage} which is not valid for ${operation}.`)
export const wrongAlgorithm = (algorithm: string, keySpec: string) =>
  new KmsError('InvalidKeyUsageException', `Algorithm ${algorithm} is incompatible with key spec ${keySpec}.`)
export const asymmetricDataKey = () =>
  new KmsError('InvalidKeyUsageException', 'You cannot generate a data key with an asymmetric CMK')
export const keyDisabled = (arn: string) => new KmsError('DisabledException', `${arn} is disabled.`)
export const invalidState = (arn: string, words: string) =>
  new KmsError('KMSInvalidStateException', `${arn} is ${words}.`)
export const wrongOrigin = (arn: string, origin: string) =>
  new KmsError('UnsupportedOperationException', `${arn} origin is ${origin} which is not valid for this operation.`)
export const unsupported = (message = '') => new KmsError('UnsupportedOperationException', message)
export const messageTypeOfSpec = (messageType: string, keySpec: string) =>
  new KmsError('ValidationException', `Message type ${messageType} is incompatible with key spec ${keySpec}.`)
export const messageTypeOfAlgorithm = (messageType: string, algorithm: string) =>
  new KmsError('ValidationException', `Message type ${messageType} is incompatible with algorithm ${algorithm}.`)
export const digestLength = (algorithm: string) =>
  new KmsError('ValidationException', `Digest is invalid length for algorithm ${algorithm}.`)
export const externalMuLength = (algorithm: string) =>
  new KmsError('ValidationException', `External Mu is invalid length for algorithm ${algorithm}.`)
export const plaintextTooLong = (algorithm: string, keySpec: string, maxBytes: number) =>
  new KmsError(
    'ValidationException',
    `Algorithm ${algorithm} and key spec ${keySpec} cannot encrypt data larger than ${maxBytes} bytes.`,
  )
export const asymmetricContext = () =>
  new KmsError(
    'ValidationException',
    'EncryptionContext is not supported when encrypting/decrypting with asymmetric CMKs.',
  )

// What does not verify: every way it can be wrong looks the same outside
export const invalidSignature = () => new KmsError('KMSInvalidSignatureException')
export const invalidMac = () => new KmsError('KMSInvalidMacException')
/** Of DeriveSharedSecret: AWS sends a message member here, and it is empty. */
export const invalidPeerKey = () => new KmsError('ValidationException')

// Ciphertexts: every way one can be wrong looks the same outside
export const invalidCiphertext = () => new KmsError('InvalidCiphertextException')
export const incorrectKey = () =>
  new KmsError(
    'IncorrectKeyException',
    'The key ID in the request does not identify a CMK that can perform this operation.',
  )
export const ciphertextKeyUnknown = () =>
  new KmsError(
    'AccessDeniedException',
    'The ciphertext refers to a customer master key that does not exist, does not exist in this region, or you are not allowed to access.',
  )

// Aliases
export const aliasPrefixMissing = () =>
  new KmsError(
    'ValidationException',
    'Alias must start with the prefix "alias/". Please see https://docs.aws.amazon.com/kms/latest/developerguide/kms-alias.html',
  )
export const aliasReserved = () => new KmsError('NotAuthorizedException')
export const aliasInvalidCharacters = (aliasName: string) =>
  new KmsError('ValidationException', `${aliasName} contains invalid characters for an alias`)
export const aliasExists = (aliasArn: string) =>
  new KmsError('AlreadyExistsException', `An alias with the name ${aliasArn} already exists`)
export const aliasOtherKind = (aliasName: string, kind: 'key usage' | 'key type', from: string, to: string) =>
  new KmsError(
    'ValidationException',
    `Alias ${aliasName} cannot be changed from a CMK with ${kind} ${from} to a CMK with ${kind} ${to}. The ${kind} of the current CMK and the new CMK must be the same.`,
  )
export const aliasQuota = (quota: number, usage: number) =>
  new KmsError(
    'LimitExceededException',
    `Aliases per key quota for this account in this region is ${quota}, current usage is ${usage}.`,
  )

export const validation = (message: string) => new KmsError('ValidationException', message)
export const serialization = (message = '') => new KmsError('SerializationException', message)
export const tagProblem = (message: string) => new KmsError('TagException', message)
export const invalidMarker = () => new KmsError('InvalidMarkerException', 'The marker is not valid.')
export const dryRunSucceeded = () =>
  new KmsError('DryRunOperationException', 'The request would have succeeded, but the DryRun option is set.')
export const noSuchPolicy = () => new KmsError('NotFoundException', 'No such policy exists')
export const onDemandRotationLimit = (arn: string) =>
  new KmsError(
    'LimitExceededException',
    `The on-demand rotations limit has been reached for the given keyId. No more on-demand rotations can be performed for this key: ${arn}`,
  )
export const throttled = () =>
  new KmsError(
    'ThrottlingException',
    'You have exceeded the rate at which you may call KMS. Reduce the frequency of your calls.',
  )
export const internal = () =>
  new KmsError('KMSInternalException', 'The request failed because of an internal error. Try again.')
export const invalidGrantToken = () => new KmsError('InvalidGrantTokenException', 'The grant token is not valid.')
export const grantNotFound = (grantId?: string) =>
  new KmsError('NotFoundException', grantId === undefined ? 'Grant not found' : `Grant ID ${grantId} not found`)
export const invalidPrincipalArn = (arn: string) =>
  new KmsError('InvalidArnException', `${arn} is not a valid principal.`)
export const grantQuota = (quota: number) =>
  new KmsError('LimitExceededException', `Grants per key quota for this account in this region is ${quota}.`)
export const expiredSession = () =>
  new KmsError('ExpiredTokenException', 'The security token included in the request is expired')
export const unknownCaller = () =>
  new KmsError('UnrecognizedClientException', 'The security token included in the request is invalid.')

// Import of key material. AWS's texts are unknown but for three (behaviours 7); errors without one are likelier.
export const validToMissing = () =>
  validation('A validTo date must be set if the ExpirationModel is KEY_MATERIAL_EXPIRES')
export const validToPast = () => validation('ValidTo must be in the future')
export const validToTooFar = (maxDays: number) => validation(`ValidTo must be within ${maxDays} days`)
export const validToUnwanted = () =>
  validation('A validTo date must not be set if the ExpirationModel is KEY_MATERIAL_DOES_NOT_EXPIRE')
export const materialIdOfNew = () => validation('KeyMaterialId must not be set if the ImportType is NEW_KEY_MATERIAL')
export const invalidImportToken = () => new KmsError('InvalidImportTokenException')
export const expiredImportToken = () => new KmsError('ExpiredImportTokenException')
export const incorrectKeyMaterial = () => new KmsError('IncorrectKeyMaterialException')
export const otherMaterialPending = (arn: string, newId: string, pendingId: string) =>
  new KmsError(
    'KMSInvalidStateException',
    `New key material (id: ${newId}) cannot be imported into KMS key ${arn}, because another key material (id: ${pendingId}) is pending rotation.`,
  )
export const noMaterialPending = (arn: string) =>
  new KmsError('KMSInvalidStateException', `No available key material pending rotation for the key: ${arn}.`)
export const materialNotFound = (materialId: string) =>
  new KmsError('NotFoundException', `Key material ${materialId} does not exist`)
