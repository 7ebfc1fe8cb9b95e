import type { JsonValue } from '../codec/json'
import { isObject, readDocument, stringList } from './document'
import { pinnedLevel } from './pins'
import { invalidPrincipals, malformedPolicy, noPrincipal } from './refusals'
import type { CallerFacts, MatchLevel } from './types'

/** Unique ids of users and roles by ARN, as they were when the document was stored. */
export type Pins = Readonly<Record<string, string>>

/** How strongly a Principal or NotPrincipal element names a caller. */
export type LevelOf = (caller: CallerFacts) => MatchLevel | undefined

/** The values of the Principal and NotPrincipal elements of a document: what a writer has to resolve. */
export interface PrincipalValues {
  readonly everyone: boolean
  /** 12 digits: of bare ids and of root ARNs. */
  readonly accounts: readonly string[]
  /** Of users, roles, role sessions and federated users. */
  readonly arns: readonly string[]
  readonly services: readonly string[]
  /** Identity providers, in trust policies. */
  readonly federated: readonly string[]
  /** Bare `AIDA…` and `AROA…`: principals that are gone. */
  readonly uniqueIds: readonly string[]
  /** What can never be a principal. */
  readonly invalid: readonly string[]
}

type Sorted = { -readonly [K in Exclude<keyof PrincipalValues, 'everyone'>]: Set<string> } & { everyone: boolean }

const accountForm = /^[0-9]{12}$/
const rootForm = /^arn:[a-z][a-z0-9-]{0,30}:iam::([0-9]{12}):root$/
const uniqueIdForm = /^(AIDA|AROA)[A-Z0-9]{8,124}$/
const serviceForm = /^[a-z0-9-]+(\.[a-z0-9-]+)+$/i
const iamForm = /^arn:[a-z][a-z0-9-]{0,30}:iam::[0-9]{12}:(user|role)\/([!-)+->@-~]{1,510}\/)?[\w+=,.@-]{1,64}$/
const stsForm =
  /^arn:[a-z][a-z0-9-]{0,30}:sts::[0-9]{12}:(assumed-role\/[\w+=,.@-]{1,64}\/[\w+=,.@-]{2,64}|federated-user\/[\w+=,.@-]{2,32})$/
const maxPrincipalChars = 2048

/** The types of principals and what becomes of a value. S3's CanonicalUser is known and never one here. */
const sorters: ReadonlyMap<string, (value: string, into: Sorted) => void> = new Map([
  ['AWS', sortAws],
  ['Service', (value, into) => void (serviceForm.test(value) ? into.services : into.invalid).add(value)],
  ['Federated', (value, into) => void (/[*?]/.test(value) || !value ? into.invalid : into.federated).add(value)],
  ['CanonicalUser', (value, into) => void into.invalid.add(value)],
])

function sortAws(value: string, into: Sorted): void {
  const account = accountForm.test(value) ? value : rootForm.exec(value)?.[1]
  if (value === '*') into.everyone = true
  else if (account) into.accounts.add(account)
  else if (uniqueIdForm.test(value)) into.uniqueIds.add(value)
  else if (iamForm.test(value) || stsForm.test(value)) into.arns.add(value)
  else into.invalid.add(value)
}

const empty = (): Sorted => ({
  everyone: false,
  accounts: new Set(),
  arns: new Set(),
  services: new Set(),
  federated: new Set(),
  uniqueIds: new Set(),
  invalid: new Set(),
})

/** Throws MalformedPolicyDocumentException when the element has no value, or is none. */
function sortElement(element: JsonValue, into: Sorted): void {
  if (element === '*') {
    into.everyone = true
    return
  }
  if (typeof element === 'string') throw invalidPrincipals()
  if (!isObject(element)) throw malformedPolicy('Principal must be "*" or an object.')
  let count = 0
  for (const [type, values] of Object.entries(element)) {
    const sort = sorters.get(type)
    const list = stringList(values)
    if (!sort || !list) throw malformedPolicy('Principal must hold principals by type.')
    for (const value of list) {
      count++
      if (value.length > maxPrincipalChars) into.invalid.add(value)
      else sort(value, into)
    }
  }
  if (!count) throw noPrincipal()
}

/**
 * All principals that a document speaks of. Throws MalformedPolicyDocumentException for what compilePolicy refuses in
 * Principal; `invalid` and `uniqueIds` are the caller's to refuse (`invalidPrincipals`).
 */
export function principalValues(text: string): PrincipalValues {
  const sorted = empty()
  const { Statement: element } = readDocument(text)
  const statements: readonly (JsonValue | undefined)[] = Array.isArray(element) ? element : [element as JsonValue]
  for (const statement of statements) {
    if (!isObject(statement)) continue
    for (const name of ['Principal', 'NotPrincipal']) {
      const principals = statement[name]
      if (principals !== undefined) sortElement(principals, sorted)
    }
  }
  return {
    everyone: sorted.everyone,
    accounts: [...sorted.accounts],
    arns: [...sorted.arns],
    services: [...sorted.services],
    federated: [...sorted.federated],
    uniqueIds: [...sorted.uniqueIds],
    invalid: [...sorted.invalid],
  }
}

/**
 * Principal. Bare unique ids match nobody. A pinned ARN names the user or role that had it when the document was stored,
 * whatever it is called now, and nobody else. Source: IAM user guide, IAM JSON policy elements: Principal;
 * docs/behaviour.md, principals.
 */
export function compilePrincipal(element: JsonValue, pins: Pins): LevelOf {
  const sorted = empty()
  sortElement(element, sorted)
  const levelOf = namedLevels(sorted, pins)
  return (caller) => {
    if (caller.kind === 'anonymous') return isFederated(sorted, caller) ? 'direct' : undefined
    if (sorted.everyone) return 'direct'
    if (caller.kind === 'service') return sorted.services.has(caller.arn) ? 'direct' : undefined
    const isOfAccount = caller.accountId !== null && sorted.accounts.has(caller.accountId)
    return levelOf(caller) ?? (isOfAccount ? 'account' : undefined)
  }
}

/**
 * NotPrincipal: everybody whom the list does not spare. Only the caller's own ARN spares it; its role or its account
 * alone does not. Source: IAM user guide, IAM JSON policy elements: NotPrincipal.
 */
export function compileNotPrincipal(element: JsonValue, pins: Pins): LevelOf {
  const sorted = empty()
  sortElement(element, sorted)
  const levelOf = namedLevels(sorted, pins)
  return (caller) => {
    const isRoot = caller.kind === 'root' && caller.accountId !== null && sorted.accounts.has(caller.accountId)
    const isService = caller.kind === 'service' && sorted.services.has(caller.arn)
    const spared = isRoot || isService || sorted.everyone || levelOf(caller) === 'direct' || isFederated(sorted, caller)
    return spared ? undefined : 'direct'
  }
}

/** How strongly the users, roles and sessions of a list name a caller. */
function namedLevels(sorted: Sorted, pins: Pins): (caller: CallerFacts) => Exclude<MatchLevel, 'account'> | undefined {
  const loose = new Set<string>()
  const pinned = new Map<string, string[]>()
  for (const arn of sorted.arns) {
    const uniqueId = Object.hasOwn(pins, arn) ? pins[arn] : undefined
    if (uniqueId === undefined) loose.add(arn)
    else pinned.set(uniqueId, [...(pinned.get(uniqueId) ?? []), arn])
  }
  return (caller) => {
    if (loose.has(caller.arn)) return 'direct'
    const { kind, parentArn, uniqueId } = caller
    const levels = (uniqueId === undefined ? [] : (pinned.get(uniqueId) ?? [])).map((arn) =>
      pinnedLevel(arn, uniqueId as string, caller),
    )
    if (parentArn !== undefined && loose.has(parentArn)) {
      levels.push(kind === 'role-session' ? 'role' : kind === 'federated-user' ? 'parent' : undefined)
    }
    return levels.includes('direct') ? 'direct' : levels.find((level) => level !== undefined)
  }
}

/** A caller with nothing but the token of an identity provider. */
const isFederated = (sorted: Sorted, caller: CallerFacts) =>
  caller.kind === 'anonymous' &&
  caller.federatedProvider !== undefined &&
  sorted.federated.has(caller.federatedProvider)
