import { describe, expect, it } from 'vitest'
import { decryptGcm, encryptGcm, hkdf } from '../../src/adapters/webcrypto/aes-gcm'
import { findFamily } from '../../src/adapters/webcrypto/families'
import { createHandle } from '../../src/adapters/webcrypto/handles'
import { createMacHandle } from '../../src/adapters/webcrypto/mac'
import { unwrapKwp, wrapKwp } from '../../src/codec/aes-kwp'
import { encodeHex } from '../../src/codec/bytes'
import type { KeySpec } from '../../src/model/generated/types'
import type { SigningHandle } from '../../src/ports/crypto'
import gcmUrl from '../vectors/wycheproof/aes_gcm_test.json.gz?url&inline'
import kwpUrl from '../vectors/wycheproof/aes_kwp_test.json.gz?url&inline'
import ecdsaUrl from '../vectors/wycheproof/ecdsa_secp256r1_sha256_test.json.gz?url&inline'
import hkdf256Url from '../vectors/wycheproof/hkdf_sha256_test.json.gz?url&inline'
import hkdf384Url from '../vectors/wycheproof/hkdf_sha384_test.json.gz?url&inline'
import hkdf512Url from '../vectors/wycheproof/hkdf_sha512_test.json.gz?url&inline'
import hmac256Url from '../vectors/wycheproof/hmac_sha256_test.json.gz?url&inline'
import hmac384Url from '../vectors/wycheproof/hmac_sha384_test.json.gz?url&inline'
import hmac512Url from '../vectors/wycheproof/hmac_sha512_test.json.gz?url&inline'
import mlDsaUrl from '../vectors/wycheproof/mldsa_44_verify_test.json.gz?url&inline'
import { toSign } from './software-keys'
import { everyCase, hex } from './wycheproof'

interface GcmCase {
  readonly key: string
  readonly iv: string
  readonly aad: string
  readonly msg: string
  readonly ct: string
  readonly tag: string
}
interface KwpCase {
  readonly key: string
  readonly msg: string
  readonly ct: string
}
interface HkdfCase {
  readonly ikm: string
  readonly salt: string
  readonly info: string
  /** Bytes. */
  readonly size: number
  readonly okm: string
}
interface HmacCase {
  readonly key: string
  readonly msg: string
  readonly tag: string
}
interface SignatureCase {
  readonly msg: string
  readonly sig: string
}

/** A handle on WebCrypto that verifies alone. */
async function nativeVerifier(keySpec: KeySpec, spki: Bytes): Promise<SigningHandle> {
  const family = findFamily(keySpec, 'SIGN_VERIFY')
  if (!family) throw new Error(`no ${keySpec} here`)
  const handle = await createHandle({
    family,
    keySpec,
    materialId: new Uint8Array(32),
    secretKey: () => Promise.reject(new Error('there is no private key')),
    publicKey: spki,
    prehashed: undefined,
    rsaPrivate: undefined,
  })
  if (handle.kind !== 'signing') throw new Error('a key that does not sign')
  return handle
}

/** Wycheproof's cases for the functions below the operations. */
export function wycheproofModules(): void {
  describe('Wycheproof, modules', () => {
    // Node 24 opens none of the file under IVs of 80 bits or less, nor of 2056. The formats have 96 bits.
    it('AES-GCM', async () => {
      const kinds = { valid: 189, invalid: 87, 'valid, IV that not every runtime takes': 40 }
      await everyCase<GcmCase, { ivSize: number; tagSize: number }>(
        gcmUrl,
        { groups: 45, kinds },
        async ({ tcId, key: raw, iv, aad, msg, ct, tag, result }, { ivSize, tagSize }) => {
          expect(tagSize).toBe(128)
          const key = await crypto.subtle.importKey('raw', hex(raw), 'AES-GCM', false, ['encrypt', 'decrypt'])
          const parameters = { iv: hex(iv), additionalData: hex(aad) }
          const plaintext = await decryptGcm(key, parameters, hex(ct + tag))
          const told = plaintext && encodeHex(plaintext)
          if (result === 'valid' && (ivSize < 96 || ivSize > 1024)) {
            expect([tcId, told ?? msg]).toEqual([tcId, msg])
            return 'valid, IV that not every runtime takes'
          }
          expect([tcId, told]).toEqual([tcId, result === 'valid' ? msg : undefined])
          if (result === 'valid') {
            expect([tcId, encodeHex(await encryptGcm(key, parameters, hex(msg)))]).toEqual([tcId, ct + tag])
          }
          return result
        },
      )
    })

    it('AES key wrap with padding', async () => {
      const kinds = {
        'valid, 128 bits': 25,
        'invalid, 128 bits': 50,
        'valid, 192 bits': 27,
        'invalid, 192 bits': 58,
        'valid, 256 bits': 25,
        'invalid, 256 bits': 69,
      }
      await everyCase<KwpCase, { keySize: number }>(
        kwpUrl,
        { groups: 3, kinds },
        async ({ tcId, key, msg, ct, result }, { keySize }) => {
          const aes = await crypto.subtle.importKey('raw', hex(key), 'AES-CBC', false, ['encrypt', 'decrypt'])
          const opened = await unwrapKwp(aes, hex(ct))
          expect([tcId, opened && encodeHex(opened)]).toEqual([tcId, result === 'valid' ? msg : undefined])
          if (result === 'valid') expect([tcId, encodeHex(await wrapKwp(aes, hex(msg)))]).toEqual([tcId, ct])
          return `${result}, ${keySize} bits`
        },
      )
    })

    // The formats use SHA-256 alone: the other two show that the runtime's HKDF is sound with the same parameters.
    it.each([
      ['SHA-256', hkdf256Url, { groups: 5, kinds: { valid: 83, invalid: 3 } }],
      ['SHA-384', hkdf384Url, { groups: 4, kinds: { valid: 80, invalid: 3 } }],
      ['SHA-512', hkdf512Url, { groups: 4, kinds: { valid: 80, invalid: 3 } }],
    ] as const)('HKDF-%s', async (hash, url, expected) => {
      await everyCase<HkdfCase>(url, expected, async ({ tcId, ikm, salt, info, size, okm, result }) => {
        const parameters = hkdf(hex(salt), hex(info))
        if (hash === 'SHA-256') expect(parameters.hash).toBe(hash)
        const key = await crypto.subtle.importKey('raw', hex(ikm), 'HKDF', false, ['deriveBits'])
        const output = await crypto.subtle.deriveBits({ ...parameters, hash }, key, size * 8).then(
          (bits) => encodeHex(new Uint8Array(bits)),
          () => undefined, // more than 255 blocks (RFC 5869 section 2.3)
        )
        expect([tcId, output]).toEqual([tcId, result === 'valid' ? okm : undefined])
        return result
      })
    })

    it.each([
      [256, hmac256Url],
      [384, hmac384Url],
      [512, hmac512Url],
    ] as const)('HMAC-SHA-%i', async (bits, url) => {
      const kinds = { valid: 33, invalid: 54, 'valid, cut': 33, 'invalid, cut': 54 }
      await everyCase<HmacCase, { tagSize: number }>(
        url,
        { groups: 6, kinds },
        async ({ tcId, key: raw, msg, tag, result }, { tagSize }) => {
          const algorithm = { name: 'HMAC', hash: `SHA-${bits}` }
          const key = await crypto.subtle.importKey('raw', hex(raw), algorithm, false, ['sign', 'verify'])
          const handle = createMacHandle(key)
          const mac = encodeHex(await handle.generate(hex(msg)))
          expect([tcId, mac.slice(0, tagSize / 4) === tag]).toEqual([tcId, result === 'valid'])
          const whole = tagSize === bits
          expect([tcId, await handle.verify(hex(msg), hex(tag))]).toEqual([tcId, whole && result === 'valid'])
          return whole ? result : `${result}, cut`
        },
      )
    })

    it('ECDSA P-256 SHA-256', async () => {
      const expected = { groups: 113, kinds: { valid: 174, invalid: 310 } }
      await everyCase<SignatureCase, { publicKeyDer: string }>(
        ecdsaUrl,
        expected,
        async ({ tcId, msg, sig, result }, { publicKeyDer }) => {
          const handle = await nativeVerifier('ECC_NIST_P256', hex(publicKeyDer))
          const verified = await handle.verify(toSign('ECDSA_SHA_256', 'RAW', hex(msg)), hex(sig))
          expect([tcId, verified]).toEqual([tcId, result === 'valid'])
          return result
        },
      )
    })

    it.skipIf(!findFamily('ML_DSA_44', 'SIGN_VERIFY'))('ML-DSA-44 of the runtime', async () => {
      const expected = { groups: 27, kinds: { valid: 75, invalid: 94, 'with a context': 7, 'no public key': 4 } }
      await everyCase<SignatureCase & { ctx?: string }, { publicKey: string; publicKeyDer: string }>(
        mlDsaUrl,
        expected,
        async ({ tcId, msg, sig, ctx, result }, { publicKey, publicKeyDer }) => {
          const handle = await nativeVerifier('ML_DSA_44', hex(publicKeyDer))
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
