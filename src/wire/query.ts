import { KmsError } from '../model/errors'
import { principalArn, principalUserId } from '../policy/principal'
import { isFault, xmlReply } from './reply'
import type { QueryInbound } from './types'
import { escapeXml } from './xml'

/**
 * The AWS Query protocol: form-encoded parameters in, XML out.
 * Source: AWS STS and IAM API references, common parameters and common errors; botocore, protocol `query`.
 */

interface QueryService {
  readonly version: string
  readonly xmlns: string
  /** By Action; each gives the XML inside its `{Action}Result`. */
  readonly actions: { readonly [action: string]: (call: QueryInbound) => string | Promise<string> }
}

const services: { readonly [S in QueryInbound['service']]: QueryService } = {
  sts: {
    version: '2011-06-15',
    xmlns: 'https://sts.amazonaws.com/doc/2011-06-15/',
    actions: { GetCallerIdentity: getCallerIdentity },
  },
  iam: {
    version: '2010-05-08',
    xmlns: 'https://iam.amazonaws.com/doc/2010-05-08/',
    actions: {},
  },
}

/** Needs no permission: who has signed may know who they are. */
function getCallerIdentity(call: QueryInbound): string {
  const { principal } = call.credential
  return `\n    <Arn>${escapeXml(principalArn(principal))}</Arn>\n    <UserId>${escapeXml(principalUserId(principal))}</UserId>\n    <Account>${escapeXml(principal.accountId)}</Account>\n  `
}

/** Answers an authenticated call of the Query door. Unknown actions and versions: 400 InvalidAction. Never throws. */
export async function answerQuery(
  call: QueryInbound,
  door: { wallMs(): number; reportFault(fault: unknown, requestId: string): void },
): Promise<Response> {
  const service = services[call.service]
  const { requestId, target } = call
  const version = call.parameters.get('Version') ?? ''
  try {
    if (!target) throw new QueryError('MissingAction', 'The request must contain the parameter Action', 400)
    const action = Object.hasOwn(service.actions, target) ? service.actions[target] : undefined
    if (!action || version !== service.version) {
      throw new QueryError(
        'InvalidAction',
        `Could not find operation ${target} for version ${version || 'NO_VERSION_SPECIFIED'}`,
        400,
      )
    }
    const result = await action(call)
    const body = `<${target}Response xmlns="${service.xmlns}">\n  <${target}Result>${result}</${target}Result>\n  <ResponseMetadata>\n    <RequestId>${escapeXml(requestId)}</RequestId>\n  </ResponseMetadata>\n</${target}Response>\n`
    return xmlReply({ status: 200, body, requestId, nowMs: door.wallMs() })
  } catch (error) {
    if (!(error instanceof QueryError) && isFault(error)) door.reportFault(error, requestId)
    return queryErrorReply(error, call.service, requestId, door.wallMs())
  }
}

class QueryError extends Error {
  constructor(
    readonly code: string,
    message: string,
    readonly status: number,
  ) {
    super(message)
  }
}

/** JSON codes that Query services spell otherwise, most with 403 in place of 400. */
const spellings: { readonly [code: string]: readonly [code: string, status: number] } = {
  MissingAuthenticationTokenException: ['MissingAuthenticationToken', 403],
  IncompleteSignatureException: ['IncompleteSignature', 400],
  InvalidSignatureException: ['SignatureDoesNotMatch', 403],
  UnrecognizedClientException: ['InvalidClientTokenId', 403],
  ExpiredTokenException: ['ExpiredToken', 403],
  AccessDeniedException: ['AccessDenied', 403],
  ThrottlingException: ['Throttling', 400],
  ValidationException: ['ValidationError', 400],
  SerializationException: ['MalformedInput', 400],
}

/** An error of a Query service. What is neither a KmsError nor known here is a bare InternalFailure. */
export function queryErrorReply(
  error: unknown,
  service: QueryInbound['service'],
  requestId: string,
  nowMs: number,
): Response {
  const { code, status, message } = describe(error)
  const type = status < 500 ? 'Sender' : 'Receiver'
  const body = `<ErrorResponse xmlns="${services[service].xmlns}">\n  <Error>\n    <Type>${type}</Type>\n    <Code>${escapeXml(code)}</Code>\n    <Message>${escapeXml(message)}</Message>\n  </Error>\n  <RequestId>${escapeXml(requestId)}</RequestId>\n</ErrorResponse>\n`
  return xmlReply({ status, body, requestId, nowMs })
}

function describe(error: unknown): { code: string; status: number; message: string } {
  if (error instanceof QueryError) return error
  const spelling = error instanceof KmsError ? spellings[error.code] : undefined
  if (spelling) return { code: spelling[0], status: spelling[1], message: (error as KmsError).message }
  return {
    code: 'InternalFailure',
    status: 500,
    message: 'The request processing has failed because of an unknown error, exception or failure.',
  }
}
