import { p256, p384, p521 } from '@noble/curves/nist.js'
import { secp256k1 } from '@noble/curves/secp256k1.js'
import { describe, expect, it } from 'vitest'
import { toOctets } from '../../software/big-integers'
import { curves } from '../../src/codec/key-algorithms'
import { encodeEcPkcs8, parsePkcs8 } from '../../src/codec/pkcs8'
import type { DataKeyPairSpec, KeySpec, KeyUsageType } from '../../src/model/generated/types'
import { keyOf, provider } from './software-keys'

export const isWiped = (bytes: Bytes) => bytes.every((byte) => byte === 0)

/** Which specs the software provider owns, and what it makes of them. */
export function softwareSpecs() {
  describe('keys that live in software', () => {
    const living: [KeySpec, KeyUsageType, publicKeyLength: number | undefined][] = [
      ['ECC_SECG_P256K1', 'SIGN_VERIFY', 88],
      ['HMAC_224', 'GENERATE_VERIFY_MAC', undefined],
      ['ML_DSA_44', 'SIGN_VERIFY', 1334],
      ['ML_DSA_65', 'SIGN_VERIFY', 1974],
      ['ML_DSA_87', 'SIGN_VERIFY', 2614],
      ['ML_KEM_512', 'ENCAPSULATE_DECAPSULATE', 822],
      ['ML_KEM_768', 'ENCAPSULATE_DECAPSULATE', 1206],
      ['ML_KEM_1024', 'ENCAPSULATE_DECAPSULATE', 1590],
    ]

    it.each(living)('%s for %s', async (keySpec, keyUsage, publicKeyLength) => {
      expect(provider.supports(keySpec, keyUsage)).toBe(true)
      expect(provider.supports(keySpec, 'KEY_AGREEMENT')).toBe(false)
      const { material, publicKey } = await provider.generate(keySpec)
      expect(publicKey?.length).toBe(publicKeyLength)
      expect((await provider.generate(keySpec)).material).not.toEqual(material)
    })

    it.each<[KeySpec, KeyUsageType]>([
      ['SYMMETRIC_DEFAULT', 'ENCRYPT_DECRYPT'],
      ['RSA_2048', 'SIGN_VERIFY'],
      ['ECC_NIST_P256', 'SIGN_VERIFY'],
      ['ECC_NIST_EDWARDS25519', 'SIGN_VERIFY'],
      ['HMAC_256', 'GENERATE_VERIFY_MAC'],
      ['SM2', 'SIGN_VERIFY'],
    ])('are none of %s', async (keySpec, keyUsage) => {
      expect(provider.supports(keySpec, keyUsage)).toBe(false)
      await expect(provider.generate(keySpec)).rejects.toMatchObject({ code: 'UnsupportedOperationException' })
    })

    it.each<[KeySpec, KeyUsageType]>([
      ['RSA_2048', 'ENCRYPT_DECRYPT'],
      ['ECC_NIST_P256', 'KEY_AGREEMENT'],
      ['SYMMETRIC_DEFAULT', 'ENCRYPT_DECRYPT'],
      ['SM2', 'SIGN_VERIFY'],
    ])('%s has no handle for %s', (keySpec, keyUsage) => {
      expect(() => keyOf(keySpec, keyUsage, new Uint8Array(), undefined)).toThrowError(
        expect.objectContaining({ code: 'UnsupportedOperationException', message: '' }),
      )
    })

    it('tell the public half of a brought key of secp256k1', async () => {
      const { material, publicKey } = await provider.generate('ECC_SECG_P256K1')
      const brought = parsePkcs8(material)
      // Rewritten without its point, as import has it.
      expect(brought?.pkcs8.length).toBeLessThan(material.length)
      expect(await provider.derivePublicKey('ECC_SECG_P256K1', brought?.pkcs8 as Bytes)).toEqual(publicKey)
    })

    it.each<KeySpec>(['ECC_NIST_P256', 'RSA_2048', 'ML_DSA_44', 'ML_KEM_768', 'HMAC_224'])(
      'tell no public half of %s',
      async (keySpec) => {
        await expect(provider.derivePublicKey(keySpec, new Uint8Array())).rejects.toMatchObject({
          code: 'UnsupportedOperationException',
          message: '',
        })
      },
    )

    const forCallers: DataKeyPairSpec[] = ['ECC_SECG_P256K1', 'ML_KEM_512', 'ML_KEM_768', 'ML_KEM_1024']
    it.each(forCallers)('a pair of %s for a caller', async (spec) => {
      expect(provider.supportsKeyPair(spec)).toBe(true)
      const { privateKey, publicKey } = await provider.generateKeyPair(spec)
      expect([privateKey[0], publicKey[0]]).toEqual([0x30, 0x30])
      expect(isWiped(privateKey)).toBe(false)
    })

    it.each<DataKeyPairSpec>(['RSA_2048', 'ECC_NIST_P256', 'ECC_NIST_EDWARDS25519', 'SM2'])(
      'no pair of %s',
      async (spec) => {
        expect(provider.supportsKeyPair(spec)).toBe(false)
        await expect(provider.generateKeyPair(spec)).rejects.toMatchObject({ code: 'UnsupportedOperationException' })
      },
    )
  })

  describe('curves', () => {
    it.each([
      [curves.ECC_NIST_P256, p256],
      [curves.ECC_NIST_P384, p384],
      [curves.ECC_NIST_P521, p521],
      [curves.ECC_SECG_P256K1, secp256k1],
    ] as const)('$keySpec: scalars up to the order that the library knows', (curve, { Point }) => {
      const { BYTES, ORDER } = Point.Fn
      expect([curve.order, curve.byteLength]).toEqual([ORDER, BYTES])
      const fileOf = (scalar: bigint) => encodeEcPkcs8(curve, toOctets(scalar, BYTES))
      expect([0n, 1n, ORDER - 1n, ORDER].map((scalar) => parsePkcs8(fileOf(scalar))?.keySpec)).toEqual([
        undefined,
        curve.keySpec,
        curve.keySpec,
        undefined,
      ])
    })
  })
}
