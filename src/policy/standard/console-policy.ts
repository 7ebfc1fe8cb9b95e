import { isAccountId } from '../../codec/arn'
import type { KeySpec, KeyUsageType, OriginType } from '../../model/generated/types'
import { type KeySpecRow, keySpecs } from '../../model/key-specs'
import { formatDocument } from '../document'
import { accountStatement } from '../key-policy'

export interface ConsolePolicyOptions {
  /** 12 digits; the account of the key. */
  readonly accountId: string
  readonly keySpec: KeySpec
  readonly keyUsage: KeyUsageType
  /** AWS_KMS unless given. */
  readonly origin?: OriginType
  /** False unless given. */
  readonly multiRegion?: boolean
  /** ARNs of users and roles who manage the key and do not use it. */
  readonly administrators?: readonly string[]
  /** ARNs of users and roles who use the key, by themselves and through services. */
  readonly users?: readonly string[]
  /** 12 digits each: accounts that may let their own users and roles use the key. */
  readonly externalAccounts?: readonly string[]
}

/**
 * The key policy that the console of AWS KMS writes for a new key, as GetKeyPolicy prints it. Statements for nobody are
 * left out. Throws RangeError for an account id that is not 12 digits.
 * Source: AWS KMS developer guide, default key policy; docs/behaviour.md, standard policies.
 */
export function consoleKeyPolicy(options: ConsolePolicyOptions): string {
  const { accountId, keySpec, keyUsage, administrators = [], users = [], externalAccounts = [] } = options
  if (![accountId, ...externalAccounts].every(isAccountId)) throw new RangeError('an account id is 12 digits')
  const Statement: object[] = [accountStatement(accountId)]
  if (administrators.length) {
    const Action = kms(administration(options))
    Statement.push(statement('Allow access for Key Administrators', administrators, Action))
  }
  const allUsers = [...users, ...externalAccounts.map((id) => `arn:aws:iam::${id}:root`)]
  if (allUsers.length) {
    Statement.push(statement('Allow use of the key', allUsers, kms(useByUsage[keyUsage](keySpecs[keySpec]))), {
      ...statement('Allow attachment of persistent resources', allUsers, kms(grantActions)),
      Condition: { Bool: { 'kms:GrantIsForAWSResource': 'true' } },
    })
  }
  return formatDocument({ Id: 'key-consolepolicy-3', Version: '2012-10-17', Statement })
}

const kms = (names: readonly string[]) => names.map((name) => `kms:${name}`)

/** One principal is a string, several are a list. */
const statement = (Sid: string, principals: readonly string[], Action: readonly string[]) => ({
  Sid,
  Effect: 'Allow',
  Principal: { AWS: principals.length === 1 ? principals[0] : principals },
  Action,
  Resource: '*',
})

const administration = ({ keySpec, origin, multiRegion }: ConsolePolicyOptions): string[] => [
  ...['Create*', 'Describe*', 'Enable*', 'List*', 'Put*', 'Update*', 'Revoke*', 'Disable*', 'Get*', 'Delete*'],
  ...(origin === 'EXTERNAL' ? ['ImportKeyMaterial'] : []),
  ...['TagResource', 'UntagResource', 'ScheduleKeyDeletion', 'CancelKeyDeletion'],
  ...(multiRegion ? ['ReplicateKey', 'UpdatePrimaryRegion'] : []),
  ...(keySpecs[keySpec].rotates ? ['RotateKeyOnDemand'] : []),
]

const useByUsage: { readonly [U in KeyUsageType]: (row: KeySpecRow) => readonly string[] } = {
  ENCRYPT_DECRYPT: ({ family }) =>
    family === 'symmetric'
      ? ['Encrypt', 'Decrypt', 'ReEncrypt*', 'GenerateDataKey*', 'DescribeKey']
      : ['Encrypt', 'Decrypt', 'ReEncrypt*', 'DescribeKey', 'GetPublicKey'],
  SIGN_VERIFY: () => ['DescribeKey', 'GetPublicKey', 'Sign', 'Verify'],
  GENERATE_VERIFY_MAC: () => ['DescribeKey', 'GenerateMac', 'VerifyMac'],
  KEY_AGREEMENT: () => ['DescribeKey', 'GetPublicKey', 'DeriveSharedSecret'],
  ENCAPSULATE_DECAPSULATE: () => ['DescribeKey', 'GetPublicKey', 'Encapsulate', 'Decapsulate'],
}

const grantActions = ['CreateGrant', 'ListGrants', 'RevokeGrant']
