import { decodeUtf8 } from '../codec/bytes'
import { parsePairs, type SignedRequest, splitUrl, type VerifiedSignature, verifySignature } from '../identity/sigv4'
import { internal, KmsError, serialization } from '../model/errors'
import { maxBodyBytes, readBody } from './body'
import { queryErrorReply } from './query'
import { errorReply, isFault, jsonType, tooLargeReply, unknownOperationReply } from './reply'
import { parseTarget } from './target'
import type { Doorway, Inbound, QueryInbound } from './types'

type Protocol = Inbound['protocol']

/** Services by protocol; the first one is named to a caller who signed for another. */
const services: { readonly [P in Protocol]: readonly string[] } = {
  json: ['kms', 'cloudtrail'],
  query: ['sts', 'iam'],
}

/**
 * From a Fetch Request to an authenticated call, or to the Response that refuses it. Never throws.
 *
 * Doors: form-encoded, or an Action in the query string (GET and POST: presigned GetCallerIdentity is a GET) is the
 * Query protocol; `application/x-amz-json-1.1` by POST is JSON. Everything else, other paths too, is 404 with
 * `<UnknownOperationException/>`, which a bare GET of KMS answers at AWS.
 * Order: path, method and content type, size (413), signature, then target and UTF-8. Of an unsigned body nothing is
 * looked at but the Action of the Query protocol: AssumeRoleWithWebIdentity needs no signature, and nothing else is let
 * through without one. Unknown Query actions pass; answerQuery refuses them.
 * Source: docs/behaviour.md, requests the front end rejects.
 */
export async function dispatch(request: Request, door: Doorway): Promise<Inbound | Response> {
  const requestId = door.newRequestId()
  const nowMs = door.wallMs()
  const url = splitUrl(request.url)
  const header = headerReader(request)

  const protocol = isEndpoint(url.path, door.basePath)
    ? protocolOf(request.method, header('content-type'), url.query)
    : undefined
  if (!protocol) return unknownOperationReply(requestId, nowMs)

  try {
    const body = await readBodyOf(request, header('content-length'))
    if (body === undefined) return tooLargeReply(requestId, nowMs)
    const common = {
      requestId,
      sourceIp: door.sourceIp(request),
      userAgent: header('user-agent') ?? undefined,
      host: header('host') ?? url.host,
      secureTransport: request.url.startsWith('https:'),
    }
    if (protocol === 'query' && !claimsSignature(header, url.query)) {
      const unsigned = webIdentityInbound(common, body, url.query)
      if (unsigned) return unsigned
    }
    const credential = await verify(request, header, body, door, nowMs, services[protocol])
    const { region } = credential
    if (protocol === 'query') {
      const service = credential.service as QueryInbound['service']
      return { ...queryInbound(common, body, url.query), service, region, credential }
    }

    const service = credential.service as 'kms' | 'cloudtrail'
    const target = parseTarget(service, header('x-amz-target'))
    if (target === undefined) throw new KmsError('UnknownOperationException')
    return { protocol, service, target, region, credential, bodyText: decodeBody(body), ...common }
  } catch (error) {
    if (isFault(error)) door.reportFault(error, requestId)
    if (protocol === 'query') return queryErrorReply(error, claimedQueryService(request, url.query), requestId, nowMs)
    return errorReply(error instanceof KmsError ? error : internal(), requestId, nowMs)
  }
}

/** An authenticated request of another door than the AWS protocols: management. */
export interface SignedCall {
  readonly credential: VerifiedSignature
  readonly bodyText: string
  readonly requestId: string
  readonly sourceIp: string | undefined
  readonly userAgent: string | undefined
  readonly secureTransport: boolean
}

/**
 * Any path, signed for KMS: the call, or the Response that refuses it in the form of the JSON protocol. Never throws.
 */
export async function authenticate(request: Request, door: Doorway): Promise<SignedCall | Response> {
  const requestId = door.newRequestId()
  const nowMs = door.wallMs()
  try {
    const header = headerReader(request)
    const body = await readBodyOf(request, header('content-length'))
    if (body === undefined) return tooLargeReply(requestId, nowMs)
    const credential = await verify(request, header, body, door, nowMs, ['kms'])
    return {
      credential,
      bodyText: decodeBody(body),
      requestId,
      sourceIp: door.sourceIp(request),
      userAgent: header('user-agent') ?? undefined,
      secureTransport: request.url.startsWith('https:'),
    }
  } catch (error) {
    if (isFault(error)) door.reportFault(error, requestId)
    return errorReply(error instanceof KmsError ? error : internal(), requestId, nowMs)
  }
}

function verify(
  request: Request,
  header: (name: string) => string | null,
  body: Bytes,
  door: Doorway,
  nowMs: number,
  accepted: readonly string[],
): Promise<VerifiedSignature> {
  const signed: SignedRequest = { method: request.method, url: request.url, header, body }
  return verifySignature(signed, {
    nowMs,
    isRegion: (region) => door.isRegion(region),
    services: accepted,
    findSigningKey: (claimed) => door.findSigningKey(claimed),
  })
}

/** Reading a header costs microseconds in workerd, so each is read once. */
function headerReader(request: Request): (name: string) => string | null {
  const read = new Map<string, string | null>()
  return (name) => {
    const known = read.get(name)
    if (known !== undefined) return known
    const value = request.headers.get(name)
    read.set(name, value)
    return value
  }
}

/** With or without the trailing slash, on either side. */
function isEndpoint(path: string, basePath: string): boolean {
  const withSlash = basePath.endsWith('/') ? basePath : `${basePath}/`
  return path === withSlash || `${path}/` === withSlash
}

function protocolOf(method: string, contentType: string | null, query: string): Protocol | undefined {
  if (method === 'POST' && contentType === jsonType) return 'json'
  if (method !== 'POST' && method !== 'GET') return undefined
  const type = contentType?.split(';', 1)[0]?.trim().toLowerCase()
  if (type === 'application/x-www-form-urlencoded' || hasAction(query)) return 'query'
  return method === 'POST' && type === jsonType ? 'json' : undefined
}

const hasAction = (query: string) => query.startsWith('Action=') || query.includes('&Action=')

/** A body that breaks off is the client's doing. */
async function readBodyOf(request: Request, declared: string | null): Promise<Bytes | undefined> {
  try {
    return await readBody(request, maxBodyBytes, declared)
  } catch (cause) {
    throw new KmsError('SerializationException', '', { cause })
  }
}

function decodeBody(body: Bytes): string {
  try {
    return decodeUtf8(body)
  } catch {
    throw serialization()
  }
}

type Common = Pick<Inbound, 'requestId' | 'sourceIp' | 'userAgent' | 'host' | 'secureTransport'>
type Unscoped = Omit<QueryInbound, 'service' | 'region' | 'credential'>

function queryInbound(common: Common, body: Bytes, query: string): Unscoped {
  const bodyText = decodeBody(body)
  const parameters = new Map<string, string>()
  for (const [name, value] of parsePairs(query)) if (!name.startsWith('X-Amz-')) parameters.set(name, value)
  for (const [name, value] of parsePairs(bodyText)) parameters.set(name, value)
  return { protocol: 'query', target: parameters.get('Action') ?? '', parameters, bodyText, ...common }
}

/** A web identity token is at most 20,000 characters, a session policy 2,048, each thrice as long when escaped. */
const maxUnsignedBytes = 128 * 1024
const webIdentityAction = 'AssumeRoleWithWebIdentity'
/** Where AWS's endpoint without a Region stands: a call without a scope names none. */
const globalRegion = 'us-east-1'

/** Whether anything in the request says that it is signed: then it is held to that. */
function claimsSignature(header: (name: string) => string | null, query: string): boolean {
  if (header('authorization') !== null) return true
  return parsePairs(query).some(([name]) => name.startsWith('X-Amz-'))
}

/** The one call that needs no signature; undefined for every other one, and for a body that is not one. */
function webIdentityInbound(common: Common, body: Bytes, query: string): QueryInbound | undefined {
  if (body.length > maxUnsignedBytes) return undefined
  let call: Unscoped
  try {
    call = queryInbound(common, body, query)
  } catch (error) {
    if (error instanceof KmsError) return undefined // not UTF-8: refused as unsigned, like any other body
    throw error
  }
  if (call.target !== webIdentityAction) return undefined
  return { ...call, service: 'sts', region: globalRegion, credential: undefined }
}

/** For the namespace of a refusal only: the scope is not believed yet. */
function claimedQueryService(request: Request, query: string): QueryInbound['service'] {
  const text = request.headers.get('authorization') ?? query
  return text.includes('/iam/aws4_request') || text.includes('%2Fiam%2Faws4_request') ? 'iam' : 'sts'
}
