import { describe, expect, it } from 'vitest'
import { concatBytes } from '../../../src/codec/bytes'
import { attempt, checkRows, codeOf, type Open, verdict } from './harness'
import { dayMs, describeKey, external, importer, never, parametersFor, secret, viaAes256, wrap } from './import-harness'

/** Import tokens, and what is encrypted for their keys. */
export function importTokens(open: Open): void {
  describe('tokens and encrypted material', () => {
    it('are refused when damaged anywhere, each in its way', async () => {
      const kms = await open()
      const key = await external(kms)
      const request = await (await importer(kms, key, viaAes256))(secret(1))
      const parts = [
        ['ImportToken', 'InvalidImportTokenException'],
        ['EncryptedKeyMaterial', 'InvalidCiphertextException'],
      ] as const
      for (const [member, expected] of parts) {
        const bytes = request[member] as Bytes
        const step = member === 'ImportToken' ? 97 : 13
        for (let at = 0; at < bytes.length; at += step) {
          const changed = bytes.slice()
          changed[at] = (changed[at] as number) ^ 1
          expect(
            codeOf(await attempt(kms, 'ImportKeyMaterial', { ...request, [member]: changed })),
            `${member} ${at}`,
          ).toBe(expected)
        }
        for (const cut of [1, 8, 40, 255, 256, bytes.length - 1, bytes.length + 8]) {
          const changed = concatBytes(bytes, secret(0, 8)).subarray(0, cut)
          expect(
            codeOf(await attempt(kms, 'ImportKeyMaterial', { ...request, [member]: changed })),
            `${member} ${cut}`,
          ).toBe(expected)
        }
      }
      expect(kms.faults).toEqual([])
      expect((await describeKey(kms, key)).KeyState).toBe('PendingImport')
      expect(await verdict(kms, 'ImportKeyMaterial', request)).toBe('ok')
    })

    it.each([0, 16, 20, 24, 31, 33])('an AES key of %i bytes between them is refused', async (length) => {
      const kms = await open()
      const key = await external(kms)
      const parameters = await parametersFor(kms, key, viaAes256)
      const EncryptedKeyMaterial = await wrap(parameters, secret(1), length)
      const asked = { KeyId: key.KeyId, ImportToken: parameters.ImportToken, EncryptedKeyMaterial, ...never }
      expect(await verdict(kms, 'ImportKeyMaterial', asked)).toBe('InvalidCiphertextException')
      expect(kms.faults).toEqual([])
    })

    it('belong to one key, one wrapping key, and one day', async () => {
      const kms = await open()
      const [key, other] = [await external(kms), await external(kms)]
      const request = await (await importer(kms, key))(secret(1))
      const foreign = await (await importer(kms, key))(secret(1))
      await checkRows(kms, [
        ['of another key', 'ImportKeyMaterial', { ...request, KeyId: other.KeyId }, 'InvalidImportTokenException'],
        [
          'under another wrapping key',
          'ImportKeyMaterial',
          { ...request, EncryptedKeyMaterial: foreign.EncryptedKeyMaterial },
          'InvalidCiphertextException',
        ],
      ])
      kms.clock.ms += dayMs - 1
      expect(await verdict(kms, 'ImportKeyMaterial', request)).toBe('ok')
      kms.clock.ms += 1
      expect(await verdict(kms, 'ImportKeyMaterial', request)).toBe('ExpiredImportTokenException')
    })
  })
}
