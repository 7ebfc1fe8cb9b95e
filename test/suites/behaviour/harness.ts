import { expect } from 'vitest'
import type { KeyRecord } from '../../../src/keys/records'
import { errorTable } from '../../../src/model/errors'
import type { OperationInput, OperationName, OperationOutput } from '../../../src/model/operations'
import type { CallRequest } from '../../../src/operations/kms'
import { defaultKeyPolicy } from '../../../src/policy/key-policy'
import type { Principal } from '../../../src/policy/principal'
import type { AuditEntry } from '../../../src/ports/audit'
import type { CryptoPort } from '../../../src/ports/crypto'
import type { Commit } from '../../../src/ports/storage'
import { type CallResult, perform } from '../../../src/service/perform'
import { accountId, type Place, region, rootPrincipal, type TestKms } from '../compose'

/** Opens a service with nothing in it. `wrapCrypto` goes around its crypto port; `place` gives it neighbours. */
export type Open = (wrapCrypto?: (crypto: CryptoPort) => CryptoPort, place?: Place) => Promise<TestKms>

export const arnOf = (keyId: string) => `arn:aws:kms:${region}:${accountId}:key/${keyId}`
export const aliasArnOf = (aliasName: string) => `arn:aws:kms:${region}:${accountId}:${aliasName}`
export const unknownId = 'ffffffff-0000-4000-8000-00000000ffff'
export const bytes = (...values: number[]) => Uint8Array.from(values)
export const range = (count: number) => Array.from({ length: count }, (_, i) => i)

export function attempt<N extends OperationName>(
  kms: TestKms,
  operation: N,
  input: object,
  principal: Principal = rootOf(kms),
  more: Partial<CallRequest> = {},
): Promise<CallResult<N>> {
  return perform(kms, { ...more, principal, operation, body: { input }, requestId: crypto.randomUUID() })
}

/** The root user of the service's own account. */
export const rootOf = ({ home }: TestKms): Principal => ({ ...rootPrincipal, accountId: home.accountId }) as Principal

/** A result in one line: `ok`, or code and message, or the bare code of an error that has no message. */
export const told = (result: CallResult): string =>
  result.ok ? 'ok' : result.error.message ? `${result.error.code}: ${result.error.message}` : result.error.code

export const verdict = async (
  kms: TestKms,
  operation: OperationName,
  input: object,
  principal?: Principal,
  more?: Partial<CallRequest>,
) => told(await attempt(kms, operation, input, principal, more))

/** The code of a refusal, or `ok`. */
export const codeOf = (result: CallResult) => (result.ok ? 'ok' : result.error.code)

/** The output of a call that must succeed, as if every member were there. */
export async function must<N extends OperationName>(
  kms: TestKms,
  operation: N,
  input: OperationInput[N],
  principal?: Principal,
): Promise<Whole<OperationOutput[N]>> {
  const result = await attempt(kms, operation, input as object, principal)
  if (!result.ok) throw new Error(`${operation}: ${told(result)}`)
  return result.output as unknown as Whole<OperationOutput[N]>
}

type Whole<T> = { readonly [M in keyof T]-?: NonNullable<T[M]> }

export interface TestKey {
  readonly KeyId: string
  readonly arn: string
}

export async function newKey(kms: TestKms, input: OperationInput['CreateKey'] = {}): Promise<TestKey> {
  const { KeyMetadata } = await must(kms, 'CreateKey', input)
  return { KeyId: KeyMetadata.KeyId, arn: KeyMetadata.Arn as string }
}

/** A key of a kind that CreateKey does not make yet, put into the store by hand. It has no material. */
export async function plantKey(kms: TestKms, over: Partial<KeyRecord>): Promise<TestKey> {
  const keyId = crypto.randomUUID()
  const value: KeyRecord = {
    keyId,
    arn: arnOf(keyId),
    accountId,
    region,
    keySpec: 'SYMMETRIC_DEFAULT',
    keyUsage: 'ENCRYPT_DECRYPT',
    origin: 'AWS_KMS',
    multiRegion: false,
    description: '',
    state: 'Enabled',
    createdAtMs: kms.clock.ms,
    policy: defaultKeyPolicy(accountId),
    tags: [],
    aliasCount: 0,
    materialCount: 0,
    onDemandRotationCount: 0,
    ...over,
  }
  const change = { collection: 'key', id: keyId, version: 0, value } as const
  expect(await kms.storage.commit({ reads: [], changes: [change], appends: [] })).toBe(true)
  return { KeyId: keyId, arn: value.arn }
}

export const plantHmac = (kms: TestKms, over: Partial<KeyRecord> = {}) =>
  plantKey(kms, { keySpec: 'HMAC_256', keyUsage: 'GENERATE_VERIFY_MAC', ...over })
export const plantRsa = (kms: TestKms, over: Partial<KeyRecord> = {}) =>
  plantKey(kms, { keySpec: 'RSA_2048', keyUsage: 'ENCRYPT_DECRYPT', ...over })
/** A symmetric key that waits for imported material. */
export const plantExternal = (kms: TestKms, over: Partial<KeyRecord> = {}) =>
  plantKey(kms, { origin: 'EXTERNAL', state: 'PendingImport', ...over })

/** A call, and what `told` must say of it. */
export type Row = readonly [what: string, operation: OperationName, input: object, expected: string]

/** Runs the rows one after the other and compares all of them at once, so that a failure shows each difference. */
export async function checkRows(kms: TestKms, rows: readonly Row[], principal?: Principal): Promise<void> {
  const found: Record<string, string> = {}
  const wanted: Record<string, string> = {}
  for (const [what, operation, input, expected] of rows) {
    const name = `${operation}: ${what}`
    if (name in wanted) throw new Error(`two rows are called ${name}`)
    wanted[name] = expected
    found[name] = await verdict(kms, operation, input, principal)
  }
  expect(found).toEqual(wanted)
  expect(kms.faults).toEqual([])
}

/** Every audit entry, oldest first. */
export async function trail(kms: TestKms): Promise<AuditEntry[]> {
  const entries: AuditEntry[] = []
  let before: number | undefined
  for (;;) {
    const limit = 100
    const batches = await kms.storage.readAudit(before === undefined ? { limit } : { before, limit })
    entries.unshift(...[...batches].reverse().flatMap((batch) => batch.entries))
    before = batches.at(-1)?.sequence
    if (before === undefined) return entries
  }
}

/** Calls of one operation, oldest first. */
export const recordsOf = async (kms: TestKms, eventName: string) =>
  (await trail(kms)).filter((entry) => entry.eventName === eventName)

/** The same service with every commit that was accepted written down. */
export function watched(kms: TestKms): { readonly kms: TestKms; readonly commits: Commit[] } {
  const commits: Commit[] = []
  const commit = async (one: Commit) => {
    const accepted = await kms.storage.commit(one)
    if (accepted) commits.push(one)
    return accepted
  }
  const storage: TestKms['storage'] = Object.assign(Object.create(kms.storage) as TestKms['storage'], { commit })
  return { kms: { ...kms, storage }, commits }
}

export const isErrorCode = (code: string): boolean => Object.hasOwn(errorTable, code)

/** The texts of validation errors: `1 validation error detected: …`. */
export const invalid = (...problems: string[]) =>
  `ValidationException: ${problems.length} validation error${problems.length > 1 ? 's' : ''} detected: ${problems.join('; ')}`
export const mustNotBeNull = (path: string) =>
  `Value null at '${path}' failed to satisfy constraint: Member must not be null`
export const outOfRange = (value: number, path: string, bound: string) =>
  `Value '${value}' at '${path}' failed to satisfy constraint: Member must have value ${bound}`
