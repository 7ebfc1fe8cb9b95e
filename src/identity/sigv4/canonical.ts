import { encodeHex, encodeUtf8 } from '../../codec/bytes'

/** The one canonicaliser, for verifying and for signing. Source: AWS General Reference, SigV4, canonical request. */

export const algorithm = 'AWS4-HMAC-SHA256'

/** The parts of an absolute URL as they stand in its text. */
export interface RawUrl {
  readonly host: string
  readonly path: string
  /** Without the question mark. */
  readonly query: string
}

export function splitUrl(url: string): RawUrl {
  const scheme = url.indexOf('://')
  const hostStart = scheme < 0 ? 0 : scheme + 3
  const hash = url.indexOf('#', hostStart)
  const end = hash < 0 ? url.length : hash
  const mark = url.indexOf('?', hostStart)
  const pathEnd = mark < 0 || mark > end ? end : mark
  const slash = url.indexOf('/', hostStart)
  const hostEnd = slash < 0 || slash > pathEnd ? pathEnd : slash
  return {
    host: url.slice(hostStart, hostEnd),
    path: url.slice(hostEnd, pathEnd) || '/',
    query: pathEnd < end ? url.slice(pathEnd + 1, end) : '',
  }
}

const reserved = /[!'()*]/g

/** RFC 3986 section 2.3: everything but unreserved characters is escaped, with upper-case digits. */
export const escapeUri = (text: string): string =>
  encodeURIComponent(text.toWellFormed()).replace(
    reserved,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  )

const plainPath = /^\/(?:[A-Za-z0-9_~-][A-Za-z0-9._~-]*\/)*(?:[A-Za-z0-9_~-][A-Za-z0-9._~-]*)?$/

/** Dot and empty segments resolved, then the path, already encoded once by the client, encoded once more. */
export function canonicalPath(path: string): string {
  if (path === '/' || plainPath.test(path)) return path
  const kept: string[] = []
  for (const segment of path.split('/')) {
    if (segment === '..') kept.pop()
    else if (segment !== '' && segment !== '.') kept.push(escapeUri(segment))
  }
  const joined = kept.join('/')
  return joined && path.endsWith('/') ? `/${joined}/` : `/${joined}`
}

export type QueryPair = readonly [name: string, value: string]

/** Form decoding; a broken escape stays as it stands, so that no text is refused and none changes its meaning. */
function unescapeForm(text: string): string {
  const spaced = text.includes('+') ? text.replaceAll('+', ' ') : text
  if (!spaced.includes('%')) return spaced
  try {
    return decodeURIComponent(spaced)
  } catch {
    return spaced
  }
}

/** The pairs of a query string or of a form, decoded, in their order. Signature and service read the same pairs. */
export function parsePairs(text: string): QueryPair[] {
  const pairs: QueryPair[] = []
  if (!text) return pairs
  for (const part of text.split('&')) {
    if (!part) continue
    const equals = part.indexOf('=')
    pairs.push(
      equals < 0
        ? [unescapeForm(part), '']
        : [unescapeForm(part.slice(0, equals)), unescapeForm(part.slice(equals + 1))],
    )
  }
  return pairs
}

const compareText = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0)

/** Sorted by encoded name, then by encoded value; X-Amz-Signature is left out. */
export function canonicalQuery(pairs: readonly QueryPair[]): string {
  if (!pairs.length) return ''
  return pairs
    .filter(([name]) => name !== 'X-Amz-Signature')
    .map(([name, value]) => [escapeUri(name), escapeUri(value)] as const)
    .sort((a, b) => compareText(a[0], b[0]) || compareText(a[1], b[1]))
    .map(([name, value]) => `${name}=${value}`)
    .join('&')
}

const untidy = /^\s|\s$|\s\s|[\t\n\r\f\v]/

/** Trimmed, runs of white space made one space. */
export const canonicalValue = (value: string): string =>
  untidy.test(value) ? value.trim().replace(/\s+/g, ' ') : value

export async function sha256Hex(bytes: Bytes): Promise<string> {
  return encodeHex(new Uint8Array(await crypto.subtle.digest('SHA-256', bytes)))
}

export interface CanonicalInput {
  readonly method: string
  readonly path: string
  readonly query: readonly QueryPair[]
  /** Names, lower case, in the client's order. */
  readonly signedHeaders: readonly string[]
  /** Null for an absent header, which counts as empty. */
  header(name: string): string | null
  readonly payloadHash: string
  /** `20261124T090000Z`. */
  readonly timestamp: string
  /** `20261124/us-east-1/kms/aws4_request`. */
  readonly scope: string
}

/** The bytes under the MAC. */
export async function stringToSign(input: CanonicalInput): Promise<Bytes> {
  let headers = ''
  for (const name of input.signedHeaders) headers += `${name}:${canonicalValue(input.header(name) ?? '')}\n`
  const canonical = `${input.method}\n${canonicalPath(input.path)}\n${canonicalQuery(input.query)}\n${headers}\n${input.signedHeaders.join(';')}\n${input.payloadHash}`
  const hash = await sha256Hex(encodeUtf8(canonical))
  return encodeUtf8(`${algorithm}\n${input.timestamp}\n${input.scope}\n${hash}`)
}
