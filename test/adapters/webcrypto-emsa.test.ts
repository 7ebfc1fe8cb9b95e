import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { encodePkcs1, encodePss, isPkcs1, isPss } from '../../src/adapters/webcrypto/emsa'
import { rsaPublic, rsaPublicOperation } from '../../src/adapters/webcrypto/rsa-public'
import { decodeHex } from '../../src/codec/bytes'

const hex = (text: string) => decodeHex(text) as Bytes
const hashes = ['SHA-256', 'SHA-384', 'SHA-512'] as const

describe('RSASSA-PSS over a digest', () => {
  it('agrees with Wycheproof in every case', async () => {
    const path = new URL('../vectors/wycheproof/rsa_pss_2048_sha256_mgf1_32_test.json.gz', import.meta.url)
    const suite = JSON.parse(gunzipSync(readFileSync(path)).toString()) as {
      numberOfTests: number
      testGroups: { publicKeyDer: string; tests: { tcId: number; msg: string; sig: string; result: string }[] }[]
    }
    let seen = 0
    for (const { publicKeyDer, tests } of suite.testGroups) {
      const key = rsaPublic(hex(publicKeyDer))
      for (const { tcId, msg, sig, result } of tests) {
        const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', hex(msg)))
        const block = sig.length === 512 ? rsaPublicOperation(key, hex(sig)) : undefined
        const verified = block !== undefined && (await isPss('SHA-256', digest, block))
        if (result !== 'acceptable') expect([tcId, verified]).toEqual([tcId, result === 'valid'])
        seen++
      }
    }
    expect(seen).toBe(suite.numberOfTests)
  })

  it.each(hashes)('%s: refuses every other byte of the block', async (hash) => {
    const digest = new Uint8Array(await crypto.subtle.digest(hash, Uint8Array.of(1)))
    const block = await encodePss(hash, digest, 256)
    expect(await isPss(hash, digest, block)).toBe(true)
    for (let at = 0; at < block.length; at++) {
      const changed = block.slice()
      changed[at] = (changed[at] as number) ^ 0x10
      expect([at, await isPss(hash, digest, changed)]).toEqual([at, false])
    }
  })
})

describe('RSASSA-PKCS1-v1_5 over a digest', () => {
  it.each(hashes)('%s: refuses every other byte of the block', async (hash) => {
    const digest = new Uint8Array(await crypto.subtle.digest(hash, Uint8Array.of(1)))
    const block = encodePkcs1(hash, digest, 256)
    expect(isPkcs1(hash, digest, block)).toBe(true)
    for (let at = 0; at < block.length; at++) {
      const changed = block.slice()
      changed[at] = (changed[at] as number) ^ 1
      expect([at, isPkcs1(hash, digest, changed)]).toEqual([at, false])
    }
  })
})

describe('RSA public keys', () => {
  it.each([
    ['empty', ''],
    ['another sequence', '3003020101'],
    ['a length beyond the end', '30820122300d'],
  ])('refuse %s', (_, der) => expect(() => rsaPublic(hex(der))).toThrow('not the public key'))
})
