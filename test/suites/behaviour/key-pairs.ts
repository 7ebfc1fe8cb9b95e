import { describe, expect, it } from 'vitest'
import type { DataKeyPairSpec } from '../../../src/model/generated/types'
import { wrongUsage } from './encryption'
import { attempt, bytes, checkRows, must, newKey, type Open, plantHmac, plantRsa, told, verdict } from './harness'
import { type Algorithm, outside } from './outside'

const rsa: Algorithm = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' }
const curve = (namedCurve: string): Algorithm => ({ name: 'ECDSA', namedCurve })

/** `check`: as what WebCrypto takes the pair; absent where not every runtime has the algorithm. */
const pairs: readonly (readonly [DataKeyPairSpec, spkiBytes: number, check: Algorithm | undefined])[] = [
  ['RSA_2048', 294, rsa],
  ['RSA_3072', 422, rsa],
  ['RSA_4096', 550, rsa],
  ['ECC_NIST_P256', 91, curve('P-256')],
  ['ECC_NIST_P384', 120, curve('P-384')],
  ['ECC_NIST_P521', 158, curve('P-521')],
  ['ECC_SECG_P256K1', 88, undefined],
  ['ECC_NIST_EDWARDS25519', 44, 'Ed25519'],
  ['ML_KEM_512', 822, undefined],
  ['ML_KEM_768', 1206, undefined],
  ['ML_KEM_1024', 1590, undefined],
]

const operations = ['GenerateDataKeyPair', 'GenerateDataKeyPairWithoutPlaintext'] as const

export function keyPairs(open: Open): void {
  describe('data key pairs', () => {
    it.each(pairs)('%s', async (KeyPairSpec, spkiBytes, check) => {
      const kms = await open()
      const { KeyId, arn } = await newKey(kms)
      const { CurrentKeyMaterialId } = (await must(kms, 'DescribeKey', { KeyId })).KeyMetadata
      const EncryptionContext = { a: 'b' }
      const asked = { KeyId, KeyPairSpec, EncryptionContext }
      const answer = await attempt(kms, 'GenerateDataKeyPair', asked)
      if (!kms.crypto.supportsKeyPair(KeyPairSpec)) {
        expect(told(answer)).toBe(`UnsupportedOperationException: KeyPairSpec ${KeyPairSpec} is not supported.`)
        return
      }
      if (!answer.ok) throw new Error(told(answer))
      const { PrivateKeyPlaintext = bytes(), PublicKey = bytes(), PrivateKeyCiphertextBlob = bytes() } = answer.output
      expect(answer.output).toEqual({
        PrivateKeyCiphertextBlob,
        PrivateKeyPlaintext,
        PublicKey,
        KeyId: arn,
        KeyPairSpec,
        KeyMaterialId: CurrentKeyMaterialId,
      })
      expect(PublicKey).toHaveLength(spkiBytes)
      const opened = await must(kms, 'Decrypt', { CiphertextBlob: PrivateKeyCiphertextBlob, EncryptionContext })
      expect(opened.Plaintext).toEqual(PrivateKeyPlaintext)
      expect(await verdict(kms, 'Decrypt', { CiphertextBlob: PrivateKeyCiphertextBlob })).toBe(
        'InvalidCiphertextException',
      )
      if (KeyPairSpec.startsWith('ML_KEM')) expect(PrivateKeyPlaintext).toHaveLength(86)

      const hidden = await must(kms, 'GenerateDataKeyPairWithoutPlaintext', asked)
      expect(Object.keys(hidden).sort()).toEqual([
        'KeyId',
        'KeyMaterialId',
        'KeyPairSpec',
        'PrivateKeyCiphertextBlob',
        'PublicKey',
      ])
      expect(hidden.PublicKey).not.toEqual(PublicKey)
      const later = { CiphertextBlob: hidden.PrivateKeyCiphertextBlob, EncryptionContext }
      const { Plaintext } = await must(kms, 'Decrypt', later)
      if (!check) return
      for (const [pkcs8, spki] of [
        [PrivateKeyPlaintext, PublicKey],
        [Plaintext, hidden.PublicKey],
      ] as const) {
        const signer = await outside.importKey('pkcs8', pkcs8, check, false, ['sign'])
        const verifier = await outside.importKey('spki', spki, check, false, ['verify'])
        const scheme = { name: typeof check === 'string' ? check : check.name, hash: 'SHA-256' }
        const signature = await outside.sign(scheme, signer, bytes(1))
        expect(await outside.verify(scheme, verifier, signature, bytes(1))).toBe(true)
      }
    })

    it.each(operations)('%s checks usage, state, kind of key, kind of pair', async (operation) => {
      const kms = await open()
      const { KeyId } = await newKey(kms)
      const hmac = await plantHmac(kms, { state: 'Disabled' })
      const rsaKey = await plantRsa(kms)
      const disabledRsa = await plantRsa(kms, { state: 'Disabled' })
      const KeyPairSpec = 'ECC_NIST_P256'
      await checkRows(kms, [
        [
          'disabled HMAC key',
          operation,
          { KeyId: hmac.KeyId, KeyPairSpec },
          wrongUsage(hmac, 'GENERATE_VERIFY_MAC', operation),
        ],
        [
          'disabled RSA key',
          operation,
          { KeyId: disabledRsa.KeyId, KeyPairSpec },
          `DisabledException: ${disabledRsa.arn} is disabled.`,
        ],
        [
          'RSA key',
          operation,
          { KeyId: rsaKey.KeyId, KeyPairSpec: 'SM2' },
          'InvalidKeyUsageException: You cannot generate a data key with an asymmetric CMK',
        ],
        [
          'SM2',
          operation,
          { KeyId, KeyPairSpec: 'SM2' },
          'UnsupportedOperationException: KeyPairSpec SM2 is not supported in this Region',
        ],
      ])
    })

    it('are not given in the clear where an enclave was to get them', async () => {
      const kms = await open()
      const { KeyId } = await newKey(kms)
      const Recipient = { KeyEncryptionAlgorithm: 'RSAES_OAEP_SHA_256', AttestationDocument: bytes(1) }
      expect(await verdict(kms, 'GenerateDataKeyPair', { KeyId, KeyPairSpec: 'ECC_NIST_P256', Recipient })).toBe(
        'UnsupportedOperationException: Recipient is not supported.',
      )
    })
  })
}
