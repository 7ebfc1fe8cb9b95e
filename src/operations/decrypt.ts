import { decodeBlobHeader } from '../codec/ciphertext-blob'
import { requireAlgorithm, requireState, requireUsage } from '../keys/guards'
import type { KeyRecord } from '../keys/records'
import { ciphertextKeyUnknown, incorrectKey, invalidCiphertext, validation } from '../model/errors'
import type { DecryptRequest, EncryptionAlgorithmSpec } from '../model/generated/types'
import type { Call } from './call'
import { refuseRecipient } from './data-keys'
import { requireContext } from './encrypt'
import { findKey, isLocalCaller } from './find-key'
import type { Handler } from './handler'
import { findSettledKey } from './settle'

/** What Decrypt and the source half of ReEncrypt take. */
export interface Source {
  readonly ciphertext: Bytes | undefined
  readonly keyId: string | undefined
  readonly algorithm: EncryptionAlgorithmSpec
  readonly context: { readonly [name: string]: string } | undefined
  readonly grantTokens: readonly string[] | undefined
  /** The IAM action, which is also the operation that a usage error names. */
  readonly action: 'Decrypt' | 'ReEncryptFrom'
}

/** A source whose key has passed every check. `open` decrypts it; there is nothing to open when the caller sent none. */
export interface OpenableSource {
  readonly key: KeyRecord
  readonly materialId: string | undefined
  open(): Promise<Bytes>
}

/**
 * The key of a ciphertext, with AWS's checks in AWS's order: the named key is looked up, the blob is parsed, they must
 * agree (IncorrectKeyException, before that key's usage and state), then access, usage, state and algorithm.
 */
export async function findSource(call: Call, source: Source): Promise<OpenableSource> {
  const named = source.keyId === undefined ? undefined : await findKey(call, source.keyId, 'keyOrAlias', source.action)
  const header =
    source.ciphertext && source.algorithm === 'SYMMETRIC_DEFAULT' ? decodeBlobHeader(source.ciphertext) : undefined
  if (source.ciphertext && source.algorithm === 'SYMMETRIC_DEFAULT' && !header) throw invalidCiphertext()
  if (named && header && named.keyId !== header.keyId) throw incorrectKey()

  const key = named ?? (header && (await findBlobKey(call, header)))
  if (!key) throw validation('KeyId is required for this request.')
  call.authorize(key, source.action, source.grantTokens)
  requireUsage(key, 'ENCRYPT_DECRYPT', source.action)
  requireState(key, 'Decrypt')
  requireAlgorithm(key, 'encryptionAlgorithms', source.algorithm)
  const context = requireContext(key, source.context)

  // A blob names its material; an OAEP block is of the only one that an RSA key has.
  const openWith = async (ciphertext: Bytes): Promise<Bytes | undefined> => {
    if (header) return (await call.openMaterial(key, header.materialId))?.open(ciphertext, context)
    return (await call.openCurrentMaterial(key, 'cipher')).decrypt(source.algorithm, ciphertext)
  }
  return {
    key,
    materialId: header?.materialId,
    async open() {
      const plaintext = source.ciphertext && (await openWith(source.ciphertext))
      if (!plaintext) throw invalidCiphertext()
      return plaintext
    },
  }
}

/** The key that an intact blob names. A caller of another account gets the answer of a key that is not here. */
async function findBlobKey(call: Call, header: { accountId: string; keyId: string }): Promise<KeyRecord> {
  const mayBeHere = header.accountId === call.kms.home.accountId && isLocalCaller(call)
  const key = mayBeHere ? await findSettledKey(call, header.keyId) : undefined
  if (!key) throw ciphertextKeyUnknown()
  call.resources.push(key.arn)
  return key
}

/** Whether the caller asked for the verdict without a ciphertext (DryRunModifiers). */
export const ignoresCiphertext = (input: Pick<DecryptRequest, 'DryRun' | 'DryRunModifiers'>): boolean =>
  input.DryRun === true && input.DryRunModifiers?.includes('IGNORE_CIPHERTEXT') === true

/**
 * Decrypt: a CiphertextBlob of this service, 1 to 6144 bytes, or the OAEP block of an RSA key.
 *
 * In: KeyId in any form, optional for symmetric keys; EncryptionContext exactly as it was.
 * Out: Plaintext, ARN of the key, id of the material that opened it (symmetric keys alone).
 * Throws in the order of findSource; InvalidCiphertextException, without message, whatever is wrong with the ciphertext.
 * Source: AWS API reference, Decrypt; behaviours 4 and 7.
 */
export const decrypt: Handler<'Decrypt'> = async (call, input) => {
  refuseRecipient(input)
  const algorithm = input.EncryptionAlgorithm ?? 'SYMMETRIC_DEFAULT'
  const withoutCiphertext = ignoresCiphertext(input)
  const source = await findSource(call, {
    ciphertext: withoutCiphertext ? undefined : input.CiphertextBlob,
    keyId: input.KeyId,
    algorithm,
    context: input.EncryptionContext,
    grantTokens: input.GrantTokens,
    action: 'Decrypt',
  })
  if (withoutCiphertext) call.stopIfDryRun(input)
  const Plaintext = await source.open()
  call.stopIfDryRun(input)

  call.recordUse(source.key)
  return { KeyId: source.key.arn, Plaintext, EncryptionAlgorithm: algorithm, KeyMaterialId: source.materialId }
}
