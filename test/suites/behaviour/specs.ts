import { describe, expect, it } from 'vitest'
import type { KeySpec, KeyUsageType } from '../../../src/model/generated/types'
import { attempt, must, type Open, told } from './harness'

const oaep = { EncryptionAlgorithms: ['RSAES_OAEP_SHA_1', 'RSAES_OAEP_SHA_256'] }
const rsaSigning = {
  SigningAlgorithms: [
    'RSASSA_PKCS1_V1_5_SHA_256',
    'RSASSA_PKCS1_V1_5_SHA_384',
    'RSASSA_PKCS1_V1_5_SHA_512',
    'RSASSA_PSS_SHA_256',
    'RSASSA_PSS_SHA_384',
    'RSASSA_PSS_SHA_512',
  ],
}
const ecdsa = (bits: number) => ({ SigningAlgorithms: [`ECDSA_SHA_${bits}`] })
const ecdh = { KeyAgreementAlgorithms: ['ECDH'] }
const mlDsa = { SigningAlgorithms: ['ML_DSA_SHAKE_256'] }
const mlKem = { EncapsulationAlgorithms: ['ML_KEM'] }
const hmac = (bits: number) => ({ MacAlgorithms: [`HMAC_SHA_${bits}`] })

/** behaviours 6: what the metadata of each kind of key lists, and how long its SubjectPublicKeyInfo is. */
const kinds: readonly (readonly [KeySpec, KeyUsageType, lists: object, spkiBytes: number | undefined])[] = [
  ['RSA_2048', 'ENCRYPT_DECRYPT', oaep, 294],
  ['RSA_2048', 'SIGN_VERIFY', rsaSigning, 294],
  ['RSA_3072', 'ENCRYPT_DECRYPT', oaep, 422],
  ['RSA_4096', 'SIGN_VERIFY', rsaSigning, 550],
  ['ECC_NIST_P256', 'SIGN_VERIFY', ecdsa(256), 91],
  ['ECC_NIST_P256', 'KEY_AGREEMENT', ecdh, 91],
  ['ECC_NIST_P384', 'SIGN_VERIFY', ecdsa(384), 120],
  ['ECC_NIST_P384', 'KEY_AGREEMENT', ecdh, 120],
  ['ECC_NIST_P521', 'SIGN_VERIFY', ecdsa(512), 158],
  ['ECC_NIST_P521', 'KEY_AGREEMENT', ecdh, 158],
  ['ECC_SECG_P256K1', 'SIGN_VERIFY', ecdsa(256), 88],
  ['ECC_NIST_EDWARDS25519', 'SIGN_VERIFY', { SigningAlgorithms: ['ED25519_SHA_512', 'ED25519_PH_SHA_512'] }, 44],
  ['ML_DSA_44', 'SIGN_VERIFY', mlDsa, 1334],
  ['ML_DSA_65', 'SIGN_VERIFY', mlDsa, 1974],
  ['ML_DSA_87', 'SIGN_VERIFY', mlDsa, 2614],
  ['ML_KEM_512', 'ENCAPSULATE_DECAPSULATE', mlKem, 822],
  ['ML_KEM_768', 'ENCAPSULATE_DECAPSULATE', mlKem, 1206],
  ['ML_KEM_1024', 'ENCAPSULATE_DECAPSULATE', mlKem, 1590],
  ['HMAC_224', 'GENERATE_VERIFY_MAC', hmac(224), undefined],
  ['HMAC_256', 'GENERATE_VERIFY_MAC', hmac(256), undefined],
  ['HMAC_384', 'GENERATE_VERIFY_MAC', hmac(384), undefined],
  ['HMAC_512', 'GENERATE_VERIFY_MAC', hmac(512), undefined],
]

export function specs(open: Open): void {
  describe('CreateKey, DescribeKey and GetPublicKey', () => {
    it.each(kinds)('%s %s', async (KeySpec, KeyUsage, lists, spkiBytes) => {
      const kms = await open()
      const made = await attempt(kms, 'CreateKey', { KeySpec, KeyUsage })
      if (!kms.crypto.supports(KeySpec, KeyUsage)) {
        expect(told(made)).toBe(`UnsupportedOperationException: KeySpec ${KeySpec} is not supported.`)
        return
      }
      if (!made.ok) throw new Error(told(made))
      const metadata = made.output.KeyMetadata as NonNullable<typeof made.output.KeyMetadata>
      const { KeyId, Arn } = metadata
      const found = Object.fromEntries(Object.entries(metadata).filter(([name]) => name.endsWith('Algorithms')))
      expect(found).toEqual(lists)
      const common = { KeySpec, KeyUsage, CustomerMasterKeySpec: KeySpec }
      expect(metadata).toMatchObject({ ...common, KeyState: 'Enabled', Enabled: true, Origin: 'AWS_KMS' })
      expect('CurrentKeyMaterialId' in metadata).toBe(false)
      expect((await must(kms, 'DescribeKey', { KeyId })).KeyMetadata).toEqual(metadata)

      const rotations = await must(kms, 'ListKeyRotations', { KeyId, IncludeKeyMaterial: 'ALL_KEY_MATERIAL' })
      expect(rotations.Rotations).toEqual([])

      const given = await attempt(kms, 'GetPublicKey', { KeyId })
      if (spkiBytes === undefined) {
        expect(told(given)).toBe('UnsupportedOperationException')
        return
      }
      if (!given.ok) throw new Error(told(given))
      expect(given.output).toEqual({ ...common, KeyId: Arn, PublicKey: given.output.PublicKey, ...lists })
      expect(given.output.PublicKey).toHaveLength(spkiBytes)
      expect(kms.faults).toEqual([])
    })
  })
}
