import { describe, expect, it } from 'vitest'
import { checkRows, must, newKey, type Open, plantKey } from './harness'

export function publicKeys(open: Open): void {
  describe('GetPublicKey', () => {
    it('is for asymmetric keys that are Enabled or Disabled, and says so after their state', async () => {
      const kms = await open()
      const pair = await newKey(kms, { KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY' })
      const symmetric = await newKey(kms)
      const deleted = await plantKey(kms, { state: 'PendingDeletion', deleteAtMs: kms.clock.ms + 1 })
      const empty = await plantKey(kms, {
        keySpec: 'HMAC_256',
        keyUsage: 'GENERATE_VERIFY_MAC',
        origin: 'EXTERNAL',
        state: 'PendingImport',
      })
      const shown = await must(kms, 'GetPublicKey', { KeyId: pair.KeyId })
      await must(kms, 'CreateAlias', { AliasName: 'alias/pair', TargetKeyId: pair.KeyId })
      await must(kms, 'DisableKey', { KeyId: pair.KeyId })
      await must(kms, 'DisableKey', { KeyId: symmetric.KeyId })
      expect(await must(kms, 'GetPublicKey', { KeyId: 'alias/pair' })).toEqual(shown)
      await checkRows(kms, [
        ['symmetric', 'GetPublicKey', { KeyId: symmetric.KeyId }, 'UnsupportedOperationException'],
        [
          'symmetric, pending deletion',
          'GetPublicKey',
          { KeyId: deleted.KeyId },
          `KMSInvalidStateException: ${deleted.arn} is pending deletion.`,
        ],
        [
          'HMAC, pending import',
          'GetPublicKey',
          { KeyId: empty.KeyId },
          `KMSInvalidStateException: ${empty.arn} is pending import.`,
        ],
        ['unknown', 'GetPublicKey', { KeyId: 'x' }, "NotFoundException: Invalid keyId 'x'"],
        [
          'grant token',
          'GetPublicKey',
          { KeyId: pair.KeyId, GrantTokens: ['AQpA'] },
          'InvalidGrantTokenException: The grant token is not valid.',
        ],
      ])
    })

    it('is no use of a key', async () => {
      const kms = await open()
      const { KeyId } = await newKey(kms, { KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY' })
      await must(kms, 'GetPublicKey', { KeyId })
      expect((await must(kms, 'GetKeyLastUsage', { KeyId })).KeyLastUsage).toEqual({})
    })
  })
}
