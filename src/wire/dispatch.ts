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
 * Order: path, method and content type, size (413), signature, then target and UTF-8: nothing of an unsigned body is
 * looked at. Unknown Query actions pass; answerQuery refuses them.
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
    const signed = await readSigned(request, header, door, nowMs, services[protocol])
    if (!signed) return tooLargeReply(requestId, nowMs)
    const { body, credential } = signed
    const common = {
      region: credential.region,
      credential,
      requestId,
      sourceIp: door.sourceIp(request),
      userAgent: header('user-agent') ?? undefined,
      host: header('host') ?? url.host,
    }
    if (protocol === 'query') return queryInbound(common, body, url.query)

    const service = credential.service as 'kms' | 'cloudtrail'
    const target = parseTarget(service, header('x-amz-target'))
    if (target === undefined) throw new KmsError('UnknownOperationException')
    return { protocol, service, target, bodyText: decodeBody(body), ...common }
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
}

/**
 * Any path, signed for KMS: the call, or the Response that refuses it in the form of the JSON protocol. Never throws.
 */
export async function authenticate(request: Request, door: Doorway): Promise<SignedCall | Response> {
  const requestId = door.newRequestId()
  const nowMs = door.wallMs()
  try {
    const signed = await readSigned(request, headerReader(request), door, nowMs, ['kms'])
    if (!signed) return tooLargeReply(requestId, nowMs)
    return { credential: signed.credential, bodyText: decodeBody(signed.body), requestId }
  } catch (error) {
    if (isFault(error)) door.reportFault(error, requestId)
    return errorReply(error instanceof KmsError ? error : internal(), requestId, nowMs)
  }
}

/** Body and verified signature; undefined when the body is too large. */
async function readSigned(
  request: Request,
  header: (name: string) => string | null,
  door: Doorway,
  nowMs: number,
  accepted: readonly string[],
): Promise<{ readonly body: Bytes; readonly credential: VerifiedSignature } | undefined> {
  const body = await readBodyOf(request, header('content-length'))
  if (body === undefined) return undefined
  const signed: SignedRequest = { method: request.method, url: request.url, header, body }
  const credential = await verifySignature(signed, {
    nowMs,
    isRegion: (region) => door.isRegion(region),
    services: accepted,
    findSigningKey: (claimed) => door.findSigningKey(claimed),
  })
  return { body, credential }
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

type Common = Pick<Inbound, 'region' | 'credential' | 'requestId' | 'sourceIp' | 'userAgent' | 'host'> & {
  readonly credential: VerifiedSignature
}

function queryInbound(common: Common, body: Bytes, query: string): QueryInbound {
  const bodyText = decodeBody(body)
  const parameters = new Map<string, string>()
  for (const [name, value] of parsePairs(query)) if (!name.startsWith('X-Amz-')) parameters.set(name, value)
  for (const [name, value] of parsePairs(bodyText)) parameters.set(name, value)
  const service = common.credential.service as QueryInbound['service']
  return { protocol: 'query', service, target: parameters.get('Action') ?? '', parameters, bodyText, ...common }
}

/** For the namespace of a refusal only: the scope is not believed yet. */
function claimedQueryService(request: Request, query: string): QueryInbound['service'] {
  const text = request.headers.get('authorization') ?? query
  return text.includes('/iam/aws4_request') || text.includes('%2Fiam%2Faws4_request') ? 'iam' : 'sts'
}
