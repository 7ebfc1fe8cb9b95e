import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { must, newKey, type Open, verdict } from './harness'

const texts = fc.string({ unit: 'grapheme', maxLength: 12 })
const contexts = fc.dictionary(texts, texts, { maxKeys: 4 })
const plaintexts = fc.uint8Array({ minLength: 1, maxLength: 200 })

const sameContext = (a: Record<string, string>, b: Record<string, string>) => {
  const pairs = (context: Record<string, string>) =>
    JSON.stringify(Object.entries(context).sort(([x], [y]) => (x < y ? -1 : 1)))
  return pairs(a) === pairs(b)
}

export function properties(open: Open, numRuns: number): void {
  describe('for all plaintexts and contexts', () => {
    it('what Encrypt seals Decrypt opens', async () => {
      const kms = await open()
      const { KeyId, arn } = await newKey(kms)
      const property = fc.asyncProperty(plaintexts, contexts, async (Plaintext, EncryptionContext) => {
        const { CiphertextBlob } = await must(kms, 'Encrypt', {
          KeyId,
          Plaintext: Plaintext.slice(),
          EncryptionContext,
        })
        const opened = await must(kms, 'Decrypt', { CiphertextBlob, EncryptionContext })
        expect([...opened.Plaintext]).toEqual([...Plaintext])
        expect(opened.KeyId).toBe(arn)
      })
      await fc.assert(property, { numRuns })
    })

    it('another context or another bit never opens', async () => {
      const kms = await open()
      const { KeyId } = await newKey(kms)
      const property = fc.asyncProperty(
        plaintexts,
        contexts,
        contexts,
        fc.nat(),
        async (Plaintext, sealed, other, at) => {
          fc.pre(!sameContext(sealed, other))
          const { CiphertextBlob } = await must(kms, 'Encrypt', {
            KeyId,
            Plaintext: Plaintext.slice(),
            EncryptionContext: sealed,
          })
          expect(await verdict(kms, 'Decrypt', { CiphertextBlob, EncryptionContext: other })).toBe(
            'InvalidCiphertextException',
          )
          const bit = at % (CiphertextBlob.length * 8)
          const flipped = CiphertextBlob.map((byte, i) => (i === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte))
          const input = { CiphertextBlob: flipped, EncryptionContext: sealed }
          expect(await verdict(kms, 'Decrypt', input)).toBe('InvalidCiphertextException')
        },
      )
      await fc.assert(property, { numRuns })
    })

    it('a ciphertext of one key is none of another', async () => {
      const kms = await open()
      const [a, b] = [await newKey(kms), await newKey(kms)]
      const property = fc.asyncProperty(plaintexts, contexts, async (Plaintext, EncryptionContext) => {
        const seal = async (KeyId: string) =>
          (await must(kms, 'Encrypt', { KeyId, Plaintext: Plaintext.slice(), EncryptionContext })).CiphertextBlob
        const [ofA, ofB] = [await seal(a.KeyId), await seal(b.KeyId)]
        // The names of one key before what the other sealed.
        const mixed = ofB.slice()
        mixed.set(ofA.subarray(0, 60))
        expect(await verdict(kms, 'Decrypt', { CiphertextBlob: mixed, EncryptionContext })).toBe(
          'InvalidCiphertextException',
        )
      })
      await fc.assert(property, { numRuns: Math.ceil(numRuns / 4) })
    })
  })
}
