import { describe, expect, it } from 'vitest'
import { wrapKwp } from '../../../src/codec/aes-kwp'
import { concatBytes, decodeHex, encodeHex, encodeUtf8 } from '../../../src/codec/bytes'
import { encodeDer, encodeUnsigned } from '../../../src/codec/der'
import { rsaAlgorithm } from '../../../src/codec/key-algorithms'
import { isDeleted } from '../../../src/keys/rotation'
import type { AlgorithmSpec, KeySpec, KeyUsageType, WrappingKeySpec } from '../../../src/model/generated/types'
import type { OperationInput } from '../../../src/model/operations'
import { settleDue } from '../../../src/service/maintenance'
import type { TestKms } from '../compose'
import { attempt, checkRows, codeOf, must, newKey, type Open, recordsOf, type TestKey, verdict } from './harness'

const dayMs = 86_400_000
const secret = (fill: number, length = 32) => new Uint8Array(length).fill(fill)
const never = { ExpirationModel: 'KEY_MATERIAL_DOES_NOT_EXPIRE' } as const
const oaep256 = 'RSAES_OAEP_SHA_256'
const viaAes256 = 'RSA_AES_KEY_WRAP_SHA_256'

const external = (kms: TestKms, KeySpec: KeySpec = 'SYMMETRIC_DEFAULT', KeyUsage?: KeyUsageType) =>
  newKey(kms, { Origin: 'EXTERNAL', KeySpec, ...(KeyUsage ? { KeyUsage } : {}) })

interface Parameters {
  readonly ImportToken: Bytes
  readonly PublicKey: Bytes
  readonly algorithm: AlgorithmSpec
}

async function parametersFor(
  kms: TestKms,
  { KeyId }: TestKey,
  algorithm: AlgorithmSpec = oaep256,
  WrappingKeySpec: WrappingKeySpec = 'RSA_2048',
): Promise<Parameters> {
  const given = await must(kms, 'GetParametersForImport', { KeyId, WrappingAlgorithm: algorithm, WrappingKeySpec })
  return { ImportToken: given.ImportToken, PublicKey: given.PublicKey, algorithm }
}

/** What a caller does with the parameters. */
async function wrap({ PublicKey, algorithm }: Parameters, material: Bytes, aesLength = 32): Promise<Bytes> {
  const oaep = { name: 'RSA-OAEP', hash: algorithm.endsWith('SHA_1') ? 'SHA-1' : 'SHA-256' }
  const key = await crypto.subtle.importKey('spki', PublicKey, oaep, false, ['encrypt'])
  const encrypt = async (bytes: Bytes) => new Uint8Array(await crypto.subtle.encrypt(oaep, key, bytes))
  if (algorithm.startsWith('RSAES')) return encrypt(material)
  const aesBytes = crypto.getRandomValues(new Uint8Array(aesLength))
  if (![16, 32].includes(aesLength)) return concatBytes(await encrypt(aesBytes), new Uint8Array(40))
  const aes = await crypto.subtle.importKey('raw', aesBytes, 'AES-CBC', false, ['encrypt', 'decrypt'])
  return concatBytes(await encrypt(aesBytes), await wrapKwp(aes, material))
}

type Rest = Omit<OperationInput['ImportKeyMaterial'], 'KeyId' | 'ImportToken' | 'EncryptedKeyMaterial'>

/** One key, one set of parameters, as many imports as one likes. */
async function importer(kms: TestKms, key: TestKey, algorithm?: AlgorithmSpec) {
  const parameters = await parametersFor(kms, key, algorithm)
  return async (material: Bytes, rest: Rest = never) => ({
    KeyId: key.KeyId,
    ImportToken: parameters.ImportToken,
    EncryptedKeyMaterial: await wrap(parameters, material),
    ...rest,
  })
}

async function pkcs8Of(algorithm: { name: string; namedCurve: string } | { name: string }): Promise<Bytes> {
  const whole = 'namedCurve' in algorithm ? algorithm : { ...algorithm, ...rsaParameters }
  const pair = (await crypto.subtle.generateKey(algorithm.name === 'Ed25519' ? algorithm : whole, true, [
    'sign',
    'verify',
  ])) as CryptoKeyPair
  return new Uint8Array((await crypto.subtle.exportKey('pkcs8', pair.privateKey)) as ArrayBuffer)
}
const rsaParameters = { hash: 'SHA-256', modulusLength: 2048, publicExponent: Uint8Array.of(1, 0, 1) }

const toInteger = (bytes: Bytes) => BigInt(`0x${encodeHex(bytes)}`)
const toBytes = (value: bigint) => {
  const digits = value.toString(16)
  return decodeHex(digits.padStart(digits.length + (digits.length % 2), '0')) as Bytes
}

/** a^-1 modulo m, or undefined (extended Euclid). */
function inverseOf(a: bigint, m: bigint): bigint | undefined {
  let [r0, r1, t0, t1] = [m, a % m, 0n, 1n]
  while (r1 > 0n) {
    const quotient = r0 / r1
    ;[r0, r1, t0, t1] = [r1, r0 - quotient * r1, t1, t0 - quotient * t1]
  }
  return r0 === 1n ? (t0 + m) % m : undefined
}

/** PKCS#8 of numbers that satisfy every equation of an RSA key, but p is a multiple of 3 and q of 5. */
function compositeRsa(): Bytes {
  const e = 65537n
  for (;;) {
    const [p, q] = [3n, 5n].map((factor) => {
      const bytes = crypto.getRandomValues(new Uint8Array(128))
      bytes[0] = 0xff
      const value = toInteger(bytes)
      return value - (value % (2n * factor)) + factor
    }) as [bigint, bigint]
    const [d, dP, dQ, qInv] = [
      inverseOf(e, (p - 1n) * (q - 1n)),
      inverseOf(e, p - 1n),
      inverseOf(e, q - 1n),
      inverseOf(q, p),
    ]
    if (d === undefined || dP === undefined || dQ === undefined || qInv === undefined) continue
    const numbers = [0n, p * q, e, d, p, q, dP, dQ, qInv].map((value) => encodeUnsigned(toBytes(value)))
    const version = Uint8Array.of(2, 1, 0)
    return encodeDer(0x30, version, rsaAlgorithm, encodeDer(4, encodeDer(0x30, ...numbers)))
  }
}

const describeKey = async (kms: TestKms, { KeyId }: TestKey) => (await must(kms, 'DescribeKey', { KeyId })).KeyMetadata

const materialsOf = async (kms: TestKms, { KeyId }: TestKey) =>
  (await must(kms, 'ListKeyRotations', { KeyId, IncludeKeyMaterial: 'ALL_KEY_MATERIAL' })).Rotations

/** Key material from outside: GetParametersForImport, ImportKeyMaterial, DeleteImportedKeyMaterial, expiry. */
export function importing(open: Open): void {
  describe('imported key material', () => {
    it('comes to a key that waits for it, goes, and comes again', async () => {
      const kms = await open()
      const key = await external(kms)
      expect(await describeKey(kms, key)).toMatchObject({
        KeyState: 'PendingImport',
        Enabled: false,
        Origin: 'EXTERNAL',
      })
      for (const member of ['ExpirationModel', 'ValidTo', 'CurrentKeyMaterialId']) {
        expect(await describeKey(kms, key)).not.toHaveProperty(member)
      }
      const given = await must(kms, 'GetParametersForImport', {
        KeyId: key.KeyId,
        WrappingAlgorithm: oaep256,
        WrappingKeySpec: 'RSA_2048',
      })
      expect([given.KeyId, given.ParametersValidTo.getTime() - kms.clock.ms]).toEqual([key.arn, dayMs])

      const request = await importer(kms, key)
      const first = await must(kms, 'ImportKeyMaterial', await request(secret(1)))
      expect(first).toEqual({ KeyId: key.arn, KeyMaterialId: expect.stringMatching(/^[0-9a-f]{64}$/) })
      expect(await describeKey(kms, key)).toMatchObject({
        KeyState: 'Enabled',
        Enabled: true,
        ExpirationModel: 'KEY_MATERIAL_DOES_NOT_EXPIRE',
        CurrentKeyMaterialId: first.KeyMaterialId,
      })
      const Plaintext = encodeUtf8('hello')
      const { CiphertextBlob } = await must(kms, 'Encrypt', { KeyId: key.KeyId, Plaintext })

      expect(await must(kms, 'DeleteImportedKeyMaterial', { KeyId: key.KeyId })).toEqual(first)
      const gone = await describeKey(kms, key)
      expect(gone).toMatchObject({ KeyState: 'PendingImport', CurrentKeyMaterialId: first.KeyMaterialId })
      expect(gone).not.toHaveProperty('ExpirationModel')
      expect(await kms.storage.list('material', { owner: key.KeyId, limit: 9 })).toEqual([])
      await checkRows(kms, [
        [
          'without material',
          'Encrypt',
          { KeyId: key.KeyId, Plaintext },
          `KMSInvalidStateException: ${key.arn} is pending import.`,
        ],
        ['once more', 'DeleteImportedKeyMaterial', { KeyId: key.KeyId }, 'ok'],
        ['of no material', 'DeleteImportedKeyMaterial', { KeyId: (await external(kms)).KeyId }, 'ok'],
        [
          'of unknown material',
          'DeleteImportedKeyMaterial',
          { KeyId: key.KeyId, KeyMaterialId: 'a'.repeat(64) },
          `NotFoundException: Key material ${'a'.repeat(64)} does not exist`,
        ],
        ['other material', 'ImportKeyMaterial', await request(secret(2)), 'IncorrectKeyMaterialException'],
        ['the same material', 'ImportKeyMaterial', await request(secret(1)), 'ok'],
      ])
      expect(await must(kms, 'Decrypt', { CiphertextBlob })).toMatchObject({ Plaintext })
      expect((await recordsOf(kms, 'ImportKeyMaterial')).map(({ response }) => response)).toEqual([
        { keyId: key.arn, keyMaterialId: first.KeyMaterialId },
        null,
        { keyId: key.arn, keyMaterialId: first.KeyMaterialId },
      ])
    })

    it('has another id on another key', async () => {
      const kms = await open()
      const ids: string[] = []
      for (const key of [await external(kms), await external(kms)]) {
        ids.push((await must(kms, 'ImportKeyMaterial', await (await importer(kms, key))(secret(1)))).KeyMaterialId)
      }
      expect(new Set(ids).size).toBe(2)
    })

    it('leaves a disabled key disabled, and a key pending deletion as it is', async () => {
      const kms = await open()
      const key = await external(kms)
      const { KeyId } = key
      const request = await importer(kms, key)
      await must(kms, 'ImportKeyMaterial', await request(secret(1)))
      await must(kms, 'DisableKey', { KeyId })
      await must(kms, 'ImportKeyMaterial', await request(secret(1)))
      expect((await describeKey(kms, key)).KeyState).toBe('Disabled')
      await must(kms, 'ScheduleKeyDeletion', { KeyId })
      await checkRows(kms, [
        [
          'pending deletion',
          'ImportKeyMaterial',
          await request(secret(1)),
          `KMSInvalidStateException: ${key.arn} is pending deletion.`,
        ],
        [
          'pending deletion',
          'GetParametersForImport',
          { KeyId, WrappingAlgorithm: oaep256, WrappingKeySpec: 'RSA_2048' },
          `KMSInvalidStateException: ${key.arn} is pending deletion.`,
        ],
        ['pending deletion', 'DeleteImportedKeyMaterial', { KeyId }, 'ok'],
      ])
      expect((await describeKey(kms, key)).KeyState).toBe('PendingDeletion')
      await must(kms, 'CancelKeyDeletion', { KeyId })
      expect((await describeKey(kms, key)).KeyState).toBe('PendingImport')
    })

    it('is for the origin EXTERNAL alone, said before the state, and for specs that take it', async () => {
      const kms = await open()
      const key = await newKey(kms)
      const { KeyId } = key
      const wrong = `UnsupportedOperationException: ${key.arn} origin is AWS_KMS which is not valid for this operation.`
      const WrappingKeySpec = 'RSA_2048'
      const token = { ImportToken: secret(1), EncryptedKeyMaterial: secret(1) }
      const rows = (state: string) =>
        [
          [state, 'GetParametersForImport', { KeyId, WrappingAlgorithm: oaep256, WrappingKeySpec }, wrong],
          [state, 'ImportKeyMaterial', { KeyId, ...token }, wrong],
          [state, 'DeleteImportedKeyMaterial', { KeyId }, wrong],
        ] as const
      await checkRows(kms, rows('Enabled'))
      await must(kms, 'ScheduleKeyDeletion', { KeyId })
      await checkRows(kms, rows('PendingDeletion'))
      const imported = await external(kms)
      await checkRows(kms, [
        [
          'of imported material',
          'EnableKeyRotation',
          { KeyId: imported.KeyId },
          `UnsupportedOperationException: ${imported.arn} origin is EXTERNAL which is not valid for this operation.`,
        ],
        ...(['ML_DSA_44', 'ML_KEM_768'] as const).map(
          (KeySpec) =>
            [
              KeySpec,
              'CreateKey',
              {
                KeySpec,
                Origin: 'EXTERNAL',
                KeyUsage: KeySpec === 'ML_DSA_44' ? 'SIGN_VERIFY' : 'ENCAPSULATE_DECAPSULATE',
              },
              expect.stringMatching(/^UnsupportedOperationException/) as unknown as string,
            ] as const,
        ),
      ])
    })

    it.each([
      ['SYMMETRIC_DEFAULT', undefined, ['RSAES_OAEP_SHA_1', oaep256, 'RSA_AES_KEY_WRAP_SHA_1', viaAes256]],
      ['HMAC_256', 'GENERATE_VERIFY_MAC', ['RSAES_OAEP_SHA_1', oaep256, 'RSA_AES_KEY_WRAP_SHA_1', viaAes256]],
      ['RSA_2048', 'SIGN_VERIFY', ['RSA_AES_KEY_WRAP_SHA_1', viaAes256]],
      ['ECC_NIST_P521', 'SIGN_VERIFY', ['RSA_AES_KEY_WRAP_SHA_1', viaAes256]],
      ['ECC_NIST_P256', 'SIGN_VERIFY', ['RSAES_OAEP_SHA_1', oaep256, 'RSA_AES_KEY_WRAP_SHA_1', viaAes256]],
    ] as const)('%s: the wrappings that carry it under RSA_2048', async (KeySpec, KeyUsage, carried) => {
      const kms = await open()
      const { KeyId } = await external(kms, KeySpec, KeyUsage)
      const algorithms = [
        'RSAES_PKCS1_V1_5',
        'RSAES_OAEP_SHA_1',
        oaep256,
        'RSA_AES_KEY_WRAP_SHA_1',
        viaAes256,
        'SM2PKE',
      ] as const
      const found: AlgorithmSpec[] = []
      for (const WrappingAlgorithm of algorithms) {
        const asked = { KeyId, WrappingAlgorithm, WrappingKeySpec: 'RSA_2048' }
        const answer = await verdict(kms, 'GetParametersForImport', asked)
        if (answer === 'ok') found.push(WrappingAlgorithm)
        else expect(answer).toBe('UnsupportedOperationException')
      }
      expect(found).toEqual(carried)
      const sm2 = { KeyId, WrappingAlgorithm: viaAes256, WrappingKeySpec: 'SM2' }
      expect(await verdict(kms, 'GetParametersForImport', sm2)).toBe('UnsupportedOperationException')
    })

    it.each([
      ['SYMMETRIC_DEFAULT', undefined, 'RSAES_OAEP_SHA_1', 'RSA_3072', [32], [0, 16, 31, 33, 64]],
      ['SYMMETRIC_DEFAULT', undefined, viaAes256, 'RSA_4096', [32], [31, 33]],
      ['HMAC_256', 'GENERATE_VERIFY_MAC', oaep256, 'RSA_2048', [32, 64], [31, 65]],
      ['HMAC_384', 'GENERATE_VERIFY_MAC', oaep256, 'RSA_2048', [48, 128], [47, 129]],
      ['HMAC_512', 'GENERATE_VERIFY_MAC', 'RSA_AES_KEY_WRAP_SHA_1', 'RSA_2048', [64, 128], [63, 129]],
    ] as const)('%s %s %s %s: lengths', async (KeySpec, KeyUsage, algorithm, wrappingSpec, good, bad) => {
      const kms = await open()
      for (const [lengths, expected] of [
        [good, 'ok'],
        [bad, 'IncorrectKeyMaterialException'],
      ] as const) {
        for (const length of lengths) {
          const key = await external(kms, KeySpec, KeyUsage)
          const parameters = await parametersFor(kms, key, algorithm, length === lengths[0] ? wrappingSpec : 'RSA_2048')
          const { ImportToken } = parameters
          const EncryptedKeyMaterial = await wrap(parameters, secret(7, length))
          const asked = { KeyId: key.KeyId, ImportToken, EncryptedKeyMaterial, ...never }
          expect(await verdict(kms, 'ImportKeyMaterial', asked), `${length} bytes`).toBe(expected)
        }
      }
      expect(kms.faults).toEqual([])
    })

    it('a MAC key computes what its bytes compute', async () => {
      const kms = await open()
      const key = await external(kms, 'HMAC_256', 'GENERATE_VERIFY_MAC')
      const material = secret(9, 40)
      await must(kms, 'ImportKeyMaterial', await (await importer(kms, key))(material.slice()))
      expect(await describeKey(kms, key)).not.toHaveProperty('CurrentKeyMaterialId')
      const Message = encodeUtf8('hello')
      const asked = { KeyId: key.KeyId, MacAlgorithm: 'HMAC_SHA_256', Message } as const
      const { Mac } = await must(kms, 'GenerateMac', asked)
      const plain = await crypto.subtle.importKey('raw', material, { name: 'HMAC', hash: 'SHA-256' }, false, ['sign'])
      expect(Mac).toEqual(new Uint8Array(await crypto.subtle.sign('HMAC', plain, Message)))
    })

    it.each([
      ['RSA_2048', { name: 'RSASSA-PKCS1-v1_5' }, 'RSASSA_PSS_SHA_256', viaAes256],
      ['ECC_NIST_P256', { name: 'ECDSA', namedCurve: 'P-256' }, 'ECDSA_SHA_256', oaep256],
      ['ECC_NIST_P384', { name: 'ECDSA', namedCurve: 'P-384' }, 'ECDSA_SHA_384', oaep256],
      ['ECC_NIST_P521', { name: 'ECDSA', namedCurve: 'P-521' }, 'ECDSA_SHA_512', viaAes256],
      ['ECC_NIST_EDWARDS25519', { name: 'Ed25519' }, 'ED25519_SHA_512', oaep256],
    ] as const)('%s: a pair signs, and comes back alone', async (KeySpec, algorithm, SigningAlgorithm, wrapping) => {
      const kms = await open()
      const key = await external(kms, KeySpec, 'SIGN_VERIFY')
      const { KeyId } = key
      const [mine, other] = [await pkcs8Of(algorithm), await pkcs8Of(algorithm)]
      const request = await importer(kms, key, wrapping)
      const first = await must(kms, 'ImportKeyMaterial', await request(mine))
      const Message = encodeUtf8('hello')
      const { Signature } = await must(kms, 'Sign', { KeyId, Message, SigningAlgorithm })
      await must(kms, 'DeleteImportedKeyMaterial', { KeyId })
      await checkRows(kms, [
        ['gone', 'GetPublicKey', { KeyId }, `KMSInvalidStateException: ${key.arn} is pending import.`],
        ['another', 'ImportKeyMaterial', await request(other), 'IncorrectKeyMaterialException'],
        [
          'another as new',
          'ImportKeyMaterial',
          await request(other, { ...never, ImportType: 'NEW_KEY_MATERIAL' }),
          'IncorrectKeyMaterialException',
        ],
        [
          'bytes after it',
          'ImportKeyMaterial',
          await request(concatBytes(mine, secret(0, 1))),
          'IncorrectKeyMaterialException',
        ],
        ['no file at all', 'ImportKeyMaterial', await request(secret(4)), 'IncorrectKeyMaterialException'],
      ])
      expect(await must(kms, 'ImportKeyMaterial', await request(mine))).toEqual(first)
      expect(await must(kms, 'Verify', { KeyId, Message, Signature, SigningAlgorithm })).toMatchObject({
        SignatureValid: true,
      })
    })

    it('a pair of another spec, or that states another point, is refused', async () => {
      const kms = await open()
      const key = await external(kms, 'ECC_NIST_P256', 'KEY_AGREEMENT')
      const request = await importer(kms, key)
      const [mine, other, p384] = await Promise.all(
        ['P-256', 'P-256', 'P-384'].map((namedCurve) => pkcs8Of({ name: 'ECDSA', namedCurve })),
      )
      if (!mine || !other || !p384) throw new Error('no keys')
      const mixed = concatBytes(mine.subarray(0, mine.length - 64), other.subarray(other.length - 64))
      await checkRows(kms, [
        ['P-384', 'ImportKeyMaterial', await request(p384), 'IncorrectKeyMaterialException'],
        ['another point', 'ImportKeyMaterial', await request(mixed), 'IncorrectKeyMaterialException'],
        ['its own', 'ImportKeyMaterial', await request(mine), 'ok'],
      ])
    })

    it('an RSA key of numbers that fit and are no primes is refused', async () => {
      const kms = await open()
      const key = await external(kms, 'RSA_2048', 'ENCRYPT_DECRYPT')
      const request = await importer(kms, key, viaAes256)
      const asked = await request(compositeRsa())
      expect(await verdict(kms, 'ImportKeyMaterial', asked)).toBe('IncorrectKeyMaterialException')
      expect(kms.faults).toEqual([])
    })

    describe('tokens and encrypted material', () => {
      it('are refused when damaged anywhere, each in its way', async () => {
        const kms = await open()
        const key = await external(kms)
        const request = await (await importer(kms, key, viaAes256))(secret(1))
        const parts = [
          ['ImportToken', 'InvalidImportTokenException'],
          ['EncryptedKeyMaterial', 'InvalidCiphertextException'],
        ] as const
        for (const [member, expected] of parts) {
          const bytes = request[member] as Bytes
          const step = member === 'ImportToken' ? 97 : 13
          for (let at = 0; at < bytes.length; at += step) {
            const changed = bytes.slice()
            changed[at] = (changed[at] as number) ^ 1
            expect(
              codeOf(await attempt(kms, 'ImportKeyMaterial', { ...request, [member]: changed })),
              `${member} ${at}`,
            ).toBe(expected)
          }
          for (const cut of [1, 8, 40, 255, 256, bytes.length - 1, bytes.length + 8]) {
            const changed = concatBytes(bytes, secret(0, 8)).subarray(0, cut)
            expect(
              codeOf(await attempt(kms, 'ImportKeyMaterial', { ...request, [member]: changed })),
              `${member} ${cut}`,
            ).toBe(expected)
          }
        }
        expect(kms.faults).toEqual([])
        expect((await describeKey(kms, key)).KeyState).toBe('PendingImport')
        expect(await verdict(kms, 'ImportKeyMaterial', request)).toBe('ok')
      })

      it.each([0, 16, 20, 24, 31, 33])('an AES key of %i bytes between them is refused', async (length) => {
        const kms = await open()
        const key = await external(kms)
        const parameters = await parametersFor(kms, key, viaAes256)
        const EncryptedKeyMaterial = await wrap(parameters, secret(1), length)
        const asked = { KeyId: key.KeyId, ImportToken: parameters.ImportToken, EncryptedKeyMaterial, ...never }
        expect(await verdict(kms, 'ImportKeyMaterial', asked)).toBe('InvalidCiphertextException')
        expect(kms.faults).toEqual([])
      })

      it('belong to one key, one wrapping key, and one day', async () => {
        const kms = await open()
        const [key, other] = [await external(kms), await external(kms)]
        const request = await (await importer(kms, key))(secret(1))
        const foreign = await (await importer(kms, key))(secret(1))
        await checkRows(kms, [
          ['of another key', 'ImportKeyMaterial', { ...request, KeyId: other.KeyId }, 'InvalidImportTokenException'],
          [
            'under another wrapping key',
            'ImportKeyMaterial',
            { ...request, EncryptedKeyMaterial: foreign.EncryptedKeyMaterial },
            'InvalidCiphertextException',
          ],
        ])
        kms.clock.ms += dayMs - 1
        expect(await verdict(kms, 'ImportKeyMaterial', request)).toBe('ok')
        kms.clock.ms += 1
        expect(await verdict(kms, 'ImportKeyMaterial', request)).toBe('ExpiredImportTokenException')
      })
    })

    it('expires on the second that was said', async () => {
      const kms = await open()
      const key = await external(kms)
      const { KeyId } = key
      const request = await importer(kms, key)
      const at = (ms: number) => new Date(kms.clock.ms + ms)
      await checkRows(kms, [
        [
          'no date',
          'ImportKeyMaterial',
          await request(secret(1), {}),
          'ValidationException: A validTo date must be set if the ExpirationModel is KEY_MATERIAL_EXPIRES',
        ],
        [
          'now',
          'ImportKeyMaterial',
          await request(secret(1), { ValidTo: at(0) }),
          'ValidationException: ValidTo must be in the future',
        ],
        [
          'too far',
          'ImportKeyMaterial',
          await request(secret(1), { ValidTo: at(365 * dayMs + 1000) }),
          'ValidationException: ValidTo must be within 365 days',
        ],
        [
          'unwanted',
          'ImportKeyMaterial',
          await request(secret(1), { ...never, ValidTo: at(1000) }),
          'ValidationException: A validTo date must not be set if the ExpirationModel is KEY_MATERIAL_DOES_NOT_EXPIRE',
        ],
        ['a year', 'ImportKeyMaterial', await request(secret(1), { ValidTo: at(365 * dayMs) }), 'ok'],
        ['an hour', 'ImportKeyMaterial', await request(secret(1), { ValidTo: at(3_600_500) }), 'ok'],
      ])
      const validToMs = kms.clock.ms + 3_600_000
      expect(await describeKey(kms, key)).toMatchObject({
        KeyState: 'Enabled',
        ExpirationModel: 'KEY_MATERIAL_EXPIRES',
        ValidTo: new Date(validToMs),
      })
      expect(await kms.storage.nextDueMs('key')).toBe(validToMs)
      kms.clock.ms = validToMs - 1
      expect((await describeKey(kms, key)).KeyState).toBe('Enabled')
      kms.clock.ms = validToMs
      const expired = `KMSInvalidStateException: ${key.arn} is pending import.`
      expect(await verdict(kms, 'Encrypt', { KeyId, Plaintext: secret(1) })).toBe(expired)
      expect(await kms.storage.list('material', { owner: KeyId, limit: 9 })).toHaveLength(1)
      expect(await settleDue(kms)).toBe(false)
      expect(await kms.storage.list('material', { owner: KeyId, limit: 9 })).toEqual([])
      expect(await kms.storage.nextDueMs('key')).toBeUndefined()
      const metadata = await describeKey(kms, key)
      expect(metadata).not.toHaveProperty('ValidTo')
      expect(metadata).toMatchObject({ KeyState: 'PendingImport', CurrentKeyMaterialId: expect.any(String) })
      expect(await recordsOf(kms, 'DeleteExpiredKeyMaterial')).toMatchObject([
        {
          principal: null,
          parameters: null,
          response: null,
          resources: [key.arn],
          serviceEvent: { keyId: KeyId, keyMaterialId: metadata.CurrentKeyMaterialId },
        },
      ])
      await must(kms, 'ImportKeyMaterial', await request(secret(1)))
      expect(await describeKey(kms, key)).toMatchObject({ ExpirationModel: 'KEY_MATERIAL_DOES_NOT_EXPIRE' })
    })

    it('expires while its deletion is pending, which it does not hold up', async () => {
      const kms = await open()
      const key = await external(kms)
      const request = await importer(kms, key)
      const ValidTo = new Date(kms.clock.ms + dayMs)
      await must(kms, 'ImportKeyMaterial', await request(secret(1), { ValidTo }))
      await must(kms, 'ScheduleKeyDeletion', { KeyId: key.KeyId, PendingWindowInDays: 7 })
      kms.clock.advanceDays(2)
      await settleDue(kms)
      expect(await kms.storage.list('material', { owner: key.KeyId, limit: 9 })).toEqual([])
      expect((await describeKey(kms, key)).KeyState).toBe('PendingDeletion')
      const row = await kms.storage.read('key', key.KeyId)
      expect(await kms.storage.nextDueMs('key')).toBe(row?.value.deleteAtMs)
      kms.clock.advanceDays(5)
      expect(row && isDeleted(row.value, kms.clock.ms)).toBe(true)
      await settleDue(kms)
      expect(await kms.storage.read('key', key.KeyId)).toBeUndefined()
    })

    it('symmetric keys take new material, which waits for its rotation', async () => {
      const kms = await open()
      const key = await external(kms)
      const { KeyId } = key
      const request = await importer(kms, key)
      const asNew = { ...never, ImportType: 'NEW_KEY_MATERIAL' } as const
      const { KeyMaterialId: first } = await must(
        kms,
        'ImportKeyMaterial',
        await request(secret(1), { ...never, KeyMaterialDescription: 'the first' }),
      )
      const noneWaits = `KMSInvalidStateException: No available key material pending rotation for the key: ${key.arn}.`
      await checkRows(kms, [
        ['nothing waits', 'RotateKeyOnDemand', { KeyId }, noneWaits],
        [
          'known material as new',
          'ImportKeyMaterial',
          await request(secret(1), asNew),
          'IncorrectKeyMaterialException',
        ],
        ['unknown material as known', 'ImportKeyMaterial', await request(secret(2)), 'IncorrectKeyMaterialException'],
        [
          'an id for new material',
          'ImportKeyMaterial',
          await request(secret(2), { ...asNew, KeyMaterialId: first }),
          'ValidationException: KeyMaterialId must not be set if the ImportType is NEW_KEY_MATERIAL',
        ],
        [
          'another id',
          'ImportKeyMaterial',
          await request(secret(1), { ...never, KeyMaterialId: 'a'.repeat(64) }),
          'IncorrectKeyMaterialException',
        ],
        ['its own id', 'ImportKeyMaterial', await request(secret(1), { ...never, KeyMaterialId: first }), 'ok'],
      ])
      const old = await must(kms, 'Encrypt', { KeyId, Plaintext: secret(3) })
      const ValidTo = new Date(kms.clock.ms + 2 * dayMs)
      const { KeyMaterialId: second } = await must(
        kms,
        'ImportKeyMaterial',
        await request(secret(2), { ValidTo, ImportType: 'NEW_KEY_MATERIAL' }),
      )
      expect(await describeKey(kms, key)).toMatchObject({
        CurrentKeyMaterialId: first,
        ExpirationModel: 'KEY_MATERIAL_DOES_NOT_EXPIRE',
      })
      const waiting = {
        KeyId,
        KeyMaterialId: second,
        ImportState: 'IMPORTED',
        ExpirationModel: 'KEY_MATERIAL_EXPIRES',
        ValidTo,
      }
      const oldest = {
        KeyId,
        KeyMaterialId: first,
        KeyMaterialDescription: 'the first',
        ImportState: 'IMPORTED',
        ExpirationModel: 'KEY_MATERIAL_DOES_NOT_EXPIRE',
      }
      expect(await materialsOf(kms, key)).toEqual([
        { ...waiting, KeyMaterialState: 'PENDING_ROTATION' },
        { ...oldest, KeyMaterialState: 'CURRENT' },
      ])
      expect((await must(kms, 'ListKeyRotations', { KeyId })).Rotations).toEqual([])
      const third = await attempt(kms, 'ImportKeyMaterial', await request(secret(5), asNew))
      expect(third).toMatchObject({
        ok: false,
        error: {
          code: 'KMSInvalidStateException',
          message: expect.stringMatching(
            `^New key material \\(id: [0-9a-f]{64}\\) cannot be imported into KMS key ${key.arn}, because another key material \\(id: ${second}\\) is pending rotation\\.$`,
          ),
        },
      })

      await must(kms, 'RotateKeyOnDemand', { KeyId })
      const rotated = { RotationDate: new Date(kms.clock.ms), RotationType: 'ON_DEMAND' }
      expect(await materialsOf(kms, key)).toEqual([
        { ...waiting, ...rotated, KeyMaterialState: 'CURRENT' },
        { ...oldest, KeyMaterialState: 'NON_CURRENT' },
      ])
      expect(await describeKey(kms, key)).toMatchObject({ CurrentKeyMaterialId: second, ValidTo })
      expect(await recordsOf(kms, 'RotateKey')).toMatchObject([
        {
          serviceEvent: {
            rotationType: 'ON_DEMAND',
            keyOrigin: 'EXTERNAL',
            previousKeyMaterialId: first,
            currentKeyMaterialId: second,
          },
        },
      ])
      expect(await must(kms, 'Decrypt', { CiphertextBlob: old.CiphertextBlob })).toMatchObject({ KeyMaterialId: first })
      expect(await must(kms, 'Encrypt', { KeyId, Plaintext: secret(3) })).toMatchObject({ KeyId: key.arn })

      // One of them gone is enough to wait for it again.
      await must(kms, 'DeleteImportedKeyMaterial', { KeyId, KeyMaterialId: first })
      kms.clock.advanceDays(2)
      expect((await describeKey(kms, key)).KeyState).toBe('PendingImport')
      expect((await materialsOf(kms, key)).map(({ ImportState }) => ImportState)).toEqual([
        'PENDING_IMPORT',
        'PENDING_IMPORT',
      ])
      const again = await importer(kms, key)
      await must(kms, 'ImportKeyMaterial', await again(secret(1)))
      expect((await describeKey(kms, key)).KeyState).toBe('PendingImport')
      await must(kms, 'ImportKeyMaterial', await again(secret(2)))
      expect(await describeKey(kms, key)).toMatchObject({ KeyState: 'Enabled', CurrentKeyMaterialId: second })
      expect((await materialsOf(kms, key)).map(({ KeyMaterialDescription }) => KeyMaterialDescription)).toEqual([
        undefined,
        'the first',
      ])
      expect(await must(kms, 'Decrypt', { CiphertextBlob: old.CiphertextBlob })).toMatchObject({ KeyMaterialId: first })
    })

    it('material that waits may be deleted, and then makes room', async () => {
      const kms = await open()
      const key = await external(kms)
      const { KeyId } = key
      const request = await importer(kms, key)
      const asNew = { ...never, ImportType: 'NEW_KEY_MATERIAL' } as const
      await must(kms, 'ImportKeyMaterial', await request(secret(1)))
      const { KeyMaterialId } = await must(kms, 'ImportKeyMaterial', await request(secret(2), asNew))
      await must(kms, 'DeleteImportedKeyMaterial', { KeyId, KeyMaterialId })
      expect((await describeKey(kms, key)).KeyState).toBe('Enabled')
      expect(await materialsOf(kms, key)).toHaveLength(1)
      const { KeyMaterialId: next } = await must(kms, 'ImportKeyMaterial', await request(secret(5), asNew))
      await must(kms, 'RotateKeyOnDemand', { KeyId })
      expect((await describeKey(kms, key)).CurrentKeyMaterialId).toBe(next)
    })
  })
}
