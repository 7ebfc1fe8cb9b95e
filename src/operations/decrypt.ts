import { decodeBlobHeader } from '../codec/ciphertext-blob'
import { requireAlgorithm, requireState, requireUsage } from '../keys/guards'
import type { KeyRecord } from '../keys/records'
import { ciphertextKeyUnknown, incorrectKey, invalidCiphertext, type KmsError, validation } from '../model/errors'
import type { DecryptRequest, EncryptionAlgorithmSpec } from '../model/generated/types'
import type { AccessDetails } from './access'
import type { Call } from './call'
import { refuseRecipient } from './data-keys'
import { requireContext } from './encrypt'
import { findKey } from './find-key'
import type { Handler } from './handler'
import { findSettledKey } from './settle'

/** What Decrypt and the source half of ReEncrypt take. */
export interface Source {
  readonly ciphertext: Bytes | undefined
  readonly keyId: string | undefined
  readonly algorithm: EncryptionAlgorithmSpec
  readonly context: { readonly [name: string]: string } | undefined
  /** The IAM action, which is also the operation that a usage error names. */
  readonly action: 'Decrypt' | 'ReEncryptFrom'
}

/** A source that was found and not yet allowed. */
export interface LocatedSource {
  readonly key: KeyRecord
  /** Of a symmetric ciphertext. */
  readonly materialId: string | undefined
  /** Whether the caller named the key; a caller of another account who did not gets the answer of a key that is not here. */
  readonly named: boolean
  /** What is wrong with the ciphertext; a caller of another account hears of it when its access to the key is sure. */
  readonly flaw?: KmsError | undefined
}

/** A source whose key has passed every check. `open` decrypts it; there is nothing to open when the caller sent none. */
export interface OpenableSource {
  readonly key: KeyRecord
  readonly materialId: string | undefined
  open(): Promise<Bytes>
}

/**
 * The key of a ciphertext: the named key is looked up, the blob is parsed, they must agree (IncorrectKeyException, before
 * access to that key, its usage and its state). For a caller of another account a key that it may not use is like one
 * that does not exist, whatever the blob.
 */
export async function locateSource(call: Call, source: Source): Promise<LocatedSource> {
  const named = source.keyId === undefined ? undefined : await findKey(call, source.keyId, 'keyOrAlias', source.action)
  const symmetric = source.ciphertext && source.algorithm === 'SYMMETRIC_DEFAULT'
  const header = symmetric ? decodeBlobHeader(source.ciphertext) : undefined
  const flaw =
    symmetric && (header ? (named && named.keyId !== header.keyId ? incorrectKey() : undefined) : invalidCiphertext())
  if (flaw && (call.isLocal || !named)) throw flaw

  const key = named ?? (header && (await findBlobKey(call, header)))
  if (!key) throw validation('KeyId is required for this request.')
  return { key, materialId: header?.materialId, named: named !== undefined, ...(flaw ? { flaw } : {}) }
}

/** The same source once access, usage, state and algorithm have been checked, in AWS's order. */
export async function requireSource(
  call: Call,
  source: Source,
  { key, materialId, named, flaw }: LocatedSource,
  details: AccessDetails = {},
): Promise<OpenableSource> {
  await call.authorize(key, source.action, { ...details, ...(named ? {} : { refusal: ciphertextKeyUnknown }) })
  if (flaw) throw flaw
  requireUsage(key, 'ENCRYPT_DECRYPT', source.action)
  requireState(key, 'Decrypt')
  requireAlgorithm(key, 'encryptionAlgorithms', source.algorithm)
  const context = requireContext(key, source.context)

  // A blob names its material; an OAEP block is of the only one that an RSA key has.
  const openWith = async (ciphertext: Bytes): Promise<Bytes | undefined> => {
    if (materialId !== undefined) return (await call.openMaterial(key, materialId))?.open(ciphertext, context)
    return (await call.openCurrentMaterial(key, 'cipher')).decrypt(source.algorithm, ciphertext)
  }
  return {
    key,
    materialId,
    async open() {
      const plaintext = source.ciphertext && (await openWith(source.ciphertext))
      if (!plaintext) throw invalidCiphertext()
      return plaintext
    },
  }
}

/** The key that an intact blob names. */
async function findBlobKey(call: Call, header: { accountId: string; keyId: string }): Promise<KeyRecord> {
  const isHere = header.accountId === call.kms.home.accountId
  const key = isHere ? await findSettledKey(call, header.keyId) : undefined
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
 * Throws in the order of locateSource and requireSource; InvalidCiphertextException, without message, whatever is wrong with the ciphertext.
 * Source: AWS API reference, Decrypt; behaviours 4 and 7.
 */
export const decrypt: Handler<'Decrypt'> = async (call, input) => {
  refuseRecipient(input)
  const algorithm = input.EncryptionAlgorithm ?? 'SYMMETRIC_DEFAULT'
  const withoutCiphertext = ignoresCiphertext(input)
  const request: Source = {
    ciphertext: withoutCiphertext ? undefined : input.CiphertextBlob,
    keyId: input.KeyId,
    algorithm,
    context: input.EncryptionContext,
    action: 'Decrypt',
  }
  const source = await requireSource(call, request, await locateSource(call, request))
  if (withoutCiphertext) call.stopIfDryRun(input)
  const Plaintext = await source.open()
  call.stopIfDryRun(input)

  call.recordUse(source.key)
  return { KeyId: source.key.arn, Plaintext, EncryptionAlgorithm: algorithm, KeyMaterialId: source.materialId }
}
