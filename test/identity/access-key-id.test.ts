import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeAccessKeyId, encodeAccessKeyId } from '../../src/identity/access-key-id'

const accounts = fc.integer({ min: 0, max: 999_999_999_999 }).map((number) => String(number).padStart(12, '0'))

describe('access key ids', () => {
  it('carry their account', () => {
    const random = fc.uint8Array({ minLength: 5, maxLength: 5 })
    const property = fc.property(accounts, random, (accountId, bytes) => {
      const id = encodeAccessKeyId(accountId, Uint8Array.from(bytes))
      expect(id).toMatch(/^AKIA[A-Z2-7]{16}$/)
      expect(decodeAccessKeyId(id)).toBe(accountId)
    })
    fc.assert(property)
  })

  it.each([
    ['AKIA', 'ASIA'],
    ['ASIA', 'AKIA'],
  ] as const)('with the prefix %s are none with %s', (prefix, other) => {
    const id = encodeAccessKeyId('111122223333', new Uint8Array(5), prefix)
    expect(id).toBe(`${prefix}DHPWNEHFAAAAAAAA`)
    expect([decodeAccessKeyId(id, prefix), decodeAccessKeyId(id, other)]).toEqual(['111122223333', undefined])
  })

  it('have one spelling (RFC 4648 base32)', () => {
    // 111122223333 is 0x19df6690e5; Python base64.b32encode of that and five bytes 0xff.
    expect(encodeAccessKeyId('111122223333', new Uint8Array(5).fill(0xff))).toBe('AKIADHPWNEHF77777777')
  })

  it.each([
    ['', undefined],
    ['AKIA', undefined],
    ['ASIADHPWNEHF77777777', undefined],
    ['AKIADHPWNEHF7777777', undefined],
    ['AKIADHPWNEHF777777777', undefined],
    ['AKIADHPWNEHF7777777a', undefined],
    ['AKIADHPWNEHF77777771', undefined],
    // 2^40 - 1 is a number of 13 digits: no account.
    ['AKIA7777777777777777', undefined],
    ['AKIAAAAAAAAAAAAAAAAA', '000000000000'],
  ])('%j names %s', (id, accountId) => {
    expect(decodeAccessKeyId(id)).toBe(accountId)
  })

  it('of any text give an account or nothing', () => {
    fc.assert(fc.property(fc.string({ maxLength: 30 }), (text) => /^(\d{12})?$/.test(decodeAccessKeyId(text) ?? '')))
  })
})
