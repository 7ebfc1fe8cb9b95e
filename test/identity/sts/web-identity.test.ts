import type { JWTPayload } from 'jose'
import { describe, expect, it } from 'vitest'
import { accountId, allow, document, nowMs, outcome, sts, trust, user } from './helpers'
import {
  algorithms,
  assume,
  claims,
  deniedText,
  input,
  issuer,
  notAJwt,
  nowSeconds,
  providerArn,
  sign,
  trusting,
  url,
  without,
  world,
} from './id-tokens'

describe('the answer', () => {
  it.each(algorithms)('to a token signed with %s', async (alg) => {
    const { answer, open } = await sts(world())
    const given = await answer('AssumeRoleWithWebIdentity', undefined, input(await sign(claims, alg)))
    expect(given).toMatchObject({
      Credentials: { Expiration: new Date(nowMs + 3_600_000) },
      AssumedRoleUser: {
        AssumedRoleId: 'AROADEPLOYER:build-17',
        Arn: `arn:aws:sts::${accountId}:assumed-role/deployer/build-17`,
      },
      SubjectFromWebIdentityToken: 'repo:a/b:main',
      Audience: 'app',
      Provider: providerArn,
    })
    expect((await open(given)).principal).toMatchObject({
      kind: 'role-session',
      roleId: 'AROADEPLOYER',
      session: { federatedProvider: providerArn, issuedAtMs: nowMs },
    })
  })

  it('does not depend on who has signed the request', async () => {
    const { answer } = await sts(world({ entry: undefined }))
    expect(await outcome(answer('AssumeRoleWithWebIdentity', user(), input(await sign())))).toBe('ok')
  })

  it('keeps session policies, and minds the duration of the role', async () => {
    const Policy = document(allow('kms:Encrypt'))
    const { answer, open } = await sts(world())
    const given = await answer('AssumeRoleWithWebIdentity', undefined, input(await sign(), { Policy }))
    expect((await open(given)).principal.session.policies).toEqual([Policy])
    expect(await outcome(assume(await sign(), world(), { DurationSeconds: '3601' }))).toContain('MaxSessionDuration')
  })
})

describe('claims', () => {
  const rows: [string, JWTPayload, string][] = [
    ['all in order', claims, 'ok'],
    ['a second client', { ...claims, aud: 'second' }, 'ok'],
    ['one audience of several', { ...claims, aud: ['other', 'app'] }, 'ok'],
    ['issued to a client of ours', { ...claims, aud: 'api', azp: 'app' }, 'ok'],
    ['issued to somebody else', { ...claims, azp: 'other' }, 'InvalidIdentityToken 400: Incorrect token audience'],
    ['another audience', { ...claims, aud: 'other' }, 'InvalidIdentityToken 400: Incorrect token audience'],
    ['part of an audience', { ...claims, aud: 'ap' }, 'InvalidIdentityToken 400: Incorrect token audience'],
    ['no audience', without('aud'), 'InvalidIdentityToken 400: Missing a required claim: aud'],
    ['no subject', without('sub'), 'InvalidIdentityToken 400: Missing a required claim: sub'],
    ['empty subject', { ...claims, sub: '' }, 'InvalidIdentityToken 400: Missing a required claim: sub'],
    ['no issuer', without('iss'), 'InvalidIdentityToken 400: Missing a required claim: iss'],
    [
      'another issuer',
      { ...claims, iss: 'https://evil.example.com' },
      'InvalidIdentityToken 400: No OpenIDConnect provider found in your account for https://evil.example.com',
    ],
    [
      'an issuer with a slash more',
      { ...claims, iss: `${issuer}/` },
      `InvalidIdentityToken 400: No OpenIDConnect provider found in your account for ${issuer}/`,
    ],
    [
      'an issuer by HTTP',
      { ...claims, iss: `http://${url}` },
      `InvalidIdentityToken 400: No OpenIDConnect provider found in your account for http://${url}`,
    ],
    [
      'an issuer without a scheme',
      { ...claims, iss: url },
      `InvalidIdentityToken 400: No OpenIDConnect provider found in your account for ${url}`,
    ],
    ['no expiry', without('exp'), 'InvalidIdentityToken 400: Missing a required claim: exp'],
    [
      'expiry as text',
      { ...claims, exp: '9999999999' as never },
      'IDPRejectedClaim 403: The identity provider made a claim that cannot be accepted: exp',
    ],
    ['expired within the tolerance', { ...claims, exp: nowSeconds - 59 }, 'ok'],
    [
      'expired',
      { ...claims, exp: nowSeconds - 60 },
      `ExpiredTokenException 400: Token expired: current date/time ${nowSeconds} must be before the expiration date/time ${nowSeconds - 60}`,
    ],
    ['valid a moment from now', { ...claims, nbf: nowSeconds + 60 }, 'ok'],
    [
      'not valid yet',
      { ...claims, nbf: nowSeconds + 61 },
      'IDPRejectedClaim 403: The identity provider made a claim that cannot be accepted: nbf',
    ],
    [
      'issued in the future',
      { ...claims, iat: nowSeconds + 61 },
      'IDPRejectedClaim 403: The identity provider made a claim that cannot be accepted: iat',
    ],
    ['without nbf and iat', { iss: issuer, aud: 'app', sub: 'x', exp: nowSeconds + 1 }, 'ok'],
  ]
  it.each(rows)('%s', async (_name, payload, expected) => {
    expect(await outcome(assume(await sign(payload)))).toBe(expected)
  })
})

describe('the trust policy', () => {
  const action = 'sts:AssumeRoleWithWebIdentity'
  const condition = (Condition: object) => document(trust({ Federated: providerArn }, action, { Condition }))
  const named = trust({ Federated: providerArn }, action)
  const rows: [string, string, string][] = [
    ['names the provider', trusting, 'ok'],
    ['among others', document(trust({ Federated: ['x.example.com', providerArn], AWS: accountId }, action)), 'ok'],
    ['names another provider', document(trust({ Federated: `${providerArn}/x` }, action)), deniedText],
    [
      'names a part of the provider',
      document(trust({ Federated: `arn:aws:iam::${accountId}:oidc-provider/idp.example.com` }, action)),
      deniedText,
    ],
    ['names the account', document(trust({ AWS: accountId }, action)), deniedText],
    ['names everybody', document(trust('*', action)), deniedText],
    ['names every AWS principal', document(trust({ AWS: '*' }, action)), deniedText],
    ['has another action', document(trust({ Federated: providerArn })), deniedText],
    ['denies the provider', document(named, { ...named, Effect: 'Deny' }), deniedText],
    ['denies everybody', document(named, { ...trust('*', action), Effect: 'Deny' }), deniedText],
    ['denies others', document(named, { ...trust({ Federated: `${providerArn}/x` }, action), Effect: 'Deny' }), 'ok'],
    [
      'denies everybody else',
      document(named, { Effect: 'Deny', NotPrincipal: { Federated: providerArn }, Action: action }),
      'ok',
    ],
    [
      'denies all but somebody else',
      document(named, { Effect: 'Deny', NotPrincipal: { Federated: `${providerArn}/x` }, Action: action }),
      deniedText,
    ],
    ['audience', condition({ StringEquals: { [`${url}:aud`]: 'app' } }), 'ok'],
    ['another audience', condition({ StringEquals: { [`${url}:aud`]: 'second' } }), deniedText],
    ['subject', condition({ StringLike: { [`${url}:sub`]: 'repo:a/*' } }), 'ok'],
    ['another subject', condition({ StringLike: { [`${url}:sub`]: 'repo:b/*' } }), deniedText],
    [
      'the subject of another provider',
      condition({ StringEquals: { 'idp.example.com:sub': 'repo:a/b:main' } }),
      deniedText,
    ],
    ['methods', condition({ 'ForAnyValue:StringEquals': { [`${url}:amr`]: 'mfa' } }), 'ok'],
    ['other methods', condition({ 'ForAnyValue:StringEquals': { [`${url}:amr`]: 'sms' } }), deniedText],
    [
      'provider key',
      condition({ StringEquals: { 'aws:FederatedProvider': providerArn, 'sts:RoleSessionName': 'build-17' } }),
      'ok',
    ],
    [
      'no ARN of a caller yet',
      condition({ Null: { 'aws:PrincipalArn': 'true', 'aws:PrincipalAccount': 'true' } }),
      'ok',
    ],
  ]
  it.each(rows)('%s', async (_name, trustPolicy, expected) => {
    const token = await sign({ ...claims, amr: ['pwd', 'mfa'] })
    expect(await outcome(assume(token, world({ role: { trustPolicy } })))).toBe(expected)
  })

  it('of a role that is not there denies', async () => {
    const RoleArn = `arn:aws:iam::${accountId}:role/ci/other`
    expect(await outcome(assume(await sign(), world(), { RoleArn }))).toBe(deniedText)
  })

  it('is asked after the token, which must be good', async () => {
    const RoleArn = `arn:aws:iam::${accountId}:role/ci/other`
    expect(await outcome(assume('aaaa', world(), { RoleArn }))).toBe(notAJwt)
  })
})

describe('tags and source identity of the token', () => {
  const tagged = {
    ...claims,
    'https://aws.amazon.com/tags': { principal_tags: { Team: ['blue'], Cost: '7' }, transitive_tag_keys: ['Team'] },
    'https://aws.amazon.com/source_identity': 'alice',
  }
  const trusts = (...actions: string[]) =>
    world({
      role: { trustPolicy: document(trust({ Federated: providerArn }, ['sts:AssumeRoleWithWebIdentity', ...actions])) },
    })

  it('need the actions for them', async () => {
    const token = await sign(tagged)
    expect(await outcome(assume(token))).toBe('AccessDenied 403: Not authorized to perform sts:TagSession')
    expect(await outcome(assume(token, trusts('sts:TagSession')))).toBe(
      'AccessDenied 403: Not authorized to perform sts:SetSourceIdentity',
    )
    const { answer, open } = await sts(trusts('sts:TagSession', 'sts:SetSourceIdentity'))
    const given = await answer('AssumeRoleWithWebIdentity', undefined, input(token))
    expect(given.SourceIdentity).toBe('alice')
    expect((await open(given)).principal.session).toMatchObject({
      tags: { Team: 'blue', Cost: '7' },
      transitiveTagKeys: ['Team'],
      sourceIdentity: 'alice',
    })
  })

  const tags = 'https://aws.amazon.com/tags'
  it.each<[string, object]>([
    ['two values', { [tags]: { principal_tags: { a: ['1', '2'] } } }],
    ['a number', { [tags]: { principal_tags: { a: 1 } } }],
    ['a list of tags', { [tags]: { principal_tags: ['a'] } }],
    ['text', { [tags]: 'a' }],
    ['a transitive key without its tag', { [tags]: { principal_tags: {}, transitive_tag_keys: ['a'] } }],
    ['a source identity that is none', { 'https://aws.amazon.com/source_identity': 'a b' }],
  ])('%s', async (_name, more) => {
    const token = await sign({ ...claims, ...more })
    expect(await outcome(assume(token, trusts('sts:*')))).toContain('IDPRejectedClaim 403')
  })
})
