import { findPolicy } from './names'
import type { Reader } from './transaction'

/** A managed policy that AWS keeps for everybody, as far as this service has it. */
export interface AwsPolicy {
  readonly arn: string
  readonly policyId: string
  readonly policyName: string
  readonly description: string
  readonly createdAtMs: number
  readonly updatedAtMs: number
  readonly versionId: string
  readonly document: string
}

const awsPolicy = (
  policyName: string,
  policyId: string,
  description: string,
  [createdAt, versionId, updatedAt]: readonly [string, string, string],
  actions: string | readonly string[],
): AwsPolicy => ({
  arn: `arn:aws:iam::aws:policy/${policyName}`,
  policyId,
  policyName,
  description,
  createdAtMs: Date.parse(createdAt),
  updatedAtMs: Date.parse(updatedAt),
  versionId,
  document: JSON.stringify({
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Action: actions, Resource: '*' }],
  }),
})

/** By ARN. Source: AWS managed policy reference guide. */
export const awsPolicies: ReadonlyMap<string, AwsPolicy> = new Map(
  [
    awsPolicy(
      'AdministratorAccess',
      'ANPAIWMBCKSKIEE64ZLYK',
      'Provides full access to AWS services and resources.',
      ['2015-02-06T18:39:46Z', 'v1', '2015-02-06T18:39:46Z'],
      '*',
    ),
    awsPolicy(
      'AWSKeyManagementServicePowerUser',
      'ANPAJNPP7PPPPMJRV2SA4',
      'Provides access to AWS Key Management Service (KMS).',
      ['2015-02-06T18:40:40Z', 'v2', '2017-03-07T00:55:11Z'],
      [
        'kms:CreateAlias',
        'kms:CreateKey',
        'kms:DeleteAlias',
        'kms:Describe*',
        'kms:GenerateRandom',
        'kms:Get*',
        'kms:List*',
        'kms:TagResource',
        'kms:UntagResource',
        'iam:ListGroups',
        'iam:ListRoles',
        'iam:ListUsers',
      ],
    ),
    awsPolicy(
      'IAMFullAccess',
      'ANPAI7XKCFMBPM3QQRRVQ',
      'Provides full access to IAM via the AWS Management Console.',
      ['2015-02-06T18:40:38Z', 'v2', '2019-06-21T19:40:00Z'],
      [
        'iam:*',
        'organizations:DescribeAccount',
        'organizations:DescribeOrganization',
        'organizations:DescribeOrganizationalUnit',
        'organizations:DescribePolicy',
        'organizations:ListChildren',
        'organizations:ListParents',
        'organizations:ListPoliciesForTarget',
        'organizations:ListRoots',
        'organizations:ListPolicies',
        'organizations:ListTargetsForPolicy',
      ],
    ),
  ].map((policy) => [policy.arn, policy]),
)

/** The document of the default version of a managed policy, of AWS or of the account; undefined when there is none. */
export async function managedPolicyText(reader: Reader, accountId: string, arn: string): Promise<string | undefined> {
  const known = awsPolicies.get(arn)
  if (known) return known.document
  const policy = await findPolicy(reader, accountId, arn)
  return policy?.versions.find(({ versionId }) => versionId === policy.defaultVersionId)?.document
}
