import { describe, expect, it } from 'vitest'
import { decodeHex, encodeHex } from '../../src/codec/bytes'
import { encodeDer, encodeUnsigned, readBitString, readDer, readSequence, readUnsigned } from '../../src/codec/der'

const hex = (text: string) => decodeHex(text) as Bytes
const told = (elements: ReturnType<typeof readDer>) =>
  elements?.map(({ tag, contents }) => `${tag}:${encodeHex(contents)}`)

describe('DER', () => {
  it.each([
    ['nothing', '', [], []],
    ['two elements', '0500020105', ['5:', '2:05'], ['5:', '2:05']],
    ['a tag alone', '05', undefined, undefined],
    ['contents cut short', '020201', undefined, undefined],
    ['a long tag number', '1f8101', undefined, undefined],
    ['an indefinite length', '30800000', undefined, undefined],
    ['a length in one octet too many', '02810105', undefined, ['2:05']],
    ['a length with a zero in front', '0282000105', undefined, ['2:05']],
    ['a length of five octets', '0285000000000105', undefined, undefined],
    ['a length of four gigabytes', '0284ffffffff05', undefined, undefined],
    ['length octets cut short', '028201', undefined, undefined],
    ['sixteen elements', '0500'.repeat(16), Array(16).fill('5:'), Array(16).fill('5:')],
    ['seventeen elements', '0500'.repeat(17), undefined, undefined],
  ])('%s', (_, text, der, ber) => {
    expect(told(readDer(hex(text)))).toEqual(der)
    expect(told(readDer(hex(text), 'BER'))).toEqual(ber)
  })

  it.each([
    [0, '0400'],
    [127, `047f${'00'.repeat(127)}`],
    [128, `048180${'00'.repeat(128)}`],
    [256, `04820100${'00'.repeat(256)}`],
  ])('writes %i bytes and reads them again', (length, text) => {
    const written = encodeDer(4, new Uint8Array(length))
    expect(encodeHex(written)).toBe(text)
    expect(readDer(written)?.[0]?.contents.length).toBe(length)
  })

  it('writes no more than 65,535 bytes', () => {
    expect(() => encodeDer(4, new Uint8Array(65_536))).toThrow(RangeError)
  })

  it.each([
    ['020100', '00'],
    ['02017f', '7f'],
    ['02020080', '80'],
    ['020180', undefined],
    ['02020001', undefined],
    ['0200', undefined],
    ['040101', undefined],
  ])('the integer %s is %s', (text, magnitude) => {
    const read = readUnsigned(readDer(hex(text))?.[0])
    expect(read && encodeHex(read)).toBe(magnitude)
    if (read) expect(encodeHex(encodeUnsigned(read))).toBe(text)
  })

  it('bit strings have whole octets', () => {
    expect(readBitString(readDer(hex('03020001'))?.[0])).toEqual(hex('01'))
    expect(readBitString(readDer(hex('03020102'))?.[0])).toBeUndefined()
    expect(readBitString(readDer(hex('0300'))?.[0])).toBeUndefined()
  })

  it('a sequence stands alone', () => {
    expect(told(readSequence(hex('3003020101')))).toEqual(['2:01'])
    expect(readSequence(hex('30030201010500'))).toBeUndefined()
    expect(readSequence(hex('3103020101'))).toBeUndefined()
  })
})
