import { describe, expect, it } from 'vitest'
import type { QueryInput } from '../../../src/identity/query-types'
import type { SignedPrincipal } from '../../../src/policy/principal'
import { alice, input, mayAssume } from './assuming'
import { accountId, document, nowMs, outcome, roleSession, sts, trust, user } from './helpers'

describe('the answer', () => {
  it('has credentials for a session of the role', async () => {
    const { answer, open } = await sts({ entry: mayAssume })
    const given = await answer('AssumeRole', user(), input())
    expect(given).toEqual({
      Credentials: {
        AccessKeyId: expect.stringMatching(/^ASIADHPWNEHF[A-Z2-7]{8}$/),
        SecretAccessKey: expect.stringMatching(/^[A-Za-z0-9+/]{40}$/),
        SessionToken: expect.any(String),
        Expiration: new Date(nowMs + 3_600_000),
      },
      AssumedRoleUser: {
        AssumedRoleId: 'AROADEPLOYER:build-17',
        Arn: `arn:aws:sts::${accountId}:assumed-role/deployer/build-17`,
      },
      PackedPolicySize: undefined,
      SourceIdentity: undefined,
    })
    expect((await open(given)).principal).toEqual({
      kind: 'role-session',
      accountId,
      accessKeyId: (given.Credentials as Record<string, string>).AccessKeyId,
      roleId: 'AROADEPLOYER',
      roleName: 'deployer',
      path: '/ci/',
      sessionName: 'build-17',
      session: { issuedAtMs: nowMs, expiresAtMs: nowMs + 3_600_000 },
    })
  })

  it('is another one each time', async () => {
    const { answer } = await sts({ entry: mayAssume })
    const answers = await Promise.all([1, 2, 3].map(() => answer('AssumeRole', user(), input())))
    const of = (name: string) =>
      new Set(answers.map(({ Credentials }) => (Credentials as Record<string, string>)[name]))
    expect([of('AccessKeyId').size, of('SecretAccessKey').size, of('SessionToken').size]).toEqual([3, 3, 3])
  })
})

describe('how long', () => {
  const rows: [string, SignedPrincipal, number, string | undefined, number | string][] = [
    ['an hour unless asked for', user(), 43_200, undefined, 3600],
    ['the least', user(), 3600, '900', 900],
    ['the most', user(), 43_200, '43200', 43_200],
    ['the most of the role', user(), 7200, '7200', 7200],
    [
      'more than the role has',
      user(),
      7200,
      '7201',
      'ValidationError 400: The requested DurationSeconds exceeds the MaxSessionDuration set for this role.',
    ],
    [
      'too short',
      user(),
      7200,
      '899',
      "ValidationError 400: 1 validation error detected: Value '899' at 'durationSeconds' failed to satisfy constraint: Member must have value greater than or equal to 900",
    ],
    [
      'too long',
      user(),
      43_200,
      '43201',
      "ValidationError 400: 1 validation error detected: Value '43201' at 'durationSeconds' failed to satisfy constraint: Member must have value less than or equal to 43200",
    ],
    ['no number', user(), 7200, '1e3', 'ValidationError 400: The parameter durationSeconds must be a whole number.'],
    [
      'a negative number',
      user(),
      7200,
      '-1',
      'ValidationError 400: The parameter durationSeconds must be a whole number.',
    ],
    ['an hour in a chain', roleSession(), 43_200, '3600', 3600],
    [
      'more in a chain',
      roleSession(),
      43_200,
      '3601',
      'ValidationError 400: The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.',
    ],
  ]
  it.each(rows)('%s', async (_name, principal, maxSessionSeconds, DurationSeconds, expected) => {
    const { answer } = await sts({ role: { maxSessionSeconds, trustPolicy: document(trust('*')) } })
    const work = answer('AssumeRole', principal, input(DurationSeconds === undefined ? {} : { DurationSeconds }))
    if (typeof expected === 'string') expect(await outcome(work)).toBe(expected)
    else expect((await work).Credentials).toMatchObject({ Expiration: new Date(nowMs + expected * 1000) })
  })
})

describe('parameters', () => {
  const invalid = (value: string, path: string, words: string) =>
    `ValidationError 400: 1 validation error detected: Value ${value} at '${path}' failed to satisfy constraint: ${words}`
  const rows: [string, QueryInput, string][] = [
    ['no role', { RoleArn: undefined }, invalid('null', 'roleArn', 'Member must not be null')],
    ['no session name', { RoleSessionName: undefined }, invalid('null', 'roleSessionName', 'Member must not be null')],
    [
      'short session name',
      { RoleSessionName: 'a' },
      invalid("'a'", 'roleSessionName', 'Member must have length greater than or equal to 2'),
    ],
    [
      'long session name',
      { RoleSessionName: 'a'.repeat(65) },
      invalid(`'${'a'.repeat(65)}'`, 'roleSessionName', 'Member must have length less than or equal to 64'),
    ],
    [
      'blank in the session name',
      { RoleSessionName: 'a b' },
      invalid("'a b'", 'roleSessionName', 'Member must satisfy regular expression pattern: [\\w+=,.@-]*'),
    ],
    [
      'line feed at the end of the session name',
      { RoleSessionName: 'ab\n' },
      invalid("'ab\n'", 'roleSessionName', 'Member must satisfy regular expression pattern: [\\w+=,.@-]*'),
    ],
    [
      'slash in the session name',
      { RoleSessionName: 'a/b' },
      invalid("'a/b'", 'roleSessionName', 'Member must satisfy regular expression pattern: [\\w+=,.@-]*'),
    ],
    [
      'short ARN',
      { RoleArn: 'deployer' },
      invalid("'deployer'", 'roleArn', 'Member must have length greater than or equal to 20'),
    ],
    ['ARN of a user', { RoleArn: alice }, `ValidationError 400: ${alice} is invalid`],
    [
      'list for text',
      { RoleSessionName: ['a', 'b'] },
      'ValidationError 400: The parameter roleSessionName must be a single value.',
    ],
    [
      'external id',
      { ExternalId: 'a' },
      invalid("'a'", 'externalId', 'Member must have length greater than or equal to 2'),
    ],
    [
      'second factor',
      { SerialNumber: 'arn:aws:iam::1:mfa/x', TokenCode: '123456' },
      'AccessDenied 403: MultiFactorAuthentication failed with invalid MFA one time pass code.',
    ],
    [
      'long policy',
      { Policy: ' '.repeat(2049) },
      invalid("'...'", 'policy', 'Member must have length less than or equal to 2048'),
    ],
    [
      'eleven policies',
      { PolicyArns: Array.from({ length: 11 }, () => ({ arn: 'x' })) },
      invalid("'...'", 'policyArns', 'Member must have length less than or equal to 10'),
    ],
    [
      'policy ARN',
      { PolicyArns: [{ arn: 'arn:aws:iam::aws:group/x' }] },
      'ValidationError 400: arn:aws:iam::aws:group/x is invalid',
    ],
    [
      '51 tags',
      { Tags: Array.from({ length: 51 }, (_, i) => ({ Key: `k${i}`, Value: '' })) },
      invalid("'...'", 'tags', 'Member must have length less than or equal to 50'),
    ],
    ['tag without value', { Tags: [{ Key: 'a' }] }, invalid('null', 'tags.1.member.value', 'Member must not be null')],
    [
      'tag twice, whatever its case',
      {
        Tags: [
          { Key: 'a', Value: '1' },
          { Key: 'A', Value: '2' },
        ],
      },
      'ValidationError 400: Duplicate tag keys found. Please note that Tag keys are case insensitive.',
    ],
    [
      'tag of AWS',
      { Tags: [{ Key: 'AWS:x', Value: '1' }] },
      'ValidationError 400: Tag keys cannot be prefixed with aws:.',
    ],
    [
      'transitive key without its tag',
      { TransitiveTagKeys: ['a'] },
      'ValidationError 400: The specified transitive tag key must be included in the requested tags.',
    ],
    [
      'transitive key of Object',
      { TransitiveTagKeys: ['constructor'], Tags: [{ Key: 'a', Value: '' }] },
      'ValidationError 400: The specified transitive tag key must be included in the requested tags.',
    ],
    [
      'source identity',
      { SourceIdentity: 'aws:x' },
      invalid("'aws:x'", 'sourceIdentity', 'Member must satisfy regular expression pattern: [\\w+=,.@-]*'),
    ],
    ['empty lists', { Tags: '', PolicyArns: '', TransitiveTagKeys: '' }, 'ok'],
  ]
  it.each(rows)('%s', async (_name, more, expected) => {
    const { answer } = await sts({ entry: mayAssume })
    expect(await outcome(answer('AssumeRole', user(), input(more)))).toBe(expected)
  })
})
