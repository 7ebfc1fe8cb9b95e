import { describe, expect, it } from 'vitest'
import { operationNames } from '../../../src/model/operations'
import { bytes, checkRows, newKey, type Open, type Row, trail } from './harness'

const KeyPairSpec = 'ECC_NIST_P256'
const Message = bytes(1)

/** Valid requests of the operations that are known by name alone. */
const requests = (KeyId: string): { readonly [operation: string]: object } => ({
  ConnectCustomKeyStore: { CustomKeyStoreId: 'cks-0123456789abcdef0' },
  CreateCustomKeyStore: { CustomKeyStoreName: 'a' },
  CreateGrant: { KeyId, GranteePrincipal: 'arn:aws:iam::111122223333:user/a', Operations: ['Decrypt'] },
  Decapsulate: {
    KeyId,
    EncapsulationAlgorithm: 'ML_KEM',
    CiphertextBlob: bytes(1),
    SharedSecretCiphertextBlob: bytes(1),
  },
  DeleteCustomKeyStore: { CustomKeyStoreId: 'cks-0123456789abcdef0' },
  DeleteImportedKeyMaterial: { KeyId },
  DeriveSharedSecret: { KeyId, KeyAgreementAlgorithm: 'ECDH', PublicKey: bytes(1) },
  DescribeCustomKeyStores: {},
  DisconnectCustomKeyStore: { CustomKeyStoreId: 'cks-0123456789abcdef0' },
  Encapsulate: { KeyId, EncapsulationAlgorithm: 'ML_KEM' },
  GenerateDataKeyPair: { KeyId, KeyPairSpec },
  GenerateDataKeyPairWithoutPlaintext: { KeyId, KeyPairSpec },
  GenerateMac: { KeyId, Message, MacAlgorithm: 'HMAC_SHA_256' },
  GetParametersForImport: { KeyId, WrappingAlgorithm: 'RSAES_OAEP_SHA_256', WrappingKeySpec: 'RSA_2048' },
  GetPublicKey: { KeyId },
  ImportKeyMaterial: { KeyId, ImportToken: bytes(1), EncryptedKeyMaterial: bytes(1) },
  ListGrants: { KeyId },
  ListRetirableGrants: { RetiringPrincipal: 'arn:aws:iam::111122223333:user/a' },
  ReplicateKey: { KeyId, ReplicaRegion: 'us-east-1' },
  RetireGrant: { GrantToken: 'AQpA' },
  RevokeGrant: { KeyId, GrantId: 'a'.repeat(64) },
  Sign: { KeyId, Message, SigningAlgorithm: 'ECDSA_SHA_256' },
  UpdateCustomKeyStore: { CustomKeyStoreId: 'cks-0123456789abcdef0' },
  UpdatePrimaryRegion: { KeyId, PrimaryRegion: 'us-east-1' },
  Verify: { KeyId, Message, Signature: bytes(1), SigningAlgorithm: 'ECDSA_SHA_256' },
  VerifyMac: { KeyId, Message, Mac: bytes(1), MacAlgorithm: 'HMAC_SHA_256' },
})

/** The operations that this service has. */
const built = [
  'CancelKeyDeletion',
  'CreateAlias',
  'CreateKey',
  'Decrypt',
  'DeleteAlias',
  'DescribeKey',
  'DisableKey',
  'DisableKeyRotation',
  'EnableKey',
  'EnableKeyRotation',
  'Encrypt',
  'GenerateDataKey',
  'GenerateDataKeyWithoutPlaintext',
  'GenerateRandom',
  'GetKeyLastUsage',
  'GetKeyPolicy',
  'GetKeyRotationStatus',
  'ListAliases',
  'ListKeyPolicies',
  'ListKeyRotations',
  'ListKeys',
  'ListResourceTags',
  'PutKeyPolicy',
  'ReEncrypt',
  'RotateKeyOnDemand',
  'ScheduleKeyDeletion',
  'TagResource',
  'UntagResource',
  'UpdateAlias',
  'UpdateKeyDescription',
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
