import type { OperationName, OperationOutput } from '../model/operations'
import type { JsonObject } from '../ports/audit'
import { date, flag, integer, type Member, showStructure, structure, structures, text, texts } from './members'
import { boundMember } from './size'

const regionalKey = [text('Arn'), text('Region')]

/** DescribeKey's structure in the order of the model. The first member becomes `aWSAccountId`, as in AWS's records. */
const keyMetadata: readonly Member<keyof NonNullable<OperationOutput['CreateKey']['KeyMetadata']>>[] = [
  text('AWSAccountId'),
  text('KeyId'),
  text('Arn'),
  date('CreationDate'),
  flag('Enabled'),
  text('Description'),
  text('KeyUsage'),
  text('KeyState'),
  date('DeletionDate'),
  date('ValidTo'),
  text('Origin'),
  text('CustomKeyStoreId'),
  text('CloudHsmClusterId'),
  text('ExpirationModel'),
  text('KeyManager'),
  text('CustomerMasterKeySpec'),
  text('KeySpec'),
  texts('EncryptionAlgorithms'),
  texts('SigningAlgorithms'),
  texts('KeyAgreementAlgorithms'),
  texts('EncapsulationAlgorithms'),
  flag('MultiRegion'),
  structure('MultiRegionConfiguration', [
    text('MultiRegionKeyType'),
    structure('PrimaryKey', regionalKey),
    structures('ReplicaKeys', regionalKey),
  ]),
  integer('PendingDeletionWindowInDays'),
  texts('MacAlgorithms'),
  structure('XksKeyConfiguration', [text('Id')]),
  text('CurrentKeyMaterialId'),
]

/** `key`: the key ARN as `keyId` goes with the members: before them, after them, or not at all. */
interface Row<M extends string> {
  readonly key: 'first' | 'last' | 'none'
  readonly members: readonly Member<M>[]
}
type Table = { readonly [N in OperationName]?: Row<keyof NonNullable<OperationOutput[N]> & string> }

const keyOnly = { key: 'first', members: [] } as const
const materialOfKey = { key: 'first', members: [text('KeyMaterialId')] } as const

/**
 * What a record shows of each successful answer. An operation without a row shows null: the readOnly and cryptographic
 * ones, and connecting, disconnecting, changing and deleting a custom key store. Tokens are never shown.
 * Source: docs/behaviour.md, CloudTrail responseElements.
 */
export const loggedResponses: Table = {
  CancelKeyDeletion: keyOnly,
  CreateAlias: keyOnly,
  CreateCustomKeyStore: { key: 'none', members: [text('CustomKeyStoreId')] },
  CreateGrant: { key: 'last', members: [text('GrantId')] },
  CreateKey: { key: 'none', members: [structure('KeyMetadata', keyMetadata)] },
  DeleteAlias: keyOnly,
  DeleteImportedKeyMaterial: materialOfKey,
  DisableKey: keyOnly,
  DisableKeyRotation: keyOnly,
  EnableKey: keyOnly,
  EnableKeyRotation: keyOnly,
  ImportKeyMaterial: materialOfKey,
  PutKeyPolicy: keyOnly,
  ReplicateKey: { key: 'none', members: [structure('ReplicaKeyMetadata', keyMetadata), text('ReplicaPolicy')] },
  RetireGrant: keyOnly,
  RevokeGrant: keyOnly,
  RotateKeyOnDemand: keyOnly,
  ScheduleKeyDeletion: {
    key: 'first',
    members: [text('KeyState'), date('DeletionDate'), integer('PendingWindowInDays')],
  },
  TagResource: keyOnly,
  UntagResource: keyOnly,
  UpdateAlias: keyOnly,
  UpdateKeyDescription: keyOnly,
  UpdatePrimaryRegion: keyOnly,
}

/**
 * `responseElements` of one successful call; for a refused one the entry holds null without asking. `keyArn` is the
 * ARN of the key that was changed: AWS logs it although most of these operations answer nothing. Over 100 KB of JSON
 * the answer is `{reason, omitted: true, originalSize}`.
 */
export function auditResponse<N extends OperationName>(
  operation: N,
  output: OperationOutput[N] | undefined,
  keyArn?: string,
): JsonObject | null {
  const row: Row<string> | undefined = loggedResponses[operation]
  if (!row) return null
  const members = showStructure(row.members, output) ?? {}
  const key = keyArn === undefined || row.key === 'none' ? {} : { keyId: keyArn }
  const shown = row.key === 'first' ? { ...key, ...members } : { ...members, ...key }
  return boundMember('responseElements', shown)
}

/** The operations on symmetric keys whose records name the key material, AWS having done so since 2025. */
const namesMaterial: { readonly [N in OperationName]?: true } = {
  Decrypt: true,
  Encrypt: true,
  GenerateDataKey: true,
  GenerateDataKeyPair: true,
  GenerateDataKeyPairWithoutPlaintext: true,
  GenerateDataKeyWithoutPlaintext: true,
}

const reEncryptMaterials = [text('DestinationKeyMaterialId'), text('SourceKeyMaterialId')]
const namedMaterial = [text('KeyMaterialId')]

/**
 * `additionalEventData` of one successful call: the material used, two of them for ReEncrypt; undefined where records
 * have no such member. `keyMaterialId` (64 hexadecimal digits) is needed where the answer does not name it: Encrypt.
 */
export function auditAdditional<N extends OperationName>(
  operation: N,
  output: OperationOutput[N] | undefined,
  keyMaterialId?: string,
): JsonObject | undefined {
  if (operation === 'ReEncrypt') return some(showStructure(reEncryptMaterials, output))
  if (!namesMaterial[operation]) return undefined
  if (keyMaterialId !== undefined) return { keyMaterialId }
  return some(showStructure(namedMaterial, output))
}

const some = (members: JsonObject | undefined) => (members && Object.keys(members).length > 0 ? members : undefined)
