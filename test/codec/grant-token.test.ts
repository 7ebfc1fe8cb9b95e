import fc from 'fast-check'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { createMemoryStorage } from '../../src/adapters/memory/storage'
import { createRootCrypto, importRootKeys } from '../../src/adapters/webcrypto'
import { concatBytes, decodeBase64Url, decodeHex, encodeBase64Url, encodeHex, encodeUtf8 } from '../../src/codec/bytes'
import { decodeGrantToken, encodeGrantToken } from '../../src/codec/grant-token'
import { decodeToken } from '../../src/codec/token'
import { grantRowId } from '../../src/keys/grant-records'
import { Call } from '../../src/operations/call'
import { newGrantToken, openGrantToken } from '../../src/operations/grant-tokens'
import { composeKms, rootPrincipal } from '../suites/compose'
import vectors from '../vectors/formats.json'

const accountId = '111122223333'
const head = concatBytes(Uint8Array.of(1), encodeUtf8(accountId))
const textOf = (...parts: Bytes[]) => encodeBase64Url(concatBytes(...parts))

afterEach(() => vi.restoreAllMocks())

describe('a grant token', () => {
  it('is a version, an account and a sealed token', () => {
    const sealed = Uint8Array.of(9, 8, 7)
    const text = encodeGrantToken({ accountId, sealed })
    expect(encodeHex(decodeBase64Url(text) as Bytes)).toBe(`01${encodeHex(encodeUtf8(accountId))}090807`)
    expect(decodeGrantToken(text)).toEqual({ accountId, sealed })
  })

  const none: [string, string][] = [
    ['nothing', ''],
    ['a version alone', textOf(Uint8Array.of(1))],
    ['an account cut short', textOf(head.subarray(0, 12))],
    ['version 0', textOf(Uint8Array.of(0), head.subarray(1))],
    ['version 2', textOf(Uint8Array.of(2), head.subarray(1))],
    ['a letter in the account', textOf(Uint8Array.of(1), encodeUtf8('11112222333x'))],
    ['what stands beside the digits', textOf(Uint8Array.of(1), encodeUtf8('11112222333/'))],
    ['and after them', textOf(Uint8Array.of(1), encodeUtf8('11112222333:'))],
    ['padding', `${textOf(head, Uint8Array.of(1))}==`],
    ['the other alphabet', `${textOf(head, Uint8Array.of(0xfb, 0xff))}`.replace(/[-_]/g, '+')],
    ['white space', ` ${textOf(head)}`],
    ['one character over the limit', textOf(head, new Uint8Array(6132)).slice(0, 8192).padEnd(8193, 'A')],
  ]
  it.each(none)('is not %s', (_, text) => expect(decodeGrantToken(text)).toBeUndefined())

  it('is read up to the limit of the service model', () => {
    const text = textOf(head, new Uint8Array(6144 - head.length))
    expect(text).toHaveLength(8192)
    expect(decodeGrantToken(text)?.sealed).toHaveLength(6131)
  })

  it('has one spelling: what decodes is encoded to the same text', () => {
    const bodies = fc.uint8Array({ maxLength: 40 }).map((tail) => textOf(head, Uint8Array.from(tail)))
    const alphabet = 'ABCDwxyz0189-_'
    const nearMiss = fc
      .tuple(bodies, fc.nat(), fc.constantFrom(...alphabet))
      .map(([text, at, char]) => `${text.slice(0, at % text.length)}${char}${text.slice((at % text.length) + 1)}`)
    let [accepted, refused] = [0, 0]
    fc.assert(
      fc.property(fc.oneof(bodies, nearMiss, fc.string({ maxLength: 60 })), (text) => {
        const token = decodeGrantToken(text)
        if (token) expect(encodeGrantToken(token)).toBe(text)
        if (token) accepted++
        else refused++
      }),
      { numRuns: 2000 },
    )
    expect(Math.min(accepted, refused)).toBeGreaterThan(200)
  })

  it('is that of another implementation, read and written', async () => {
    const { keyId, grantId, token, rootId, salt, iv } = vectors.grantToken
    const { accountId, region } = vectors
    const roots = await importRootKeys(
      Object.entries(vectors.roots)
        .map(([id, key]) => `${id}:${key}`)
        .join(),
    )
    const kms = await composeKms(createMemoryStorage(), undefined, createRootCrypto({ accountId, region, roots }))
    const home = { partition: 'aws', accountId, region }
    const request = { principal: rootPrincipal, operation: 'RetireGrant', body: { input: {} }, requestId: '' } as const
    const call = new Call({ ...kms, home }, request)

    expect(decodeToken(decodeGrantToken(token)?.sealed as Bytes)?.rootId).toBe(rootId)
    expect(await openGrantToken(call, token)).toBe(grantRowId(keyId, grantId))
    const elsewhere = new Call({ ...kms, home: { ...home, region: 'eu-west-1' } }, request)
    await expect(openGrantToken(elsewhere, token)).rejects.toThrow('The grant token is not valid.')

    vi.spyOn(crypto, 'getRandomValues').mockImplementation((target) => {
      ;(target as unknown as Uint8Array).set(decodeHex(salt + iv) as Bytes)
      return target
    })
    const grant = { keyId, grantId, createdAtMs: 0, operations: [], issuingAccount: '' }
    expect(await newGrantToken(call, grant)).toBe(token)
  })
})
