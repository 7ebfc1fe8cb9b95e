import { describe, expect, it } from 'vitest'
import type { KeySpec } from '../../../src/model/generated/types'
import { wrongUsage } from './encryption'
import { bytes, checkRows, invalid, must, newKey, type Open, plantKey } from './harness'

const kinds: readonly (readonly [KeySpec, ciphertextBytes: number])[] = [
  ['ML_KEM_512', 768],
  ['ML_KEM_768', 1088],
  ['ML_KEM_1024', 1568],
]
const EncapsulationAlgorithm = 'ML_KEM'

export function kem(open: Open): void {
  describe('Encapsulate and Decapsulate', () => {
    it.each(kinds)('%s give the same secret to both sides, and to nobody else', async (KeySpec, ciphertextBytes) => {
      const kms = await open()
      if (!kms.crypto.supports(KeySpec, 'ENCAPSULATE_DECAPSULATE')) return
      const { KeyId, arn } = await newKey(kms, { KeySpec, KeyUsage: 'ENCAPSULATE_DECAPSULATE' })
      const made = await must(kms, 'Encapsulate', { KeyId, EncapsulationAlgorithm })
      const { SharedSecret, SharedSecretCiphertextBlob } = made
      expect(made).toEqual({ KeyId: arn, SharedSecret, SharedSecretCiphertextBlob, EncapsulationAlgorithm })
      expect(SharedSecret).toHaveLength(32)
      expect(SharedSecretCiphertextBlob).toHaveLength(ciphertextBytes)
      const decapsulate = (blob: Uint8Array<ArrayBuffer>) =>
        must(kms, 'Decapsulate', { KeyId, EncapsulationAlgorithm, SharedSecretCiphertextBlob: blob })
      expect(await decapsulate(SharedSecretCiphertextBlob)).toEqual({
        KeyId: arn,
        SharedSecret,
        EncapsulationAlgorithm,
      })
      expect((await must(kms, 'Encapsulate', { KeyId, EncapsulationAlgorithm })).SharedSecret).not.toEqual(SharedSecret)

      // Implicit rejection: 32 bytes, always the same for the same ciphertext.
      for (const at of [0, 500, ciphertextBytes - 1]) {
        const spoilt = SharedSecretCiphertextBlob.map((byte, i) => (i === at ? byte ^ 1 : byte))
        const rejected = (await decapsulate(spoilt)).SharedSecret
        expect(rejected).toHaveLength(32)
        expect(rejected).not.toEqual(SharedSecret)
        expect((await decapsulate(spoilt)).SharedSecret).toEqual(rejected)
      }
      const wrong: [string, Uint8Array][] = [
        ['shorter', SharedSecretCiphertextBlob.slice(0, -1)],
        ['longer', bytes(...SharedSecretCiphertextBlob, 0)],
        ['one byte', bytes(1)],
        ...kinds
          .filter(([spec]) => spec !== KeySpec)
          .map(([spec, length]): [string, Uint8Array] => [`of ${spec}`, new Uint8Array(length)]),
      ]
      await checkRows(
        kms,
        wrong.map(([what, SharedSecretCiphertextBlob]) => [
          what,
          'Decapsulate',
          { KeyId, EncapsulationAlgorithm, SharedSecretCiphertextBlob },
          'InvalidCiphertextException',
        ]),
      )
    })

    it('check usage and state before the ciphertext', async () => {
      const kms = await open()
      const hmac = await plantKey(kms, { keySpec: 'HMAC_256', keyUsage: 'GENERATE_VERIFY_MAC', state: 'Disabled' })
      const disabled = await plantKey(kms, {
        keySpec: 'ML_KEM_768',
        keyUsage: 'ENCAPSULATE_DECAPSULATE',
        state: 'Disabled',
      })
      for (const operation of ['Encapsulate', 'Decapsulate'] as const) {
        const rest = operation === 'Decapsulate' ? { SharedSecretCiphertextBlob: bytes(1) } : {}
        await checkRows(kms, [
          [
            'disabled HMAC key',
            operation,
            { KeyId: hmac.KeyId, EncapsulationAlgorithm, ...rest },
            wrongUsage(hmac, 'GENERATE_VERIFY_MAC', operation),
          ],
          [
            'disabled',
            operation,
            { KeyId: disabled.KeyId, EncapsulationAlgorithm, ...rest },
            `DisabledException: ${disabled.arn} is disabled.`,
          ],
          [
            'unknown algorithm',
            operation,
            { KeyId: disabled.KeyId, EncapsulationAlgorithm: 'KYBER', ...rest },
            invalid(
              "Value 'KYBER' at 'encapsulationAlgorithm' failed to satisfy constraint: Member must satisfy enum value set: [ML_KEM]",
            ),
          ],
        ])
      }
    })
  })
}
