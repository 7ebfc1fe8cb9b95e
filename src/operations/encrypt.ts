import { encodeBlobPrefix } from '../codec/ciphertext-blob'
import { encodeEncryptionContext, maxEncryptionContextBytes } from '../codec/encryption-context'
import { requireEncryptionAlgorithm, requireState, requireUsage } from '../keys/guards'
import type { KeyRecord } from '../keys/records'
import { validation } from '../model/errors'
import type { EncryptionAlgorithmSpec } from '../model/generated/types'
import type { Call } from './call'
import { findKey } from './find-key'
import type { Handler } from './handler'

type EncryptionContext = { readonly [name: string]: string } | undefined

/** EncryptionContext as AAD; ValidationException when it is too long to be one. */
export function requireContext(context: EncryptionContext): Bytes {
  const aad = encodeEncryptionContext(context)
  if (!aad) throw validation(`EncryptionContext must not be longer than ${maxEncryptionContextBytes} bytes.`)
  return aad
}

/** Seals under the key's current material. The key has passed its guards. */
export async function seal(call: Call, key: KeyRecord, plaintext: Bytes, context: Bytes): Promise<Bytes> {
  const material = await call.openCurrentMaterial(key)
  const prefix = encodeBlobPrefix({
    accountId: key.accountId,
    keyId: key.keyId,
    materialId: key.currentMaterialId as string,
  })
  return material.seal(prefix, context, plaintext)
}

/** The guards of a key that is about to encrypt, in AWS's order (behaviours 4). `operation` is the name that AWS prints. */
export function requireEncryptingKey(key: KeyRecord, algorithm: EncryptionAlgorithmSpec, operation: string): void {
  requireUsage(key, 'ENCRYPT_DECRYPT', operation)
  requireState(key, 'Encrypt')
  requireEncryptionAlgorithm(key, algorithm)
}

/**
 * Encrypt: 1 to 4096 bytes under one KMS key.
 *
 * In: KeyId in any form; Plaintext bytes; EncryptionContext, exact and case-sensitive.
 * Out: CiphertextBlob (docs/formats.md), header and context as AAD.
 * Throws in the order of the lines below.
 * Source: AWS API reference, Encrypt; behaviours 4 and 7.
 */
export const encrypt: Handler<'Encrypt'> = async (call, input) => {
  const algorithm = input.EncryptionAlgorithm ?? 'SYMMETRIC_DEFAULT'
  const key = await findKey(call, input.KeyId, 'keyOrAlias')
  call.authorize(key, 'Encrypt', input.GrantTokens)
  requireEncryptingKey(key, algorithm, 'Encrypt')
  const context = requireContext(input.EncryptionContext)
  call.stopIfDryRun(input)

  const CiphertextBlob = await seal(call, key, input.Plaintext, context)
  call.recordUse(key)
  call.materialId = key.currentMaterialId
  return { CiphertextBlob, KeyId: key.arn, EncryptionAlgorithm: algorithm }
}
