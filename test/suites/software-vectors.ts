import { describe, expect, it } from 'vitest'
import { encodeHex } from '../../src/codec/bytes'
import type { SigningAlgorithmSpec } from '../../src/model/generated/types'
import type { MacHandle } from '../../src/ports/crypto'
import ecdsaUrl from '../vectors/wycheproof/ecdsa_secp256r1_sha256_test.json.gz?url&inline'
import hmacUrl from '../vectors/wycheproof/hmac_sha224_test.json.gz?url&inline'
import mlDsaUrl from '../vectors/wycheproof/mldsa_44_verify_test.json.gz?url&inline'
import pssUrl from '../vectors/wycheproof/rsa_pss_2048_sha256_mgf1_32_test.json.gz?url&inline'
import { digest, keyOf, toSign, verifier } from './software-keys'
import { everyCase, hex } from './wycheproof'

interface SignatureCase {
  readonly msg: string
  readonly sig: string
}

/** Wycheproof's cases for what the software provider does. */
export function softwareVectorsSuite() {
  describe('Wycheproof', () => {
    it('HMAC-SHA-224', async () => {
      const kinds = { valid: 33, invalid: 54, 'valid, cut': 33, 'invalid, cut': 52 }
      await everyCase<{ key: string; msg: string; tag: string }, { tagSize: number }>(
        hmacUrl,
        { groups: 6, kinds },
        async ({ tcId, key, msg, tag, result }, { tagSize }) => {
          const { handle } = keyOf<MacHandle>('HMAC_224', 'GENERATE_VERIFY_MAC', hex(key), undefined)
          const mac = await handle.generate(hex(msg))
          // A MAC cut short is none here, yet its beginning must be right.
          const begins = encodeHex(mac.subarray(0, tagSize / 8)) === tag
          expect([tcId, begins]).toEqual([tcId, result === 'valid'])
          const whole = tagSize === 224
          const verified = await handle.verify(hex(msg), hex(tag))
          expect([tcId, verified]).toEqual([tcId, result === 'valid' && whole])
          return whole ? result : `${result}, cut`
        },
      )
    })

    it.each([
      [
        'ECDSA P-256 SHA-256',
        'ECC_NIST_P256',
        'ECDSA_SHA_256',
        ecdsaUrl,
        { groups: 113, kinds: { valid: 174, invalid: 310 } },
      ],
      [
        'RSASSA-PSS 2048 SHA-256',
        'RSA_2048',
        'RSASSA_PSS_SHA_256',
        pssUrl,
        { groups: 1, kinds: { valid: 63, invalid: 45 } },
      ],
    ] as const)('%s, over messages and digests', async (_, keySpec, algorithm, url, expected) => {
      await everyCase<SignatureCase, { publicKeyDer: string }>(
        url,
        expected,
        async ({ tcId, msg, sig, result }, { publicKeyDer }) => {
          const handle = verifier(keySpec, hex(publicKeyDer))
          const signed: SigningAlgorithmSpec = algorithm
          const verified = [
            await handle.verify(toSign(signed, 'RAW', hex(msg)), hex(sig)),
            await handle.verify(toSign(signed, 'DIGEST', await digest('SHA-256', hex(msg))), hex(sig)),
          ]
          expect([tcId, ...verified]).toEqual([tcId, result === 'valid', result === 'valid'])
          return result
        },
      )
    })

    it('ML-DSA-44, of which those with a context fail', async () => {
      const kinds = { valid: 75, invalid: 94, 'with a context': 7, 'no public key': 4 }
      await everyCase<SignatureCase & { ctx?: string }, { publicKey: string; publicKeyDer: string }>(
        mlDsaUrl,
        { groups: 27, kinds },
        async ({ tcId, msg, sig, ctx, result }, { publicKey, publicKeyDer }) => {
          const handle = verifier('ML_DSA_44', hex(publicKeyDer))
          const verified = handle.verify(toSign('ML_DSA_SHAKE_256', 'RAW', hex(msg)), hex(sig))
          if (publicKey.length !== 2 * 1312) {
            await expect(verified).rejects.toThrow()
            return 'no public key'
          }
          expect([tcId, await verified]).toEqual([tcId, result === 'valid' && !ctx])
          return ctx ? 'with a context' : result
        },
      )
    })
  })
}
