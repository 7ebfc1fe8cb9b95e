import { describe, expect, it } from 'vitest'
import { allow, arn, trust } from './helpers'
import { furnished, letters, type Refusal, read, refusesEach, role, user } from './refusing'

const sizes: readonly Refusal[] = [
  [
    'inline policies too large for a user',
    'PutUserPolicy',
    { ...user, PolicyName: 'p', PolicyDocument: letters(2048) },
    'LimitExceeded 409: Maximum policy size of 2048 bytes exceeded for user alice',
  ],
  [
    'inline policies too large for a group',
    'PutGroupPolicy',
    { GroupName: 'Staff', PolicyName: 'p', PolicyDocument: letters(5120) },
    'LimitExceeded 409: Maximum policy size of 5120 bytes exceeded for group Staff',
  ],
  [
    'inline policies too large for a role',
    'PutRolePolicy',
    { ...role, PolicyName: 'p', PolicyDocument: letters(10_240) },
    'LimitExceeded 409: Maximum policy size of 10240 bytes exceeded for role deploy',
  ],
  [
    'managed policy too large',
    'CreatePolicy',
    { PolicyName: 'big', PolicyDocument: letters(6144) },
    'LimitExceeded 409: Cannot exceed quota for PolicySize: 6144',
  ],
  [
    'trust policy too large',
    'UpdateAssumeRolePolicy',
    { ...role, PolicyDocument: trust({ Service: Array.from({ length: 120 }, (_, i) => `service${i}.example.com`) }) },
    'LimitExceeded 409: Cannot exceed quota for ACLSizePerRole: 2048',
  ],
]

describe('limits', () => {
  refusesEach(sizes)

  it('two access keys for each user', async () => {
    const { done, refused } = await furnished()
    await done('CreateAccessKey', user)
    await done('CreateAccessKey', user)
    expect(await refused('CreateAccessKey', user)).toBe(
      'LimitExceeded 409: Cannot exceed quota for AccessKeysPerUser: 2',
    )
  })

  it('documents by their characters, white space left out', async () => {
    const { done } = await furnished()
    const padded = allow('kms:Get*').replaceAll(',', `,${' \t\n\r'.repeat(2000)}`)
    await done('PutUserPolicy', { ...user, PolicyName: 'p', PolicyDocument: padded })
    await done('CreatePolicy', { PolicyName: 'padded', PolicyDocument: padded })
  })

  it('all inline policies of a user together', async () => {
    const { done, refused } = await furnished()
    await done('PutUserPolicy', { ...user, PolicyName: 'a', PolicyDocument: letters(1000) })
    await done('PutUserPolicy', { ...user, PolicyName: 'a', PolicyDocument: letters(1001) })
    expect(await refused('PutUserPolicy', { ...user, PolicyName: 'b', PolicyDocument: letters(1000) })).toMatch(
      /^LimitExceeded 409: Maximum policy size/,
    )
  })

  it('five versions of a policy, whose numbers are not used again', async () => {
    const { done, refused } = await furnished()
    const create = { PolicyArn: read, PolicyDocument: allow('kms:Get*') }
    for (const number of [2, 3, 4, 5]) {
      expect(await done('CreatePolicyVersion', create)).toContain(`<VersionId>v${number}</VersionId>`)
    }
    expect(await refused('CreatePolicyVersion', create)).toMatch(
      /^LimitExceeded 409: A managed policy can have up to 5/,
    )
    await done('DeletePolicyVersion', { PolicyArn: read, VersionId: 'v5' })
    expect(await done('CreatePolicyVersion', create)).toContain('<VersionId>v6</VersionId>')
  })

  it('ten managed policies, ten groups, fifty tags', async () => {
    const { done, refused } = await furnished()
    for (let i = 0; i <= 10; i++) {
      await done('CreatePolicy', { PolicyName: `p${i}`, PolicyDocument: allow('kms:Get*') })
      await done('CreateGroup', { GroupName: `g${i}` })
    }
    for (let i = 0; i < 10; i++) {
      await done('AttachUserPolicy', { ...user, PolicyArn: arn(`policy/p${i}`) })
      await done('AddUserToGroup', { ...user, GroupName: `g${i}` })
    }
    await done('AttachUserPolicy', { ...user, PolicyArn: arn('policy/p0') })
    expect(await refused('AttachUserPolicy', { ...user, PolicyArn: arn('policy/p10') })).toBe(
      'LimitExceeded 409: Cannot exceed quota for PoliciesPerUser: 10',
    )
    expect(await refused('AddUserToGroup', { ...user, GroupName: 'g10' })).toBe(
      'LimitExceeded 409: Cannot exceed quota for GroupsPerUser: 10',
    )
    const tags = (from: number, count: number) =>
      Array.from({ length: count }, (_, i) => ({ Key: `k${from + i}`, Value: '' }))
    await done('TagUser', { ...user, Tags: tags(0, 50) })
    await done('TagUser', { ...user, Tags: [{ Key: 'K7', Value: 'again' }] })
    expect(await refused('TagUser', { ...user, Tags: tags(50, 1) })).toMatch(/^LimitExceeded 409: /)
  })
})
