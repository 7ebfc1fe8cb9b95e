import { decodeInput } from '../codec/decode'
import { KmsError, unknownCaller, validation } from '../model/errors'
import { isOperationName, type OperationName } from '../model/operations'
import { Call } from '../operations/call'
import { explainedQuestions } from '../operations/explained'
import type { CallRequest, Kms } from '../operations/kms'
import type { Step } from '../policy/decision'
import { type Derivation, derive } from '../policy/derivation'
import type { Principal } from '../policy/principal'
import type { DecidedBy, PolicyKind, Question } from '../policy/types'
import type { AuditEntry, JsonObject } from '../ports/audit'

/** What is to be explained: a call that was, or one that might be. */
export type Explained =
  | { readonly requestId: string }
  | {
      readonly principal: Principal
      readonly operation: OperationName
      /** The request in the JSON protocol's form. */
      readonly input: JsonObject
      readonly sourceIp?: string
    }

export interface Explanation {
  readonly operation: OperationName
  readonly principal: string
  /** What the record says of the call: its outcome then, with what decided. Absent for a call that only might be. */
  readonly recorded?: {
    readonly eventTime: string
    readonly errorCode: string | null
    readonly decision: string | null
  }
  /** What the explanation could not take into account. */
  readonly notes: readonly string[]
  /** Every check of the operation, each derived from the policies and grants as they are now. */
  readonly checks: readonly Derivation[]
  readonly allowed: boolean
}

const scanned = { batchesPerRead: 32, batches: 4_096 } as const

/**
 * How each check of a call comes out and why: every policy, statement, condition and grant that had a part. Policies are
 * taken as they are now; a record tells besides what decided then. Nothing is done and nothing of a key is shown.
 *
 * Throws NotFoundException for a request id that the log no longer holds, ValidationException for a request that is
 * none, and the errors of finding the key.
 */
export async function explain(kms: Kms, asked: Explained): Promise<Explanation> {
  if (!('requestId' in asked)) return explainRequest(kms, asked)
  const entry = await findEntry(kms, asked.requestId)
  if (!entry) throw new KmsError('NotFoundException', 'The audit log holds no call with this request id.')
  const { principal, eventName: operation } = entry
  if (!principal || !isOperationName(operation)) throw validation('This record is not of a call that was decided.')
  // Conditions on the time mean the time of the call.
  const clock = { wallMs: () => entry.wallMs, serviceMs: () => kms.clock.serviceMs() }
  const explanation = await explainRequest(
    { ...kms, clock },
    {
      principal,
      operation,
      input: inputOf(entry),
      ...(entry.sourceIp === undefined ? {} : { sourceIp: entry.sourceIp }),
    },
  )
  const recorded = {
    eventTime: new Date(entry.wallMs).toISOString(),
    errorCode: entry.error?.code ?? null,
    decision: entry.decision ?? null,
  }
  return { ...explanation, recorded, notes: [...explanation.notes, ...whatRecordsLack(principal)] }
}

const whatRecordsLack = (principal: Principal): string[] =>
  'session' in principal && principal.session
    ? ['Records keep neither the policies nor the tags of a session: they are left out here.']
    : []

const goneNote =
  'The caller is gone, or its access key is switched off: every call of it is refused as UnrecognizedClientException.'
const foreignNote = 'The caller is of another account: its own policies count, but are not shown here.'

async function explainRequest(
  kms: Kms,
  asked: Exclude<Explained, { readonly requestId: string }>,
): Promise<Explanation> {
  const { principal, operation, sourceIp } = asked
  const request: CallRequest & { readonly operation: OperationName } = {
    principal,
    operation,
    body: { json: JSON.stringify(asked.input) },
    requestId: '',
    ...(sourceIp === undefined ? {} : { sourceIp }),
  }
  const call = new Call(kms, request)
  const isThere = await isStillThere(call)
  call.input = decodeInput(operation, request.body)
  const checks = (await questionsOf(call)).map(derive)
  return {
    operation,
    principal: call.caller.arn,
    notes: [...(isThere ? [] : [goneNote]), ...(call.isLocal ? [] : [foreignNote])],
    checks: call.isLocal ? checks : checks.map(withoutCallersOwn),
    allowed: isThere && checks.every(({ decision }) => decision.allowed),
  }
}

/** The caller's policies are taken along; whoever is gone has none. */
async function isStillThere(call: Call): Promise<boolean> {
  try {
    await call.requireCaller()
    return true
  } catch (error) {
    if (error instanceof KmsError && error.code === unknownCaller().code) return false
    throw error
  }
}

/** The asker is allowed to ask; that the caller is not allowed to know of the key is part of the explanation. */
async function questionsOf(call: Call): Promise<Question[]> {
  try {
    return await explainedQuestions(call)
  } catch (error) {
    if (!(error instanceof KmsError) || error.code !== 'AccessDeniedException') throw error
    throw validation(
      'The request names no key of this account and Region, or one that callers of another account cannot name so.',
    )
  }
}

const callersOwn: ReadonlySet<string> = new Set<PolicyKind>(['identity', 'boundary', 'session', 'scp'])
const isOfKey = (by: DecidedBy) => by.kind === 'grant' || (by.kind !== 'rule' && !callersOwn.has(by.policyKind))

/** Of a caller of another account the key's side alone: its own policies are that account's affair. */
function withoutCallersOwn({ policies, steps, decision, ...rest }: Derivation): Derivation {
  const by = decision.by.filter(isOfKey)
  return {
    ...rest,
    policies: policies.filter(({ kind }) => !callersOwn.has(kind)),
    steps: steps.flatMap((step) => (ofCaller.has(step.step) ? [] : [{ ...step, by: step.by.filter(isOfKey) }])),
    decision: decision.allowed ? { allowed: true, by } : { allowed: false, denial: decision.denial, by, because: '' },
  }
}

const ofCaller: ReadonlySet<string> = new Set<Step['step']>(['service control policies', 'identity'])

async function findEntry(kms: Kms, requestId: string): Promise<AuditEntry | undefined> {
  let before: number | undefined
  for (let read = 0; read < scanned.batches; read += scanned.batchesPerRead) {
    const limit = scanned.batchesPerRead
    const batches = await kms.storage.readAudit(before === undefined ? { limit } : { limit, before })
    for (const batch of batches) {
      const found = batch.entries.find((entry) => entry.requestId === requestId)
      if (found) return found
      before = batch.sequence
    }
    if (batches.length < limit) return undefined
  }
  return undefined
}

/** Records spell members in lowerCamelCase, the API in PascalCase; names inside an encryption context are the caller's. */
function inputOf({ parameters, eventName, resources }: AuditEntry): JsonObject {
  const input = Object.fromEntries(
    Object.entries(parameters ?? {}).map(([name, value]) => [
      pascal(name),
      isConstraints(name, value) ? nested(value) : value,
    ]),
  )
  // Without KeyId the ciphertext named the key, and ciphertexts are not on record: the key itself is.
  const [key] = resources ?? []
  if (eventName === 'Decrypt' && input.KeyId === undefined && key !== undefined) return { ...input, KeyId: key }
  if (eventName === 'ReEncrypt' && input.SourceKeyId === undefined && key !== undefined) {
    return { ...input, SourceKeyId: key }
  }
  return input
}

const isConstraints = (name: string, value: unknown): value is JsonObject =>
  name === 'constraints' && typeof value === 'object' && value !== null

const nested = (value: JsonObject): JsonObject =>
  Object.fromEntries(Object.entries(value).map(([name, member]) => [pascal(name), member]))

const pascal = (name: string) => name.charAt(0).toUpperCase() + name.slice(1)
