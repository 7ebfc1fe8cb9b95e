import { describe, expect, it } from 'vitest'
import type { JsonObject } from '../../src/codec/json'
import { compilePolicy } from '../../src/policy/compile'
import { formatDocument } from '../../src/policy/document'
import { defaultKeyPolicy } from '../../src/policy/key-policy'
import {
  type ConsolePolicyOptions,
  consoleKeyPolicy,
  isManagedAlias,
  managedAliases,
  managedKeyDescription,
  managedKeyPolicy,
} from '../../src/policy/standard'
import documents from '../vectors/managed-key-policies.json'

const home = { accountId: '111122223333', region: 'eu-west-1', partition: 'aws' }

describe('managedKeyPolicy', () => {
  /** Documents of real accounts, with holes for account and Region. */
  it.each(Object.entries(documents))('%s is as AWS has it', (alias, document) => {
    const text = JSON.stringify(document).replaceAll('{account}', home.accountId).replaceAll('{region}', home.region)
    expect(managedKeyPolicy(alias, home)).toBe(formatDocument(JSON.parse(text)))
  })

  // Policy id, kms:ViaService without Region, the words of the Sid, what differs (G: CreateGrant, L: ListGrants,
  // M: RevokeGrant) and the Sid of the service's own statement. Source: policies of real accounts.
  const rows: [name: string, id: string, via: string, through: string, use: string, third?: string][] = [
    ['cloud9', 'auto-cloud9-1', 'cloud9', 'through Cloud9', '--m'],
    [
      'codeartifact',
      'auto-codeartifact-1',
      'codeartifact',
      'through Amazon CodeArtifact',
      'G-M',
      'Allow CodeArtifact Service with service principal name codeartifact.amazonaws.com to describe the key directly',
    ],
    ['codecommit', 'auto-codecommit-2', 'codecommit', 'through CodeCommit', '--m'],
    ['dax', 'auto-dax-1', 'dax', 'through DAX', 'GLM'],
    ['dms', 'auto-dms-1', 'dms', 'through DMS', 'GLM'],
    ['ebs', 'auto-ebs-2', 'ec2', 'through EBS', 'G-M'],
    ['eks', 'auto-eks-1', 'eks', 'through Amazon EKS', 'G-M', 'Allow the EKS Service to describe the key directly'],
    [
      'elasticache',
      'auto-elasticache-1',
      'elasticache',
      'through ElastiCache Service',
      'GLM',
      'Allow ElastiCache service principals to describe the key directly',
    ],
    ['elasticfilesystem', 'auto-elasticfilesystem-1', 'elasticfilesystem', 'to EFS', 'G-M'],
    [
      'es',
      'auto-es-2',
      'es',
      'through OpenSearch Service',
      'G-M',
      'Allow OpenSearch service principals to describe the key directly',
    ],
    ['fsx', 'auto-fsx-1', 'fsx', 'through FSx', 'GLM'],
    ['glue', 'auto-glue-1', 'glue', 'through Glue', 'G-M'],
    [
      'imagebuilder',
      'auto-imagebuilder-1',
      'imagebuilder',
      'through Amazon EC2 Image Builder',
      'G-M',
      'Allow the EC2 Image Builder Service to describe the key directly',
    ],
    ['kafka', 'auto-kafka-1', 'kafka', 'through Kafka', 'GLM'],
    [
      'kendra',
      'auto-kendra-1',
      'kendra',
      'through Amazon Kendra',
      'G-M',
      'Allow Kendra Service to describe the key directly',
    ],
    ['kinesis', 'auto-kinesis-1', 'kinesis', 'through Amazon Kinesis', '--m'],
    ['kinesisvideo', 'auto-kinesisvideo-1', 'kinesisvideo', 'through Kinesis Video Streams', 'G-M'],
    ['lambda', 'auto-awslambda', 'lambda', 'through AWS Lambda', 'G-M'],
    ['lex', 'auto-lex-1', 'lex', 'through lex', 'G-M'],
    [
      'lightsail',
      'auto-lightsail-1',
      'lightsail',
      'through Lightsail',
      '--m',
      'Allow Lightsail with service principal name lightsail.amazonaws.com to describe the key directly',
    ],
    ['rds', 'auto-rds-2', 'rds', 'through RDS', 'GLM'],
    ['s3', 'auto-s3-2', 's3', 'through S3', '--m'],
    ['sqs', 'auto-sqs-1', 'sqs', 'through Simple Queue Service (SQS)', 'G-M'],
    ['ssm', 'auto-ssm-1', 'ssm', 'through SSM', '--m'],
    [
      'timestream',
      'auto-timestream-1',
      'timestream',
      'through Amazon Timestream',
      'G-M',
      'Allow the Timestream Service to describe the key directly',
    ],
    [
      'translate',
      'auto-translate-1',
      'translate',
      'through Amazon Translate',
      'G-M',
      'Allow Translate Service with service principal name translate.amazonaws.com to describe the key directly',
    ],
    [
      'xray',
      'auto-xray-1',
      'xray',
      'through X-Ray',
      'G-M',
      'Allow X-Ray Service with service principal name xray.amazonaws.com to describe the key directly',
    ],
  ]
  it.each(rows)('alias/aws/%s is the template', (name, id, via, through, use, third) => {
    const called = name === 'sqs' ? 'SQS' : through.replace(/^(through|to) /, '')
    const metadata = ['kms:Describe*', 'kms:Get*', 'kms:List*']
    const optional = [use[0] === 'G' && 'kms:CreateGrant', use[1] === 'L' && 'kms:ListGrants'].filter(Boolean)
    const first = {
      Sid: `Allow access ${through} for all principals in the account that are authorized to use ${called}`,
      Effect: 'Allow',
      Principal: { AWS: '*' },
      Action: [
        ...['kms:Encrypt', 'kms:Decrypt', 'kms:ReEncrypt*', 'kms:GenerateDataKey*'],
        ...optional,
        'kms:DescribeKey',
      ],
      Resource: '*',
      Condition: {
        StringEquals: { 'kms:CallerAccount': '111122223333', 'kms:ViaService': `${via}.eu-west-1.amazonaws.com` },
      },
    }
    const second = {
      Sid: 'Allow direct access to key metadata to the account',
      Effect: 'Allow',
      Principal: { AWS: 'arn:aws:iam::111122223333:root' },
      Action: use[2] === 'M' ? [...metadata, 'kms:RevokeGrant'] : metadata,
      Resource: '*',
    }
    const service = { Service: `${name}.amazonaws.com` }
    const own = third ? [{ Sid: third, Effect: 'Allow', Principal: service, Action: metadata, Resource: '*' }] : []
    const text = managedKeyPolicy(`alias/aws/${name}`, home)
    expect(JSON.parse(text)).toEqual({ Version: '2012-10-17', Id: id, Statement: [first, second, ...own] })
  })

  const statementsOf = (alias: string) => {
    const { Id, Statement } = JSON.parse(managedKeyPolicy(alias, home)) as { Id: string; Statement: JsonObject[] }
    return { Id, Statement, actions: Statement.map(({ Action }) => Action), conditions: Statement[0]?.Condition }
  }
  const direct = ['kms:Describe*', 'kms:Get*', 'kms:List*', 'kms:RevokeGrant']
  const everything = ['kms:Encrypt', 'kms:Decrypt', 'kms:ReEncrypt*', 'kms:GenerateDataKey*', 'kms:CreateGrant']

  it.each([
    ['ecr', 'auto-ecr-1', [...everything, 'kms:DescribeKey', 'kms:RetireGrant'], direct, 'ecr'],
    [
      'mq',
      'auto-mq-1',
      [
        ...['kms:CreateGrant', 'kms:Decrypt', 'kms:DescribeKey'],
        ...['kms:GenerateDataKey*', 'kms:Encrypt', 'kms:ReEncrypt*'],
      ],
      direct,
      ['mq', 'elasticfilesystem'],
    ],
    [
      'workspaces',
      'auto-workspaces-1',
      [...everything, 'kms:ListGrants', 'kms:DescribeKey'],
      ['kms:Describe*', 'kms:RevokeGrant', 'kms:List*', 'kms:Get*'],
      'workspaces',
    ],
    [
      'workmail',
      'auto-workmail-1',
      ['kms:Decrypt', 'kms:CreateGrant', 'kms:ReEncrypt*', 'kms:DescribeKey', 'kms:Encrypt'],
      direct,
      'workmail',
    ],
  ] as const)('alias/aws/%s differs in its lists', (name, id, first, second, via) => {
    const { Id, actions, conditions } = statementsOf(`alias/aws/${name}`)
    const hosts =
      typeof via === 'string' ? `${via}.eu-west-1.amazonaws.com` : via.map((v) => `${v}.eu-west-1.amazonaws.com`)
    expect({ Id, actions, conditions }).toEqual({
      Id: id,
      actions: [first, second],
      conditions: { StringEquals: { 'kms:CallerAccount': '111122223333', 'kms:ViaService': hosts } },
    })
  })

  it('is known for forty names, each tested above', () => {
    const tested = [...Object.keys(documents), ...rows.map(([name]) => `alias/aws/${name}`)]
    const others = ['ecr', 'mq', 'workspaces', 'workmail'].map((name) => `alias/aws/${name}`)
    expect([...managedAliases].sort()).toEqual([...new Set([...tested, ...others])].sort())
    expect(managedAliases).toHaveLength(40)
    expect(new Set(managedAliases.map((alias) => statementsOf(alias).Id)).size).toBe(40)
  })

  it('follows account, Region and partition; the suffix of ViaService stays', () => {
    const text = managedKeyPolicy('alias/aws/s3', {
      accountId: '444455556666',
      region: 'cn-north-1',
      partition: 'aws-cn',
    })
    expect(text).toContain('"arn:aws-cn:iam::444455556666:root"')
    expect(text).toContain('"s3.cn-north-1.amazonaws.com"')
    expect(text).not.toMatch(/111122223333|eu-west-1|arn:aws:/)
  })

  // Two statements of Secrets Manager's policy share a Sid, which nobody else may write.
  it.each(managedAliases.filter((alias) => alias !== 'alias/aws/secretsmanager'))('%s can be asked', (alias) => {
    const text = managedKeyPolicy(alias, home)
    expect(compilePolicy(text, { kind: 'key', name: 'key policy' }).statements.length).toBeGreaterThan(1)
  })

  it.each(['alias/aws/', 'alias/aws/S3', 'alias/s3', 's3', 'alias/aws/constructor'])('%s is none', (alias) => {
    expect(isManagedAlias(alias)).toBe(false)
    expect(() => managedKeyPolicy(alias, home)).toThrow(RangeError)
    expect(() => managedKeyDescription(alias)).toThrow(RangeError)
  })
})

it.each([
  ['s3', 'S3 objects'],
  ['ebs', 'EBS volumes'],
  ['rds', 'RDS database volumes'],
  ['lambda', 'Lambda functions'],
  ['secretsmanager', 'Secrets Manager data'],
  ['ssm', 'SSM parameters'],
  ['dynamodb', 'DynamoDB data'],
  ['sns', 'SNS data'],
  ['sqs', 'SQS data'],
  ['kafka', 'Kafka data'],
  ['backup', 'Backup data'],
  ['elasticfilesystem', 'EFS filesystems'],
  ['acm', 'ACM private keys'],
  ['es', 'Amazon OpenSearch Service (successor to Amazon Elasticsearch Service) data'],
])('the key of alias/aws/%s protects %s', (name, words) => {
  const expected = `Default key that protects my ${words} when no other key is defined`
  expect(managedKeyDescription(`alias/aws/${name}`)).toBe(expected)
})

describe('consoleKeyPolicy', () => {
  const symmetric: ConsolePolicyOptions = {
    accountId: '111122223333',
    keySpec: 'SYMMETRIC_DEFAULT',
    keyUsage: 'ENCRYPT_DECRYPT',
  }
  const admin = 'arn:aws:iam::111122223333:role/KMSAdminRole'
  const user = 'arn:aws:iam::111122223333:user/ExampleUser'
  const kms = (names: string) => names.split(' ').map((name) => `kms:${name}`)
  const administration =
    'Create* Describe* Enable* List* Put* Update* Revoke* Disable* Get* Delete* TagResource UntagResource ScheduleKeyDeletion CancelKeyDeletion'
  const partsOf = (options: ConsolePolicyOptions) => JSON.parse(consoleKeyPolicy(options)).Statement as JsonObject[]

  it('has four statements in the order of the console', () => {
    const text = consoleKeyPolicy({
      ...symmetric,
      administrators: [admin],
      users: [user],
      externalAccounts: ['444455556666'],
    })
    const AWS = [user, 'arn:aws:iam::444455556666:root']
    const expected = {
      Id: 'key-consolepolicy-3',
      Version: '2012-10-17',
      Statement: [
        JSON.parse(defaultKeyPolicy('111122223333')).Statement[0],
        {
          Sid: 'Allow access for Key Administrators',
          Effect: 'Allow',
          Principal: { AWS: admin },
          Action: kms(`${administration} RotateKeyOnDemand`),
          Resource: '*',
        },
        {
          Sid: 'Allow use of the key',
          Effect: 'Allow',
          Principal: { AWS },
          Action: kms('Encrypt Decrypt ReEncrypt* GenerateDataKey* DescribeKey'),
          Resource: '*',
        },
        {
          Sid: 'Allow attachment of persistent resources',
          Effect: 'Allow',
          Principal: { AWS },
          Action: kms('CreateGrant ListGrants RevokeGrant'),
          Resource: '*',
          Condition: { Bool: { 'kms:GrantIsForAWSResource': 'true' } },
        },
      ],
    }
    expect(text).toBe(formatDocument(expected))
    expect(() => compilePolicy(text, { kind: 'key', name: 'key policy' })).not.toThrow()
  })

  it('leaves out statements for nobody', () => {
    const sids = (options: Partial<ConsolePolicyOptions>) => partsOf({ ...symmetric, ...options }).map(({ Sid }) => Sid)
    const [account, admins, use, attach] = [
      'Enable IAM User Permissions',
      'Allow access for Key Administrators',
      'Allow use of the key',
      'Allow attachment of persistent resources',
    ]
    expect(sids({})).toEqual([account])
    expect(sids({ administrators: [admin] })).toEqual([account, admins])
    expect(sids({ users: [user] })).toEqual([account, use, attach])
    expect(sids({ externalAccounts: ['444455556666'] })).toEqual([account, use, attach])
  })

  it.each([
    ['RSA_2048', 'ENCRYPT_DECRYPT', 'Encrypt Decrypt ReEncrypt* DescribeKey GetPublicKey'],
    ['RSA_2048', 'SIGN_VERIFY', 'DescribeKey GetPublicKey Sign Verify'],
    ['ECC_NIST_P256', 'KEY_AGREEMENT', 'DescribeKey GetPublicKey DeriveSharedSecret'],
    ['HMAC_256', 'GENERATE_VERIFY_MAC', 'DescribeKey GenerateMac VerifyMac'],
  ] as const)('lets users of %s, %s do what such keys do', (keySpec, keyUsage, use) => {
    const parts = partsOf({ ...symmetric, keySpec, keyUsage, administrators: [admin], users: [user] })
    // Such keys have no rotation either.
    expect(parts.slice(1, 3).map(({ Action }) => Action)).toEqual([kms(administration), kms(use)])
  })

  it.each([
    ['imported material', { origin: 'EXTERNAL' }, ['kms:ImportKeyMaterial']],
    ['multi-Region', { multiRegion: true }, ['kms:ReplicateKey', 'kms:UpdatePrimaryRegion']],
    ['neither', { origin: 'AWS_KMS', multiRegion: false }, []],
  ] as const)('lets administrators of keys with %s do more', (_what, options, more) => {
    const added = (parts: JsonObject[]) => parts[1]?.Action as string[]
    const plain = added(partsOf({ ...symmetric, administrators: [admin] }))
    const actions = added(partsOf({ ...symmetric, ...options, administrators: [admin] }))
    expect(actions.filter((action) => !plain.includes(action))).toEqual(more)
    expect(actions).toEqual(expect.arrayContaining(plain))
  })

  it.each([{ accountId: '1' }, { externalAccounts: ['444455556666', 'x'] }])('refuses %o', (wrong) => {
    expect(() => consoleKeyPolicy({ ...symmetric, ...wrong })).toThrow(RangeError)
  })
})
