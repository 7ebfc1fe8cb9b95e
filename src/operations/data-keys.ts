import { requireState, requireUsage } from '../keys/guards'
import type { KeyRecord } from '../keys/records'
import { asymmetricDataKey, unsupported, validation } from '../model/errors'
import type { GenerateDataKeyRequest, RecipientInfo } from '../model/generated/types'
import { keySpecs } from '../model/key-specs'
import type { Call } from './call'
import { requireContext, seal } from './encrypt'
import { findKey } from './find-key'
import type { Handler } from './handler'

const dataKeyBytes = { AES_128: 16, AES_256: 32 } as const

type DataKeyRequest = Omit<GenerateDataKeyRequest, 'Recipient'>

function requireLength(input: DataKeyRequest): number {
  if ((input.KeySpec === undefined) === (input.NumberOfBytes === undefined)) {
    throw validation('Please specify either number of bytes or key spec.')
  }
  return input.KeySpec ? dataKeyBytes[input.KeySpec] : (input.NumberOfBytes as number)
}

/** Attestation documents cannot be checked yet: plaintext never goes out where it was asked to be sealed for an enclave. */
export function refuseRecipient(input: { readonly Recipient?: RecipientInfo | undefined }): void {
  if (input.Recipient !== undefined) throw unsupported('Recipient is not supported.')
}

type WrappingOperation =
  | 'GenerateDataKey'
  | 'GenerateDataKeyWithoutPlaintext'
  | 'GenerateDataKeyPair'
  | 'GenerateDataKeyPairWithoutPlaintext'

/** The guards of a key that is to wrap a new data key or private key; the encryption context as AAD. */
export function requireWrappingKey(
  key: KeyRecord,
  input: Pick<GenerateDataKeyRequest, 'EncryptionContext'>,
  operation: WrappingOperation,
): Bytes {
  requireUsage(key, 'ENCRYPT_DECRYPT', operation)
  requireState(key, operation)
  if (keySpecs[key.keySpec].family !== 'symmetric') throw asymmetricDataKey()
  return requireContext(key, input.EncryptionContext)
}

/** The one thing that both data key operations do. Their order of checks: behaviours 7, GenerateDataKey. */
async function generate(
  call: Call,
  input: DataKeyRequest,
  operation: 'GenerateDataKey' | 'GenerateDataKeyWithoutPlaintext',
) {
  const key = await findKey(call, input.KeyId, 'keyOrAlias')
  await call.authorize(key, operation)
  const length = requireLength(input)
  const context = requireWrappingKey(key, input, operation)
  call.stopIfDryRun(input)

  const Plaintext = call.kms.crypto.random(length)
  const CiphertextBlob = await seal(call, key, { algorithm: 'SYMMETRIC_DEFAULT', plaintext: Plaintext, context })
  call.recordUse(key)
  return { CiphertextBlob, Plaintext, KeyId: key.arn, KeyMaterialId: key.currentMaterialId }
}

/**
 * GenerateDataKey: AES_128, AES_256 or 1 to 1024 bytes, in the clear and under the key.
 * CiphertextBlob is an ordinary input of Decrypt with the same context. Source: AWS API reference, GenerateDataKey.
 */
export const generateDataKey: Handler<'GenerateDataKey'> = async (call, input) => {
  refuseRecipient(input)
  return generate(call, input, 'GenerateDataKey')
}

/** GenerateDataKeyWithoutPlaintext: the same, under the key alone. */
export const generateDataKeyWithoutPlaintext: Handler<'GenerateDataKeyWithoutPlaintext'> = async (call, input) => {
  const { Plaintext, ...answer } = await generate(call, input, 'GenerateDataKeyWithoutPlaintext')
  Plaintext.fill(0)
  return answer
}

/** GenerateRandom: 1 to 1024 bytes. */
export const generateRandom: Handler<'GenerateRandom'> = async (call, input) => {
  call.authorizeResource('*', '*')
  if (input.CustomKeyStoreId !== undefined) throw unsupported('Custom key stores are not supported.')
  refuseRecipient(input)
  if (input.NumberOfBytes === undefined) throw validation('NumberOfBytes is required.')
  return { Plaintext: call.kms.crypto.random(input.NumberOfBytes) }
}
