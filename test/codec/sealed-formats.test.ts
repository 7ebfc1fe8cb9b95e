import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { concatBytes, decodeBase64, decodeBase64Url, encodeHex, encodeUtf8 } from '../../src/codec/bytes'
import { encodeFields, maxFieldBytes } from '../../src/codec/fields'
import { decodeToken, encodeToken, tokenLayout } from '../../src/codec/token'
import {
  decodeWrappedMaterial,
  encodeWrappedMaterial,
  isRootId,
  rootIdOf,
  wrappedLayout,
} from '../../src/codec/wrapped-material'
import vectors from '../vectors/formats.json'

const header = (rootId: string, version = 1) => concatBytes(Uint8Array.of(version, rootId.length), encodeUtf8(rootId))
const body = (length: number) => new Uint8Array(length).fill(5)

const formats = [
  { name: 'wrapped material', decode: decodeWrappedMaterial, least: 12 + 16, maxBytes: wrappedLayout.maxBytes },
  { name: 'token', decode: decodeToken, least: 16 + 12 + 16, maxBytes: tokenLayout.maxBytes },
]

describe.each(formats)('$name', ({ decode, least, maxBytes }) => {
  const foreign: [string, Bytes][] = [
    ['nothing', new Uint8Array(0)],
    ['a version alone', Uint8Array.of(1)],
    ['version 0', concatBytes(header('a', 0), body(least))],
    ['version 2', concatBytes(header('a', 2), body(least))],
    ['no root id', concatBytes(Uint8Array.of(1, 0), body(least))],
    ['a root id of 33', concatBytes(header('a'.repeat(33)), body(least))],
    ['a root id cut short', Uint8Array.of(1, 32, 0x61)],
    ['a space in the root id', concatBytes(header('a b'), body(least))],
    ['a byte over 127 in the root id', concatBytes(Uint8Array.of(1, 1, 0xe9), body(least))],
    ['no room for the tag', concatBytes(header('a'), body(least - 1))],
    ['one byte over the limit', concatBytes(header('a'), body(maxBytes - 2))],
  ]
  it.each(foreign)('%s is none', (_, bytes) => expect(decode(bytes)).toBeUndefined())

  it('has the ends of its range', () => {
    for (const rootId of ['a', 'A-z_0.9'.padEnd(32, 'x')]) {
      expect(decode(concatBytes(header(rootId), body(least)))).toMatchObject({ rootId })
      expect(decode(concatBytes(header(rootId), body(maxBytes - 2 - rootId.length)))).toMatchObject({ rootId })
    }
  })
})

describe('sealed formats', () => {
  it('have one spelling: what decodes is encoded to the same bytes', () => {
    const ids = fc.stringMatching(/^[A-Za-z0-9_.-]{1,32}$/)
    const bodies = fc.uint8Array({ minLength: 20, maxLength: 100 })
    const nearMiss = fc.tuple(ids, bodies).map(([id, tail]) => concatBytes(header(id), tail))
    let accepted = 0
    fc.assert(
      fc.property(fc.oneof(nearMiss, fc.uint8Array({ maxLength: 100 })), (given) => {
        const bytes = new Uint8Array(given)
        const wrapped = decodeWrappedMaterial(bytes)
        const token = decodeToken(bytes)
        if (wrapped) expect(encodeWrappedMaterial(wrapped)).toEqual(bytes)
        if (token) expect(encodeToken(token)).toEqual(bytes)
        if (wrapped || token) accepted++
      }),
      { numRuns: 1000 },
    )
    expect(accepted).toBeGreaterThan(50)
  })

  it('are read in the vectors of another implementation', () => {
    for (const { rootId, iv, wrapped } of vectors.materials) {
      const bytes = decodeBase64(wrapped) as Bytes
      expect([rootIdOf(bytes), encodeHex(decodeWrappedMaterial(bytes)?.iv as Bytes)]).toEqual([rootId, iv])
    }
    for (const { rootId, salt, iv, token } of vectors.tokens) {
      const decoded = decodeToken(decodeBase64Url(token) as Bytes)
      expect([decoded?.rootId, encodeHex(decoded?.salt as Bytes), encodeHex(decoded?.iv as Bytes)]).toEqual([
        rootId,
        salt,
        iv,
      ])
    }
  })

  it('name no root key when they are no wrapped material', () =>
    expect(rootIdOf(encodeUtf8('nonsense'))).toBeUndefined())

  it('take root ids of one form', () => {
    expect(['a', 'A_z.0-9', 'x'.repeat(32)].every(isRootId)).toBe(true)
    expect(['', 'x'.repeat(33), 'a b', 'a:b', 'ü', 'a\n'].some(isRootId)).toBe(false)
    const parts = { iv: body(12), salt: body(16), sealed: body(16) }
    expect(() => encodeWrappedMaterial({ rootId: 'a b', ...parts })).toThrow(RangeError)
    expect(() => encodeToken({ rootId: '', ...parts })).toThrow(RangeError)
  })
})

describe('field lists', () => {
  it('state each length in two bytes', () => {
    expect(encodeHex(encodeFields('ab', Uint8Array.of(0xff), ''))).toBe('0002616200' + '01ff0000')
    expect(encodeHex(encodeFields('é'))).toBe('0002c3a9')
    expect(encodeFields()).toEqual(new Uint8Array(0))
  })

  it('are different for different lists', () => {
    const lists = fc.array(fc.constantFrom('', 'a', 'b', 'ab', '\0', '\0\u0001a'), { maxLength: 4 })
    fc.assert(
      fc.property(lists, lists, (a, b) => {
        expect(encodeHex(encodeFields(...a)) === encodeHex(encodeFields(...b))).toBe(
          JSON.stringify(a) === JSON.stringify(b),
        )
      }),
      { numRuns: 1000 },
    )
  })

  it('refuse what they cannot state', () => {
    expect(encodeFields(new Uint8Array(maxFieldBytes)).length).toBe(maxFieldBytes + 2)
    expect(() => encodeFields(new Uint8Array(maxFieldBytes + 1))).toThrow(RangeError)
    expect(() => encodeFields('\ud800')).toThrow(RangeError)
  })
})
