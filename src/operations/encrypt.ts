import { encodeBlobPrefix } from '../codec/ciphertext-blob'
import { encodeEncryptionContext, maxEncryptionContextBytes } from '../codec/encryption-context'
import { requireAlgorithm, requireContextFits, requirePlaintextFits, requireState, requireUsage } from '../keys/guards'
import { shownMaterialId } from '../keys/metadata'
import type { KeyRecord } from '../keys/records'
import { validation } from '../model/errors'
import type { EncryptionAlgorithmSpec } from '../model/generated/types'
import type { Call } from './call'
import { findKey } from './find-key'
import type { Handler } from './handler'

type EncryptionContext = { readonly [name: string]: string } | undefined

/** EncryptionContext as AAD; ValidationException for an asymmetric key's, and for one too long to be one. */
export function requireContext(key: KeyRecord, context: EncryptionContext): Bytes {
  requireContextFits(key, context)
  const aad = encodeEncryptionContext(context)
  if (!aad) throw validation(`EncryptionContext must not be longer than ${maxEncryptionContextBytes} bytes.`)
  return aad
}

/** What is about to be encrypted. The key has passed its guards. */
interface Sealing {
  readonly algorithm: EncryptionAlgorithmSpec
  readonly plaintext: Bytes
  readonly context: Bytes
}

/** Seals under the key's current material. */
export async function seal(call: Call, key: KeyRecord, { algorithm, plaintext, context }: Sealing): Promise<Bytes> {
  if (algorithm !== 'SYMMETRIC_DEFAULT') {
    return (await call.openCurrentMaterial(key, 'cipher')).encrypt(algorithm, plaintext)
  }
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
  requireAlgorithm(key, 'encryptionAlgorithms', algorithm)
}

/**
 * Encrypt: 1 to 4096 bytes under one KMS key; under an RSA key as many as OAEP leaves room for.
 *
 * In: KeyId in any form; Plaintext bytes; EncryptionContext, exact and case-sensitive, symmetric keys alone.
 * Out: CiphertextBlob. Symmetric: docs/formats.md, header and context as AAD. RSA: the bare OAEP block.
 * Throws in the order of the lines below.
 * Source: AWS API reference, Encrypt; behaviours 4 and 7.
 */
export const encrypt: Handler<'Encrypt'> = async (call, input) => {
  const algorithm = input.EncryptionAlgorithm ?? 'SYMMETRIC_DEFAULT'
  const key = await findKey(call, input.KeyId, 'keyOrAlias')
  await call.authorize(key, 'Encrypt')
  requireEncryptingKey(key, algorithm, 'Encrypt')
  const context = requireContext(key, input.EncryptionContext)
  requirePlaintextFits(key, algorithm, input.Plaintext.length)
  call.stopIfDryRun(input)

  const CiphertextBlob = await seal(call, key, { algorithm, plaintext: input.Plaintext, context })
  call.recordUse(key)
  call.materialId = shownMaterialId(key)
  return { CiphertextBlob, KeyId: key.arn, EncryptionAlgorithm: algorithm }
}
