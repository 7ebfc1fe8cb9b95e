import { describe, expect, it } from 'vitest'
import { operationNames } from '../../../src/model/operations'
import { checkRows, newKey, type Open, type Row, trail } from './harness'

/** Valid requests of the operations that are known by name alone. */
const requests = (KeyId: string): { readonly [operation: string]: object } => ({
  ConnectCustomKeyStore: { CustomKeyStoreId: 'cks-0123456789abcdef0' },
  CreateCustomKeyStore: { CustomKeyStoreName: 'a' },
  DeleteCustomKeyStore: { CustomKeyStoreId: 'cks-0123456789abcdef0' },
  DescribeCustomKeyStores: {},
  DisconnectCustomKeyStore: { CustomKeyStoreId: 'cks-0123456789abcdef0' },
  ReplicateKey: { KeyId, ReplicaRegion: 'us-east-1' },
  UpdateCustomKeyStore: { CustomKeyStoreId: 'cks-0123456789abcdef0' },
  UpdatePrimaryRegion: { KeyId, PrimaryRegion: 'us-east-1' },
})

/** The operations that this service has. */
const built = [
  'CancelKeyDeletion',
  'CreateAlias',
  'CreateGrant',
  'CreateKey',
  'Decapsulate',
  'Decrypt',
  'DeleteAlias',
  'DeleteImportedKeyMaterial',
  'DeriveSharedSecret',
  'DescribeKey',
  'DisableKey',
  'DisableKeyRotation',
  'EnableKey',
  'EnableKeyRotation',
  'Encapsulate',
  'Encrypt',
  'GenerateDataKey',
  'GenerateDataKeyPair',
  'GenerateDataKeyPairWithoutPlaintext',
  'GenerateDataKeyWithoutPlaintext',
  'GenerateMac',
  'GenerateRandom',
  'GetKeyLastUsage',
  'GetKeyPolicy',
  'GetKeyRotationStatus',
  'GetParametersForImport',
  'GetPublicKey',
  'ImportKeyMaterial',
  'ListAliases',
  'ListGrants',
  'ListKeyPolicies',
  'ListKeyRotations',
  'ListKeys',
  'ListResourceTags',
  'ListRetirableGrants',
  'PutKeyPolicy',
  'ReEncrypt',
  'RetireGrant',
  'RevokeGrant',
  'RotateKeyOnDemand',
  'ScheduleKeyDeletion',
  'Sign',
  'TagResource',
  'UntagResource',
  'UpdateAlias',
  'UpdateKeyDescription',
  'Verify',
  'VerifyMac',
]

export function notBuilt(open: Open): void {
  describe('operations that are not built', () => {
    it('are known, validated, refused and recorded', async () => {
      const kms = await open()
      const { KeyId } = await newKey(kms)
      const asked = requests(KeyId)
      expect([...built, ...Object.keys(asked)].sort()).toEqual([...operationNames].sort())
      await checkRows(
        kms,
        operationNames
          .filter((name) => name in asked)
          .map(
            (name): Row => [
              'valid',
              name,
              asked[name] ?? {},
              `UnsupportedOperationException: ${name} is not supported.`,
            ],
          ),
      )
      const entries = (await trail(kms)).slice(1)
      expect(entries.map((entry) => entry.error?.code)).toEqual(
        Object.keys(asked).map(() => 'UnsupportedOperationException'),
      )
    })
  })
}
