import { encodeError } from '../codec/encode'
import { type ErrorCode, KmsError } from '../model/errors'

/** Replies as AWS KMS heads them. Source: docs/behaviour.md, successful responses and error responses. */

export const jsonType = 'application/x-amz-json-1.1'
const xmlType = 'text/xml'

export interface Reply {
  readonly status: number
  readonly body: string
  readonly requestId: string
  /** Wall clock, ms; SDKs with a wrong clock read theirs off the Date header. */
  readonly nowMs?: number
  /** Sent as x-amzn-errortype. */
  readonly errorType?: string
}

function reply(type: string, { status, body, requestId, nowMs, errorType }: Reply): Response {
  const headers: Record<string, string> = {
    'content-type': type,
    'x-amzn-requestid': requestId,
    'cache-control': 'no-cache, no-store, must-revalidate, private',
    expires: '0',
    pragma: 'no-cache',
  }
  if (nowMs !== undefined) headers.date = httpDate(nowMs)
  if (errorType !== undefined) headers['x-amzn-errortype'] = errorType
  return new Response(body, { status, headers })
}

export const jsonReply = (parts: Reply): Response => reply(jsonType, parts)
export const xmlReply = (parts: Reply): Response => reply(xmlType, parts)

/** A refusal of a JSON service: status and member spelling from the model. */
export function errorReply(
  error: { readonly code: ErrorCode; readonly message?: string },
  requestId: string,
  nowMs?: number,
): Response {
  return jsonReply({ ...encodeError(error), requestId, errorType: error.code, ...(nowMs !== undefined && { nowMs }) })
}

/** No such door: other paths, methods and content types. */
export const unknownOperationReply = (requestId: string, nowMs?: number): Response =>
  xmlReply({ status: 404, body: '<UnknownOperationException/>\n', requestId, ...(nowMs !== undefined && { nowMs }) })

export const tooLargeReply = (requestId: string, nowMs?: number): Response =>
  jsonReply({
    status: 413,
    body: '{"__type":"RequestEntityTooLargeException"}',
    requestId,
    errorType: 'RequestEntityTooLargeException',
    ...(nowMs !== undefined && { nowMs }),
  })

/** What nobody outside caused: unexpected errors, and those that storage wrapped with their cause. */
export const isFault = (error: unknown) => !(error instanceof KmsError) || error.code === 'KMSInternalException'

let dateSecond = Number.NaN
let dateText = ''

/** The text changes once a second, so it is made once a second. */
function httpDate(nowMs: number): string {
  const second = Math.floor(nowMs / 1000)
  if (second !== dateSecond) {
    dateSecond = second
    dateText = new Date(nowMs).toUTCString()
  }
  return dateText
}
