import { createMemoryStorage } from '../../src/adapters/memory/storage'
import { wrapKwp } from '../../src/codec/aes-kwp'
import { concatBytes } from '../../src/codec/bytes'
import type { OperationInput } from '../../src/model/operations'
import { attempt, codeOf, must, newKey } from './behaviour/harness'
import { composeKms, type TestKms } from './compose'
import { hex } from './wycheproof'

/** A service with one wrapping key for all its imports: a file brings dozens of keys, and a new RSA key is slow. */
export async function openImportKms(): Promise<TestKms> {
  const kms = await composeKms(createMemoryStorage())
  const port = kms.import
  if (!port) throw new Error('a service that imports nothing')
  const pair = await port.newWrappingKey('RSA_2048')
  if (!pair) throw new Error('no wrapping key')
  // The operation overwrites what it was given.
  const newWrappingKey = async () => ({ ...pair, privateKey: pair.privateKey.slice() })
  return { ...kms, import: { ...port, newWrappingKey } }
}

type Spec = Pick<OperationInput['CreateKey'], 'KeySpec' | 'KeyUsage'>

/** A key of Origin EXTERNAL, and what ImportKeyMaterial said of its material: `ok` or a code. */
export async function bring(kms: TestKms, spec: Spec, material: Bytes): Promise<{ KeyId: string; imported: string }> {
  const { KeyId } = await newKey(kms, { ...spec, Origin: 'EXTERNAL' })
  const wrapping = { WrappingAlgorithm: 'RSA_AES_KEY_WRAP_SHA_256', WrappingKeySpec: 'RSA_2048' } as const
  const { PublicKey, ImportToken } = await must(kms, 'GetParametersForImport', { KeyId, ...wrapping })
  const oaep = { name: 'RSA-OAEP', hash: 'SHA-256' }
  const rsa = await crypto.subtle.importKey('spki', PublicKey, oaep, false, ['encrypt'])
  const aesBytes = crypto.getRandomValues(new Uint8Array(32))
  const aes = await crypto.subtle.importKey('raw', aesBytes, 'AES-CBC', false, ['encrypt', 'decrypt'])
  const head = new Uint8Array(await crypto.subtle.encrypt(oaep, rsa, aesBytes))
  const answer = await attempt(kms, 'ImportKeyMaterial', {
    KeyId,
    ImportToken,
    EncryptedKeyMaterial: concatBytes(head, await wrapKwp(aes, material)),
    ExpirationModel: 'KEY_MATERIAL_DOES_NOT_EXPIRE',
  })
  return { KeyId, imported: codeOf(answer) }
}

/** Brings each material once. */
export function keepBringing(kms: TestKms, spec: Spec) {
  const keys = new Map<string, Awaited<ReturnType<typeof bring>>>()
  return async (materialHex: string) => {
    const key = keys.get(materialHex) ?? (await bring(kms, spec, hex(materialHex)))
    keys.set(materialHex, key)
    return key
  }
}
