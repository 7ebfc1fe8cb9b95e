import type { KmsHome } from '../../codec/arn'
import {
  everybody,
  metadataActions,
  ownCallersVia,
  ownCallersViaAnyRegion,
  type Statement,
  throughSid,
  toAccount,
  toService,
} from './statements'

const all = ['Encrypt', 'Decrypt', 'ReEncrypt*', 'GenerateDataKey*', 'CreateGrant', 'DescribeKey']
const withRevoke = [...metadataActions, 'RevokeGrant']

/** Decrypt by way of another service that keeps data for this one. */
const decryptVia = (home: KmsHome, name: string, via: string) =>
  everybody(throughSid(`through ${name}`), 'Decrypt', ownCallersVia(home, via))

/** ACM: who may create which grant. */
const acmGrants = (home: KmsHome, Sid: string, operations: string | readonly string[]) =>
  everybody(Sid, 'CreateGrant', {
    ...ownCallersVia(home, 'acm'),
    'ForAllValues:StringEquals': { 'kms:GrantOperations': operations },
    Bool: { 'kms:GrantIsForAWSResource': 'true' },
  })

/** Connect: nobody encrypts where this context key is absent. */
const connectRefuses = (Sid: string, contextKey: string) =>
  everybody(Sid, ['Encrypt', 'GenerateDataKey*', 'ReEncrypt*'], { Null: { [contextKey]: 'true' } }, 'Deny')

/** Statements of the policies that differ from the template, by the name behind `alias/aws/`, as real accounts have them. */
export const ownDocuments: Readonly<Record<string, (home: KmsHome) => readonly Statement[]>> = {
  acm: (home) => [
    acmGrants(home, 'Allow creation of decryption grants', 'Decrypt'),
    acmGrants(home, 'Allow creation of encryption grant', ['Encrypt', 'ReEncryptFrom', 'ReEncryptTo']),
    everybody('Allowed operations for the key owner', ['DescribeKey', 'ListGrants', 'RevokeGrant', 'GetKeyPolicy'], {
      StringEquals: { 'kms:CallerAccount': home.accountId },
    }),
    everybody(
      'Deny re-encryption to any other key',
      'ReEncrypt*',
      { Bool: { 'kms:ReEncryptOnSameKey': 'false' } },
      'Deny',
    ),
    everybody('Allow decrypt', 'Decrypt', ownCallersVia(home, 'acm')),
  ],
  appflow: (home) => [
    everybody(throughSid('through Amazon AppFlow'), all, ownCallersVia(home, 'appflow')),
    toAccount(home, withRevoke),
    toService(
      'Allow AppFlow Service with service principal name appflow.amazonaws.com to describe the key directly',
      'appflow.amazonaws.com',
      metadataActions,
    ),
    decryptVia(home, 'S3', 's3'),
    everybody(throughSid('through SecretManager'), all, ownCallersVia(home, 'secretsmanager')),
  ],
  backup: (home) => [
    everybody(
      throughSid('through Backup', 'Backup Storage'),
      ['CreateGrant', 'Decrypt', 'GenerateDataKey*'],
      ownCallersVia(home, 'backup'),
    ),
    toAccount(home, withRevoke),
  ],
  connect: (home) => [
    everybody(throughSid('through Connect'), ['CreateGrant', ...metadataActions], ownCallersVia(home, 'connect')),
    toService('Allow Connect to directly describe the key', 'connect.amazonaws.com', metadataActions),
    toAccount(home, withRevoke),
    connectRefuses('Restrict direct usage', 'kms:ViaService'),
    connectRefuses('Restrict usage to Connect data', 'kms:EncryptionContext:aws:connect:OrganizationId'),
    decryptVia(home, 'S3', 's3'),
    decryptVia(home, 'KVS', 'kinesisvideo'),
  ],
  dynamodb: (home) => [
    everybody(throughSid('through Amazon DynamoDB'), all, ownCallersViaAnyRegion(home, 'dynamodb')),
    toAccount(home, withRevoke),
    toService('Allow DynamoDB to directly describe the key', 'dynamodb.amazonaws.com', metadataActions),
  ],
  ecr: (home) => [
    everybody(throughSid('through Amazon ECR'), [...all, 'RetireGrant'], ownCallersVia(home, 'ecr')),
    toAccount(home, withRevoke),
  ],
  mq: (home) => [
    everybody(
      throughSid('to Amazon MQ'),
      ['CreateGrant', 'Decrypt', 'DescribeKey', 'GenerateDataKey*', 'Encrypt', 'ReEncrypt*'],
      ownCallersVia(home, ['mq', 'elasticfilesystem']),
    ),
    toAccount(home, withRevoke),
  ],
  redshift: (home) => [
    everybody(throughSid('through RedShift'), all, ownCallersVia(home, 'redshift')),
    everybody(throughSid('through RedShift-Serverless'), all, ownCallersVia(home, 'redshift-serverless')),
    toAccount(home, withRevoke),
  ],
  secretsmanager: (home) => [
    everybody(
      throughSid('through AWS Secrets Manager'),
      all.filter((action) => action !== 'GenerateDataKey*'),
      ownCallersVia(home, 'secretsmanager'),
    ),
    everybody(
      throughSid('through AWS Secrets Manager'),
      'GenerateDataKey*',
      ownCallersViaAnyRegion(home, 'secretsmanager'),
    ),
    toAccount(home, withRevoke),
  ],
  ses: (home) => [
    toService(
      'Allow SES to encrypt messages belonging to this account',
      `ses.${home.region}.amazonaws.com`,
      ['Encrypt', 'GenerateDataKey*'],
      {
        StringEquals: { 'kms:EncryptionContext:aws:ses:source-account': home.accountId },
        Null: {
          'kms:EncryptionContext:aws:ses:rule-name': 'false',
          'kms:EncryptionContext:aws:ses:message-id': 'false',
        },
      },
    ),
    toService('Allow SES to describe this key', `ses.${home.region}.amazonaws.com`, 'DescribeKey'),
    toAccount(
      home,
      [...metadataActions, 'Decrypt', 'ReEncryptFrom'],
      'Allow direct access to key metadata & decryption to the account',
    ),
  ],
  sns: (home) => [
    everybody(
      throughSid('through SNS'),
      ['Decrypt', 'GenerateDataKey*', 'CreateGrant', 'ListGrants', 'DescribeKey'],
      ownCallersVia(home, 'sns'),
    ),
    toAccount(home, withRevoke),
    toService('Allow SNS to decrypt archived messages', 'sns.amazonaws.com', 'Decrypt', {
      StringEquals: { 'aws:SourceAccount': home.accountId },
      ArnLike: { 'aws:SourceArn': `arn:*:sns:${home.region}:${home.accountId}:*` },
    }),
  ],
  workmail: (home) => [
    everybody(
      throughSid('through WorkMail'),
      ['Decrypt', 'CreateGrant', 'ReEncrypt*', 'DescribeKey', 'Encrypt'],
      ownCallersVia(home, 'workmail'),
    ),
    toAccount(home, withRevoke),
  ],
  workspaces: (home) => [
    everybody(
      throughSid('through Workspaces'),
      ['Encrypt', 'Decrypt', 'ReEncrypt*', 'GenerateDataKey*', 'CreateGrant', 'ListGrants', 'DescribeKey'],
      ownCallersVia(home, 'workspaces'),
    ),
    toAccount(home, ['Describe*', 'RevokeGrant', 'List*', 'Get*']),
  ],
}
