import { describe, expect, it } from 'vitest'
import { encodeHex } from '../../src/codec/bytes'
import hmac224Url from '../vectors/wycheproof/hmac_sha224_test.json.gz?url&inline'
import hmac256Url from '../vectors/wycheproof/hmac_sha256_test.json.gz?url&inline'
import hmac384Url from '../vectors/wycheproof/hmac_sha384_test.json.gz?url&inline'
import hmac512Url from '../vectors/wycheproof/hmac_sha512_test.json.gz?url&inline'
import oaepUrl from '../vectors/wycheproof/rsa_oaep_2048_sha256_mgf1sha256_test.json.gz?url&inline'
import pssUrl from '../vectors/wycheproof/rsa_pss_2048_sha256_mgf1_32_test.json.gz?url&inline'
import privateKeys from '../vectors/wycheproof/rsa-private-keys.json'
import { attempt, codeOf, must } from './behaviour/harness'
import { digest } from './software-keys'
import { everyCase, hex } from './wycheproof'
import { keepBringing, openImportKms } from './wycheproof-import'

interface MacCase {
  readonly key: string
  readonly msg: string
  readonly tag: string
}
interface OaepCase {
  readonly msg: string
  readonly ct: string
  readonly label: string
}
interface SignatureCase {
  readonly msg: string
  readonly sig: string
}

/** Counts of HMAC files: whether import takes the 65-byte key of six tests depends on the block of the hash. */
const shortKeys = { valid: 26, invalid: 27, 'valid, cut': 26, 'empty message': 56, 'key of another length': 12 }
const longKeys = { valid: 28, invalid: 27, 'valid, cut': 28, 'empty message': 58, 'key of another length': 6 }

/** Wycheproof's cases through CreateKey, GetParametersForImport, ImportKeyMaterial and the operation of the key. */
export function wycheproofOperations(): void {
  describe('Wycheproof, operations with imported keys', () => {
    // `takes`: the sizes of the file's keys that import takes (AWS KMS developer guide, importing key material), bits.
    it.each([
      [224, hmac224Url, { takes: [224], kinds: { ...shortKeys, 'invalid, cut': 26, 'empty message': 55 } }],
      [256, hmac256Url, { takes: [256], kinds: { ...shortKeys, 'invalid, cut': 27 } }],
      [384, hmac384Url, { takes: [384, 520], kinds: { ...longKeys, 'invalid, cut': 27 } }],
      [512, hmac512Url, { takes: [512, 520], kinds: { ...longKeys, 'invalid, cut': 27 } }],
    ] as const)('HMAC_%i', async (bits, url, { takes, kinds }) => {
      const kms = await openImportKms()
      const keyOf = keepBringing(kms, { KeySpec: `HMAC_${bits}`, KeyUsage: 'GENERATE_VERIFY_MAC' })
      const sizes: readonly number[] = takes
      await everyCase<MacCase, { keySize: number; tagSize: number }>(
        url,
        { groups: 6, kinds },
        async ({ tcId, key, msg, tag, result }, { keySize, tagSize }) => {
          const { KeyId, imported } = await keyOf(key)
          const taken = sizes.includes(keySize)
          expect([tcId, imported]).toEqual([tcId, taken ? 'ok' : 'IncorrectKeyMaterialException'])
          if (!taken) return 'key of another length'

          const asked = { KeyId, MacAlgorithm: `HMAC_SHA_${bits}`, Message: hex(msg) } as const
          const verified = codeOf(await attempt(kms, 'VerifyMac', { ...asked, Mac: hex(tag) }))
          if (msg === '') {
            expect([tcId, verified]).toEqual([tcId, 'ValidationException'])
            expect([tcId, codeOf(await attempt(kms, 'GenerateMac', asked))]).toEqual([tcId, 'ValidationException'])
            return 'empty message'
          }
          const cut = tagSize !== bits
          const sound = result === 'valid' && !cut
          expect([tcId, verified]).toEqual([tcId, sound ? 'ok' : 'KMSInvalidMacException'])
          const { Mac } = await must(kms, 'GenerateMac', asked)
          expect([tcId, encodeHex(Mac).slice(0, tagSize / 4) === tag]).toEqual([tcId, result === 'valid'])
          return cut ? `${result}, cut` : result
        },
      )
      expect(kms.faults).toEqual([])
    })

    // KMS has no label: a ciphertext with one is like any other that does not open.
    it('RSA_2048, RSAES_OAEP_SHA_256', async () => {
      const kms = await openImportKms()
      const keyOf = keepBringing(kms, { KeySpec: 'RSA_2048', KeyUsage: 'ENCRYPT_DECRYPT' })
      const kinds = { valid: 10, 'with a label': 8, invalid: 18, 'empty ciphertext': 1 }
      await everyCase<OaepCase, { privateKeyPkcs8: string }>(
        oaepUrl,
        { groups: 1, kinds },
        async ({ tcId, msg, ct, label, result }, { privateKeyPkcs8 }) => {
          const { KeyId, imported } = await keyOf(privateKeyPkcs8)
          expect(imported).toBe('ok')
          const asked = { KeyId, EncryptionAlgorithm: 'RSAES_OAEP_SHA_256', CiphertextBlob: hex(ct) } as const
          const answer = await attempt(kms, 'Decrypt', asked)
          const told = answer.ok ? encodeHex(answer.output.Plaintext as Bytes) : answer.error.code
          const opens = result === 'valid' && label === ''
          const refusal = ct === '' ? 'ValidationException' : 'InvalidCiphertextException'
          expect([tcId, told]).toEqual([tcId, opens ? msg : refusal])
          if (label !== '') return 'with a label'
          return ct === '' ? 'empty ciphertext' : result
        },
      )
      expect(kms.faults).toEqual([])
    })

    it('RSA_2048, RSASSA_PSS_SHA_256, over messages and digests', async () => {
      const kms = await openImportKms()
      const keyOf = keepBringing(kms, { KeySpec: 'RSA_2048', KeyUsage: 'SIGN_VERIFY' })
      const known: Readonly<Record<string, { readonly privateKeyPkcs8: string }>> = privateKeys
      const kinds = { valid: 62, invalid: 44, 'empty message': 1, 'empty signature': 1 }
      await everyCase<SignatureCase, { publicKeyDer: string }>(
        pssUrl,
        { groups: 1, kinds },
        async ({ tcId, msg, sig, result }, { publicKeyDer }) => {
          const { KeyId, imported } = await keyOf(known[publicKeyDer]?.privateKeyPkcs8 ?? '')
          expect(imported).toBe('ok')
          if (tcId === 1) {
            const { PublicKey } = await must(kms, 'GetPublicKey', { KeyId })
            expect(encodeHex(PublicKey)).toBe(publicKeyDer)
          }
          const asked = { KeyId, SigningAlgorithm: 'RSASSA_PSS_SHA_256', Signature: hex(sig) } as const
          const hashed = { ...asked, Message: await digest('SHA-256', hex(msg)), MessageType: 'DIGEST' } as const
          const told = [
            codeOf(await attempt(kms, 'Verify', { ...asked, Message: hex(msg), MessageType: 'RAW' })),
            codeOf(await attempt(kms, 'Verify', hashed)),
          ]
          const wanted = sig === '' ? 'ValidationException' : result === 'valid' ? 'ok' : 'KMSInvalidSignatureException'
          expect([tcId, ...told]).toEqual([tcId, msg === '' ? 'ValidationException' : wanted, wanted])
          if (msg === '') return 'empty message'
          return sig === '' ? 'empty signature' : result
        },
      )
      expect(kms.faults).toEqual([])
    })
  })
}
