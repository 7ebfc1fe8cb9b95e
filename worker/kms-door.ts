import { encodeError, encodeOutput } from '../src/codec/encode'
import type { ErrorCode } from '../src/model/errors'
import { unknownCaller } from '../src/model/errors'
import type { OperationName } from '../src/model/operations'
import { perform } from '../src/service/perform'
import {
  answerQuery,
  type Doorway,
  dispatch,
  errorReply,
  type JsonInbound,
  jsonReply,
  type QueryInbound,
} from '../src/wire'
import { queryErrorReply } from '../src/wire/query'
import { type Config, requireConfig } from './config'
import type { Env } from './env'
import { refusalOf } from './faults'
import { frontKms } from './front-kms'
import { placeOf } from './front-routing'
import { describeFault, report } from './log'
import type { VaultAnswer } from './manage'
import { perEnv } from './per-env'
import { findSigningKey } from './signing-keys'
import { directoryStub, type VaultName, vaultStub } from './stubs'

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
    if (inbound.protocol === 'query') return await answerQueryCall(inbound, env, door)
    const { status, body, errorType } = await answerJson(inbound, env, config, ctx)
    const { requestId } = inbound
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
  const { credential, target, bodyText: json, requestId, sourceIp, userAgent, host } = inbound
  const { principal } = credential
  const home: VaultName = { accountId: principal.accountId, region: credential.region }
  if (inbound.service === 'cloudtrail') return vaultStub(env, home).cloudTrail(home, principal, target, json)

  const operation = target as OperationName
  const call = { principal, operation, requestId, sourceIp, userAgent, host }
  const place = placeOf(operation, json, config.leaseMs)
  if (place === 'vault') return vaultStub(env, home).answer(home, { ...call, json })

  const front = await frontKms(env, home, place)
  await front.prepare()
  const result = await perform(front.kms, { ...call, body: { json } })
  const sending = front.send()
  if (sending) ctx.waitUntil(sending)
  if (result.ok) return { status: 200, body: encodeOutput(operation, result.output) }
  return { ...encodeError(result.error), errorType: result.error.code }
}

/** Who has signed may know who they are, if they still are somebody. */
async function answerQueryCall(inbound: QueryInbound, env: Env, door: Doorway): Promise<Response> {
  const { principal } = inbound.credential
  try {
    if (principal.kind !== 'root' && !(await directoryStub(env, principal.accountId).findEntry(principal))) {
      throw unknownCaller()
    }
  } catch (fault) {
    return queryErrorReply(refusalOf(fault), inbound.service, inbound.requestId, Date.now())
  }
  return answerQuery(inbound, door)
}

/** A fault as the JSON protocol tells it. */
export function asRefusal(fault: unknown): { readonly code: ErrorCode; readonly message: string } {
  const { code, message } = refusalOf(fault)
  return { code, message }
}
