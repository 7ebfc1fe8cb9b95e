import { crc32 } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { concatBytes, decodeHex, encodeHex } from '../../src/codec/bytes'
import { blobLayout, blobMaterialId, decodeBlobHeader, encodeBlobPrefix } from '../../src/codec/ciphertext-blob'
import vectors from '../vectors/formats.json'

const hex = (text: string) => decodeHex(text) as Bytes
const identity = {
  accountId: '000122223333',
  keyId: '1234abcd-12ab-34cd-56ef-1234567890ab',
  materialId: '0123456789abcdef'.repeat(4),
}
const rest = (length = 44) => new Uint8Array(length).fill(9)
/** The blob with the check that zlib gives it, in place. */
const checked = (blob: Bytes) => {
  new DataView(blob.buffer).setUint32(56, crc32(blob.subarray(0, 56)))
  return blob
}
const blobWith = (change: (blob: Bytes) => void) => {
  const blob = concatBytes(encodeBlobPrefix(identity), rest())
  change(blob)
  return blob
}
/** Wrong though its check is right. */
const checkedBlobWith = (change: (blob: Bytes) => void) => checked(blobWith(change))
const flip = (blob: Bytes, bit: number) => {
  blob[bit >> 3] = (blob[bit >> 3] as number) ^ (0x80 >> (bit & 7))
}

describe('ciphertext blob', () => {
  it('begins as the specification says', () => {
    const names = `01${identity.accountId}001234abcd12ab34cd56ef1234567890ab${identity.materialId}`
    const check = crc32(hex(names)).toString(16).padStart(8, '0')
    expect(encodeHex(encodeBlobPrefix(identity))).toBe(names + check)
    expect(encodeBlobPrefix(identity).length).toBe(blobLayout.prefixBytes)
    const mrk = { ...identity, keyId: 'mrk-ffeeddccbbaa99887766554433221100' }
    expect(encodeHex(encodeBlobPrefix(mrk)).slice(14, 48)).toBe('01ffeeddccbbaa99887766554433221100')
  })

  it.each(vectors.materials)('of another implementation, $keyId', ({ accountId, keyId, materialId, blobs }) => {
    expect(blobs.length).toBe(3)
    for (const { blob, plaintext } of blobs) {
      expect(decodeBlobHeader(hex(blob))).toEqual({ accountId, keyId, materialId })
      expect(blob.startsWith(encodeHex(encodeBlobPrefix({ accountId, keyId, materialId })))).toBe(true)
      expect(blob.length / 2 - plaintext.length / 2).toBe(blobLayout.overheadBytes)
      expect(encodeHex(blobMaterialId(hex(blob)))).toBe(materialId)
    }
  })

  it('leaves room for 4,096 bytes', () => {
    expect(4096 + blobLayout.overheadBytes).toBeLessThanOrEqual(blobLayout.maxBytes)
    expect(blobLayout.maxPlaintextBytes + blobLayout.overheadBytes).toBe(blobLayout.maxBytes)
    expect(blobLayout.prefixBytes + blobLayout.saltBytes + blobLayout.ivBytes).toBe(blobLayout.headerBytes)
  })

  const foreign: [string, Bytes][] = [
    ['nothing', new Uint8Array(0)],
    ['the header alone', concatBytes(encodeBlobPrefix(identity), rest(28))],
    ['one byte short', concatBytes(encodeBlobPrefix(identity), rest(43))],
    ['one byte long', concatBytes(encodeBlobPrefix(identity), rest(6144 - 59))],
    ['version 0', checkedBlobWith((blob) => blob.set([0]))],
    ['version 2', checkedBlobWith((blob) => blob.set([2]))],
    ['a letter in the account', checkedBlobWith((blob) => blob.set([0xa0], 6))],
    ['a letter in the first half', checkedBlobWith((blob) => blob.set([0x0a], 1))],
    ['a check of another order', blobWith((blob) => blob.subarray(56, 60).reverse())],
    ['no check', blobWith((blob) => blob.fill(0, 56, 60))],
    ['another kind of key id', checkedBlobWith((blob) => blob.set([2], 7))],
  ]
  it.each(foreign)('%s is none', (_, blob) => expect(decodeBlobHeader(blob)).toBeUndefined())

  it('has the ends of its range', () => {
    expect(decodeBlobHeader(concatBytes(encodeBlobPrefix(identity), rest(44)))).toEqual(identity)
    expect(decodeBlobHeader(concatBytes(encodeBlobPrefix(identity), rest(6144 - 60)))).toEqual(identity)
  })

  it('is found from a view into a longer buffer', () => {
    const blob = concatBytes(Uint8Array.of(1, 2, 3), encodeBlobPrefix(identity), rest()).subarray(3)
    expect(decodeBlobHeader(blob)).toEqual(identity)
  })

  it('of any identity decodes to it', () => {
    const hexOf = (bytes: number) =>
      fc.uint8Array({ minLength: bytes, maxLength: bytes }).map((given) => Buffer.from(given).toString('hex'))
    const account = fc.nat(999_999_999_999).map((number) => String(number).padStart(12, '0'))
    const keyId = fc.oneof(
      fc.uuid(),
      hexOf(16).map((id) => `mrk-${id}`),
    )
    fc.assert(
      fc.property(account, keyId, hexOf(32), (accountId, keyId, materialId) => {
        const prefix = encodeBlobPrefix({ accountId, keyId, materialId })
        expect(checked(prefix.slice())).toEqual(prefix)
        expect(decodeBlobHeader(concatBytes(prefix, rest()))).toEqual({ accountId, keyId, materialId })
      }),
    )
  })

  const prefixBits = blobLayout.prefixBytes * 8
  const found = (blobs: Iterable<Bytes>) => Array.from(blobs, decodeBlobHeader).filter(Boolean)

  it('is none with one or two bits of the prefix flipped', () => {
    function* flipped() {
      for (let one = 0; one < prefixBits; one++) {
        for (let other = one; other < prefixBits; other++) {
          yield blobWith((blob) => {
            flip(blob, one)
            if (other !== one) flip(blob, other)
          })
        }
      }
    }
    expect(found([blobWith(() => {})])).toEqual([identity])
    expect(found(flipped())).toEqual([])
  })

  it('is none with up to four bytes in a row replaced, and with the names of another blob under its check', () => {
    const change = fc.uint8Array({ minLength: 1, maxLength: 4 }).filter((bytes) => bytes.some(Boolean))
    fc.assert(
      fc.property(change, fc.nat(56), (bytes, at) => {
        const spoil = (blob: Bytes) => {
          for (const [i, byte] of bytes.entries()) blob[at + i] = (blob[at + i] as number) ^ byte
        }
        expect(decodeBlobHeader(blobWith(spoil))).toBeUndefined()
      }),
      { numRuns: 2000 },
    )
    const other = encodeBlobPrefix({ ...identity, keyId: 'ffffffff-12ab-34cd-56ef-1234567890ab' })
    expect(decodeBlobHeader(blobWith((blob) => blob.set(other.subarray(0, 56))))).toBeUndefined()
  })

  it('leaves salt, IV, ciphertext and tag to the tag', () => {
    for (let bit = prefixBits; bit < blobLayout.overheadBytes * 8; bit++) {
      expect(decodeBlobHeader(blobWith((blob) => flip(blob, bit)))).toEqual(identity)
    }
  })

  it('has one spelling: what decodes is encoded to the same bytes', () => {
    const nearMiss = fc
      .tuple(fc.uint8Array({ minLength: 6, maxLength: 6 }), fc.nat(2), fc.uint8Array({ minLength: 96, maxLength: 300 }))
      .map(([account, kind, tail]) =>
        checked(
          concatBytes(
            Uint8Array.of(1),
            account.map((b) => b % 0x9a),
            Uint8Array.of(kind),
            tail,
          ),
        ),
      )
    let accepted = 0
    fc.assert(
      fc.property(fc.oneof(nearMiss, fc.uint8Array({ maxLength: 400 })), (given) => {
        const blob = new Uint8Array(given)
        const decoded = decodeBlobHeader(blob)
        if (!decoded) return
        accepted++
        expect(encodeBlobPrefix(decoded)).toEqual(blob.slice(0, blobLayout.prefixBytes))
      }),
      { numRuns: 2000 },
    )
    expect(accepted).toBeGreaterThan(20)
  })

  const misshapen = [
    { accountId: '12345678901' },
    { accountId: '12345678901x' },
    { keyId: identity.keyId.toUpperCase() },
    { keyId: 'alias/x' },
    { materialId: '00' },
    { materialId: identity.materialId.toUpperCase() },
  ]
  it.each(misshapen)('is not begun with %j', (change) => {
    expect(() => encodeBlobPrefix({ ...identity, ...change })).toThrow(RangeError)
  })
})
