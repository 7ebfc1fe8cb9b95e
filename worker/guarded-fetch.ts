import { LruMap } from '../src/codec/lru'
import { QueryError } from '../src/identity/query-error'
import { providerUnreachable } from '../src/identity/sts/errors'
import { type FetchJwks, type JwkSet, parseJwkSet } from '../src/identity/sts/web-identity'
import { describeFault, report } from './log'

/**
 * The one door to the network outside: the keys of registered identity providers. HTTPS alone, no address literals or
 * local names, no redirects, 5 seconds and 256 KiB for each document.
 * Source: OpenID Connect Discovery 1.0 section 4; OWASP, server-side request forgery prevention.
 */

const maxBytes = 256 * 1024
const timeoutMs = 5_000
/** How long keys serve. */
const keysLifeMs = 10 * 60_000
/** How often a key id that is not among them may ask for them anew: whoever sends tokens can make one up each time. */
const unknownKidRestMs = 60_000
/** How long a provider that has failed is left alone. */
const failureRestMs = 5_000

export interface GuardedFetchParts {
  /** The platform's. */
  fetch(url: string, init: RequestInit): Promise<Response>
  /** Wall clock. */
  nowMs(): number
}

interface Known {
  /** Absent until a first fetch has succeeded. */
  readonly keys?: JwkSet
  readonly usableUntilMs: number
  readonly askedAtMs: number
  readonly failedAtMs: number
}

/**
 * Keys of providers, kept for 10 minutes in this isolate. Only issuers of registered providers may be asked for; that is
 * the caller's to see to. Settled values are kept alone: none waits for the fetch of another request.
 */
export function createJwksFetcher(parts: GuardedFetchParts): FetchJwks {
  const known = new LruMap<string, Known>(500)
  const never = { usableUntilMs: 0, askedAtMs: Number.NEGATIVE_INFINITY, failedAtMs: Number.NEGATIVE_INFINITY }
  return async (issuer, { unknownKid = false } = {}) => {
    const nowMs = parts.nowMs()
    const before = known.get(issuer) ?? never
    const keys = 'keys' in before && nowMs < before.usableUntilMs ? before.keys : undefined
    if (keys && (!unknownKid || nowMs < before.askedAtMs + unknownKidRestMs)) return keys
    if (!keys && nowMs < before.failedAtMs + failureRestMs) throw providerUnreachable()
    known.set(issuer, { ...before, askedAtMs: nowMs })
    try {
      const fetched = await fetchKeys(issuer, parts)
      known.set(issuer, {
        keys: fetched,
        usableUntilMs: nowMs + keysLifeMs,
        askedAtMs: nowMs,
        failedAtMs: never.failedAtMs,
      })
      return fetched
    } catch (error) {
      known.set(issuer, { ...(known.get(issuer) ?? before), failedAtMs: parts.nowMs() })
      // Keys that are still good serve on; that the one asked for is not among them the caller finds out.
      if (keys) return keys
      throw error
    }
  }
}

/** By way of the provider's own configuration, which must be about this very issuer. */
async function fetchKeys(issuer: string, parts: GuardedFetchParts): Promise<JwkSet> {
  const discovery = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`
  const configuration = parseObject(await fetchText(discovery, parts))
  const { issuer: named, jwks_uri: jwksUri } = configuration ?? {}
  if (named !== issuer || typeof jwksUri !== 'string') refuse(discovery, 'is no configuration of that issuer')
  return parseJwkSet(await fetchText(jwksUri as string, parts))
}

function parseObject(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : undefined
  } catch {
    return undefined // not JSON
  }
}

/** One document. Rejects with IDPCommunicationError; why goes to the log alone. */
async function fetchText(url: string, { fetch }: GuardedFetchParts): Promise<string> {
  const problem = urlProblem(url)
  if (problem) refuse(url, `is not asked for: ${problem}`)
  try {
    const response = await fetch(url, {
      headers: { accept: 'application/json' },
      redirect: 'manual',
      signal: AbortSignal.timeout(timeoutMs),
    })
    if (response.status !== 200) {
      await response.body?.cancel()
      refuse(url, `answered with status ${response.status}`)
    }
    const text = await readText(response)
    return text ?? refuse(url, `is over ${maxBytes} bytes`)
  } catch (fault) {
    if (fault instanceof QueryError) throw fault
    report(describeFault(fault))
    return refuse(url, 'could not be fetched')
  }
}

/** Undefined for a body over the limit, whatever length it has declared. */
async function readText({ body }: Response): Promise<string | undefined> {
  if (!body) return ''
  const reader = body.getReader() as ReadableStreamDefaultReader<Uint8Array>
  const decoder = new TextDecoder()
  let [text, length] = ['', 0]
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return text + decoder.decode()
    length += value.length
    if (length > maxBytes) {
      await reader.cancel()
      return undefined
    }
    text += decoder.decode(value, { stream: true })
  }
}

/** The log names the host alone: a path may hold what is nobody's business. */
function refuse(url: string, words: string): never {
  const host = URL.canParse(url) ? new URL(url).host : 'no URL'
  report(`identity provider: a document of ${host} ${words}`)
  throw providerUnreachable()
}

/** What keeps a URL from being asked for, in words; undefined for one that may be. */
export function urlProblem(text: string): string | undefined {
  if (!URL.canParse(text)) return 'it is no URL'
  const url = new URL(text)
  if (url.protocol !== 'https:') return 'it is not HTTPS'
  if (url.username || url.password) return 'it holds credentials'
  if (url.port) return 'it names a port'
  if (url.search || url.hash) return 'it has a query or a fragment'
  return hostProblem(url.hostname)
}

/** Names of this machine or its own network, never of a provider (RFC 6761, RFC 6762, RFC 8375, ICANN on .internal). */
const localNames = ['localhost', 'local', 'internal', 'localdomain', 'home.arpa', 'lan', 'intranet', 'corp', 'home']

/** `hostname` as URL gives it: lower case, IPv4 in any spelling as four numbers, IPv6 in brackets. */
function hostProblem(hostname: string): string | undefined {
  if (hostname.startsWith('[') || /(^|\.)[0-9]+\.?$/.test(hostname)) return 'its host is an address'
  if (hostname.endsWith('.') || hostname.includes('..')) return 'its host is no plain name'
  if (!hostname.includes('.')) return 'its host is a single label'
  if (localNames.some((name) => hostname.endsWith(`.${name}`) || hostname === name)) return 'its host is local'
  return undefined
}
