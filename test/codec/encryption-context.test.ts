import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { encodeHex } from '../../src/codec/bytes'
import { encodeEncryptionContext, maxEncryptionContextBytes } from '../../src/codec/encryption-context'
import vectors from '../vectors/formats.json'

const hexOf = (context?: Record<string, string>) => {
  const encoded = encodeEncryptionContext(context)
  return encoded && encodeHex(encoded)
}

describe('EncryptionContext as AAD', () => {
  it('equals another implementation', () => {
    expect(vectors.contexts.length).toBe(5)
    for (const { context, encoded } of vectors.contexts) {
      expect(hexOf(context as unknown as Record<string, string>)).toBe(encoded)
    }
  })

  const encodings: [string, Record<string, string> | undefined, string][] = [
    ['absent', undefined, ''],
    ['empty', {}, ''],
    ['an empty pair', { '': '' }, '000100000000'],
    ['one pair', { ab: 'c' }, '0001000261620001' + '63'],
    ['the other cut', { a: 'bc' }, '0001000161' + '00026263'],
    ['a name of the prototype', JSON.parse('{"__proto__":"x"}'), '000100095f5f70726f746f5f5f000178'],
  ]
  it.each(encodings)('%s', (_, context, expected) => expect(hexOf(context)).toBe(expected))

  it('does not depend on the order of pairs, sorted by their UTF-8 bytes', () => {
    const pairs = fc.uniqueArray(fc.tuple(fc.string({ unit: 'grapheme', maxLength: 8 }), fc.string()), {
      selector: ([name]) => name,
    })
    fc.assert(
      fc.property(pairs, (given) => {
        expect(hexOf(Object.fromEntries(given))).toBe(hexOf(Object.fromEntries([...given].reverse())))
      }),
    )
    // U+FFEE before U+10000 in UTF-8, after it in UTF-16.
    expect(hexOf({ '\u{10000}': '', '\uffee': '' })).toBe('0002' + '0003efbfae0000' + '0004f09080800000')
  })

  it('is different for different contexts', () => {
    const texts = fc.constantFrom('', 'a', 'b', 'ab', 'é', 'e\u0301', 'A', '\0', '\0\u0001a')
    const contexts = fc.dictionary(texts, texts, { maxKeys: 3 })
    const sorted = (context: Record<string, string>) =>
      JSON.stringify(Object.entries(context).sort(([a], [b]) => (a < b ? -1 : 1)))
    fc.assert(
      fc.property(contexts, contexts, (a, b) => {
        expect(hexOf(a) === hexOf(b)).toBe(sorted(a) === sorted(b))
      }),
      { numRuns: 1000 },
    )
  })

  const longest = maxEncryptionContextBytes - 2 - 4 - 1
  const refused: [string, Record<string, string>][] = [
    ['one byte too long', { k: 'x'.repeat(longest + 1) }],
    ['too long in UTF-8 only', { k: 'é'.repeat(longest / 2 + 1) }],
    ['too long by its names', Object.fromEntries(Array.from({ length: 2000 }, (_, i) => [`${i}`, '']))],
    ['huge', { k: 'x'.repeat(1 << 20) }],
    ['half a surrogate pair in a value', { k: '\ud800' }],
    ['half a surrogate pair in a name', { '\udc00': 'x' }],
  ]
  it.each(refused)('is none when %s', (_, context) => expect(encodeEncryptionContext(context)).toBeUndefined())

  it('may fill its limit', () => {
    expect(encodeEncryptionContext({ k: 'x'.repeat(longest) })?.length).toBe(maxEncryptionContextBytes)
  })
})
