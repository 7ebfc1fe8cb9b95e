import type { OperationName } from './generated/types'

/** The states in which an operation is refused, of those that a stored key can be in besides Enabled. */
type Refusals = 'Disabled' | 'PendingDeletion' | 'PendingImport'

const onlyEnabled = ['Disabled', 'PendingDeletion', 'PendingImport'] as const
const notDeleted = ['PendingDeletion'] as const
const notDeletedNorEmpty = ['PendingDeletion', 'PendingImport'] as const
const never = [] as const

/**
 * Key states by operation (behaviours 5.3; AWS KMS developer guide, key states). Operations that are absent here have
 * no key, or rules of their own: CancelKeyDeletion works in PendingDeletion alone.
 */
export const refusedStates = {
  CreateAlias: notDeleted,
  UpdateAlias: notDeleted,
  DeleteAlias: never,
  CreateGrant: onlyEnabled,
  Encrypt: onlyEnabled,
  Decrypt: onlyEnabled,
  ReEncrypt: onlyEnabled,
  GenerateDataKey: onlyEnabled,
  GenerateDataKeyWithoutPlaintext: onlyEnabled,
  GenerateDataKeyPair: onlyEnabled,
  GenerateDataKeyPairWithoutPlaintext: onlyEnabled,
  Sign: onlyEnabled,
  Verify: onlyEnabled,
  GenerateMac: onlyEnabled,
  VerifyMac: onlyEnabled,
  DeriveSharedSecret: onlyEnabled,
  Encapsulate: onlyEnabled,
  Decapsulate: onlyEnabled,
  GetPublicKey: notDeletedNorEmpty,
  EnableKey: notDeletedNorEmpty,
  DisableKey: notDeletedNorEmpty,
  EnableKeyRotation: onlyEnabled,
  DisableKeyRotation: onlyEnabled,
  RotateKeyOnDemand: onlyEnabled,
  ScheduleKeyDeletion: notDeleted,
  TagResource: notDeleted,
  UntagResource: notDeleted,
  UpdateKeyDescription: notDeleted,
  GetParametersForImport: notDeleted,
  ImportKeyMaterial: notDeleted,
} as const satisfies Partial<Record<OperationName, readonly Refusals[]>>

export type StatefulOperation = keyof typeof refusedStates

/** The words after "is" in KMSInvalidStateException. */
export const stateWords = { PendingDeletion: 'pending deletion', PendingImport: 'pending import' } as const
