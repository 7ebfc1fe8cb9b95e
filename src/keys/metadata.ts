import type { CustomerMasterKeySpec, KeyMetadata } from '../model/generated/types'
import { keySpecs } from '../model/key-specs'
import type { KeyRecord } from './records'

/** KeyMetadata as CreateKey and DescribeKey answer it (behaviours 6): absent members are left out. */
export function keyMetadata(key: KeyRecord): KeyMetadata {
  const encryptionAlgorithms = key.keyUsage === 'ENCRYPT_DECRYPT' ? keySpecs[key.keySpec].encryptionAlgorithms : []
  return {
    AWSAccountId: key.accountId,
    KeyId: key.keyId,
    Arn: key.arn,
    CreationDate: new Date(key.createdAtMs),
    Enabled: key.state === 'Enabled',
    Description: key.description,
    KeyUsage: key.keyUsage,
    KeyState: key.state,
    ...(key.deleteAtMs === undefined ? {} : { DeletionDate: new Date(key.deleteAtMs) }),
    Origin: key.origin,
    KeyManager: 'CUSTOMER',
    // The deprecated member repeats every KeySpec, those included that its enum never learnt.
    CustomerMasterKeySpec: key.keySpec as CustomerMasterKeySpec,
    KeySpec: key.keySpec,
    ...(encryptionAlgorithms.length ? { EncryptionAlgorithms: encryptionAlgorithms } : {}),
    MultiRegion: key.multiRegion,
    ...(key.multiRegion
      ? {
          MultiRegionConfiguration: {
            MultiRegionKeyType: 'PRIMARY',
            PrimaryKey: { Arn: key.arn, Region: key.region },
            ReplicaKeys: [],
          },
        }
      : {}),
    ...(key.currentMaterialId === undefined ? {} : { CurrentKeyMaterialId: key.currentMaterialId }),
  }
}
