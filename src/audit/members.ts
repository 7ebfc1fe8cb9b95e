import type { JsonObject, JsonValue } from '../ports/audit'

/**
 * One logged member: where its value comes from and how it is shown. A member without a row is never logged, so a
 * member that AWS adds to an operation stays out of the log until somebody decides otherwise.
 */
export interface Member<M extends string = string> {
  /** The API member; of several the first that was sent. */
  readonly from: readonly M[]
  /** Its name in the record. */
  readonly name: string
  /** The shown value; undefined when the value is of another type than the model's. */
  readonly show: (value: unknown) => JsonValue | undefined
  /** Shown when the member was not sent. */
  readonly absent?: JsonValue
}

export interface MemberOptions<M extends string> {
  readonly name?: string
  /** Another member that stands in when the first one was not sent. */
  readonly orElse?: M
  readonly absent?: JsonValue
}

/** The API's member name as records spell it: `KeyId` is `keyId`, and `AWSAccountId` is `aWSAccountId` (CloudTrail). */
const recordName = (member: string) => member.charAt(0).toLowerCase() + member.slice(1)

const memberOf =
  (show: Member['show']) =>
  <M extends string>(from: M, { name = recordName(from), orElse, absent }: MemberOptions<M> = {}): Member<M> => ({
    from: orElse === undefined ? [from] : [from, orElse],
    name,
    show,
    ...(absent === undefined ? {} : { absent }),
  })

type Fields = { readonly [member: string]: unknown }
const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const showText = (value: unknown) => (typeof value === 'string' ? value : undefined)

function showList(show: Member['show']): Member['show'] {
  return (value) => {
    if (!Array.isArray(value)) return undefined
    const shown: JsonValue[] = []
    for (const item of value) {
      const one = show(item)
      if (one !== undefined) shown.push(one)
    }
    return shown
  }
}

/** Without a prototype: `__proto__` is a pair like any other. */
function showContext(value: unknown): JsonObject | undefined {
  if (!isFields(value)) return undefined
  const pairs: { [key: string]: string } = Object.create(null)
  for (const key of Object.keys(value)) {
    const item = value[key]
    if (typeof item === 'string') pairs[key] = item
  }
  return pairs
}

export const text = memberOf(showText)
export const texts = memberOf(showList(showText))
export const integer = memberOf((value) =>
  typeof value === 'number' && Number.isFinite(value) ? Math.trunc(value) : undefined,
)
export const flag = memberOf((value) => (typeof value === 'boolean' ? value : undefined))
export const date = memberOf((value) => (value instanceof Date ? dateText(value) : undefined))
/** Free pairs of strings: an EncryptionContext. */
export const context = memberOf(showContext)
/** A structure, of which these members are shown. */
export const structure = <M extends string>(from: M, members: readonly Member[], options?: MemberOptions<M>) =>
  memberOf((value) => (isFields(value) ? showMembers(members, value) : undefined))(from, options)
export const structures = <M extends string>(from: M, members: readonly Member[], options?: MemberOptions<M>) =>
  memberOf(showList((value) => (isFields(value) ? showMembers(members, value) : undefined)))(from, options)

/** The shown members of a structure; undefined when `source` is none. */
export function showStructure(members: readonly Member[], source: unknown): JsonObject | undefined {
  return isFields(source) ? showMembers(members, source) : undefined
}

function showMembers(members: readonly Member[], source: Fields): JsonObject {
  const shown: { [member: string]: JsonValue } = {}
  for (const member of members) {
    const value = sentValue(member, source)
    const shownValue = value === undefined ? member.absent : member.show(value)
    if (shownValue !== undefined) shown[member.name] = shownValue
  }
  return shown
}

function sentValue(member: Member, source: Fields): unknown {
  for (const from of member.from) {
    const value = source[from]
    if (value !== undefined && value !== null) return value
  }
  return undefined
}

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']
const twoDigits = (value: number) => String(value).padStart(2, '0')

/**
 * A time as records of KMS write it, `May 21, 2025, 5:47:45 AM` in UTC; undefined for an invalid Date. Not through
 * Intl, whose white space before AM differs between engines.
 */
export function dateText(time: Date): string | undefined {
  if (Number.isNaN(time.getTime())) return undefined
  const hours = time.getUTCHours()
  const day = `${months[time.getUTCMonth()]} ${time.getUTCDate()}, ${time.getUTCFullYear()}`
  const clock = `${hours % 12 || 12}:${twoDigits(time.getUTCMinutes())}:${twoDigits(time.getUTCSeconds())}`
  return `${day}, ${clock} ${hours < 12 ? 'AM' : 'PM'}`
}
