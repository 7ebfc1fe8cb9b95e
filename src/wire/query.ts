import { QueryError } from '../identity/query-error'
import type { QueryActions, QueryOutput } from '../identity/query-types'
import { KmsError } from '../model/errors'
import { type Principal, principalArn, principalUserId } from '../policy/principal'
import { readParameters } from './query-input'
import { encodeMembers } from './query-output'
import { isFault, xmlReply } from './reply'
import type { QueryInbound } from './types'
import { escapeXml } from './xml'

/**
 * The AWS Query protocol: form-encoded parameters in, XML out.
 * Source: AWS STS and IAM API references, common parameters and common errors; botocore, protocol `query`.
 */

type QueryServiceName = QueryInbound['service']

const services: { readonly [S in QueryServiceName]: { readonly version: string; readonly xmlns: string } } = {
  sts: { version: '2011-06-15', xmlns: 'https://sts.amazonaws.com/doc/2011-06-15/' },
  iam: { version: '2010-05-08', xmlns: 'https://iam.amazonaws.com/doc/2010-05-08/' },
}

/** A request of the Query door, as plain data: it crosses Durable Object RPC. */
export type QueryRequest = Pick<QueryInbound, 'service' | 'target' | 'parameters' | 'requestId'>

/** Status and XML. */
export interface QueryReply {
  readonly status: number
  readonly body: string
  /** Of a refusal, as the XML tells it; for the record. */
  readonly error?: { readonly code: string; readonly message: string }
}

/**
 * Performs one action of the table. Unknown actions and versions: 400 InvalidAction. Never throws: refusals are replies,
 * anything else is told to `reportFault` and becomes a bare InternalFailure.
 */
export async function performQuery<C>(
  request: QueryRequest,
  actions: QueryActions<C>,
  call: C,
  reportFault: (fault: unknown) => void,
): Promise<QueryReply> {
  const { service, target, requestId, parameters } = request
  try {
    const action = requireAction(request, actions)
    const result = await action({ input: readParameters(parameters), call })
    const { xmlns } = services[service]
    const inside = result ? `  <${target}Result>\n${encodeMembers(result, '    ')}  </${target}Result>\n` : ''
    const body = `<${target}Response xmlns="${xmlns}">\n${inside}  <ResponseMetadata>\n    <RequestId>${escapeXml(requestId)}</RequestId>\n  </ResponseMetadata>\n</${target}Response>\n`
    return { status: 200, body }
  } catch (error) {
    if (!(error instanceof QueryError) && isFault(error)) reportFault(error)
    return queryRefusal(error, service, requestId)
  }
}

/** The name of a found action is one of ours: it needs no escape in the reply. */
function requireAction<C>({ service, target, parameters }: QueryRequest, actions: QueryActions<C>) {
  if (!target) throw new QueryError('MissingAction', 'The request must contain the parameter Action', 400)
  const version = parameters.get('Version') ?? ''
  const action = Object.hasOwn(actions, target) ? actions[target] : undefined
  if (action && version === services[service].version) return action
  throw new QueryError(
    'InvalidAction',
    `Could not find operation ${target} for version ${version || 'NO_VERSION_SPECIFIED'}`,
    400,
  )
}

/** Needs no permission: who has signed may know who they are. */
function callerIdentity(principal: Principal | undefined): QueryOutput {
  if (!principal) throw new KmsError('MissingAuthenticationTokenException', 'Missing Authentication Token')
  const { accountId } = principal
  return { Arn: principalArn(principal), UserId: principalUserId(principal), Account: accountId ?? undefined }
}

/** What a home without a Directory answers. */
const homeActions: { readonly [S in QueryServiceName]: QueryActions<QueryInbound> } = {
  sts: { GetCallerIdentity: ({ call }) => callerIdentity(call.credential?.principal) },
  iam: {},
}

/** What answerQuery needs of its home. */
export interface QueryDoor {
  wallMs(): number
  reportFault(fault: unknown, requestId: string): void
  /** The Directory, which answers and keeps the record. Never rejects. */
  forward?(call: QueryInbound): Promise<QueryReply>
}

/** Answers an authenticated call of the Query door. Never throws. */
export async function answerQuery(call: QueryInbound, door: QueryDoor): Promise<Response> {
  const { service, requestId } = call
  const report = (fault: unknown) => door.reportFault(fault, requestId)
  const reply = door.forward ? await door.forward(call) : await performQuery(call, homeActions[service], call, report)
  return xmlReply({ ...reply, requestId, nowMs: door.wallMs() })
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
  MalformedPolicyDocumentException: ['MalformedPolicyDocument', 400],
}

/** An error of a Query service. What is neither a QueryError nor a KmsError known here is a bare InternalFailure. */
export function queryRefusal(error: unknown, service: QueryServiceName, requestId: string): QueryReply {
  const { code, status, message } = describe(error)
  const type = status < 500 ? 'Sender' : 'Receiver'
  const body = `<ErrorResponse xmlns="${services[service].xmlns}">\n  <Error>\n    <Type>${type}</Type>\n    <Code>${escapeXml(code)}</Code>\n    <Message>${escapeXml(message)}</Message>\n  </Error>\n  <RequestId>${escapeXml(requestId)}</RequestId>\n</ErrorResponse>\n`
  return { status, body, error: { code, message } }
}

export const queryErrorReply = (
  error: unknown,
  service: QueryServiceName,
  requestId: string,
  nowMs: number,
): Response => xmlReply({ ...queryRefusal(error, service, requestId), requestId, nowMs })

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
