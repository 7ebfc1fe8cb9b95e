import type { KeySpec, SigningAlgorithmSpec } from '../../../src/model/generated/types'

export type Algorithm = string | { readonly name: string; readonly [parameter: string]: unknown }

/** WebCrypto as somebody outside the service uses it; the type libraries of the runtimes differ in it. */
interface WebCrypto {
  generateKey(
    algorithm: Algorithm,
    extractable: boolean,
    usages: readonly string[],
  ): Promise<{ readonly publicKey: CryptoKey; readonly privateKey: CryptoKey }>
  importKey(
    format: string,
    key: Bytes | object,
    algorithm: Algorithm,
    extractable: boolean,
    usages: readonly string[],
  ): Promise<CryptoKey>
  exportKey(format: 'spki', key: CryptoKey): Promise<ArrayBuffer>
  exportKey(format: 'jwk', key: CryptoKey): Promise<object>
  sign(algorithm: Algorithm, key: CryptoKey, message: Bytes): Promise<ArrayBuffer>
  verify(algorithm: Algorithm, key: CryptoKey, signature: Bytes | ArrayBuffer, message: Bytes): Promise<boolean>
  encrypt(algorithm: Algorithm, key: CryptoKey, plaintext: Bytes): Promise<ArrayBuffer>
  deriveBits(algorithm: Algorithm, key: CryptoKey, bits: number): Promise<ArrayBuffer>
}
export const outside = crypto.subtle as unknown as WebCrypto

/** How WebCrypto names what an AWS signing algorithm does with a key spec. */
export interface Scheme {
  readonly keySpec: KeySpec
  readonly algorithm: SigningAlgorithmSpec
  readonly key: Algorithm
  readonly use: Algorithm
  /** Absent where nothing can be hashed beforehand. */
  readonly hash?: string
  /** Of ECDSA. */
  readonly fieldBytes?: number
  readonly order?: bigint
}

const rsa = (bits: number): Scheme[] => {
  const hash = `SHA-${bits}`
  const pkcs1 = { name: 'RSASSA-PKCS1-v1_5', hash }
  const pss = { name: 'RSA-PSS', hash }
  return [
    {
      keySpec: 'RSA_2048',
      algorithm: `RSASSA_PKCS1_V1_5_SHA_${bits}` as SigningAlgorithmSpec,
      key: pkcs1,
      use: pkcs1,
      hash,
    },
    {
      keySpec: 'RSA_2048',
      algorithm: `RSASSA_PSS_SHA_${bits}` as SigningAlgorithmSpec,
      key: pss,
      use: { name: 'RSA-PSS', saltLength: bits / 8 },
      hash,
    },
  ]
}

const ecdsa = (namedCurve: string, bits: number, fieldBytes: number, order: string): Scheme => ({
  keySpec: `ECC_NIST_${namedCurve.replace('-', '')}` as KeySpec,
  algorithm: `ECDSA_SHA_${bits}` as SigningAlgorithmSpec,
  key: { name: 'ECDSA', namedCurve },
  use: { name: 'ECDSA', hash: `SHA-${bits}` },
  hash: `SHA-${bits}`,
  fieldBytes,
  order: BigInt(`0x${order}`),
})

/** Group orders: SEC 2 version 2.0, sections 2.4.2, 2.5.1, 2.6.1. */
export const schemes: readonly Scheme[] = [
  ...[256, 384, 512].flatMap(rsa),
  ecdsa('P-256', 256, 32, 'ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551'),
  ecdsa('P-384', 384, 48, `${'f'.repeat(48)}c7634d81f4372ddf581a0db248b0a77aecec196accc52973`),
  ecdsa('P-521', 512, 66, `01${'f'.repeat(65)}a51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409`),
  { keySpec: 'ECC_NIST_EDWARDS25519', algorithm: 'ED25519_SHA_512', key: 'Ed25519', use: 'Ed25519' },
]

export const schemeOf = (keySpec: KeySpec, algorithm: SigningAlgorithmSpec) =>
  schemes.find((scheme) => scheme.keySpec === keySpec && scheme.algorithm === algorithm)

/** r and s of a DER signature, one after the other, each as long as the field. Source: RFC 3279 section 2.2.3. */
export function scalarsOf(der: Bytes, fieldBytes: number): Bytes {
  const scalars = new Uint8Array(2 * fieldBytes)
  let at = (der[1] as number) === 0x81 ? 3 : 2
  for (const end of [fieldBytes, 2 * fieldBytes]) {
    const length = der[at + 1] as number
    const value = der.slice(at + 2, at + 2 + length)
    const digits = value[0] === 0 ? value.slice(1) : value
    scalars.set(digits, end - digits.length)
    at += 2 + length
  }
  return scalars
}

/** The DER form of any two numbers. */
export function derOf(...numbers: bigint[]): Bytes {
  const integers = numbers.flatMap((number) => {
    const digits = number.toString(16)
    const even = digits.length % 2 ? `0${digits}` : digits
    const value = (even.match(/../g) ?? []).map((pair) => Number.parseInt(pair, 16))
    if ((value[0] as number) & 0x80) value.unshift(0)
    return [2, value.length, ...value]
  })
  const head = integers.length < 128 ? [0x30, integers.length] : [0x30, 0x81, integers.length]
  return Uint8Array.from([...head, ...integers])
}
