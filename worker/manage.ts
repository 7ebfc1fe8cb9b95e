import { auditAppend } from '../src/audit'
import { encodeError } from '../src/codec/encode'
import { type ErrorCode, KmsError, unknownCaller } from '../src/model/errors'
import type { Kms } from '../src/operations/kms'
import { formatUuid } from '../src/operations/working-set'
import { accessDenied, decide } from '../src/policy/decision'
import type { Principal } from '../src/policy/principal'
import type { VaultHost } from './vault-host'

/** What a management route asks for. MoveClock: the service clock goes forward, and what falls due happens at once. */
export type ManagementRequest =
  | { readonly action: 'subtle-kms:MoveClock'; readonly advanceSeconds: number }
  | { readonly action: 'subtle-kms:Rewrap' }
  | { readonly action: 'subtle-kms:GetStatus' }

/** Who asks, by an authenticated request. */
export interface Manager {
  readonly principal: Principal
  readonly requestId: string
}

/** A JSON reply, encoded. */
export interface VaultAnswer {
  readonly status: number
  readonly body: string
  readonly errorType?: ErrorCode
}

/** Decides, does it and leaves one audit record, refused or not. The front has checked the signature. */
export async function manage(host: VaultHost, manager: Manager, request: ManagementRequest): Promise<VaultAnswer> {
  const { action, ...parameters } = request
  let answer: VaultAnswer
  let error: KmsError | undefined
  try {
    await requireAllowed(host.kms, manager.principal, action)
    if (request.action === 'subtle-kms:MoveClock') await host.clock.advance(request.advanceSeconds * 1000)
    if (request.action !== 'subtle-kms:GetStatus') await host.workSoon()
    answer = { status: 200, body: JSON.stringify(await statusOf(host)) }
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
    principal: manager.principal,
    parameters: error ? null : parameters,
    response: null,
    ...(error ? { error: { code: error.code, message: error.message } } : {}),
  }
  await host.storage.commit({ reads: [], changes: [], appends: [auditAppend(entry)] })
  return answer
}

/** For actions outside KMS: identity policies alone decide, on `*`. */
export async function requireAllowed(kms: Kms, principal: Principal, action: string): Promise<void> {
  const entry = await kms.identity.findEntry(principal)
  if (!entry) throw unknownCaller()
  const owner = { accountId: kms.home.accountId }
  const question = { principal, policies: entry.policies, action, resource: '*', owner }
  const decision = decide(question)
  if (!decision.allowed) throw accessDenied(question, decision)
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
