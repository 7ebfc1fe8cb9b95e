import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeHex, encodeHex } from '../../src/codec/bytes'

describe('hexadecimal', () => {
  it('decodes in either case to what was encoded', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (given) => {
        const bytes = new Uint8Array(given)
        const hex = encodeHex(bytes)
        expect(hex).toBe(Buffer.from(given).toString('hex'))
        expect(decodeHex(hex)).toEqual(bytes)
        expect(decodeHex(hex.toUpperCase())).toEqual(bytes)
      }),
    )
  })

  it('of nothing is nothing', () => expect(decodeHex('')).toEqual(new Uint8Array(0)))

  it.each(['0', 'abc', '0x10', ' 00', '00 ', '00\n', '+1', '-1', '1.', '1e1', '\uff10\uff11', '\u0430a', '\u0130a'])(
    'is not %j',
    (text) => expect(decodeHex(text)).toBeUndefined(),
  )

  it('has 22 digits, in both places of a pair', () => {
    const every = Array.from({ length: 0x10000 }, (_, code) => String.fromCharCode(code))
    for (const accepted of [
      every.filter((char) => decodeHex(`${char}0`)),
      every.filter((char) => decodeHex(`0${char}`)),
    ]) {
      expect(accepted.join('')).toBe('0123456789ABCDEFabcdef')
    }
  })
})
