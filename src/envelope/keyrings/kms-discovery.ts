import type { EnvelopeKmsClient } from '../clients/kms-client'
import { failure } from '../errors'
import type { Keyring } from '../keyring'
import { identityOf, unwrapWithKms } from './kms-calls'

export interface KmsDiscoveryOptions {
  readonly client: EnvelopeKmsClient
  /** Only keys of this partition, such as `aws`. */
  readonly partition?: string
  /** Only keys of these accounts, 12 digits each. */
  readonly accountIds?: readonly string[]
  readonly grantTokens?: string[]
}

/**
 * Reads with whatever KMS key the message names, within the filter; the caller's permissions decide. Never writes. A
 * reader that knows its keys is better off with `kms`: here the message chooses. Source: AWS Encryption SDK
 * specification, AWS KMS discovery keyring.
 */
export const kmsDiscovery = ({ client, partition, accountIds, grantTokens }: KmsDiscoveryOptions): Keyring => ({
  async wrap() {
    throw failure('invalidOption', 'a discovery keyring does not encrypt')
  },
  unwrap: (request) =>
    unwrapWithKms(client, grantTokens, request, (arn) => {
      const [, home, , , accountId = ''] = arn.split(':')
      const passes = (!partition || partition === home) && (!accountIds || accountIds.includes(accountId))
      return passes && identityOf(arn) ? arn : undefined
    }),
})
