import { describe, expect, it } from 'vitest'
import { concatBytes, decodeBase64, decodeHex, encodeHex } from '../../src/codec/bytes'
import type { MacHandle } from '../../src/ports/crypto'
import ecdsaUrl from '../vectors/wycheproof/ecdsa_secp256r1_sha256_test.json.gz?url&inline'
import hmacUrl from '../vectors/wycheproof/hmac_sha224_test.json.gz?url&inline'
import mlDsaUrl from '../vectors/wycheproof/mldsa_44_verify_test.json.gz?url&inline'
import pssUrl from '../vectors/wycheproof/rsa_pss_2048_sha256_mgf1_32_test.json.gz?url&inline'
import { digest, keyOf, toSign, verifier } from './software-keys'

interface Group<T> {
  readonly publicKey: string
  readonly publicKeyDer: string
  readonly tagSize: number
  readonly tests: readonly (T & { readonly tcId: number; readonly msg: string; readonly result: string })[]
}

async function groupsOf<T>(dataUrl: string): Promise<readonly Group<T>[]> {
  const packed = decodeBase64(dataUrl.slice(dataUrl.indexOf(',') + 1)) as Bytes
  const stream = new Response(packed).body?.pipeThrough(new DecompressionStream('gzip') as never)
  const file = (await new Response(stream as never).json()) as { testGroups: Group<T>[]; numberOfTests: number }
  expect(file.testGroups.reduce((sum, { tests }) => sum + tests.length, 0)).toBe(file.numberOfTests)
  return file.testGroups
}

const hex = (text: string) => decodeHex(text) as Bytes

/** Wycheproof's cases for what the software provider does; each group counts. */
export function softwareVectorsSuite() {
  describe('Wycheproof', () => {
    it('HMAC-SHA-224', async () => {
      const counts: Record<string, number> = {}
      const groups = await groupsOf<{ key: string; tag: string }>(hmacUrl)
      for (const { tests, tagSize } of groups) {
        for (const { tcId, key, msg, tag, result } of tests) {
          const { handle } = keyOf<MacHandle>('HMAC_224', 'GENERATE_VERIFY_MAC', hex(key), undefined)
          const mac = await handle.generate(hex(msg))
          // A MAC cut short is none here, yet its beginning must be right.
          const begins = encodeHex(mac.subarray(0, tagSize / 8)) === tag
          expect([tcId, begins]).toEqual([tcId, result === 'valid'])
          const verified = await handle.verify(hex(msg), hex(tag))
          expect([tcId, verified]).toEqual([tcId, result === 'valid' && tagSize === 224])
          counts[`${result} ${tagSize}`] = (counts[`${result} ${tagSize}`] ?? 0) + 1
        }
      }
      expect(groups.length).toBe(6)
      expect(counts).toEqual({ 'invalid 112': 52, 'invalid 224': 54, 'valid 112': 33, 'valid 224': 33 })
    })

    it('ECDSA P-256 SHA-256, over messages and digests', async () => {
      const counts: Record<string, number> = {}
      const groups = await groupsOf<{ sig: string }>(ecdsaUrl)
      for (const { publicKeyDer, tests } of groups) {
        const handle = verifier('ECC_NIST_P256', hex(publicKeyDer))
        for (const { tcId, msg, sig, result } of tests) {
          const hashed = toSign('ECDSA_SHA_256', 'DIGEST', await digest('SHA-256', hex(msg)))
          const verified = [
            await handle.verify(toSign('ECDSA_SHA_256', 'RAW', hex(msg)), hex(sig)),
            await handle.verify(hashed, hex(sig)),
          ]
          if (result !== 'acceptable') {
            expect([tcId, ...verified]).toEqual([tcId, result === 'valid', result === 'valid'])
          }
          counts[result] = (counts[result] ?? 0) + 1
        }
      }
      expect(groups.length).toBe(113)
      expect(counts).toEqual({ invalid: 310, valid: 174 })
    })

    it('RSASSA-PSS 2048 SHA-256, over messages and digests', async () => {
      const counts: Record<string, number> = {}
      const groups = await groupsOf<{ sig: string }>(pssUrl)
      for (const { publicKeyDer, tests } of groups) {
        const handle = verifier('RSA_2048', hex(publicKeyDer))
        for (const { tcId, msg, sig, result } of tests) {
          const hashed = toSign('RSASSA_PSS_SHA_256', 'DIGEST', await digest('SHA-256', hex(msg)))
          const verified = [
            await handle.verify(toSign('RSASSA_PSS_SHA_256', 'RAW', hex(msg)), hex(sig)),
            await handle.verify(hashed, hex(sig)),
          ]
          if (result !== 'acceptable') {
            expect([tcId, ...verified]).toEqual([tcId, result === 'valid', result === 'valid'])
          }
          counts[result] = (counts[result] ?? 0) + 1
        }
      }
      expect(groups.length).toBe(1)
      expect(counts).toEqual({ invalid: 45, valid: 63 })
    })

    it('ML-DSA-44, of which those with a context fail', async () => {
      const counts: Record<string, number> = {}
      const groups = await groupsOf<{ sig: string; ctx?: string }>(mlDsaUrl)
      const spkiOf = (key: Bytes) => concatBytes(hex('30820532300b06096086480165030403110382052100'), key)
      for (const { publicKey, tests } of groups) {
        for (const { tcId, msg, sig, ctx, result } of tests) {
          const handle = verifier('ML_DSA_44', spkiOf(hex(publicKey)))
          const verify = () => handle.verify(toSign('ML_DSA_SHAKE_256', 'RAW', hex(msg)), hex(sig))
          const verified = hex(publicKey).length === 1312 ? await verify() : await verify().catch(() => false)
          expect([tcId, verified]).toEqual([tcId, result === 'valid' && !ctx])
          const kind = ctx ? 'with context' : result
          counts[kind] = (counts[kind] ?? 0) + 1
        }
      }
      expect(groups.length).toBe(27)
      expect(counts).toEqual({ invalid: 98, valid: 75, 'with context': 7 })
    })
  })
}
