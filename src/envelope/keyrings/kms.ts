import type { EnvelopeKmsClient } from '../clients/kms-client'
import type { EncryptedDataKey } from '../header'
import type { Keyring } from '../keyring'
import { identityOf, takePlaintext, toEncryptedDataKey, unwrapWithKms } from './kms-calls'

export interface KmsKeyringOptions {
  readonly client: EnvelopeKmsClient
  /** The key that makes the data key. To read it must be a key ARN; to write, any form that KMS takes. */
  readonly keyId: string
  /** Further keys, each of which can open the message alone. */
  readonly additionalKeyIds?: readonly string[]
  readonly grantTokens?: string[]
}

/**
 * Data keys under KMS keys that are named. Writes with GenerateDataKey, and Encrypt for the additional keys. Reads with
 * Decrypt, only data keys of the keys named or of their multi-Region relatives, calling KMS by the configured ARN and
 * checking that it answers with it. Source: AWS Encryption SDK specification, AWS KMS keyring and AWS KMS MRK keyring.
 */
export function kms({ client, keyId, additionalKeyIds = [], grantTokens: GrantTokens }: KmsKeyringOptions): Keyring {
  const keyIds = [keyId, ...additionalKeyIds]
  return {
    async wrap({ suite: { keyBytes }, encryptionContext: EncryptionContext, dataKey }) {
      const encryptedDataKeys: EncryptedDataKey[] = []
      for (const KeyId of keyIds) {
        const common = { KeyId, EncryptionContext, GrantTokens }
        const output = await (dataKey
          ? client.encrypt({ Plaintext: dataKey, ...common })
          : client.generateDataKey({ NumberOfBytes: keyBytes, ...common }))
        dataKey ??= takePlaintext(output, keyBytes)
        encryptedDataKeys.push(toEncryptedDataKey(output))
      }
      // There is at least one key id.
      return { dataKey: dataKey as Bytes, encryptedDataKeys }
    },
    unwrap: (request) =>
      unwrapWithKms(client, GrantTokens, request, (arn) => {
        const identity = identityOf(arn)
        return identity && keyIds.find((keyId) => identityOf(keyId) === identity)
      }),
  }
}
