import { describe, expect, it } from 'vitest'
import { concatBytes, encodeHex } from '../../src/codec/bytes'
import { decodeImportToken, encodeImportToken } from '../../src/codec/import-token'
import { tokenLayout } from '../../src/codec/token'

const value = {
  keyId: '0a1b2c3d-0001-4000-8000-00000000a001',
  wrappingAlgorithm: 'RSAES_OAEP_SHA_256',
  wrappingKeySpec: 'RSA_4096',
  issuedAtMs: 1_795_521_600_123,
  privateKey: Uint8Array.of(1, 2, 3),
} as const

describe('the value of an import token', () => {
  it('is a version, a time and four fields', () => {
    const bytes = encodeImportToken(value)
    const fields = [value.keyId, value.wrappingAlgorithm, value.wrappingKeySpec].map(
      (text) => `${text.length.toString(16).padStart(4, '0')}${encodeHex(new TextEncoder().encode(text))}`,
    )
    const time = value.issuedAtMs.toString(16).padStart(16, '0')
    expect(encodeHex(bytes)).toBe(['01', time, ...fields, '0003010203'].join(''))
    expect(decodeImportToken(bytes)).toEqual(value)
  })

  it('fits the model with the largest wrapping key', async () => {
    const pair = (await crypto.subtle.generateKey(
      { name: 'RSA-OAEP', hash: 'SHA-256', modulusLength: 4096, publicExponent: Uint8Array.of(1, 0, 1) },
      true,
      ['encrypt', 'decrypt'],
    )) as CryptoKeyPair
    const privateKey = new Uint8Array((await crypto.subtle.exportKey('pkcs8', pair.privateKey)) as ArrayBuffer)
    const longestRootId = 32
    const overhead = 2 + longestRootId + tokenLayout.saltBytes + tokenLayout.ivBytes + tokenLayout.tagBytes
    expect(encodeImportToken({ ...value, privateKey }).length + overhead).toBeLessThanOrEqual(tokenLayout.maxBytes)
  }, 30_000)

  it('is nothing else: cut, longer, of another version, with other text', () => {
    const bytes = encodeImportToken(value)
    for (let length = 0; length < bytes.length; length++) {
      expect(decodeImportToken(bytes.subarray(0, length)), `${length} bytes`).toBeUndefined()
    }
    expect(decodeImportToken(concatBytes(bytes, Uint8Array.of(0, 0)))).toBeUndefined()
    expect(decodeImportToken(Uint8Array.of(2, ...bytes.subarray(1)))).toBeUndefined()
    const text = bytes.slice()
    text[11] = 0xff
    expect(decodeImportToken(text)).toBeUndefined()
    const time = bytes.slice()
    time[1] = 0xff
    expect(decodeImportToken(time)).toBeUndefined()
  })
})
