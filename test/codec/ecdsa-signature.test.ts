import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeHex } from '../../src/codec/bytes'
import { decodeEcdsaSignature, encodeEcdsaSignature } from '../../src/codec/ecdsa-signature'

const hex = (text: string) => decodeHex(text) as Bytes

describe('ECDSA signatures in DER', () => {
  it.each([32, 48, 66])('of %i-byte fields go there and back', (field) => {
    const numbers = fc.uint8Array({ minLength: 2 * field, maxLength: 2 * field })
    const short = numbers.map((bytes) => bytes.map((byte, i) => (i % field < field - 3 ? 0 : byte)))
    fc.assert(
      fc.property(fc.oneof(numbers, short), (given) => {
        const raw = new Uint8Array(given)
        const der = encodeEcdsaSignature(raw, field)
        expect(decodeEcdsaSignature(der, field)).toEqual(raw)
        expect(decodeEcdsaSignature(new Uint8Array([...der, 0]), field)).toBeUndefined()
        expect(decodeEcdsaSignature(der.slice(0, -1), field)).toBeUndefined()
      }),
    )
  })

  it.each([32, 48, 66])('have one form: what is read of %i-byte fields is written the same', (field) => {
    const valid = encodeEcdsaSignature(new Uint8Array(2 * field).fill(0x91), field)
    fc.assert(
      fc.property(fc.nat(valid.length - 1), fc.nat(255), fc.nat(valid.length), (at, byte, length) => {
        const der = valid.slice(0, length || valid.length)
        der[at % der.length] = byte
        const raw = decodeEcdsaSignature(der, field)
        if (raw) expect(encodeEcdsaSignature(raw, field)).toEqual(der)
      }),
      { numRuns: 3000 },
    )
  })

  it.each([
    ['empty', ''],
    ['a sequence of nothing', '3000'],
    ['one number', '3003020101'],
    ['three numbers', '3009020101020101020101'],
    ['an empty number', '30050200020101'],
    ['a negative number', '3006020181020101'],
    ['a leading zero', '300702020001020101'],
    ['a long length', '308106020101020101'],
    ['an indefinite length', '30800201010201010000'],
    ['a set', '3106020101020101'],
  ])('refuse %s', (_, der) => expect(decodeEcdsaSignature(hex(der), 32)).toBeUndefined())
})
