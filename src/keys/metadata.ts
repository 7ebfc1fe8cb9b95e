import type { CustomerMasterKeySpec, KeyMetadata, KeyUsageType } from '../model/generated/types'
import { type KeySpecRow, keySpecs } from '../model/key-specs'
import { importMembers } from './import'
import type { KeyRecord } from './records'

type AlgorithmLists = Pick<
  KeyMetadata,
  'EncryptionAlgorithms' | 'SigningAlgorithms' | 'KeyAgreementAlgorithms' | 'EncapsulationAlgorithms' | 'MacAlgorithms'
>

const listsByUsage: { readonly [U in KeyUsageType]: (row: KeySpecRow) => AlgorithmLists } = {
  ENCRYPT_DECRYPT: (row) => ({ EncryptionAlgorithms: row.encryptionAlgorithms }),
  SIGN_VERIFY: (row) => ({ SigningAlgorithms: row.signingAlgorithms }),
  KEY_AGREEMENT: (row) => ({ KeyAgreementAlgorithms: row.keyAgreementAlgorithms }),
  ENCAPSULATE_DECAPSULATE: (row) => ({ EncapsulationAlgorithms: row.encapsulationAlgorithms }),
  GENERATE_VERIFY_MAC: (row) => ({ MacAlgorithms: row.macAlgorithms }),
}

/** What the key can do by its usage: one list, in AWS's order. */
export const algorithmLists = (key: KeyRecord): AlgorithmLists => listsByUsage[key.keyUsage](keySpecs[key.keySpec])

/** The current material as AWS shows it: of keys that rotate, whose ciphertexts name it. */
export const shownMaterialId = (key: KeyRecord): string | undefined =>
  keySpecs[key.keySpec].rotates ? key.currentMaterialId : undefined

/** KeyMetadata as CreateKey and DescribeKey answer it (behaviours 6): absent members are left out. */
export function keyMetadata(key: KeyRecord): KeyMetadata {
  const materialId = shownMaterialId(key)
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
    ...importMembers(key),
    Origin: key.origin,
    KeyManager: key.manager ?? 'CUSTOMER',
    // The deprecated member repeats every KeySpec, those included that its enum never learnt.
    CustomerMasterKeySpec: key.keySpec as CustomerMasterKeySpec,
    KeySpec: key.keySpec,
    ...algorithmLists(key),
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
    ...(materialId === undefined ? {} : { CurrentKeyMaterialId: materialId }),
  }
}
