import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose'
import { beforeAll } from 'vitest'
import type { Jwk, OidcProvider } from '../../../src/identity/sts/web-identity'
import { accountId, document, nowMs, roleArn, sts, trust, type World } from './helpers'

export const url = 'idp.example.com/tenant'
export const issuer = `https://${url}`
export const providerArn = `arn:aws:iam::${accountId}:oidc-provider/${url}`
export const nowSeconds = nowMs / 1000
export const claims = {
  iss: issuer,
  aud: 'app',
  sub: 'repo:a/b:main',
  exp: nowSeconds + 600,
  iat: nowSeconds,
  nbf: nowSeconds,
}

/** The algorithms that AssumeRoleWithWebIdentity takes. */
export const algorithms = ['RS256', 'ES256', 'EdDSA'] as const
type Pair = Awaited<ReturnType<typeof generateKeyPair>>
export const pairs = new Map<string, Pair>()
export const keys: Jwk[] = []

/** Fresh keys for each test file that imports this one. */
beforeAll(async () => {
  for (const alg of [...algorithms, 'PS256', 'ES384']) {
    const pair = await generateKeyPair(alg, { extractable: true })
    pairs.set(alg, pair)
    if (alg !== 'PS256') keys.push({ ...(await exportJWK(pair.publicKey)), kid: alg })
  }
  keys.push({ kty: 'oct', k: 'c2VjcmV0', kid: 'oct', alg: 'HS256' }, { kty: 'XYZ', kid: 'unknown' })
})

export const sign = (
  payload: JWTPayload = claims,
  alg = 'RS256',
  header: object = {},
  key = pairs.get(alg)?.privateKey,
) => new SignJWT(payload).setProtectedHeader({ alg, kid: alg, ...header }).sign(key as CryptoKey)
export const without = (name: string) => Object.fromEntries(Object.entries(claims).filter(([claim]) => claim !== name))
export const base64Url = (value: unknown) =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url')

export const trusting = document(trust({ Federated: providerArn }, 'sts:AssumeRoleWithWebIdentity'))
export const provider = (more: Partial<OidcProvider> = {}): OidcProvider => ({
  url,
  clientIds: ['app', 'second'],
  jwks: JSON.stringify({ keys }),
  ...more,
})
export const world = (more: Partial<World> = {}): Partial<World> => ({
  role: { trustPolicy: trusting },
  providers: [provider()],
  ...more,
})
export const input = (WebIdentityToken: string, more: object = {}) => ({
  RoleArn: roleArn,
  RoleSessionName: 'build-17',
  WebIdentityToken,
  ...more,
})
export const assume = async (token: string, given: Partial<World> = world(), more: object = {}) =>
  (await sts(given)).answer('AssumeRoleWithWebIdentity', undefined, input(token, more))

export const notVerified = 'InvalidIdentityToken 400: The web identity token that was passed could not be validated.'
export const noKey =
  "InvalidIdentityToken 400: Couldn't retrieve verification key from your identity provider,  please reference AssumeRoleWithWebIdentity documentation for requirements"
export const notAJwt =
  'InvalidIdentityToken 400: The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)'
export const wrongAlgorithm =
  'InvalidIdentityToken 400: The ID Token is not signed with one of the algorithms RS256, ES256, EdDSA.'
export const deniedText = 'AccessDenied 403: Not authorized to perform sts:AssumeRoleWithWebIdentity'
