import { unsupported } from '../model/errors'
import type { OperationName } from '../model/generated/types'
import { deriveSharedSecret } from './agreement'
import { createAlias, deleteAlias, listAliases, updateAlias } from './aliases'
import { generateDataKeyPair, generateDataKeyPairWithoutPlaintext } from './data-key-pairs'
import { generateDataKey, generateDataKeyWithoutPlaintext, generateRandom } from './data-keys'
import { decrypt } from './decrypt'
import { decapsulate, encapsulate } from './encapsulation'
import { encrypt } from './encrypt'
import { createGrant, listGrants, listRetirableGrants, retireGrant, revokeGrant } from './grants'
import type { Handler } from './handler'
import { deleteImportedKeyMaterial, getParametersForImport, importKeyMaterial } from './import'
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
import { generateMac, verifyMac } from './macs'
import { getKeyPolicy, listKeyPolicies, putKeyPolicy } from './policies'
import { getPublicKey } from './public-keys'
import { reEncrypt } from './re-encrypt'
import {
  disableKeyRotation,
  enableKeyRotation,
  getKeyRotationStatus,
  listKeyRotations,
  rotateKeyOnDemand,
} from './rotation'
import { sign, verify } from './signatures'
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
  CreateGrant: createGrant,
  CreateKey: createKey,
  Decapsulate: decapsulate,
  Decrypt: decrypt,
  DeleteAlias: deleteAlias,
  DeleteCustomKeyStore: notBuilt('DeleteCustomKeyStore'),
  DeleteImportedKeyMaterial: deleteImportedKeyMaterial,
  DeriveSharedSecret: deriveSharedSecret,
  DescribeCustomKeyStores: notBuilt('DescribeCustomKeyStores'),
  DescribeKey: describeKey,
  DisableKey: disableKey,
  DisableKeyRotation: disableKeyRotation,
  DisconnectCustomKeyStore: notBuilt('DisconnectCustomKeyStore'),
  EnableKey: enableKey,
  EnableKeyRotation: enableKeyRotation,
  Encapsulate: encapsulate,
  Encrypt: encrypt,
  GenerateDataKey: generateDataKey,
  GenerateDataKeyPair: generateDataKeyPair,
  GenerateDataKeyPairWithoutPlaintext: generateDataKeyPairWithoutPlaintext,
  GenerateDataKeyWithoutPlaintext: generateDataKeyWithoutPlaintext,
  GenerateMac: generateMac,
  GenerateRandom: generateRandom,
  GetKeyLastUsage: getKeyLastUsage,
  GetKeyPolicy: getKeyPolicy,
  GetKeyRotationStatus: getKeyRotationStatus,
  GetParametersForImport: getParametersForImport,
  GetPublicKey: getPublicKey,
  ImportKeyMaterial: importKeyMaterial,
  ListAliases: listAliases,
  ListGrants: listGrants,
  ListKeyPolicies: listKeyPolicies,
  ListKeyRotations: listKeyRotations,
  ListKeys: listKeys,
  ListResourceTags: listResourceTags,
  ListRetirableGrants: listRetirableGrants,
  PutKeyPolicy: putKeyPolicy,
  ReEncrypt: reEncrypt,
  ReplicateKey: notBuilt('ReplicateKey'),
  RetireGrant: retireGrant,
  RevokeGrant: revokeGrant,
  RotateKeyOnDemand: rotateKeyOnDemand,
  ScheduleKeyDeletion: scheduleKeyDeletion,
  Sign: sign,
  TagResource: tagResource,
  UntagResource: untagResource,
  UpdateAlias: updateAlias,
  UpdateCustomKeyStore: notBuilt('UpdateCustomKeyStore'),
  UpdateKeyDescription: updateKeyDescription,
  UpdatePrimaryRegion: notBuilt('UpdatePrimaryRegion'),
  Verify: verify,
  VerifyMac: verifyMac,
}
