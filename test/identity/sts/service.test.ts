import { describe, expect, it } from 'vitest'
import type { QueryInput } from '../../../src/identity/query-types'
import { stsAccount, stsActions } from '../../../src/identity/sts/service'
import type { SignedPrincipal } from '../../../src/policy/principal'
import {
  accountId,
  allow,
  document,
  federated,
  otherAccount,
  outcome,
  roleArn,
  roleSession,
  root,
  sts,
  user,
} from './helpers'

describe('GetCallerIdentity', () => {
  const rows: [SignedPrincipal, string, string][] = [
    [root(), `arn:aws:iam::${accountId}:root`, accountId],
    [user(), `arn:aws:iam::${accountId}:user/alice`, 'AIDAALICE'],
    [roleSession(), `arn:aws:sts::${accountId}:assumed-role/builder/job`, 'AROABUILDER:job'],
    [federated(), `arn:aws:sts::${accountId}:federated-user/bob`, `${accountId}:bob`],
  ]
  it.each(rows)('of $kind', async (principal, Arn, UserId) => {
    const { answer } = await sts()
    expect(await answer('GetCallerIdentity', principal)).toEqual({ Arn, UserId, Account: accountId })
  })
  it('of somebody who is gone, or of nobody', async () => {
    const { answer } = await sts({ entry: undefined })
    expect(await outcome(answer('GetCallerIdentity', user()))).toContain('UnrecognizedClientException')
    expect(await outcome((await sts()).answer('GetCallerIdentity', undefined))).toContain('UnrecognizedClientException')
  })
})

describe('GetAccessKeyInfo', () => {
  const rows: [string, QueryInput, unknown][] = [
    ['a long-term key', { AccessKeyId: 'AKIADHPWNEHFAEAQCAIB' }, accountId],
    ['a temporary one', { AccessKeyId: 'ASIADHPWNEHFAEAQCAIB' }, accountId],
    ['a root key', { AccessKeyId: 'SOMETHING_ELSE_16' }, otherAccount],
    [
      'no key',
      { AccessKeyId: 'AKIA0000000000000000' },
      'ValidationError 400: The access key id AKIA0000000000000000 is not valid.',
    ],
    [
      'nothing',
      {},
      "ValidationError 400: 1 validation error detected: Value null at 'accessKeyId' failed to satisfy constraint: Member must not be null",
    ],
  ]
  it.each(rows)('of %s', async (_name, input, expected) => {
    const rootKeyAccount = (id: string) => (id === 'SOMETHING_ELSE_16' ? otherAccount : undefined)
    const { answer } = await sts({ entry: { policies: { p: document(allow('sts:*')) } }, parts: { rootKeyAccount } })
    const work = answer('GetAccessKeyInfo', user(), input)
    const isAccount = expected === accountId || expected === otherAccount
    if (isAccount) expect(await work).toEqual({ Account: expected })
    else expect(await outcome(work)).toBe(expected)
  })
  it('needs a permission', async () => {
    const { answer } = await sts()
    expect(await outcome(answer('GetAccessKeyInfo', user(), { AccessKeyId: 'AKIADHPWNEHFAEAQCAIB' }))).toBe(
      `AccessDenied 403: User: arn:aws:iam::${accountId}:user/alice is not authorized to perform: sts:GetAccessKeyInfo on resource: * because no identity-based policy allows the sts:GetAccessKeyInfo action`,
    )
  })
})

it('DecodeAuthorizationMessage knows no message', async () => {
  const { answer } = await sts()
  expect(await outcome(answer('DecodeAuthorizationMessage', user(), { EncodedMessage: 'x' }))).toBe(
    'InvalidAuthorizationMessageException 400: The encoded authorization message is not valid.',
  )
})

it('actions of Object are none', async () => {
  const { answer } = await sts()
  expect(await outcome(answer('constructor', user()))).toBe('InvalidAction 400: Could not find operation constructor')
  expect(Object.keys(stsActions)).toHaveLength(7)
})

describe('the account that answers', () => {
  const isAccount = (id: string) => id === accountId || id === otherAccount
  const foreign = 'arn:aws:iam::777788889999:role/x'
  const alice = `arn:aws:iam::${accountId}:user/alice`
  const rows: [string, SignedPrincipal | undefined, QueryInput, string][] = [
    ['GetCallerIdentity', user('carol', otherAccount), {}, otherAccount],
    ['GetSessionToken', user(), { RoleArn: foreign }, accountId],
    ['AssumeRole', user('carol', otherAccount), { RoleArn: roleArn }, accountId],
    [
      'AssumeRole',
      user(),
      { RoleArn: foreign },
      `AccessDenied: User: ${alice} is not authorized to perform: sts:AssumeRole on resource: ${foreign}`,
    ],
    [
      'AssumeRole',
      user(),
      { RoleArn: 'arn:aws:iam::x:role/x-and-more' },
      'ValidationError: arn:aws:iam::x:role/x-and-more is invalid',
    ],
    ['AssumeRoleWithWebIdentity', undefined, { RoleArn: roleArn }, accountId],
    [
      'AssumeRoleWithWebIdentity',
      undefined,
      { RoleArn: foreign },
      'AccessDenied: Not authorized to perform sts:AssumeRoleWithWebIdentity',
    ],
  ]
  it.each(rows)('%s', (action, principal, input, expected) => {
    const found = () => {
      try {
        return stsAccount({ action, principal, input }, isAccount)
      } catch (error) {
        return `${(error as { code: string }).code}: ${(error as Error).message}`
      }
    }
    expect(found()).toBe(expected)
  })
})
