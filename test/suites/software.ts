import { shake256 } from '@noble/hashes/sha3.js'
import { describe, expect, it } from 'vitest'
import { concatBytes, encodeUtf8 } from '../../src/codec/bytes'
import type { KeySpec, SigningAlgorithmSpec } from '../../src/model/generated/types'
import {
  digest,
  flip,
  newEncapsulationKey,
  newMacKey,
  newSigningKey,
  randomBytes,
  signingKey,
  toSign,
} from './software-keys'
import { isWiped, softwareSpecs } from './software-specs'

const message = encodeUtf8('attack at dawn')

/** WebCrypto's parameters for keys that it makes and lends. */
const nativeKeys: [KeySpec, SigningAlgorithmSpec, generation: object, signing: object][] = [
  ['ECC_NIST_P256', 'ECDSA_SHA_256', { name: 'ECDSA', namedCurve: 'P-256' }, { name: 'ECDSA', hash: 'SHA-256' }],
  ['ECC_NIST_P384', 'ECDSA_SHA_384', { name: 'ECDSA', namedCurve: 'P-384' }, { name: 'ECDSA', hash: 'SHA-384' }],
  ['ECC_NIST_P521', 'ECDSA_SHA_512', { name: 'ECDSA', namedCurve: 'P-521' }, { name: 'ECDSA', hash: 'SHA-512' }],
  ...[2048, 3072, 4096].map((modulusLength, i): [KeySpec, SigningAlgorithmSpec, object, object] => {
    const bits = [256, 384, 512][i]
    const generation = { modulusLength, publicExponent: Uint8Array.of(1, 0, 1), hash: `SHA-${bits}` }
    const name = 'RSASSA-PKCS1-v1_5'
    const spec = `RSA_${modulusLength}` as KeySpec
    return [spec, `RSASSA_PKCS1_V1_5_SHA_${bits}` as SigningAlgorithmSpec, { name, ...generation }, { name }]
  }),
  ...[256, 384, 512].map((bits): [KeySpec, SigningAlgorithmSpec, object, object] => {
    const generation = { modulusLength: 2048, publicExponent: Uint8Array.of(1, 0, 1), hash: `SHA-${bits}` }
    const name = 'RSA-PSS'
    const signing = { name, saltLength: bits / 8 }
    return ['RSA_2048', `RSASSA_PSS_SHA_${bits}` as SigningAlgorithmSpec, { name, ...generation }, signing]
  }),
]

const generate = async (algorithm: object) =>
  (await crypto.subtle.generateKey(algorithm as never, true, ['sign', 'verify'])) as CryptoKeyPair
const exported = async (format: 'pkcs8' | 'spki' | 'raw', key: CryptoKey) =>
  new Uint8Array((await crypto.subtle.exportKey(format, key)) as ArrayBuffer)

/** DER of an ECDSA signature as r and s side by side, which is what WebCrypto wants. */
function sideBySide(der: Bytes, fieldBytes: number): Bytes {
  const start = (der[1] as number) < 0x80 ? 2 : 3
  const rLength = der[start + 1] as number
  const numbers = [der.subarray(start + 2, start + 2 + rLength), der.subarray(start + 4 + rLength)]
  return concatBytes(
    ...numbers.map((number) => {
      const unsigned = number[0] === 0 ? number.subarray(1) : number
      return concatBytes(new Uint8Array(fieldBytes - unsigned.length), unsigned)
    }),
  )
}

/** What μ is made of: FIPS 204, algorithm 7, step 6, for an empty context. */
const muOf = (publicKey: Bytes, message: Bytes) =>
  shake256(concatBytes(shake256(publicKey, { dkLen: 64 }), Uint8Array.of(0, 0), message), { dkLen: 64 }) as Bytes

/** The software provider in this runtime. */
export function softwareSuite() {
  softwareSpecs()

  describe('signatures', () => {
    const cases: [KeySpec, SigningAlgorithmSpec, 'RAW' | 'DIGEST' | 'EXTERNAL_MU', Bytes][] = [
      ['ECC_SECG_P256K1', 'ECDSA_SHA_256', 'RAW', message],
      ['ECC_SECG_P256K1', 'ECDSA_SHA_256', 'DIGEST', randomBytes(32)],
      ...(['ML_DSA_44', 'ML_DSA_65', 'ML_DSA_87'] as const).flatMap((spec): typeof cases => [
        [spec, 'ML_DSA_SHAKE_256', 'RAW', message],
        [spec, 'ML_DSA_SHAKE_256', 'EXTERNAL_MU', randomBytes(64)],
      ]),
    ]

    it.each(cases)('%s %s over %s', async (keySpec, algorithm, messageType, bytes) => {
      const { handle, opened, material } = await newSigningKey(keySpec)
      const signed = toSign(algorithm, messageType, bytes)
      const signature = await handle.sign(signed)
      expect(await handle.verify(signed, signature)).toBe(true)
      expect(await handle.sign(signed)).not.toEqual(signature)
      for (let i = 0; i < 20; i++) {
        const bit = Math.floor((i * signature.length * 8) / 20)
        expect([bit, await handle.verify(signed, flip(signature, bit))]).toEqual([bit, false])
      }
      expect(await handle.verify({ ...signed, message: flip(bytes, 77) }, signature)).toBe(false)
      for (const length of [0, 1, signature.length - 1, signature.length + 1, 6144]) {
        const other = concatBytes(signature, new Uint8Array(6144)).slice(0, length)
        expect([length, await handle.verify(signed, other)]).toEqual([length, false])
      }
      const { handle: stranger } = await newSigningKey(keySpec)
      expect(await stranger.verify(signed, signature)).toBe(false)
      expect(opened.length).toBe(2)
      expect(opened.every(isWiped)).toBe(true)
      expect(isWiped(material)).toBe(false)
    })

    it('a digest is not hashed again, a message is', async () => {
      const { handle } = await newSigningKey('ECC_SECG_P256K1')
      const hashed = await digest('SHA-256', message)
      const signature = await handle.sign(toSign('ECDSA_SHA_256', 'RAW', message))
      expect(await handle.verify(toSign('ECDSA_SHA_256', 'DIGEST', hashed), signature)).toBe(true)
      expect(await handle.verify(toSign('ECDSA_SHA_256', 'RAW', hashed), signature)).toBe(false)
    })

    it.each<KeySpec>(['ML_DSA_44', 'ML_DSA_65', 'ML_DSA_87'])('%s over a message and its μ agree', async (keySpec) => {
      const { handle, publicKey } = await newSigningKey(keySpec)
      const raw = toSign('ML_DSA_SHAKE_256', 'RAW', message)
      // The key is what follows 22 bytes of SubjectPublicKeyInfo.
      const mu = toSign('ML_DSA_SHAKE_256', 'EXTERNAL_MU', muOf((publicKey as Bytes).subarray(22), message))
      expect(await handle.verify(raw, await handle.sign(mu))).toBe(true)
      expect(await handle.verify(mu, await handle.sign(raw))).toBe(true)
    })

    const refusals: [KeySpec, SigningAlgorithmSpec, 'RAW' | 'DIGEST' | 'EXTERNAL_MU', byteLength: number][] = [
      ['ECC_SECG_P256K1', 'ECDSA_SHA_384', 'RAW', 1],
      ['ECC_SECG_P256K1', 'ECDSA_SHA_256', 'DIGEST', 31],
      ['ECC_SECG_P256K1', 'ECDSA_SHA_256', 'EXTERNAL_MU', 64],
      ['ML_DSA_44', 'ML_DSA_SHAKE_256', 'DIGEST', 64],
      ['ML_DSA_44', 'ML_DSA_SHAKE_256', 'EXTERNAL_MU', 63],
      ['ML_DSA_44', 'ECDSA_SHA_256', 'RAW', 1],
    ]
    it.each(refusals)('%s refuses %s over %s of %i bytes', async (keySpec, algorithm, messageType, byteLength) => {
      const { handle, opened } = await newSigningKey(keySpec)
      const asked = toSign(algorithm, messageType, randomBytes(byteLength))
      const refusal = { code: 'UnsupportedOperationException', message: '' }
      await expect(handle.sign(asked)).rejects.toMatchObject(refusal)
      await expect(handle.verify(asked, randomBytes(70))).rejects.toMatchObject(refusal)
      expect(opened.every(isWiped)).toBe(true)
    })
  })

  describe('keys that WebCrypto lends', () => {
    it.each(nativeKeys)('%s %s over a digest and a message', async (keySpec, algorithm, generation, signing) => {
      const pair = await generate(generation)
      const pkcs8 = await exported('pkcs8', pair.privateKey)
      const { handle, opened } = signingKey(keySpec, pkcs8, await exported('spki', pair.publicKey))
      const bits = algorithm.slice(-3)
      const hashed = toSign(algorithm, 'DIGEST', await digest(`SHA-${bits}`, message))
      const raw = toSign(algorithm, 'RAW', message)

      for (const signed of [hashed, raw]) {
        const signature = await handle.sign(signed)
        const fieldBytes = { ECC_NIST_P256: 32, ECC_NIST_P384: 48, ECC_NIST_P521: 66 }[keySpec as string]
        const native = fieldBytes ? sideBySide(signature, fieldBytes) : signature
        expect(await crypto.subtle.verify(signing as never, pair.publicKey, native, message)).toBe(true)
        expect(await handle.verify(hashed, signature)).toBe(true)
        expect(await handle.verify(raw, signature)).toBe(true)
        for (let i = 0; i < 10; i++) {
          const bit = Math.floor((i * signature.length * 8) / 10)
          expect([bit, await handle.verify(hashed, flip(signature, bit))]).toEqual([bit, false])
        }
        for (const length of [0, 1, signature.length - 1, signature.length + 1, 6144]) {
          const other = concatBytes(signature, new Uint8Array(6144)).slice(0, length)
          expect([length, await handle.verify(hashed, other)]).toEqual([length, false])
        }
        expect(await handle.verify({ ...hashed, message: flip(hashed.message, 5) }, signature)).toBe(false)
      }
      if (keySpec.startsWith('RSA')) {
        const signature = (await crypto.subtle.sign(signing as never, pair.privateKey, message)) as ArrayBuffer
        expect(await handle.verify(hashed, new Uint8Array(signature))).toBe(true)
      }
      expect(opened.length).toBe(2)
      expect(opened.every(isWiped)).toBe(true)
    })

    it('Ed25519 over a message, Ed25519ph over 64 bytes', async () => {
      const pair = await generate({ name: 'Ed25519' })
      const spki = await exported('spki', pair.publicKey)
      const key = signingKey('ECC_NIST_EDWARDS25519', await exported('pkcs8', pair.privateKey), spki)
      const pure = toSign('ED25519_SHA_512', 'RAW', message)
      const signature = await key.handle.sign(pure)
      expect(await crypto.subtle.verify('Ed25519', pair.publicKey, signature, message)).toBe(true)
      expect(await key.handle.verify(pure, signature)).toBe(true)

      const hashed = toSign('ED25519_PH_SHA_512', 'DIGEST', randomBytes(64))
      const prehashed = await key.handle.sign(hashed)
      expect(await key.handle.verify(hashed, prehashed)).toBe(true)
      expect(await crypto.subtle.verify('Ed25519', pair.publicKey, prehashed, hashed.message)).toBe(false)
      for (let bit = 0; bit < 512; bit += 13) {
        expect([bit, await key.handle.verify(hashed, flip(prehashed, bit))]).toEqual([bit, false])
      }
      expect(await key.handle.verify(hashed, prehashed.subarray(1))).toBe(false)
      expect(key.opened.every(isWiped)).toBe(true)
      for (const [algorithm, type, length] of [
        ['ED25519_SHA_512', 'DIGEST', 64],
        ['ED25519_PH_SHA_512', 'RAW', 64],
        ['ED25519_PH_SHA_512', 'DIGEST', 63],
      ] as const) {
        await expect(key.handle.sign(toSign(algorithm, type, randomBytes(length)))).rejects.toMatchObject({
          code: 'UnsupportedOperationException',
        })
      }
    })
  })

  describe('MACs of HMAC_224', () => {
    it('are 28 bytes, and no other verifies', async () => {
      const { handle, opened } = await newMacKey('HMAC_224')
      const mac = await handle.generate(message)
      expect(mac.length).toBe(28)
      expect(await handle.verify(message, mac)).toBe(true)
      expect(await handle.generate(message)).toEqual(mac)
      for (let bit = 0; bit < 224; bit++) expect(await handle.verify(message, flip(mac, bit))).toBe(false)
      for (const length of [0, 27, 29, 6144]) {
        expect(await handle.verify(message, concatBytes(mac, new Uint8Array(6144)).slice(0, length))).toBe(false)
      }
      expect(opened.every(isWiped)).toBe(true)
    })
  })

  describe('encapsulation', () => {
    const cases: [KeySpec, ciphertextBytes: number][] = [
      ['ML_KEM_512', 768],
      ['ML_KEM_768', 1088],
      ['ML_KEM_1024', 1568],
    ]
    it.each(cases)('%s', async (keySpec, ciphertextBytes) => {
      const { handle, opened } = await newEncapsulationKey(keySpec)
      const { sharedSecret, ciphertext } = await handle.encapsulate()
      expect([sharedSecret.length, ciphertext.length]).toEqual([32, ciphertextBytes])
      expect(await handle.decapsulate(ciphertext)).toEqual(sharedSecret)
      const rejected = await handle.decapsulate(flip(ciphertext, 99))
      expect(rejected?.length).toBe(32)
      expect(rejected).not.toEqual(sharedSecret)
      for (const length of [0, 1, ciphertextBytes - 1, ciphertextBytes + 1]) {
        expect(await handle.decapsulate(new Uint8Array(length))).toBeUndefined()
      }
      expect(opened.length).toBe(2)
      expect(opened.every(isWiped)).toBe(true)
    })
  })

  describe('material', () => {
    it('is overwritten when it is no key of the spec', async () => {
      const { publicKey } = await newSigningKey('ECC_SECG_P256K1')
      const { handle, opened } = signingKey('ECC_SECG_P256K1', randomBytes(100), publicKey as Bytes)
      await expect(handle.sign(toSign('ECDSA_SHA_256', 'RAW', message))).rejects.toThrow()
      expect(opened.map(isWiped)).toEqual([true])
    })

    it('of one spec signs for no other', async () => {
      const { material, publicKey } = await newSigningKey('ML_DSA_44')
      const { handle, opened } = signingKey('ML_DSA_65', material, publicKey as Bytes)
      const asked = toSign('ML_DSA_SHAKE_256', 'RAW', message)
      await expect(handle.sign(asked)).rejects.toThrow('a key of another algorithm')
      await expect(handle.verify(asked, randomBytes(3309))).rejects.toThrow('a key of another algorithm')
      expect(opened.map(isWiped)).toEqual([true])
    })
  })
}
