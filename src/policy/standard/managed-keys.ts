import type { KmsHome } from '../../codec/arn'
import { formatDocument } from '../document'
import { ownDocuments } from './managed-key-documents'
import {
  everybody,
  metadataActions,
  ownCallersVia,
  type Statement,
  throughSid,
  toAccount,
  toService,
} from './statements'

/** One AWS managed key. Source: AWS KMS developer guide, AWS managed keys; policies and texts as real accounts have them. */
interface ManagedKeyRow {
  /** What follows `alias/aws/`. */
  readonly name: string
  /** The service as people call it. */
  readonly service: string
  readonly policyId: string
  /** What the key protects, in the words of its description; `{service} data` where AWS's words are not known. */
  readonly protects?: string
  /** Rows without a template have a document of their own (`ownDocuments`). */
  readonly template?: Template
}

interface Template {
  /** Of `kms:ViaService`, without Region. */
  readonly via: string
  /** `through S3`; AWS writes `to` in some. */
  readonly through: string
  /** What the Sid ends with, where it is not the name of `through`. */
  readonly use?: string
  /**
   * Three letters or dashes. G: CreateGrant through the service; L: ListGrants too; M: RevokeGrant directly, by IAM
   * policies of the account (m: metadata alone).
   */
  readonly flags: `${'G' | '-'}${'L' | '-'}${'M' | 'm'}`
  /** Sid of the statement by which the service itself reads metadata; absent without one. */
  readonly describeSid?: string
}

const own = (name: string, service: string, policyId: string, protects?: string): ManagedKeyRow => ({
  name,
  service,
  policyId,
  ...(protects === undefined ? {} : { protects }),
})

/** A row of the template: its policy id is that of the name with a number, unless the row says otherwise. */
const row = (
  name: string,
  service: string,
  version: number,
  [through, flags]: readonly [through: string, flags: Template['flags']],
  more: {
    readonly protects?: string
    readonly via?: string
    readonly use?: string
    readonly describeSid?: string
  } = {},
): ManagedKeyRow => {
  const { protects, via = name, ...rest } = more
  const template = { via, through, flags, ...rest }
  return { ...own(name, service, `auto-${name}-${version}`, protects), template }
}

/** The service reads metadata under its own name. */
const named = (called: string, principal: string) => ({
  describeSid: `Allow ${called} with service principal name ${principal}.amazonaws.com to describe the key directly`,
})

const rows: readonly ManagedKeyRow[] = [
  own('acm', 'Certificate Manager', 'auto-acm-4', 'ACM private keys'),
  own('appflow', 'AppFlow', 'auto-appflow-2'),
  own('backup', 'Backup', 'auto-backup-1', 'Backup data'),
  row('cloud9', 'Cloud9', 1, ['through Cloud9', '--m']),
  row(
    'codeartifact',
    'CodeArtifact',
    1,
    ['through Amazon CodeArtifact', 'G-M'],
    named('CodeArtifact Service', 'codeartifact'),
  ),
  row('codecommit', 'CodeCommit', 2, ['through CodeCommit', '--m']),
  own('connect', 'Connect', 'auto-connect-3'),
  row('dax', 'DynamoDB Accelerator', 1, ['through DAX', 'GLM']),
  row('dms', 'Database Migration Service', 1, ['through DMS', 'GLM']),
  own('dynamodb', 'DynamoDB', 'auto-dynamodb-3', 'DynamoDB data'),
  row('ebs', 'EBS', 2, ['through EBS', 'G-M'], { via: 'ec2', protects: 'EBS volumes' }),
  own('ecr', 'ECR', 'auto-ecr-1'),
  row('eks', 'EKS', 1, ['through Amazon EKS', 'G-M'], {
    describeSid: 'Allow the EKS Service to describe the key directly',
  }),
  row('elasticache', 'ElastiCache', 1, ['through ElastiCache Service', 'GLM'], {
    describeSid: 'Allow ElastiCache service principals to describe the key directly',
  }),
  row('elasticfilesystem', 'EFS', 1, ['to EFS', 'G-M'], { protects: 'EFS filesystems' }),
  row('es', 'OpenSearch', 2, ['through OpenSearch Service', 'G-M'], {
    protects: 'Amazon OpenSearch Service (successor to Amazon Elasticsearch Service) data',
    describeSid: 'Allow OpenSearch service principals to describe the key directly',
  }),
  row('fsx', 'FSx', 1, ['through FSx', 'GLM']),
  row('glue', 'Glue', 1, ['through Glue', 'G-M']),
  row('imagebuilder', 'EC2 Image Builder', 1, ['through Amazon EC2 Image Builder', 'G-M'], {
    describeSid: 'Allow the EC2 Image Builder Service to describe the key directly',
  }),
  row('kafka', 'MSK', 1, ['through Kafka', 'GLM'], { protects: 'Kafka data' }),
  row('kendra', 'Kendra', 1, ['through Amazon Kendra', 'G-M'], {
    describeSid: 'Allow Kendra Service to describe the key directly',
  }),
  row('kinesis', 'Kinesis Data Streams', 1, ['through Amazon Kinesis', '--m'], { protects: 'Kinesis data' }),
  row('kinesisvideo', 'Kinesis Video Streams', 1, ['through Kinesis Video Streams', 'G-M']),
  {
    ...row('lambda', 'Lambda', 1, ['through AWS Lambda', 'G-M'], { protects: 'Lambda functions' }),
    policyId: 'auto-awslambda',
  },
  row('lex', 'Lex', 1, ['through lex', 'G-M']),
  row('lightsail', 'Lightsail', 1, ['through Lightsail', '--m'], named('Lightsail', 'lightsail')),
  own('mq', 'MQ', 'auto-mq-1'),
  row('rds', 'RDS, Aurora, Neptune', 2, ['through RDS', 'GLM'], { protects: 'RDS database volumes' }),
  own('redshift', 'Redshift', 'auto-redshift-3'),
  row('s3', 'S3', 2, ['through S3', '--m'], { protects: 'S3 objects' }),
  own('secretsmanager', 'Secrets Manager', 'auto-secretsmanager-2', 'Secrets Manager data'),
  own('ses', 'SES', 'auto-ses-2'),
  own('sns', 'SNS', 'auto-sns-2', 'SNS data'),
  row('sqs', 'SQS', 1, ['through Simple Queue Service (SQS)', 'G-M'], { use: 'SQS' }),
  row('ssm', 'Systems Manager', 1, ['through SSM', '--m'], { protects: 'SSM parameters' }),
  row('timestream', 'Timestream', 1, ['through Amazon Timestream', 'G-M'], {
    describeSid: 'Allow the Timestream Service to describe the key directly',
  }),
  row('translate', 'Translate', 1, ['through Amazon Translate', 'G-M'], named('Translate Service', 'translate')),
  own('workmail', 'WorkMail', 'auto-workmail-1'),
  own('workspaces', 'WorkSpaces', 'auto-workspaces-1'),
  row('xray', 'X-Ray', 1, ['through X-Ray', 'G-M'], named('X-Ray Service', 'xray')),
]

const byAlias = new Map(rows.map((each) => [`alias/aws/${each.name}`, each]))

/** The aliases of all AWS managed keys, `alias/aws/acm` first. */
export const managedAliases: readonly string[] = [...byAlias.keys()]

/** Whether an alias name is that of an AWS managed key, made or yet to be made. */
export const isManagedAlias = (aliasName: string): boolean => byAlias.has(aliasName)

function requireRow(aliasName: string): ManagedKeyRow {
  const found = byAlias.get(aliasName)
  if (!found) throw new RangeError(`${aliasName} is not the alias of an AWS managed key`)
  return found
}

/** The Description of the key behind such an alias. Throws RangeError for any other alias. */
export function managedKeyDescription(aliasName: string): string {
  const { service, protects = `${service} data` } = requireRow(aliasName)
  return `Default key that protects my ${protects} when no other key is defined`
}

/**
 * The policy of the key behind such an alias, as GetKeyPolicy prints it; nobody can change it. Throws RangeError for any
 * other alias. Source: docs/behaviour.md, AWS managed keys.
 */
export function managedKeyPolicy(aliasName: string, home: KmsHome): string {
  const { name, policyId, template } = requireRow(aliasName)
  const Statement = template ? templateStatements(name, template, home) : ownDocuments[name]?.(home)
  if (!Statement) throw new Error(`${aliasName} has no policy`)
  return formatDocument({ Version: '2012-10-17', Id: policyId, Statement })
}

function templateStatements(name: string, template: Template, home: KmsHome): readonly Statement[] {
  const { via, through, use, flags, describeSid } = template
  const actions = [
    ...['Encrypt', 'Decrypt', 'ReEncrypt*', 'GenerateDataKey*'],
    ...(flags.startsWith('G') ? ['CreateGrant'] : []),
    ...(flags[1] === 'L' ? ['ListGrants'] : []),
    'DescribeKey',
  ]
  return [
    everybody(throughSid(through, use), actions, ownCallersVia(home, via)),
    toAccount(home, flags.endsWith('M') ? [...metadataActions, 'RevokeGrant'] : metadataActions),
    ...(describeSid === undefined ? [] : [toService(describeSid, `${name}.amazonaws.com`, metadataActions)]),
  ]
}
