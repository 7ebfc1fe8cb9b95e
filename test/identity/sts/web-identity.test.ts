import { createHmac } from 'node:crypto'
import { exportJWK, exportSPKI, generateKeyPair, type JWTPayload, SignJWT } from 'jose'
import { beforeAll, describe, expect, it, vi } from 'vitest'
import { providerUnreachable } from '../../../src/identity/sts/errors'
import type { StsParts } from '../../../src/identity/sts/service'
import type { Jwk, OidcProvider } from '../../../src/identity/sts/web-identity'
import { accountId, allow, document, nowMs, outcome, roleArn, sts, trust, user, type World } from './helpers'

const url = 'idp.example.com/tenant'
const issuer = `https://${url}`
const providerArn = `arn:aws:iam::${accountId}:oidc-provider/${url}`
const nowSeconds = nowMs / 1000
const claims = {
  iss: issuer,
  aud: 'app',
  sub: 'repo:a/b:main',
  exp: nowSeconds + 600,
  iat: nowSeconds,
  nbf: nowSeconds,
}

const algorithms = ['RS256', 'ES256', 'EdDSA'] as const
type Pair = Awaited<ReturnType<typeof generateKeyPair>>
const pairs = new Map<string, Pair>()
const keys: Jwk[] = []

beforeAll(async () => {
  for (const alg of [...algorithms, 'PS256', 'ES384']) {
    const pair = await generateKeyPair(alg, { extractable: true })
    pairs.set(alg, pair)
    if (alg !== 'PS256') keys.push({ ...(await exportJWK(pair.publicKey)), kid: alg })
  }
  keys.push({ kty: 'oct', k: 'c2VjcmV0', kid: 'oct', alg: 'HS256' }, { kty: 'XYZ', kid: 'unknown' })
})

const sign = (payload: JWTPayload = claims, alg = 'RS256', header: object = {}, key = pairs.get(alg)?.privateKey) =>
  new SignJWT(payload).setProtectedHeader({ alg, kid: alg, ...header }).sign(key as CryptoKey)
const without = (name: string) => Object.fromEntries(Object.entries(claims).filter(([claim]) => claim !== name))
const base64Url = (value: unknown) =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url')

const trusting = document(trust({ Federated: providerArn }, 'sts:AssumeRoleWithWebIdentity'))
const provider = (more: Partial<OidcProvider> = {}): OidcProvider => ({
  url,
  clientIds: ['app', 'second'],
  jwks: JSON.stringify({ keys }),
  ...more,
})
const world = (more: Partial<World> = {}): Partial<World> => ({
  role: { trustPolicy: trusting },
  providers: [provider()],
  ...more,
})
const input = (WebIdentityToken: string, more: object = {}) => ({
  RoleArn: roleArn,
  RoleSessionName: 'build-17',
  WebIdentityToken,
  ...more,
})
const assume = async (token: string, given: Partial<World> = world(), more: object = {}) =>
  (await sts(given)).answer('AssumeRoleWithWebIdentity', undefined, input(token, more))

const notVerified = 'InvalidIdentityToken 400: The web identity token that was passed could not be validated.'
const noKey =
  "InvalidIdentityToken 400: Couldn't retrieve verification key from your identity provider,  please reference AssumeRoleWithWebIdentity documentation for requirements"
const notAJwt =
  'InvalidIdentityToken 400: The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)'
const wrongAlgorithm =
  'InvalidIdentityToken 400: The ID Token is not signed with one of the algorithms RS256, ES256, EdDSA.'
const deniedText = 'AccessDenied 403: Not authorized to perform sts:AssumeRoleWithWebIdentity'

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

describe('attacks on the signature', () => {
  it('no algorithm', async () => {
    const token = await sign()
    const [, payload, signature] = token.split('.')
    for (const alg of ['none', 'None', 'NONE', '', 'constructor']) {
      for (const end of ['', signature]) {
        expect(await outcome(assume(`${base64Url({ alg, kid: 'RS256' })}.${payload}.${end}`))).toBe(wrongAlgorithm)
      }
    }
    expect(await outcome(assume(`${base64Url({ kid: 'RS256' })}.${payload}.${signature}`))).toBe(wrongAlgorithm)
  })

  it('HS256 with the public key, or with the secret of the set, for a secret', async () => {
    const spki = await exportSPKI(pairs.get('RS256')?.publicKey as CryptoKey)
    for (const [kid, secret] of [
      ['RS256', spki],
      ['RS256', JSON.stringify(keys[0])],
      ['oct', 'secret'],
    ] as const) {
      const signed = `${base64Url({ alg: 'HS256', kid })}.${base64Url(claims)}`
      const mac = createHmac('sha256', secret).update(signed).digest('base64url')
      expect(await outcome(assume(`${signed}.${mac}`))).toBe(wrongAlgorithm)
    }
  })

  it.each(['PS256', 'ES384'])('%s, which is not taken', async (alg) => {
    expect(await outcome(assume(await sign(claims, alg)))).toBe(wrongAlgorithm)
  })

  it('the algorithm of another key', async () => {
    for (const alg of algorithms) {
      for (const kid of [...algorithms, 'oct', 'unknown', 'ES384'].filter((other) => other !== alg)) {
        expect(await outcome(assume(await sign(claims, alg, { kid })))).toBe(noKey)
      }
    }
  })

  it('another key under a known id', async () => {
    for (const alg of algorithms) {
      const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true })
      expect(await outcome(assume(await sign(claims, alg, {}, privateKey)))).toBe(notVerified)
      const jwk = await exportJWK(publicKey)
      expect(
        await outcome(assume(await sign(claims, alg, { jwk, jku: 'https://evil.example.com/jwks' }, privateKey))),
      ).toBe(notVerified)
    }
  })

  it('changed claims, changed signatures', async () => {
    for (const alg of algorithms) {
      const [header, payload, signature = ''] = (await sign(claims, alg)).split('.')
      const changed = base64Url({ ...claims, sub: 'admin' })
      expect(await outcome(assume(`${header}.${changed}.${signature}`))).toBe(notVerified)
      expect(await outcome(assume(`${header}.${payload}.`))).toBe(notVerified)
      expect(await outcome(assume(`${header}.${payload}.${base64Url('x'.repeat(64))}`))).toBe(notVerified)
      expect(await outcome(assume(`${header}.${payload}.${Buffer.alloc(64).toString('base64url')}`))).toBe(notVerified)
      expect(await outcome(assume(`${header}.${payload}.${signature.slice(0, -4)}`))).toBe(notVerified)
    }
  })

  it('extensions that nobody understands', async () => {
    const signed = (header: object) => `${base64Url({ alg: 'RS256', kid: 'RS256', ...header })}.${base64Url(claims)}`
    const bySelf = async (text: string) => {
      const key = pairs.get('RS256')?.privateKey as CryptoKey
      const signature = await crypto.subtle.sign('RSASSA-PKCS1-v1_5', key, Buffer.from(text))
      return `${text}.${Buffer.from(signature).toString('base64url')}`
    }
    expect(await outcome(assume(await bySelf(signed({}))))).toBe('ok')
    expect(await outcome(assume(await bySelf(signed({ crit: ['x'], x: 1 }))))).toBe(notVerified)
    expect(await outcome(assume(await bySelf(signed({ crit: ['b64'], b64: false }))))).toBe(notVerified)
  })

  it.each([
    ['one word', 'aaaa'],
    ['two parts', `${base64Url({ alg: 'RS256' })}.${base64Url(claims)}`],
    ['four parts', `${base64Url({ alg: 'RS256' })}.${base64Url(claims)}.AA.AA`],
    ['an encrypted token', `${base64Url({ alg: 'RSA-OAEP', enc: 'A256GCM' })}.AA.AA.AA.AA`],
    ['a list for a header', `${base64Url([])}.${base64Url(claims)}.AA`],
    ['text for claims', `${base64Url({ alg: 'RS256' })}.${base64Url('"x"')}.AA`],
    ['a key id that is no text', `${base64Url({ alg: 'RS256', kid: 1 })}.${base64Url(claims)}.AA`],
    ['padding', `${base64Url({ alg: 'RS256' })}=.${base64Url(claims)}.AA`],
  ])('%s is no JWT', async (_name, token) => {
    expect(await outcome(assume(token))).toBe(notAJwt)
  })

  it('a token over 20,000 characters is not looked at, and not told back', async () => {
    expect(await outcome(assume('a'.repeat(20_001)))).toBe(
      "ValidationError 400: 1 validation error detected: Value '...' at 'webIdentityToken' failed to satisfy constraint: Member must have length less than or equal to 20000",
    )
  })

  it('a weak RSA key is not used', async () => {
    const { generateKeyPairSync } = await import('node:crypto')
    const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 1024 })
    const jwks = JSON.stringify({ keys: [{ ...publicKey.export({ format: 'jwk' }), kid: 'RS256' }] })
    expect(await outcome(assume(await sign(), world({ providers: [provider({ jwks })] })))).toBe(notVerified)
  })
})

describe('keys', () => {
  const fetching = (...answers: readonly (readonly Jwk[] | Error)[]) => {
    const given = [...answers]
    const fetchJwks = vi.fn<StsParts['fetchJwks']>(async () => {
      const next = given.shift()
      if (!next) throw new Error('fetched too often')
      if (next instanceof Error) throw next
      return { keys: next as readonly Jwk[] }
    })
    return { fetchJwks, world: world({ providers: [provider({ jwks: undefined })], parts: { fetchJwks } }) }
  }

  it('are fetched from the issuer that is registered', async () => {
    const { fetchJwks, world } = fetching(keys)
    expect(await outcome(assume(await sign(), world))).toBe('ok')
    expect(fetchJwks.mock.calls).toEqual([[issuer]])
  })
  it('are asked for once more for an unknown key id', async () => {
    const { fetchJwks, world } = fetching([], keys)
    expect(await outcome(assume(await sign(), world))).toBe('ok')
    expect(fetchJwks.mock.calls).toEqual([[issuer], [issuer, { unknownKid: true }]])
    expect(await outcome(assume(await sign(), fetching([], []).world))).toBe(noKey)
  })
  it('are not fetched for an unknown issuer, another algorithm or something else', async () => {
    const { fetchJwks, world } = fetching()
    const tokens = [await sign({ ...claims, iss: 'https://evil.example.com' }), await sign(claims, 'PS256'), 'aaaa']
    for (const token of tokens) expect(await outcome(assume(token, world))).toContain('InvalidIdentityToken')
    expect(fetchJwks).not.toHaveBeenCalled()
  })
  it('that cannot be fetched', async () => {
    expect(await outcome(assume(await sign(), fetching(providerUnreachable()).world))).toBe(
      'IDPCommunicationError 400: The identity provider could not be reached for the keys that verify its tokens.',
    )
  })
  it('that are pinned are the only ones', async () => {
    const jwks = JSON.stringify({ keys: keys.filter(({ kid }) => kid !== 'RS256') })
    expect(await outcome(assume(await sign(), world({ providers: [provider({ jwks })] })))).toBe(noKey)
    for (const broken of ['', '{', '[]', '{"keys":{}}', 'null']) {
      expect(await outcome(assume(await sign(), world({ providers: [provider({ jwks: broken })] })))).toBe(noKey)
    }
  })
  it('without a key id, one that fits may serve, two may not', async () => {
    const token = await new SignJWT(claims)
      .setProtectedHeader({ alg: 'ES256' })
      .sign(pairs.get('ES256')?.privateKey as CryptoKey)
    expect(await outcome(assume(token))).toBe('ok')
    const another = { ...(await exportJWK((await generateKeyPair('ES256')).publicKey)), kid: 'more' }
    const jwks = JSON.stringify({ keys: [...keys, another] })
    expect(await outcome(assume(token, world({ providers: [provider({ jwks })] })))).toBe(noKey)
  })
  it.each([
    ['for encryption', { use: 'enc' }],
    ['of another algorithm', { alg: 'RS512' }],
    ['of another operation', { key_ops: ['encrypt'] }],
  ])('%s are not used', async (_name, more) => {
    const jwks = JSON.stringify({ keys: keys.map((key) => ({ ...key, ...more })) })
    expect(await outcome(assume(await sign(), world({ providers: [provider({ jwks })] })))).toBe(noKey)
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
