import { unsupported } from '../model/errors'
import type { DataKeyPairSpec, GenerateDataKeyPairWithoutPlaintextRequest } from '../model/generated/types'
import { keySpecs } from '../model/key-specs'
import type { DataKeyPair } from '../ports/crypto'
import type { Call } from './call'
import { refuseRecipient, requireWrappingKey } from './data-keys'
import { seal } from './encrypt'
import { findKey } from './find-key'
import type { Handler } from './handler'

/** UnsupportedOperationException for a pair that this Region or this runtime does not make. */
function requirePairSpec(call: Call, spec: DataKeyPairSpec): void {
  const { dataKeyPair, onlyInChina } = keySpecs[spec]
  if (!dataKeyPair || onlyInChina) throw unsupported(`KeyPairSpec ${spec} is not supported in this Region`)
  if (!call.kms.crypto.supportsKeyPair(spec)) throw unsupported(`KeyPairSpec ${spec} is not supported.`)
}

/** The one thing that both operations do. Whoever gets `pair.privateKey` hands it out or overwrites it. */
async function generate(
  call: Call,
  input: GenerateDataKeyPairWithoutPlaintextRequest,
  operation: 'GenerateDataKeyPair' | 'GenerateDataKeyPairWithoutPlaintext',
) {
  const key = await findKey(call, input.KeyId, 'keyOrAlias')
  await call.authorize(key, operation)
  const context = requireWrappingKey(key, input, operation)
  requirePairSpec(call, input.KeyPairSpec)
  call.stopIfDryRun(input)

  const pair = await call.kms.crypto.generateKeyPair(input.KeyPairSpec)
  const sealed = await sealPrivateKey(pair)
  call.recordUse(key)
  const answer = {
    PrivateKeyCiphertextBlob: sealed,
    PublicKey: pair.publicKey,
    KeyId: key.arn,
    KeyPairSpec: input.KeyPairSpec,
    KeyMaterialId: key.currentMaterialId,
  }
  return { pair, answer }

  async function sealPrivateKey({ privateKey }: DataKeyPair): Promise<Bytes> {
    try {
      return await seal(call, key, { algorithm: 'SYMMETRIC_DEFAULT', plaintext: privateKey, context })
    } catch (error) {
      privateKey.fill(0)
      throw error
    }
  }
}

/**
 * GenerateDataKeyPair: a new pair, its private half in the clear and under the key.
 *
 * Out: PrivateKeyPlaintext PKCS#8 DER, of ML-KEM in seed form; PublicKey SubjectPublicKeyInfo DER;
 * PrivateKeyCiphertextBlob, an ordinary input of Decrypt with the same context.
 * Throws usage, state, then InvalidKeyUsageException for an asymmetric key.
 * Source: AWS API reference, GenerateDataKeyPair; behaviours 7.
 */
export const generateDataKeyPair: Handler<'GenerateDataKeyPair'> = async (call, input) => {
  refuseRecipient(input)
  const { pair, answer } = await generate(call, input, 'GenerateDataKeyPair')
  return { ...answer, PrivateKeyPlaintext: pair.privateKey }
}

/** GenerateDataKeyPairWithoutPlaintext: the same, the private half under the key alone. */
export const generateDataKeyPairWithoutPlaintext: Handler<'GenerateDataKeyPairWithoutPlaintext'> = async (
  call,
  input,
) => {
  const { pair, answer } = await generate(call, input, 'GenerateDataKeyPairWithoutPlaintext')
  pair.privateKey.fill(0)
  return answer
}
