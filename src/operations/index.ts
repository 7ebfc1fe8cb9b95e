import { unsupported } from '../model/errors'
import type { OperationName } from '../model/generated/types'
import { createAlias, deleteAlias, listAliases, updateAlias } from './aliases'
import { generateDataKey, generateDataKeyWithoutPlaintext, generateRandom } from './data-keys'
import { decrypt } from './decrypt'
import { encrypt } from './encrypt'
import type { Handler } from './handler'
import {
  cancelKeyDeletion,
  createKey,
  describeKey,
  disableKey,
  enableKey,
  getKeyLastUsage,
  listKeys,
  scheduleKeyDeletion,
  updateKeyDescription,
} from './keys'
import { getKeyPolicy, listKeyPolicies, putKeyPolicy } from './policies'
import { reEncrypt } from './re-encrypt'
import {
  disableKeyRotation,
  enableKeyRotation,
  getKeyRotationStatus,
  listKeyRotations,
  rotateKeyOnDemand,
} from './rotation'
import { listResourceTags, tagResource, untagResource } from './tags'

/** An operation of AWS KMS that is known by name and not built: refused, never pretended. */
const notBuilt = (name: OperationName) => async (): Promise<never> => {
  throw unsupported(`${name} is not supported.`)
}

/** The handler of every operation; the compiler asks for each. */
export const handlers: { readonly [N in OperationName]: Handler<N> } = {
  CancelKeyDeletion: cancelKeyDeletion,
  ConnectCustomKeyStore: notBuilt('ConnectCustomKeyStore'),
  CreateAlias: createAlias,
  CreateCustomKeyStore: notBuilt('CreateCustomKeyStore'),
  CreateGrant: notBuilt('CreateGrant'),
  CreateKey: createKey,
  Decapsulate: notBuilt('Decapsulate'),
  Decrypt: decrypt,
  DeleteAlias: deleteAlias,
  DeleteCustomKeyStore: notBuilt('DeleteCustomKeyStore'),
  DeleteImportedKeyMaterial: notBuilt('DeleteImportedKeyMaterial'),
  DeriveSharedSecret: notBuilt('DeriveSharedSecret'),
  DescribeCustomKeyStores: notBuilt('DescribeCustomKeyStores'),
  DescribeKey: describeKey,
  DisableKey: disableKey,
  DisableKeyRotation: disableKeyRotation,
  DisconnectCustomKeyStore: notBuilt('DisconnectCustomKeyStore'),
  EnableKey: enableKey,
  EnableKeyRotation: enableKeyRotation,
  Encapsulate: notBuilt('Encapsulate'),
  Encrypt: encrypt,
  GenerateDataKey: generateDataKey,
  GenerateDataKeyPair: notBuilt('GenerateDataKeyPair'),
  GenerateDataKeyPairWithoutPlaintext: notBuilt('GenerateDataKeyPairWithoutPlaintext'),
  GenerateDataKeyWithoutPlaintext: generateDataKeyWithoutPlaintext,
  GenerateMac: notBuilt('GenerateMac'),
  GenerateRandom: generateRandom,
  GetKeyLastUsage: getKeyLastUsage,
  GetKeyPolicy: getKeyPolicy,
  GetKeyRotationStatus: getKeyRotationStatus,
  GetParametersForImport: notBuilt('GetParametersForImport'),
  GetPublicKey: notBuilt('GetPublicKey'),
  ImportKeyMaterial: notBuilt('ImportKeyMaterial'),
  ListAliases: listAliases,
  ListGrants: notBuilt('ListGrants'),
  ListKeyPolicies: listKeyPolicies,
  ListKeyRotations: listKeyRotations,
  ListKeys: listKeys,
  ListResourceTags: listResourceTags,
  ListRetirableGrants: notBuilt('ListRetirableGrants'),
  PutKeyPolicy: putKeyPolicy,
  ReEncrypt: reEncrypt,
  ReplicateKey: notBuilt('ReplicateKey'),
  RetireGrant: notBuilt('RetireGrant'),
  RevokeGrant: notBuilt('RevokeGrant'),
  RotateKeyOnDemand: rotateKeyOnDemand,
  ScheduleKeyDeletion: scheduleKeyDeletion,
  Sign: notBuilt('Sign'),
  TagResource: tagResource,
  UntagResource: untagResource,
  UpdateAlias: updateAlias,
  UpdateCustomKeyStore: notBuilt('UpdateCustomKeyStore'),
  UpdateKeyDescription: updateKeyDescription,
  UpdatePrimaryRegion: notBuilt('UpdatePrimaryRegion'),
  Verify: notBuilt('Verify'),
  VerifyMac: notBuilt('VerifyMac'),
}
