import type { OperationInput, OperationName } from '../model/operations'
import type { JsonObject } from '../ports/audit'
import { context, date, flag, integer, type Member, showStructure, structure, structures, text, texts } from './members'
import { boundMember } from './size'

const keyId = text('KeyId')
const targetKeyId = text('TargetKeyId')
const aliasName = text('AliasName')
const paging = [integer('Limit'), text('Marker')] as const
const customKeyStoreId = text('CustomKeyStoreId')
const clusterId = text('CloudHsmClusterId', { name: 'clusterId' })
const encryptionContext = context('EncryptionContext')
const encryptionAlgorithm = text('EncryptionAlgorithm', { absent: 'SYMMETRIC_DEFAULT' })
const lockoutCheck = flag('BypassPolicyLockoutSafetyCheck', { absent: false })
const tag = [text('TagKey'), text('TagValue')]
const constraints = structure('Constraints', [
  context('EncryptionContextSubset'),
  context('EncryptionContextEquals'),
  text('SourceArn'),
])
const messageType = text('MessageType')
const signingAlgorithm = text('SigningAlgorithm')
const macAlgorithm = text('MacAlgorithm')
const encapsulationAlgorithm = text('EncapsulationAlgorithm')

type Table = { readonly [N in OperationName]: readonly Member<keyof OperationInput[N] & string>[] }

/**
 * What a record shows of each request, and nothing else. Left out on purpose: plaintext, messages, ciphertexts,
 * signatures, MACs, public keys, tokens of every kind, passwords and credentials, attestation documents, the name of
 * a grant, DryRun.
 * Source: docs/behaviour.md, CloudTrail requestParameters.
 */
export const loggedParameters: Table = {
  CancelKeyDeletion: [keyId],
  ConnectCustomKeyStore: [customKeyStoreId],
  CreateAlias: [aliasName, targetKeyId],
  CreateCustomKeyStore: [text('CustomKeyStoreName'), clusterId, text('CustomKeyStoreType')],
  CreateGrant: [
    keyId,
    text('GranteePrincipal'),
    text('RetiringPrincipal'),
    text('GranteeServicePrincipal'),
    text('RetiringServicePrincipal'),
    texts('Operations'),
    constraints,
  ],
  CreateKey: [
    text('Policy'),
    text('Description', { absent: '' }),
    text('KeyUsage', { absent: 'ENCRYPT_DECRYPT' }),
    text('CustomerMasterKeySpec', { orElse: 'KeySpec', absent: 'SYMMETRIC_DEFAULT' }),
    text('KeySpec', { orElse: 'CustomerMasterKeySpec', absent: 'SYMMETRIC_DEFAULT' }),
    text('Origin', { absent: 'AWS_KMS' }),
    customKeyStoreId,
    text('XksKeyId'),
    lockoutCheck,
    structures('Tags', tag, { absent: [] }),
    flag('MultiRegion', { absent: false }),
  ],
  Decapsulate: [keyId, encapsulationAlgorithm],
  Decrypt: [encryptionContext, keyId, encryptionAlgorithm],
  DeleteAlias: [aliasName],
  DeleteCustomKeyStore: [customKeyStoreId],
  DeleteImportedKeyMaterial: [keyId, text('KeyMaterialId')],
  DeriveSharedSecret: [keyId, text('KeyAgreementAlgorithm')],
  DescribeCustomKeyStores: [customKeyStoreId, text('CustomKeyStoreName'), ...paging],
  DescribeKey: [keyId],
  DisableKey: [keyId],
  DisableKeyRotation: [keyId],
  DisconnectCustomKeyStore: [customKeyStoreId],
  EnableKey: [keyId],
  EnableKeyRotation: [keyId, integer('RotationPeriodInDays')],
  Encapsulate: [keyId, encapsulationAlgorithm],
  Encrypt: [keyId, encryptionContext, encryptionAlgorithm],
  GenerateDataKey: [keyId, text('KeySpec'), integer('NumberOfBytes'), encryptionContext],
  GenerateDataKeyPair: [text('KeyPairSpec'), encryptionContext, keyId],
  GenerateDataKeyPairWithoutPlaintext: [text('KeyPairSpec'), encryptionContext, keyId],
  GenerateDataKeyWithoutPlaintext: [keyId, text('KeySpec'), integer('NumberOfBytes'), encryptionContext],
  GenerateMac: [macAlgorithm, keyId],
  GenerateRandom: [],
  GetKeyLastUsage: [keyId],
  GetKeyPolicy: [keyId, text('PolicyName')],
  GetKeyRotationStatus: [keyId],
  GetParametersForImport: [keyId, text('WrappingAlgorithm'), text('WrappingKeySpec')],
  GetPublicKey: [keyId],
  ImportKeyMaterial: [
    keyId,
    date('ValidTo'),
    text('ExpirationModel'),
    text('ImportType'),
    text('KeyMaterialDescription'),
    text('KeyMaterialId'),
  ],
  ListAliases: [keyId, ...paging],
  ListGrants: [keyId, ...paging, text('GrantId'), text('GranteePrincipal'), text('GranteeServicePrincipal')],
  ListKeyPolicies: [keyId, ...paging],
  ListKeyRotations: [keyId, text('IncludeKeyMaterial'), ...paging],
  ListKeys: paging,
  ListResourceTags: [keyId, ...paging],
  ListRetirableGrants: [text('RetiringPrincipal'), text('RetiringServicePrincipal'), ...paging],
  PutKeyPolicy: [keyId, text('PolicyName'), text('Policy'), lockoutCheck],
  ReEncrypt: [
    text('SourceKeyId'),
    text('SourceEncryptionAlgorithm', { absent: 'SYMMETRIC_DEFAULT' }),
    context('SourceEncryptionContext'),
    text('DestinationKeyId'),
    text('DestinationEncryptionAlgorithm', { absent: 'SYMMETRIC_DEFAULT' }),
    context('DestinationEncryptionContext'),
  ],
  ReplicateKey: [
    keyId,
    text('ReplicaRegion'),
    text('Policy'),
    lockoutCheck,
    text('Description', { absent: '' }),
    structures('Tags', tag),
  ],
  RetireGrant: [keyId, text('GrantId')],
  RevokeGrant: [keyId, text('GrantId')],
  RotateKeyOnDemand: [keyId],
  ScheduleKeyDeletion: [keyId, integer('PendingWindowInDays')],
  Sign: [messageType, keyId, signingAlgorithm],
  TagResource: [keyId, structures('Tags', tag)],
  UntagResource: [keyId, texts('TagKeys')],
  UpdateAlias: [aliasName, targetKeyId],
  UpdateCustomKeyStore: [customKeyStoreId, text('NewCustomKeyStoreName'), clusterId],
  UpdateKeyDescription: [keyId, text('Description')],
  UpdatePrimaryRegion: [keyId, text('PrimaryRegion')],
  Verify: [signingAlgorithm, keyId, messageType],
  VerifyMac: [macAlgorithm, keyId],
}

/**
 * `requestParameters` of one call: the logged members in lowerCamelCase, key identifiers as the caller wrote them, and
 * the defaults that AWS shows although nobody sent them. Null where nothing is shown: GenerateRandom, RetireGrant by
 * token, a request that could not be decoded (`input` undefined).
 *
 * `input` is the decoded input, valid or not; a member of another type than the model's is left out. The answer shares
 * nothing with it. Over 100 KB of JSON it is `{reason, omitted: true, originalSize}`, as CloudTrail does.
 */
export function auditParameters(operation: OperationName, input: unknown): JsonObject | null {
  const shown = showStructure(loggedParameters[operation], input)
  if (!shown || isEmpty(shown)) return null
  return boundMember('requestParameters', shown)
}

function isEmpty(members: JsonObject): boolean {
  for (const _ in members) return false
  return true
}
