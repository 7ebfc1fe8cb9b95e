import { decodeBase64Url, decodeUtf8 } from '../../codec/bytes'
import {
  invalidIdentityToken,
  missingClaim,
  notAJwt,
  noVerificationKey,
  rejectedClaim,
  tokenExpired,
  tokenNotVerified,
  unknownProvider,
  wrongAudience,
} from './errors'

/** A public key of an identity provider (RFC 7517); members are looked at before one is used. */
export type Jwk = Readonly<Record<string, unknown>>

export interface JwkSet {
  readonly keys: readonly Jwk[]
}

/**
 * The keys of a registered issuer, `https://…`. `unknownKid`: what was given before lacks the key of a token; whoever
 * fetches decides whether to ask again. Rejects with IDPCommunicationError.
 */
export type FetchJwks = (issuer: string, options?: { readonly unknownKid?: boolean }) => Promise<JwkSet>

/** A registered OIDC provider, as far as tokens are checked against it. */
export interface OidcProvider {
  /** The issuer without `https://`. */
  readonly url: string
  readonly clientIds: readonly string[]
  /** A pinned JWK Set as text, in place of a fetched one. */
  readonly jwks?: string | undefined
}

export interface WebIdentityParts {
  /** By the url; exact. */
  findProvider(url: string): Promise<OidcProvider | undefined>
  readonly fetchJwks: FetchJwks
  /** Wall clock. */
  nowMs(): number
}

/** What a verified token says. */
export interface WebIdentity {
  readonly provider: OidcProvider
  readonly subject: string
  /** The registered client id that the token is for. */
  readonly audience: string
  readonly amr?: readonly string[]
  readonly payload: Readonly<Record<string, unknown>>
}

interface Algorithm {
  readonly kty: string
  readonly crv?: string
}

/** Public keys alone: a token signed with a secret, or with none, has no algorithm here. */
const algorithms: Readonly<Record<string, Algorithm>> = {
  RS256: { kty: 'RSA' },
  ES256: { kty: 'EC', crv: 'P-256' },
  EdDSA: { kty: 'OKP', crv: 'Ed25519' },
}

/** How far the clock of a provider may be off. */
const toleranceSeconds = 60

/**
 * Verifies an OpenID Connect token (RFC 7519, OpenID Connect Core section 3.1.3.7) against the registered provider that
 * it names. Order: form, provider, signature, times, audience, subject: nothing but issuer and key id of a token is
 * believed before its signature is.
 */
export async function verifyWebIdentity(token: string, parts: WebIdentityParts): Promise<WebIdentity> {
  const parsed = parseToken(token)
  const { issuer } = parsed
  const provider = issuer.startsWith('https://') ? await parts.findProvider(issuer.slice(8)) : undefined
  if (!provider || `https://${provider.url}` !== issuer) throw unknownProvider(issuer.slice(0, 256))
  const payload = await verifySignature(token, parsed, await findKey(parsed, provider, parts.fetchJwks))
  requireCurrent(payload, Math.floor(parts.nowMs() / 1000))
  const audience = requireAudience(payload, provider)
  const { sub, amr } = payload
  if (typeof sub !== 'string' || !sub) throw missingClaim('sub')
  if (sub.length > 255) throw rejectedClaim('sub')
  return { provider, subject: sub, audience, ...(isTexts(amr) && amr.length ? { amr } : {}), payload }
}

interface ParsedToken {
  readonly algorithm: string
  readonly kid: string | undefined
  readonly issuer: string
}

/** The parts that say which key to take. Unsigned so far. */
function parseToken(token: string): ParsedToken {
  const segments = token.split('.', 4)
  const header = parseSegment(segments[0])
  const payload = parseSegment(segments[1])
  if (segments.length !== 3 || !header || !payload) throw notAJwt()
  const { alg, kid, crit } = header
  if (typeof alg !== 'string' || !Object.hasOwn(algorithms, alg)) {
    throw invalidIdentityToken('The ID Token is not signed with one of the algorithms RS256, ES256, EdDSA.')
  }
  // Extensions that must be understood (RFC 7515 section 4.1.11), of which there is none here: not `b64` either.
  if (crit !== undefined) throw tokenNotVerified()
  if (kid !== undefined && typeof kid !== 'string') throw notAJwt()
  if (typeof payload.iss !== 'string' || !payload.iss) throw missingClaim('iss')
  return { algorithm: alg, kid, issuer: payload.iss }
}

function parseSegment(segment: string | undefined): Readonly<Record<string, unknown>> | undefined {
  const bytes = segment ? decodeBase64Url(segment) : undefined
  if (!bytes) return undefined
  try {
    const value: unknown = JSON.parse(decodeUtf8(bytes))
    return isObject(value) ? value : undefined
  } catch {
    return undefined // not UTF-8, or not JSON
  }
}

/** The provider's key that must have signed the token; asked for anew when there is none with its key id. */
async function findKey(parsed: ParsedToken, provider: OidcProvider, fetchJwks: FetchJwks): Promise<Jwk> {
  if (provider.jwks !== undefined) return pickKey(parsed, parseJwkSet(provider.jwks)) ?? refuse()
  const issuer = `https://${provider.url}`
  const known = pickKey(parsed, await fetchJwks(issuer))
  return known ?? pickKey(parsed, await fetchJwks(issuer, { unknownKid: true })) ?? refuse()
}

const refuse = (): never => {
  throw noVerificationKey()
}

/** Without a key id the set must leave no choice. */
function pickKey({ algorithm, kid }: ParsedToken, { keys }: JwkSet): Jwk | undefined {
  const { kty, crv } = algorithms[algorithm] as Algorithm
  const fitting = keys.filter(
    (key) =>
      key.kty === kty &&
      (crv === undefined || key.crv === crv) &&
      (key.alg === undefined || key.alg === algorithm) &&
      (key.use === undefined || key.use === 'sig') &&
      (!Array.isArray(key.key_ops) || key.key_ops.includes('verify')),
  )
  if (kid !== undefined) return fitting.find((key) => key.kid === kid)
  return fitting.length === 1 ? fitting[0] : undefined
}

/** A JWK Set (RFC 7517 section 5) from text. Keys of kinds that nobody knows are no harm. */
export function parseJwkSet(text: string): JwkSet {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw noVerificationKey()
  }
  const keys = isObject(value) ? value.keys : undefined
  if (!Array.isArray(keys)) throw noVerificationKey()
  return { keys: keys.filter(isObject).slice(0, 200) }
}

/** The claims, once the signature is good. The library takes the very algorithm of the chosen key and no other. */
async function verifySignature(
  token: string,
  { algorithm }: ParsedToken,
  key: Jwk,
): Promise<Readonly<Record<string, unknown>>> {
  const { compactVerify, errors, importJWK } = await import('jose')
  const { kty, n, e, crv, x, y } = key as Readonly<Record<string, string>>
  // The public members alone: what else stands in a set is not for here.
  const publicMembers = kty === 'RSA' ? { kty, n, e } : { kty, crv, x, ...(kty === 'EC' ? { y } : {}) }
  try {
    const imported = await importJWK(publicMembers as Parameters<typeof importJWK>[0], algorithm)
    const { payload } = await compactVerify(token, imported, { algorithms: [algorithm] })
    const claims: unknown = JSON.parse(decodeUtf8(payload))
    if (isObject(claims)) return claims
  } catch (error) {
    if (error instanceof errors.JOSEError || isBadKey(error)) throw tokenNotVerified()
    throw error
  }
  throw notAJwt()
}

/** What WebCrypto and the library say to a key that is none: DOMException, TypeError; RSA keys under 2,048 bits too. */
const isBadKey = (error: unknown) =>
  error instanceof TypeError || (error as { name?: unknown } | undefined)?.name === 'DataError'

function requireCurrent(payload: Readonly<Record<string, unknown>>, nowSeconds: number): void {
  const { exp, nbf, iat } = payload
  if (exp === undefined) throw missingClaim('exp')
  if (!isTime(exp)) throw rejectedClaim('exp')
  if (nowSeconds >= exp + toleranceSeconds) throw tokenExpired(nowSeconds, Math.floor(exp))
  for (const [name, value] of Object.entries({ nbf, iat })) {
    if (value === undefined) continue
    if (!isTime(value) || value > nowSeconds + toleranceSeconds) throw rejectedClaim(name)
  }
}

const isTime = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value)

/** `azp` is whom a token was issued to, where it says so (OpenID Connect Core section 2); else one of `aud`. */
function requireAudience({ aud, azp }: Readonly<Record<string, unknown>>, provider: OidcProvider): string {
  const named = typeof aud === 'string' ? [aud] : isTexts(aud) ? aud : []
  if (!named.length) throw missingClaim('aud')
  const audience = (typeof azp === 'string' && azp ? [azp] : named).find((id) => provider.clientIds.includes(id))
  if (audience === undefined) throw wrongAudience()
  return audience
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
const isTexts = (value: unknown): value is readonly string[] =>
  Array.isArray(value) && value.every((item) => typeof item === 'string')
