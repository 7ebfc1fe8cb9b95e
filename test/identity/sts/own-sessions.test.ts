import { describe, expect, it } from 'vitest'
import type { QueryInput } from '../../../src/identity/query-types'
import type { SignedPrincipal } from '../../../src/policy/principal'
import {
  accountId,
  allow,
  deny,
  document,
  federated,
  nowMs,
  outcome,
  roleSession,
  root,
  sts,
  user,
  type World,
} from './helpers'

const session = { issuedAtMs: nowMs, expiresAtMs: nowMs + 1000, issuerAccessKeyId: 'AKIADHPWNEHFAEAQCAIB' }
const temporary: [string, SignedPrincipal][] = [
  ['a role', roleSession()],
  ['a federated user', federated()],
  ['a user with temporary credentials', { ...user(), session }],
  ['the root user with temporary credentials', { ...root(), session } as SignedPrincipal],
]
const all = { policies: { p: document(allow('*')) } }

describe('GetSessionToken', () => {
  const rows: [string, SignedPrincipal, string | undefined, number | RegExp][] = [
    ['a user', user(), undefined, 43_200],
    ['a user, the least', user(), '900', 900],
    ['a user, the most', user(), '129600', 129_600],
    ['a user, more', user(), '129601', /^ValidationError 400: .* Member must have value less than or equal to 129600$/],
    ['a user, less', user(), '899', /^ValidationError 400: .* Member must have value greater than or equal to 900$/],
    ['the root user', root(), undefined, 3600],
    ['the root user, less', root(), '900', 900],
    ['the root user, more', root(), '7200', 3600],
  ]
  it.each(rows)('%s', async (_name, principal, DurationSeconds, expected) => {
    // Needs no permission, and none can be taken away.
    const { answer, open } = await sts({ entry: { policies: { p: document(deny('*')) } } })
    const work = answer('GetSessionToken', principal, DurationSeconds === undefined ? {} : { DurationSeconds })
    if (typeof expected !== 'number') return expect(await outcome(work)).toMatch(expected)
    const expiresAtMs = nowMs + expected * 1000
    const given = await work
    expect(given).toEqual({ Credentials: expect.objectContaining({ Expiration: new Date(expiresAtMs) }) })
    const { AccessKeyId } = given.Credentials as Record<string, string>
    expect((await open(given)).principal).toEqual({
      ...principal,
      accessKeyId: AccessKeyId,
      session: { issuedAtMs: nowMs, expiresAtMs, issuerAccessKeyId: principal.accessKeyId },
    })
  })

  it.each(temporary)('is not for %s', async (_name, principal) => {
    const { answer } = await sts({ entry: all })
    expect(await outcome(answer('GetSessionToken', principal))).toBe(
      'AccessDenied 403: Cannot call GetSessionToken with session credentials',
    )
  })

  it('is not for somebody who is gone, nor with a second factor', async () => {
    const gone = await sts({ entry: undefined })
    expect(await outcome(gone.answer('GetSessionToken', user()))).toContain('UnrecognizedClientException')
    const { answer } = await sts()
    expect(await outcome(answer('GetSessionToken', user(), { TokenCode: '1' }))).toContain('invalid MFA')
  })
})

describe('GetFederationToken', () => {
  const name = (Name: string, more: QueryInput = {}): QueryInput => ({ Name, ...more })
  const resource = `arn:aws:sts::${accountId}:federated-user/bob`
  const denied = (clause: string, action = 'sts:GetFederationToken') =>
    `AccessDenied 403: User: arn:aws:iam::${accountId}:user/alice is not authorized to perform: ${action} on resource: ${resource} ${clause}`

  it('gives a federated user, whom its issuer and the session policies limit', async () => {
    const Policy = document(allow('kms:Encrypt'))
    const { answer, open } = await sts({ entry: all })
    const given = await answer('GetFederationToken', user(), name('bob', { Policy, Tags: [{ Key: 'a', Value: 'b' }] }))
    expect(given).toMatchObject({
      Credentials: { Expiration: new Date(nowMs + 43_200_000) },
      FederatedUser: { FederatedUserId: `${accountId}:bob`, Arn: resource },
      PackedPolicySize: expect.any(Number),
    })
    expect((await open(given)).principal).toMatchObject({
      kind: 'federated-user',
      name: 'bob',
      issuer: { userId: 'AIDAALICE', userName: 'alice', path: '/' },
      session: { issuerAccessKeyId: user().accessKeyId, policies: [Policy], tags: { a: 'b' } },
    })
  })

  it('of the root user has no issuer, and an hour', async () => {
    const { answer, open } = await sts()
    const given = await answer('GetFederationToken', root(), name('bob', { DurationSeconds: '7200' }))
    expect((await open(given)).principal).toEqual({
      kind: 'federated-user',
      accountId,
      accessKeyId: expect.any(String),
      name: 'bob',
      session: { issuedAtMs: nowMs, expiresAtMs: nowMs + 3_600_000, issuerAccessKeyId: root().accessKeyId },
    })
  })

  const may = (action: string, Resource = '*') => ({ policies: { p: document({ ...allow(action), Resource }) } })
  const Tags = [{ Key: 'a', Value: 'b' }]
  const rows: [string, World['entry'], QueryInput, string][] = [
    ['with a policy for it', may('sts:GetFederationToken', resource), name('bob'), 'ok'],
    [
      'without',
      { policies: {} },
      name('bob'),
      denied('because no identity-based policy allows the sts:GetFederationToken action'),
    ],
    [
      'for another name',
      may('sts:GetFederationToken', `${resource}by`),
      name('bob'),
      denied('because no identity-based policy allows the sts:GetFederationToken action'),
    ],
    [
      'denied',
      { policies: { p: document(deny('sts:*')) } },
      name('bob'),
      denied('with an explicit deny in an identity-based policy'),
    ],
    [
      'tags without a policy',
      may('sts:GetFederationToken'),
      name('bob', { Tags }),
      denied('because no identity-based policy allows the sts:TagSession action', 'sts:TagSession'),
    ],
    [
      'a short name',
      all,
      name('b'),
      "ValidationError 400: 1 validation error detected: Value 'b' at 'name' failed to satisfy constraint: Member must have length greater than or equal to 2",
    ],
    [
      'a long name',
      all,
      name('b'.repeat(33)),
      `ValidationError 400: 1 validation error detected: Value '${'b'.repeat(33)}' at 'name' failed to satisfy constraint: Member must have length less than or equal to 32`,
    ],
    [
      'no name',
      all,
      {},
      "ValidationError 400: 1 validation error detected: Value null at 'name' failed to satisfy constraint: Member must not be null",
    ],
  ]
  it.each(rows)('%s', async (_name, entry, input, expected) => {
    const { answer } = await sts({ entry })
    expect(await outcome(answer('GetFederationToken', user(), input))).toBe(expected)
  })

  it.each(temporary)('is not for %s', async (_name, principal) => {
    const { answer } = await sts({ entry: all })
    expect(await outcome(answer('GetFederationToken', principal, name('bob')))).toBe(
      'AccessDenied 403: Cannot call GetFederationToken with session credentials',
    )
  })
})
