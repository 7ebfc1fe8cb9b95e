import { QueryError } from '../src/identity/query-error'
import { stsAccount } from '../src/identity/sts/service'
import type { ErrorCode } from '../src/model/errors'
import { unknownCaller } from '../src/model/errors'
import type { OperationName } from '../src/model/operations'
import type { SignedPrincipal } from '../src/policy/principal'
import {
  answerQuery,
  type Doorway,
  dispatch,
  errorReply,
  type JsonInbound,
  jsonReply,
  type QueryInbound,
} from '../src/wire'
import { type QueryReply, queryRefusal } from '../src/wire/query'
import { readParameters } from '../src/wire/query-input'
import { type Config, requireConfig } from './config'
import type { Env } from './env'
import { refusalOf } from './faults'
import { describeFault, report } from './log'
import type { VaultAnswer } from './manage'
import { perEnv } from './per-env'
import { performCall } from './perform-call'
import { answerAs, findSigningKey } from './signing-keys'
import { directoryStub, plainResult, type VaultName, vaultStub } from './stubs'

/** What the wire needs of this Worker; made once per isolate. */
export const doorway = perEnv((env): Doorway => {
  const config = requireConfig(env)
  return {
    basePath: config.basePath,
    wallMs: () => Date.now(),
    newRequestId: () => crypto.randomUUID(),
    isRegion: config.isRegion,
    findSigningKey: (credential) => findSigningKey(env, credential),
    sourceIp: (request) => request.headers.get('cf-connecting-ip') ?? undefined,
    reportFault: (fault) => report(describeFault(fault)),
  }
})

/** Asked of every answer, and an error of its own would cost a look at the stack each time. */
const unknownCallerCode = unknownCaller().code

/** Any request to the endpoint of the AWS protocols. */
export async function answerAws(
  request: Request,
  env: Env,
  ctx: Pick<ExecutionContext, 'waitUntil'>,
): Promise<Response> {
  const config = requireConfig(env)
  const door = doorway(env)
  const inbound = await dispatch(request, door)
  if (inbound instanceof Response) return inbound
  try {
    if (inbound.protocol === 'query') return await answerQueryCall(inbound, env, config, door)
    const { requestId, credential } = inbound
    const { status, body, errorType } = await answerAs(
      env,
      credential,
      (principal) => answerJson({ ...inbound, credential: { ...credential, principal } }, env, config, ctx),
      ({ errorType: code }) => code === unknownCallerCode,
    )
    return jsonReply({ status, body, requestId, nowMs: Date.now(), ...(errorType ? { errorType } : {}) })
  } catch (fault) {
    return errorReply(asRefusal(fault), inbound.requestId, Date.now())
  }
}

async function answerJson(
  inbound: JsonInbound,
  env: Env,
  config: Config,
  ctx: Pick<ExecutionContext, 'waitUntil'>,
): Promise<VaultAnswer> {
  const { credential, target, bodyText: json, requestId, sourceIp, userAgent, host, secureTransport } = inbound
  const { principal } = credential
  const caller: VaultName = { accountId: principal.accountId, region: credential.region }
  if (inbound.service === 'cloudtrail')
    return vaultStub(env, caller).cloudTrail(caller, { principal, sourceIp, userAgent, secureTransport }, target, json)

  const { region } = credential
  const operation = target as OperationName
  const call = { principal, region, operation, json, requestId, sourceIp, userAgent, host, secureTransport }
  return performCall(env, config, ctx, call)
}

/** STS and IAM live in the Directory: of the role's account for AssumeRole, else of the caller's. */
async function answerQueryCall(inbound: QueryInbound, env: Env, config: Config, door: Doorway): Promise<Response> {
  const { service, target, parameters, requestId, region, sourceIp, userAgent, secureTransport, credential } = inbound
  const answer = async (principal: SignedPrincipal | undefined): Promise<QueryReply> => {
    const query = { service, target, parameters, requestId, principal, region, sourceIp, userAgent, secureTransport }
    try {
      if (service === 'iam') {
        if (!principal) throw unknownCaller()
        return plainResult(await directoryStub(env, principal.accountId).iam(principal.accountId, query))
      }
      const asked = { action: target, input: readParameters(parameters), principal }
      const accountId = stsAccount(asked, (id) => config.accounts.has(id))
      return plainResult(await directoryStub(env, accountId).sts(accountId, query))
    } catch (fault) {
      return queryRefusal(fault instanceof QueryError ? fault : refusalOf(fault), service, requestId)
    }
  }
  const forward = () =>
    credential
      ? answerAs(env, credential, answer, ({ error }) => error?.code === 'InvalidClientTokenId')
      : answer(undefined)
  return answerQuery(inbound, { ...door, forward })
}

/** A fault as the JSON protocol tells it. */
export function asRefusal(fault: unknown): { readonly code: ErrorCode; readonly message: string } {
  const { code, message } = refusalOf(fault)
  return { code, message }
}
