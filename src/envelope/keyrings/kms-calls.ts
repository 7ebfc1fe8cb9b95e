import { encodeUtf8 } from '../../codec/bytes'
import type { DataKeyOutput, EnvelopeKmsClient } from '../clients/kms-client'
import { failure } from '../errors'
import type { EncryptedDataKey } from '../header'
import type { UnwrapRequest } from '../keyring'
import { firstToOpen } from './first-to-open'

const providerId = 'aws-kms'

/** What an ARN of a key names: the ARN, without its Region for a multi-Region key; undefined for any other text. */
export function identityOf(text: string): string | undefined {
  const [arn, before, after, multiRegion] = /^(arn:[^:]+:kms:)[^:]+(:\d{12}:key\/(mrk-)?[^:/]+)$/.exec(text) ?? []
  return multiRegion ? `${before}${after}` : arn
}

const unexpected = () => failure('keyringFailed', 'KMS')

/** What KMS sealed, under the ARN that it names. */
export function toEncryptedDataKey({ KeyId = '', CiphertextBlob }: DataKeyOutput): EncryptedDataKey {
  if (!CiphertextBlob || !identityOf(KeyId)) throw unexpected()
  return { providerId, providerInfo: encodeUtf8(KeyId), ciphertext: new Uint8Array(CiphertextBlob) }
}

/** The plaintext of an answer, copied; the answer's own bytes are overwritten. */
export function takePlaintext({ Plaintext }: DataKeyOutput, keyBytes: number): Bytes {
  if (Plaintext?.length !== keyBytes) throw unexpected()
  const dataKey = new Uint8Array(Plaintext)
  Plaintext.fill(0)
  return dataKey
}

/** Calls Decrypt for each data key for whose ARN `keyIdFor` has a key id; it throws for the others. */
export const unwrapWithKms = (
  client: EnvelopeKmsClient,
  GrantTokens: string[] | undefined,
  { suite, encryptionContext, encryptedDataKeys }: UnwrapRequest,
  keyIdFor: (arn: string) => string | undefined,
): Promise<Bytes> =>
  firstToOpen(encryptedDataKeys, async (key, arn) => {
    const KeyId = key.providerId === providerId ? keyIdFor(arn) : undefined
    if (!KeyId) throw failure('noDataKeyOpened', 'another key')
    const { ciphertext: CiphertextBlob } = key
    const output = await client.decrypt({ KeyId, CiphertextBlob, EncryptionContext: encryptionContext, GrantTokens })
    if (output.KeyId !== KeyId) throw unexpected()
    return takePlaintext(output, suite.keyBytes)
  })
