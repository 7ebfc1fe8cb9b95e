import { algorithm, parsePairs, type QueryPair, splitUrl } from './canonical'
import {
  badCredential,
  badExpires,
  headerNotSigned,
  hostNotSigned,
  incompleteHeader,
  incompleteQuery,
  missingAuthentication,
  notKeyValue,
  signatureMismatch,
  unsupportedAlgorithm,
} from './refusals'
import type { SignedRequest } from './types'

/** What a request says about its own signature, before anything of it has been believed. */
export interface Claim {
  readonly presigned: boolean
  readonly path: string
  readonly host: string
  readonly query: readonly QueryPair[]
  readonly credential: string
  readonly signature: string
  readonly signedHeaders: readonly string[]
  /** As written: basic ISO 8601, or in a Date header perhaps an HTTP date. */
  readonly dateText: string
  readonly dateIsHeader: boolean
  /** Seconds; presigned requests only. */
  readonly expiresSeconds: number | undefined
  readonly sessionToken: string | undefined
}

/** Headers that carry meaning here, so they count only when signed. Proxies add others (x-amz-cf-id): ignored. */
const meaningfulHeaders = ['x-amz-target', 'x-amz-security-token'] as const

const headerNames = /^[a-z0-9!#$%&'*+.^_`|~-]+(?:;[a-z0-9!#$%&'*+.^_`|~-]+)*$/
const maxSignedHeaders = 100

/** Throws the refusals of a request that is unsigned, signed twice or signed in the wrong form. */
export function readClaim(request: SignedRequest): Claim {
  const url = splitUrl(request.url)
  const query = parsePairs(url.query)
  const authorization = request.header('authorization')
  const presigned = query.some(
    ([name]) => name === 'X-Amz-Algorithm' || name === 'X-Amz-Signature' || name === 'X-Amz-Credential',
  )
  if (authorization === null && !presigned) throw missingAuthentication()
  if (authorization !== null && presigned) throw signatureMismatch()
  const parts = authorization === null ? readQuery(query) : readHeader(authorization, request)
  const signedHeaders = splitSignedHeaders(parts.signedHeaders)
  if (!signedHeaders.includes('host')) throw hostNotSigned()
  for (const name of meaningfulHeaders) {
    if (!signedHeaders.includes(name) && request.header(name) !== null) throw headerNotSigned(name)
  }
  return { ...parts, presigned, path: url.path, host: url.host, query, signedHeaders }
}

type ClaimParts = Omit<Claim, 'presigned' | 'path' | 'host' | 'query' | 'signedHeaders'> & { signedHeaders: string }

function readHeader(header: string, request: SignedRequest): ClaimParts {
  const space = header.indexOf(' ')
  const named = space < 0 ? header : header.slice(0, space)
  if (named !== algorithm) throw unsupportedAlgorithm(named)
  const found = new Map<string, string>()
  for (const untrimmed of header.slice(algorithm.length).split(',')) {
    const part = untrimmed.trim()
    if (!part) continue
    const equals = part.indexOf('=')
    if (equals < 0) throw notKeyValue(part, header)
    found.set(part.slice(0, equals), part.slice(equals + 1))
  }
  const credential = found.get('Credential')
  const signature = found.get('Signature')
  const signedHeaders = found.get('SignedHeaders')
  const amzDate = request.header('x-amz-date')
  const dateText = amzDate ?? request.header('date')
  if (credential === undefined || signature === undefined || signedHeaders === undefined || dateText === null) {
    const missing = ['Credential', 'Signature', 'SignedHeaders'].filter((name) => !found.has(name))
    throw incompleteHeader(missing, dateText === null, algorithm)
  }
  return {
    credential,
    signature,
    signedHeaders,
    dateText,
    dateIsHeader: amzDate === null,
    expiresSeconds: undefined,
    sessionToken: request.header('x-amz-security-token') ?? undefined,
  }
}

const queryParameters = [
  'X-Amz-Algorithm',
  'X-Amz-Credential',
  'X-Amz-Signature',
  'X-Amz-SignedHeaders',
  'X-Amz-Date',
] as const

function readQuery(pairs: readonly QueryPair[]): ClaimParts {
  const first = (name: string) => pairs.find((pair) => pair[0] === name)?.[1]
  const [named, credential, signature, signedHeaders, dateText] = queryParameters.map(first)
  if (named !== undefined && named !== algorithm) throw unsupportedAlgorithm(named)
  if (
    named === undefined ||
    credential === undefined ||
    signature === undefined ||
    signedHeaders === undefined ||
    dateText === undefined
  ) {
    throw incompleteQuery(queryParameters.filter((name) => first(name) === undefined))
  }
  return {
    credential,
    signature,
    signedHeaders,
    dateText,
    dateIsHeader: false,
    expiresSeconds: readExpires(first('X-Amz-Expires')),
    sessionToken: first('X-Amz-Security-Token'),
  }
}

function readExpires(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const seconds = /^\d{1,6}$/.test(text) ? Number(text) : 0
  if (seconds < 1 || seconds > 604_800) throw badExpires()
  return seconds
}

function splitSignedHeaders(text: string): string[] {
  if (!text) return []
  const lower = text.toLowerCase()
  // A name that no header can have was never signed; asking the platform for it would throw.
  if (!headerNames.test(lower)) throw signatureMismatch()
  const names = lower.split(';')
  if (names.length > maxSignedHeaders) throw signatureMismatch()
  return names
}

export interface CredentialParts {
  readonly accessKeyId: string
  readonly date: string
  readonly region: string
  readonly service: string
  readonly terminator: string
}

/** `keyid/date/region/service/aws4_request`. Throws badCredential unless there are five parts. */
export function splitCredential(text: string): CredentialParts {
  const [accessKeyId, date, region, service, terminator, more] = text.split('/', 6)
  if (
    accessKeyId === undefined ||
    date === undefined ||
    region === undefined ||
    service === undefined ||
    terminator === undefined ||
    more !== undefined
  ) {
    throw badCredential(text)
  }
  return { accessKeyId, date, region, service, terminator }
}
