import { WorkerEntrypoint } from 'cloudflare:workers'
import { decodeOutput, encodeInput } from '../src/client/json'
import { LruMap } from '../src/codec/lru'
import { encodeAccessKeyId } from '../src/identity/access-key-id'
import { type ErrorCode, KmsError } from '../src/model/errors'
import type { GivenInput } from '../src/model/given-input'
import { type OperationName, type OperationOutput, operationNames } from '../src/model/operations'
import type { RoleSessionPrincipal } from '../src/policy/principal'
import type { KmsClient } from '../src/service/client'
import { maxBodyBytes } from '../src/wire/body'
import { type Config, requireConfig } from './config'
import type { Env } from './env'
import { refusalOf } from './faults'
import { perEnv } from './per-env'
import { performCall } from './perform-call'
import { directoryStub, plainResult } from './stubs'

/** `props` of the service binding: the role that the binding Worker works as. */
export interface RpcProps {
  readonly roleArn: string
  /** In the audit log of every call: best the name of the Worker. */
  readonly sessionName: string
  /** Where the keys are; `us-east-1` unless given. */
  readonly region?: string
}

/** What a role's trust policy must have under Service before a binding can name the role. */
export const rpcService = 'rpc.subtle-kms'

type Operations = new (ctx: ExecutionContext<RpcProps>, env: Env) => WorkerEntrypoint<Env, RpcProps> & KmsClient

/**
 * The KMS API for Workers of the same account, without HTTP and signatures: `env.KMS.encrypt({ KeyId, Plaintext })`. One
 * method per operation, bytes as Uint8Array, times as Date. Every call is of a session of the role that the binding's
 * props name, decided and on record like any other; the role must trust `rpc.subtle-kms`, which is asked for every call
 * (in leased mode once per lease). Methods throw an Error whose name is AWS's code.
 */
export class KmsRpc extends withOperations(WorkerEntrypoint) {}

/** On the prototype, where RPC looks for methods. */
function withOperations(Base: typeof WorkerEntrypoint): Operations {
  class Entrypoint extends (Base as typeof WorkerEntrypoint<Env, RpcProps>) {}
  for (const operation of operationNames) {
    const value = function (this: { env: Env; ctx: ExecutionContext<RpcProps> }, input: GivenInput<OperationName>) {
      return answer(this.env, this.ctx, operation, input)
    }
    Object.defineProperty(Entrypoint.prototype, operation.charAt(0).toLowerCase() + operation.slice(1), { value })
  }
  return Entrypoint as unknown as Operations
}

async function answer<N extends OperationName>(
  env: Env,
  ctx: ExecutionContext<RpcProps>,
  operation: N,
  input: GivenInput<N>,
): Promise<OperationOutput[N]> {
  const config = requireConfig(env)
  const props = requireProps(ctx.props, config)
  const json = encodeInput(input ?? {})
  if (json.length > maxBodyBytes) throw new KmsError('ValidationException', 'The request is larger than 1 MiB.')
  const requestId = crypto.randomUUID()
  try {
    const principal = await sessionOf(env, config, props, requestId)
    const { region } = props
    const call = { principal, region, operation, json, requestId, userAgent: rpcService, secureTransport: true }
    const { status, body, errorType } = await performCall(env, config, ctx, call)
    if (status === 200) return decodeOutput(body)
    const { message = '', Message = message } = JSON.parse(body)
    throw new KmsError(errorType as ErrorCode, Message)
  } catch (fault) {
    throw refusalOf(fault)
  }
}

const refused = (message: string) => new KmsError('AccessDeniedException', message)

/** The account and Region are looked at before any object is touched. */
function requireProps(props: unknown, config: Config): Required<RpcProps> & { readonly accountId: string } {
  const { roleArn, sessionName, region = 'us-east-1' } = (props ?? {}) as Readonly<Record<string, unknown>>
  if (typeof roleArn !== 'string' || typeof sessionName !== 'string' || typeof region !== 'string') {
    throw refused('The service binding needs props {"roleArn": "arn:aws:iam::…:role/…", "sessionName": "…"}.')
  }
  const form = /^arn:aws:iam::(\d{12}):role\//.exec(roleArn)
  if (!form) throw refused('roleArn in the props of the service binding must be the ARN of a role.')
  const accountId = form[1] as string
  if (!config.accounts.has(accountId)) throw refused(`Account ${accountId} of the role is not kept here.`)
  if (!config.isRegion(region)) throw refused(`Region ${region} in the props of the service binding is not served.`)
  return { roleArn, sessionName, region, accountId }
}

interface KnownSession {
  readonly principal: RoleSessionPrincipal
  /** How long the role's word is good: not at all in strong mode. */
  readonly trustedUntilMs: number
}

const sessionMs = 3_600_000
const sessionsOf = perEnv(() => new LruMap<string, KnownSession>(1_000))

/**
 * The session of a binding, of one hour and without a token. Its role is asked about in the Directory; the same session
 * goes on while the role is the same, so that copies of its entry stay good.
 */
async function sessionOf(
  env: Env,
  config: Config,
  { accountId, roleArn, sessionName, region }: ReturnType<typeof requireProps>,
  requestId: string,
): Promise<RoleSessionPrincipal> {
  const sessions = sessionsOf(env)
  const name = `${roleArn} ${sessionName} ${region}`
  const nowMs = Date.now()
  const known = sessions.get(name)
  if (known && nowMs < Math.min(known.trustedUntilMs, known.principal.session.expiresAtMs)) return known.principal
  const request = { service: rpcService, roleArn, sessionName, region, userAgent: rpcService }
  const asked = await directoryStub(env, accountId).serviceSession(accountId, requestId, request)
  if (!asked.ok) {
    sessions.delete(name)
    throw refused(asked.error.message)
  }
  const role = plainResult(asked.role)
  const isSame = known?.principal.roleId === role.roleId && nowMs < known.principal.session.expiresAtMs
  const principal = isSame
    ? known.principal
    : {
        ...role,
        accessKeyId: encodeAccessKeyId(accountId, crypto.getRandomValues(new Uint8Array(5)), 'ASIA'),
        session: { issuedAtMs: nowMs, expiresAtMs: nowMs + sessionMs },
      }
  sessions.set(name, { principal, trustedUntilMs: nowMs + config.leaseMs })
  return principal
}
