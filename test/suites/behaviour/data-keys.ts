import { describe, expect, it } from 'vitest'
import {
  attempt,
  bytes,
  checkRows,
  invalid,
  must,
  newKey,
  type Open,
  outOfRange,
  plantHmac,
  plantRsa,
  unknownId,
} from './harness'

const operations = ['GenerateDataKey', 'GenerateDataKeyWithoutPlaintext'] as const
const eitherOr = 'ValidationException: Please specify either number of bytes or key spec.'

export function dataKeys(open: Open): void {
  describe('data keys', () => {
    const sizes: [input: object, length: number][] = [
      [{ KeySpec: 'AES_128' }, 16],
      [{ KeySpec: 'AES_256' }, 32],
      [{ NumberOfBytes: 1 }, 1],
      [{ NumberOfBytes: 1024 }, 1024],
    ]

    it('come in the asked size, and Decrypt opens them', async () => {
      const kms = await open()
      const { KeyId, arn } = await newKey(kms)
      const { KeyMetadata } = await must(kms, 'DescribeKey', { KeyId })
      const EncryptionContext = { a: 'b' }
      for (const [size, length] of sizes) {
        const made = await must(kms, 'GenerateDataKey', { KeyId, EncryptionContext, ...size })
        expect(made.Plaintext).toHaveLength(length)
        expect(made).toEqual({
          CiphertextBlob: expect.any(Uint8Array),
          Plaintext: made.Plaintext,
          KeyId: arn,
          KeyMaterialId: KeyMetadata.CurrentKeyMaterialId,
        })
        const opened = await must(kms, 'Decrypt', { CiphertextBlob: made.CiphertextBlob, EncryptionContext })
        expect(opened.Plaintext).toEqual(made.Plaintext)

        const hidden = await must(kms, 'GenerateDataKeyWithoutPlaintext', { KeyId, EncryptionContext, ...size })
        expect(Object.keys(hidden).sort()).toEqual(['CiphertextBlob', 'KeyId', 'KeyMaterialId'])
        const shown = await must(kms, 'Decrypt', { CiphertextBlob: hidden.CiphertextBlob, EncryptionContext })
        expect(shown.Plaintext).toHaveLength(length)
        if (length >= 16) expect(shown.Plaintext.some((byte) => byte !== 0)).toBe(true)
      }
    })

    it.each(operations)('%s checks validation, look-up, either/or, usage, state, kind of key', async (operation) => {
      const kms = await open()
      const { KeyId } = await newKey(kms)
      const hmac = await plantHmac(kms, { state: 'Disabled' })
      const rsa = await plantRsa(kms)
      const disabledRsa = await plantRsa(kms, { state: 'Disabled' })
      const KeySpec = 'AES_256'
      const wrongUsage = `InvalidKeyUsageException: ${hmac.arn} key usage is GENERATE_VERIFY_MAC which is not valid for ${operation}.`
      const bad = await attempt(kms, operation, { KeyId, KeySpec: 'AES_512' })
      // The service prints the key specs of CreateKey here (behaviours 2).
      expect(!bad.ok && bad.error.message).toMatch(
        /^1 validation error detected: Value 'AES_512' at 'keySpec' failed .* enum value set: \[RSA_2048, .*SYMMETRIC_DEFAULT.*\]$/,
      )
      await checkRows(kms, [
        ['neither', operation, { KeyId }, eitherOr],
        ['both', operation, { KeyId, KeySpec, NumberOfBytes: 32 }, eitherOr],
        ['neither, unknown key', operation, { KeyId: 'x' }, "NotFoundException: Invalid keyId 'x'"],
        ['neither, disabled HMAC key', operation, { KeyId: hmac.KeyId }, eitherOr],
        ['disabled HMAC key', operation, { KeyId: hmac.KeyId, KeySpec }, wrongUsage],
        [
          'disabled RSA key',
          operation,
          { KeyId: disabledRsa.KeyId, KeySpec },
          `DisabledException: ${disabledRsa.arn} is disabled.`,
        ],
        [
          'RSA key',
          operation,
          { KeyId: rsa.KeyId, KeySpec },
          'InvalidKeyUsageException: You cannot generate a data key with an asymmetric CMK',
        ],
        [
          '0 bytes',
          operation,
          { KeyId: unknownId, NumberOfBytes: 0 },
          invalid(outOfRange(0, 'numberOfBytes', 'greater than or equal to 1')),
        ],
        [
          '1025 bytes',
          operation,
          { KeyId: unknownId, NumberOfBytes: 1025 },
          invalid(outOfRange(1025, 'numberOfBytes', 'less than or equal to 1024')),
        ],
        [
          'grant token',
          operation,
          { KeyId, KeySpec, GrantTokens: ['AQpA'] },
          'InvalidGrantTokenException: The grant token is not valid.',
        ],
      ])
    })

    it('are not given in the clear where an enclave was to get them', async () => {
      const kms = await open()
      const { KeyId } = await newKey(kms)
      const Recipient = { KeyEncryptionAlgorithm: 'RSAES_OAEP_SHA_256', AttestationDocument: bytes(1) }
      await checkRows(kms, [
        [
          'enclave',
          'GenerateDataKey',
          { KeyId, KeySpec: 'AES_256', Recipient },
          'UnsupportedOperationException: Recipient is not supported.',
        ],
        [
          'enclave',
          'GenerateRandom',
          { NumberOfBytes: 1, Recipient },
          'UnsupportedOperationException: Recipient is not supported.',
        ],
      ])
    })
  })

  describe('GenerateRandom', () => {
    it('gives 1 to 1024 bytes, never the same', async () => {
      const kms = await open()
      for (const NumberOfBytes of [1, 32, 1024]) {
        expect((await must(kms, 'GenerateRandom', { NumberOfBytes })).Plaintext).toHaveLength(NumberOfBytes)
      }
      const some = async () => (await must(kms, 'GenerateRandom', { NumberOfBytes: 32 })).Plaintext
      expect(await some()).not.toEqual(await some())
      await checkRows(kms, [
        ['none', 'GenerateRandom', {}, 'ValidationException: NumberOfBytes is required.'],
        [
          '0',
          'GenerateRandom',
          { NumberOfBytes: 0 },
          invalid(outOfRange(0, 'numberOfBytes', 'greater than or equal to 1')),
        ],
        [
          '1025',
          'GenerateRandom',
          { NumberOfBytes: 1025 },
          invalid(outOfRange(1025, 'numberOfBytes', 'less than or equal to 1024')),
        ],
        [
          'key store',
          'GenerateRandom',
          { NumberOfBytes: 1, CustomKeyStoreId: 'cks-0123456789abcdef0' },
          'UnsupportedOperationException: Custom key stores are not supported.',
        ],
      ])
    })
  })
}
