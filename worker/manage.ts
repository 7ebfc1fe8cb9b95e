import { auditAppend } from '../src/audit'
import { encodeError } from '../src/codec/encode'
import { type ErrorCode, KmsError } from '../src/model/errors'
import type { OperationName } from '../src/model/operations'
import type { Kms } from '../src/operations/kms'
import { formatUuid } from '../src/operations/working-set'
import { auditedPrincipal, type SignedPrincipal } from '../src/policy/principal'
import type { JsonObject } from '../src/ports/audit'
import type { CallerEntry } from '../src/ports/identity'
import { requireAllowed } from '../src/service/allowed'
import { type Explanation, explain } from '../src/service/explain'
import type { VaultHost } from './vault-host'

/** What a management route asks for. MoveClock: the service clock goes forward, and what falls due happens at once. */
export type ManagementRequest =
  | { readonly action: 'subtle-kms:MoveClock'; readonly advanceSeconds: number }
  | { readonly action: 'subtle-kms:Rewrap' }
  | { readonly action: 'subtle-kms:GetStatus' }
  /** Why a call was, or would be, allowed or refused. */
  | { readonly action: 'iam:SimulatePrincipalPolicy'; readonly asked: Asked }
  /** The keys of an identity provider, in place of those that would be fetched; undefined: they are fetched again. */
  | { readonly action: 'subtle-kms:PinProviderKeys'; readonly url: string; readonly jwks: string | undefined }

/** A call that was, or one that might be: of the asker, or of a user, a role or the root user of the account. */
export type Asked =
  | { readonly requestId: string }
  | {
      readonly operation: OperationName
      readonly input: JsonObject
      readonly sourceIp?: string
      readonly principalArn?: string
    }

/** The principal of an ARN as a caller, of a role some session of it; undefined when there is none. */
export type Describe = (
  arn: string,
) => Promise<{ readonly principal: SignedPrincipal; readonly entry: CallerEntry } | undefined>

/** Who asks, by an authenticated request. */
export interface Manager {
  readonly principal: SignedPrincipal
  readonly requestId: string
  readonly sourceIp?: string | undefined
  readonly userAgent?: string | undefined
  readonly secureTransport?: boolean
}

/** A JSON reply, encoded. */
export interface VaultAnswer {
  readonly status: number
  readonly body: string
  readonly errorType?: ErrorCode
}

/** Decides, does it and leaves one audit record, refused or not. The front has checked the signature. */
export async function manage(
  host: VaultHost,
  manager: Manager,
  request: ManagementRequest,
  describe: Describe,
): Promise<VaultAnswer> {
  const { action } = request
  let answer: VaultAnswer
  let error: KmsError | undefined
  try {
    await requireAllowed(host.kms, manager, action)
    answer = { status: 200, body: JSON.stringify(await answerOf(host, manager, request, describe)) }
  } catch (fault) {
    if (!(fault instanceof KmsError)) throw fault
    error = fault
    answer = { ...encodeError(fault), errorType: fault.code }
  }
  const entry = {
    eventId: formatUuid(host.crypto.random(16)),
    requestId: manager.requestId,
    eventName: action.slice(action.indexOf(':') + 1),
    wallMs: host.clock.wallMs(),
    serviceMs: host.clock.serviceMs(),
    principal: auditedPrincipal(manager.principal),
    parameters: error ? null : shownParameters(request),
    response: null,
    ...(error ? { error: { code: error.code, message: error.message } } : {}),
  }
  await host.storage.commit({ reads: [], changes: [], appends: [auditAppend(entry)] })
  return answer
}

async function answerOf(
  host: VaultHost,
  manager: Manager,
  request: ManagementRequest,
  describe: Describe,
): Promise<unknown> {
  switch (request.action) {
    case 'iam:SimulatePrincipalPolicy':
      return explainFor(host.kms, manager, request.asked, describe)
    case 'subtle-kms:MoveClock':
      await host.clock.advance(request.advanceSeconds * 1000)
      await host.workSoon()
      return statusOf(host)
    case 'subtle-kms:Rewrap':
      await host.workSoon()
      return statusOf(host)
    case 'subtle-kms:GetStatus':
      return statusOf(host)
    case 'subtle-kms:PinProviderKeys':
      // The Directory has the provider; it is told once this has been allowed.
      return {}
  }
}

/** Whoever may not ask has been refused by now, and so learns nothing of who there is. */
async function explainFor(kms: Kms, { principal }: Manager, asked: Asked, describe: Describe): Promise<Explanation> {
  if ('requestId' in asked) return explain(kms, asked)
  const { principalArn, ...request } = asked
  if (principalArn === undefined) return explain(kms, { ...request, principal })
  const described = await describe(principalArn)
  if (!described) throw new KmsError('NotFoundException', 'The principal does not exist in this account.')
  // Who is asked about need not have an access key: its entry comes along.
  const identity = { ...kms.identity, findEntry: async () => described.entry }
  return explain({ ...kms, identity }, { ...request, principal: described.principal })
}

/** What the record shows: never the hypothetical request itself, which may hold anything. */
function shownParameters(request: ManagementRequest): JsonObject {
  switch (request.action) {
    case 'iam:SimulatePrincipalPolicy': {
      const { asked } = request
      return 'requestId' in asked ? { requestId: asked.requestId } : { operation: asked.operation }
    }
    case 'subtle-kms:MoveClock':
      return { advanceSeconds: request.advanceSeconds }
    case 'subtle-kms:PinProviderKeys':
      return { url: request.url, pinned: request.jwks !== undefined }
    default:
      return {}
  }
}

async function statusOf({ storage, crypto, clock }: VaultHost) {
  return {
    primaryRootId: crypto.primaryRootId,
    materialsByRootId: Object.fromEntries(await storage.countSealed('material')),
    audit: storage.auditTotals(),
    wallTime: new Date(clock.wallMs()).toISOString(),
    serviceTime: new Date(clock.serviceMs()).toISOString(),
  }
}
