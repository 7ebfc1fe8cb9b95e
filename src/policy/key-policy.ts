import { formatDocument } from './document'

/** The statement that lets the account's IAM policies count; without it not even the root user can do anything. */
export const accountStatement = (accountId: string) => ({
  Sid: 'Enable IAM User Permissions',
  Effect: 'Allow',
  Principal: { AWS: `arn:aws:iam::${accountId}:root` },
  Action: 'kms:*',
  Resource: '*',
})

/** The policy of a key that was created without one, as GetKeyPolicy prints it: it lets the account's IAM policies count. */
export const defaultKeyPolicy = (accountId: string): string =>
  formatDocument({ Version: '2012-10-17', Id: 'key-default-1', Statement: [accountStatement(accountId)] })
