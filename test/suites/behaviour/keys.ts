import { describe, expect, it } from 'vitest'
import { defaultKeyPolicy } from '../../../src/policy/key-policy'
import { accountId, startMs } from '../compose'
import { arnOf, bytes, checkRows, invalid, must, newKey, type Open, outOfRange, verdict } from './harness'

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/
const unsupported = 'UnsupportedOperationException'

export function keys(open: Open): void {
  describe('CreateKey and DescribeKey', () => {
    it('answer the metadata of a symmetric key', async () => {
      const kms = await open()
      const { KeyMetadata } = await must(kms, 'CreateKey', {})
      const KeyId = KeyMetadata.KeyId as string
      expect(KeyId).toMatch(uuid)
      expect(KeyMetadata.CurrentKeyMaterialId).toMatch(/^[0-9a-f]{64}$/)
      expect(KeyMetadata).toEqual({
        AWSAccountId: accountId,
        KeyId,
        Arn: arnOf(KeyId),
        CreationDate: new Date(startMs),
        Enabled: true,
        Description: '',
        KeyUsage: 'ENCRYPT_DECRYPT',
        KeyState: 'Enabled',
        Origin: 'AWS_KMS',
        KeyManager: 'CUSTOMER',
        CustomerMasterKeySpec: 'SYMMETRIC_DEFAULT',
        KeySpec: 'SYMMETRIC_DEFAULT',
        EncryptionAlgorithms: ['SYMMETRIC_DEFAULT'],
        MultiRegion: false,
        CurrentKeyMaterialId: KeyMetadata.CurrentKeyMaterialId,
      })
      expect((await must(kms, 'DescribeKey', { KeyId })).KeyMetadata).toEqual(KeyMetadata)
    })

    it('take every spelling of the defaults, tags and policy', async () => {
      const kms = await open()
      const { KeyId } = await newKey(kms, {
        Description: 'orders',
        CustomerMasterKeySpec: 'SYMMETRIC_DEFAULT',
        KeyUsage: 'ENCRYPT_DECRYPT',
        Origin: 'AWS_KMS',
        MultiRegion: false,
        BypassPolicyLockoutSafetyCheck: true,
        Policy: defaultKeyPolicy(accountId),
        Tags: [
          { TagKey: 'b', TagValue: '' },
          { TagKey: 'a', TagValue: '1' },
        ],
      })
      expect((await must(kms, 'DescribeKey', { KeyId })).KeyMetadata.Description).toBe('orders')
      expect((await must(kms, 'ListResourceTags', { KeyId })).Tags).toEqual([
        { TagKey: 'a', TagValue: '1' },
        { TagKey: 'b', TagValue: '' },
      ])
    })

    it('refuse what is not possible, in order', async () => {
      const kms = await open()
      const both = 'You cannot specify KeySpec and CustomerMasterKeySpec in the same request.'
      const twice = [
        { TagKey: 'a', TagValue: '' },
        { TagKey: 'a', TagValue: '' },
      ]
      await checkRows(kms, [
        [
          'two specs',
          'CreateKey',
          { KeySpec: 'SYMMETRIC_DEFAULT', CustomerMasterKeySpec: 'SYMMETRIC_DEFAULT' },
          `ValidationException: ${both} CustomerMasterKeySpec is deprecated.`,
        ],
        [
          'no usage',
          'CreateKey',
          { KeySpec: 'RSA_2048' },
          'ValidationException: You must specify a KeyUsage value for all KMS keys except for symmetric encryption keys.',
        ],
        [
          'wrong usage',
          'CreateKey',
          { KeyUsage: 'SIGN_VERIFY' },
          'ValidationException: KeyUsage SIGN_VERIFY is not compatible with KeySpec SYMMETRIC_DEFAULT',
        ],
        [
          'wrong usage before an unknown spec',
          'CreateKey',
          { KeySpec: 'HMAC_256', KeyUsage: 'ENCRYPT_DECRYPT' },
          'ValidationException: KeyUsage ENCRYPT_DECRYPT is not compatible with KeySpec HMAC_256',
        ],
        [
          'SM2',
          'CreateKey',
          { KeySpec: 'SM2', KeyUsage: 'SIGN_VERIFY' },
          `${unsupported}: KeySpec SM2 is not supported in this Region`,
        ],
        ['Origin', 'CreateKey', { Origin: 'AWS_CLOUDHSM' }, `${unsupported}: Origin AWS_CLOUDHSM is not supported.`],
        [
          'key store',
          'CreateKey',
          { CustomKeyStoreId: 'cks-0123456789abcdef0' },
          `${unsupported}: Custom key stores are not supported.`,
        ],
        ['MultiRegion', 'CreateKey', { MultiRegion: true }, `${unsupported}: Multi-Region keys are not supported.`],
        ['tags', 'CreateKey', { Tags: twice }, 'TagException: Duplicate tag keys'],
        [
          'policy',
          'CreateKey',
          { Policy: '{"Version":"2012-10-17","Statement":[]}' },
          'MalformedPolicyDocumentException: The policy document has no statement.',
        ],
        ['an unknown key', 'DescribeKey', { KeyId: 'x' }, "NotFoundException: Invalid keyId 'x'"],
        [
          'a grant token',
          'DescribeKey',
          { KeyId: (await newKey(kms)).KeyId, GrantTokens: ['AQpA'] },
          'InvalidGrantTokenException: The grant token is not valid.',
        ],
      ])
      expect((await must(kms, 'ListKeys', {})).Keys).toHaveLength(1)
      expect(await kms.storage.list('material', { limit: 9 })).toHaveLength(1)
    })
  })

  describe('EnableKey, DisableKey, UpdateKeyDescription', () => {
    it('are idempotent', async () => {
      const kms = await open()
      const { KeyId, arn } = await newKey(kms)
      const metadata = async () => (await must(kms, 'DescribeKey', { KeyId })).KeyMetadata
      for (const _ of [1, 2]) {
        await must(kms, 'DisableKey', { KeyId })
        expect(await metadata()).toMatchObject({ KeyState: 'Disabled', Enabled: false })
      }
      expect(await verdict(kms, 'Encrypt', { KeyId, Plaintext: bytes(1) })).toBe(
        `DisabledException: ${arn} is disabled.`,
      )
      for (const _ of [1, 2]) {
        await must(kms, 'EnableKey', { KeyId })
        expect(await metadata()).toMatchObject({ KeyState: 'Enabled', Enabled: true })
      }
      for (const Description of ['x'.repeat(8192), 'y', '']) {
        await must(kms, 'UpdateKeyDescription', { KeyId, Description })
        expect((await metadata()).Description).toBe(Description)
      }
    })

    it('answer nothing', async () => {
      const kms = await open()
      const { KeyId } = await newKey(kms)
      for (const operation of ['DisableKey', 'EnableKey', 'EnableKeyRotation', 'DisableKeyRotation'] as const) {
        expect(await must(kms, operation, { KeyId })).toBeUndefined()
      }
    })

    it('a description has a limit and must be there', async () => {
      const kms = await open()
      const { KeyId } = await newKey(kms)
      const text = 'x'.repeat(8193)
      const tooLong = `Value '${text}' at 'description' failed to satisfy constraint: Member must have length less than or equal to 8192`
      await checkRows(kms, [
        ['too long', 'UpdateKeyDescription', { KeyId, Description: text }, invalid(tooLong)],
        [
          'absent',
          'UpdateKeyDescription',
          { KeyId },
          invalid("Value null at 'description' failed to satisfy constraint: Member must not be null"),
        ],
      ])
    })
  })

  describe('GetKeyLastUsage', () => {
    it('tells the newest use of each key, of both keys of a ReEncrypt', async () => {
      const kms = await open()
      const [a, b] = [await newKey(kms), await newKey(kms)]
      const usage = async (KeyId: string) => (await must(kms, 'GetKeyLastUsage', { KeyId })).KeyLastUsage
      const made = new Date(startMs)
      expect(await must(kms, 'GetKeyLastUsage', { KeyId: a.arn })).toEqual({
        KeyId: a.KeyId,
        KeyLastUsage: {},
        TrackingStartDate: made,
        KeyCreationDate: made,
      })
      kms.clock.ms += 1000
      const { CiphertextBlob } = await must(kms, 'Encrypt', { KeyId: a.KeyId, Plaintext: bytes(1) })
      expect(await usage(a.KeyId)).toMatchObject({ Operation: 'Encrypt', Timestamp: new Date(startMs + 1000) })
      expect(await usage(b.KeyId)).toEqual({})
      kms.clock.ms += 1000
      await must(kms, 'ReEncrypt', { CiphertextBlob, DestinationKeyId: b.KeyId })
      const [first, second] = [await usage(a.KeyId), await usage(b.KeyId)]
      expect(first).toMatchObject({ Operation: 'ReEncrypt', Timestamp: new Date(startMs + 2000) })
      expect(second).toEqual(first)
      const steps: [operation: string, use: () => Promise<unknown>][] = [
        ['Decrypt', () => must(kms, 'Decrypt', { CiphertextBlob })],
        ['GenerateDataKey', () => must(kms, 'GenerateDataKey', { KeyId: a.KeyId, NumberOfBytes: 1 })],
        [
          'GenerateDataKeyWithoutPlaintext',
          () => must(kms, 'GenerateDataKeyWithoutPlaintext', { KeyId: a.KeyId, NumberOfBytes: 1 }),
        ],
        [
          'GenerateDataKeyPair',
          () => must(kms, 'GenerateDataKeyPair', { KeyId: a.KeyId, KeyPairSpec: 'ECC_NIST_P256' }),
        ],
      ]
      for (const [Operation, use] of steps) {
        kms.clock.ms += 1000
        await use()
        expect(await usage(a.KeyId)).toMatchObject({ Operation, Timestamp: new Date(kms.clock.ms) })
      }
    })

    it('does not count what was refused, dry or managed', async () => {
      const kms = await open()
      const { KeyId } = await newKey(kms)
      await verdict(kms, 'Encrypt', { KeyId, Plaintext: bytes(1), DryRun: true })
      await verdict(kms, 'Encrypt', { KeyId, Plaintext: bytes(1), EncryptionAlgorithm: 'RSAES_OAEP_SHA_256' })
      await must(kms, 'DisableKey', { KeyId })
      await verdict(kms, 'Encrypt', { KeyId, Plaintext: bytes(1) })
      await must(kms, 'DescribeKey', { KeyId })
      expect((await must(kms, 'GetKeyLastUsage', { KeyId })).KeyLastUsage).toEqual({})
    })
  })

  describe('ScheduleKeyDeletion', () => {
    it('takes 7 to 30 days, looks the key up before it says so, and minds the window before the state', async () => {
      const kms = await open()
      const { KeyId, arn } = await newKey(kms)
      const window = 'ValidationException: PendingWindowInDays must be between 7 and 30'
      await checkRows(kms, [
        ...[1, 2, 3, 4, 5, 6, 31, 365].map(
          (days) => [`${days}`, 'ScheduleKeyDeletion', { KeyId, PendingWindowInDays: days }, window] as const,
        ),
        ...[0, 366].map((days) => {
          const bound = days ? 'less than or equal to 365' : 'greater than or equal to 1'
          const text = invalid(outOfRange(days, 'pendingWindowInDays', bound))
          return [`${days}`, 'ScheduleKeyDeletion', { KeyId, PendingWindowInDays: days }, text] as const
        }),
        [
          'unknown key, bad window',
          'ScheduleKeyDeletion',
          { KeyId: 'x', PendingWindowInDays: 1 },
          "NotFoundException: Invalid keyId 'x'",
        ],
        ['good window', 'ScheduleKeyDeletion', { KeyId, PendingWindowInDays: 7 }, 'ok'],
        ['again', 'ScheduleKeyDeletion', { KeyId }, `KMSInvalidStateException: ${arn} is pending deletion.`],
      ])
    })
  })
}
