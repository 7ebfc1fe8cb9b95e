import { wrapKwp } from '../../../src/codec/aes-kwp'
import { concatBytes } from '../../../src/codec/bytes'
import type { AlgorithmSpec, KeySpec, KeyUsageType, WrappingKeySpec } from '../../../src/model/generated/types'
import type { OperationInput } from '../../../src/model/operations'
import type { TestKms } from '../compose'
import { must, newKey, type TestKey } from './harness'

export const dayMs = 86_400_000
export const secret = (fill: number, length = 32) => new Uint8Array(length).fill(fill)
export const never = { ExpirationModel: 'KEY_MATERIAL_DOES_NOT_EXPIRE' } as const
export const oaep256 = 'RSAES_OAEP_SHA_256'
export const viaAes256 = 'RSA_AES_KEY_WRAP_SHA_256'

export const external = (kms: TestKms, KeySpec: KeySpec = 'SYMMETRIC_DEFAULT', KeyUsage?: KeyUsageType) =>
  newKey(kms, { Origin: 'EXTERNAL', KeySpec, ...(KeyUsage ? { KeyUsage } : {}) })

export interface Parameters {
  readonly ImportToken: Bytes
  readonly PublicKey: Bytes
  readonly algorithm: AlgorithmSpec
}

export async function parametersFor(
  kms: TestKms,
  { KeyId }: TestKey,
  algorithm: AlgorithmSpec = oaep256,
  WrappingKeySpec: WrappingKeySpec = 'RSA_2048',
): Promise<Parameters> {
  const given = await must(kms, 'GetParametersForImport', { KeyId, WrappingAlgorithm: algorithm, WrappingKeySpec })
  return { ImportToken: given.ImportToken, PublicKey: given.PublicKey, algorithm }
}

/** What a caller does with the parameters. */
export async function wrap({ PublicKey, algorithm }: Parameters, material: Bytes, aesLength = 32): Promise<Bytes> {
  const oaep = { name: 'RSA-OAEP', hash: algorithm.endsWith('SHA_1') ? 'SHA-1' : 'SHA-256' }
  const key = await crypto.subtle.importKey('spki', PublicKey, oaep, false, ['encrypt'])
  const encrypt = async (bytes: Bytes) => new Uint8Array(await crypto.subtle.encrypt(oaep, key, bytes))
  if (algorithm.startsWith('RSAES')) return encrypt(material)
  const aesBytes = crypto.getRandomValues(new Uint8Array(aesLength))
  if (![16, 32].includes(aesLength)) return concatBytes(await encrypt(aesBytes), new Uint8Array(40))
  const aes = await crypto.subtle.importKey('raw', aesBytes, 'AES-CBC', false, ['encrypt', 'decrypt'])
  return concatBytes(await encrypt(aesBytes), await wrapKwp(aes, material))
}

export type Rest = Omit<OperationInput['ImportKeyMaterial'], 'KeyId' | 'ImportToken' | 'EncryptedKeyMaterial'>

/** One key, one set of parameters, as many imports as one likes. */
export async function importer(kms: TestKms, key: TestKey, algorithm?: AlgorithmSpec) {
  const parameters = await parametersFor(kms, key, algorithm)
  return async (material: Bytes, rest: Rest = never) => ({
    KeyId: key.KeyId,
    ImportToken: parameters.ImportToken,
    EncryptedKeyMaterial: await wrap(parameters, material),
    ...rest,
  })
}

export async function pkcs8Of(algorithm: { name: string; namedCurve: string } | { name: string }): Promise<Bytes> {
  const whole = 'namedCurve' in algorithm ? algorithm : { ...algorithm, ...rsaParameters }
  const pair = (await crypto.subtle.generateKey(algorithm.name === 'Ed25519' ? algorithm : whole, true, [
    'sign',
    'verify',
  ])) as CryptoKeyPair
  return new Uint8Array((await crypto.subtle.exportKey('pkcs8', pair.privateKey)) as ArrayBuffer)
}
export const rsaParameters = { hash: 'SHA-256', modulusLength: 2048, publicExponent: Uint8Array.of(1, 0, 1) }

export const describeKey = async (kms: TestKms, { KeyId }: TestKey) =>
  (await must(kms, 'DescribeKey', { KeyId })).KeyMetadata

export const materialsOf = async (kms: TestKms, { KeyId }: TestKey) =>
  (await must(kms, 'ListKeyRotations', { KeyId, IncludeKeyMaterial: 'ALL_KEY_MATERIAL' })).Rotations
