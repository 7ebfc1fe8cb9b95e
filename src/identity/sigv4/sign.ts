import { encodeHex, encodeUtf8 } from '../../codec/bytes'
import { algorithm, escapeUri, parsePairs, sha256Hex, splitUrl, stringToSign } from './canonical'
import { deriveSigningKey, importSecret } from './keys'
import { formatBasicTime } from './time'

export interface SigningCredentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string
}

export interface SignableRequest {
  readonly method: string
  /** Absolute. */
  readonly url: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: Bytes | string
}

export interface SignOptions {
  readonly credentials: SigningCredentials
  readonly region: string
  readonly service: string
  /** ms since the epoch. */
  readonly nowMs: number
  /** From deriveSigningKey for this day, Region and service; derived here when absent. */
  readonly signingKey?: CryptoKey
}

export interface PresignOptions extends SignOptions {
  /** 1 to 604,800. */
  readonly expiresSeconds: number
}

/** Left to the transport, or changed by it: signing them would break the signature on the way. */
const unsigned = new Set(['authorization', 'connection', 'user-agent', 'x-amzn-trace-id'])

/** The headers of the request, lower case, with host, x-amz-date and authorization: every one of them signed. */
export async function signRequest(request: SignableRequest, options: SignOptions): Promise<Record<string, string>> {
  const timestamp = formatBasicTime(options.nowMs)
  const headers = lowerCase(request)
  headers['x-amz-date'] = timestamp
  const token = options.credentials.sessionToken
  if (token !== undefined) headers['x-amz-security-token'] = token
  const signedHeaders = signable(headers)
  const signature = await sign(request, options, {
    timestamp,
    headers,
    signedHeaders,
    query: splitUrl(request.url).query,
  })
  const credential = `${options.credentials.accessKeyId}/${scopeOf(options, timestamp)}`
  headers.authorization = `${algorithm} Credential=${credential}, SignedHeaders=${signedHeaders.join(';')}, Signature=${signature}`
  return headers
}

/** The URL with its signature in the query string. Whoever sends it sends the same method, headers and body. */
export async function presignUrl(request: SignableRequest, options: PresignOptions): Promise<string> {
  const timestamp = formatBasicTime(options.nowMs)
  const headers = lowerCase(request)
  const signedHeaders = signable(headers)
  const parameters: [string, string][] = [
    ['X-Amz-Algorithm', algorithm],
    ['X-Amz-Credential', `${options.credentials.accessKeyId}/${scopeOf(options, timestamp)}`],
    ['X-Amz-Date', timestamp],
    ['X-Amz-Expires', String(options.expiresSeconds)],
    ['X-Amz-SignedHeaders', signedHeaders.join(';')],
  ]
  const token = options.credentials.sessionToken
  if (token !== undefined) parameters.push(['X-Amz-Security-Token', token])
  const own = splitUrl(request.url).query
  const added = parameters.map(([name, value]) => `${name}=${escapeUri(value)}`).join('&')
  const query = own ? `${own}&${added}` : added
  const signature = await sign(request, options, { timestamp, headers, signedHeaders, query })
  const base = request.url.split(/[?#]/, 1)[0]
  return `${base}?${query}&X-Amz-Signature=${signature}`
}

function lowerCase(request: SignableRequest): Record<string, string> {
  const headers: Record<string, string> = { host: splitUrl(request.url).host }
  for (const [name, value] of Object.entries(request.headers ?? {})) headers[name.toLowerCase()] = value
  return headers
}

const signable = (headers: Record<string, string>) =>
  Object.keys(headers)
    .filter((name) => !unsigned.has(name))
    .sort()

const scopeOf = (options: SignOptions, timestamp: string) =>
  `${timestamp.slice(0, 8)}/${options.region}/${options.service}/aws4_request`

interface Prepared {
  readonly timestamp: string
  readonly headers: Readonly<Record<string, string>>
  readonly signedHeaders: readonly string[]
  readonly query: string
}

async function sign(request: SignableRequest, options: SignOptions, prepared: Prepared): Promise<string> {
  const body = request.body ?? ''
  const text = await stringToSign({
    method: request.method,
    path: splitUrl(request.url).path,
    query: parsePairs(prepared.query),
    signedHeaders: prepared.signedHeaders,
    header: (name) => prepared.headers[name] ?? null,
    payloadHash: await sha256Hex(typeof body === 'string' ? encodeUtf8(body) : body),
    timestamp: prepared.timestamp,
    scope: scopeOf(options, prepared.timestamp),
  })
  const key = options.signingKey ?? (await deriveOwnKey(options, prepared.timestamp))
  return encodeHex(new Uint8Array(await crypto.subtle.sign('HMAC', key, text)))
}

async function deriveOwnKey(options: SignOptions, timestamp: string): Promise<CryptoKey> {
  const secret = await importSecret(options.credentials.secretAccessKey)
  return deriveSigningKey(secret, {
    date: timestamp.slice(0, 8),
    region: options.region,
    service: options.service,
  })
}
