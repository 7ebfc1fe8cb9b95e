import { expect, it } from 'vitest'
import { concatBytes, decodeHex, encodeHex, encodeUtf8 } from '../../../src/codec/bytes'
import { encodeDer, encodeUnsigned } from '../../../src/codec/der'
import { rsaAlgorithm } from '../../../src/codec/key-algorithms'
import type { AlgorithmSpec } from '../../../src/model/generated/types'
import { checkRows, must, type Open, verdict } from './harness'
import {
  describeKey,
  external,
  importer,
  never,
  oaep256,
  parametersFor,
  pkcs8Of,
  secret,
  viaAes256,
  wrap,
} from './import-harness'

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

/** What material each spec takes, how wrapped, and how long. */
export function importedMaterial(open: Open): void {
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
}
