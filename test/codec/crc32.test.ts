import { crc32 as zlibCrc32 } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeHex, encodeUtf8 } from '../../src/codec/bytes'
import { crc32 } from '../../src/codec/crc32'
import vectors from '../vectors/formats.json'

describe('CRC-32', () => {
  it('has the check value of its catalogue', () => expect(crc32(encodeUtf8('123456789'))).toBe(0xcbf43926))

  it.each(vectors.crc32)('of another implementation, $bytes', ({ bytes, crc32: expected }) => {
    expect(crc32(decodeHex(bytes) as Bytes)).toBe(expected)
  })

  it('is the one of zlib, of all bytes or of the first', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(300), (bytes, most) => {
        const length = Math.min(most, bytes.length)
        expect(crc32(bytes)).toBe(zlibCrc32(bytes))
        expect(crc32(bytes, length)).toBe(zlibCrc32(bytes.subarray(0, length)))
      }),
    )
  })
})
