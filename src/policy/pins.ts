import type { JsonObject, JsonValue } from '../codec/json'
import { formatDocument, isObject, parseDocument } from './document'
import type { CallerFacts, MatchLevel } from './types'

/**
 * Unique ids behind the names of a stored policy. AWS keeps the unique id of every user and role that a policy names and
 * shows its ARN again when it is read; what is gone is shown as the bare id (IAM user guide, unique identifiers).
 */

/** The document with other strings in its Principal and NotPrincipal elements; member order stays. */
export function renamePrincipals(text: string, rename: (principal: string) => string): string {
  const document = parseDocument(text)
  if (!document) throw new Error('a stored policy is not a JSON object')
  const statements = document.Statement
  const renamed = Array.isArray(statements)
    ? statements.map((statement) => renameIn(statement, rename))
    : renameIn(statements as JsonValue, rename)
  return formatDocument({ ...document, Statement: renamed })
}

function renameIn(statement: JsonValue, rename: (principal: string) => string): JsonValue {
  if (!isObject(statement)) return statement
  const members = Object.entries(statement).map(([name, value]) => {
    const isPrincipal = name === 'Principal' || name === 'NotPrincipal'
    return [name, isPrincipal ? renameValue(value, rename) : value] as const
  })
  return Object.fromEntries(members) as JsonObject
}

function renameValue(value: JsonValue, rename: (principal: string) => string): JsonValue {
  if (typeof value === 'string') return rename(value)
  if (Array.isArray(value)) return value.map((item) => renameValue(item, rename))
  if (!isObject(value)) return value
  return Object.fromEntries(Object.entries(value).map(([type, named]) => [type, renameValue(named, rename)]))
}

/** `arn:aws:iam::111122223333:user/alice` → `111122223333` */
export const accountOfArn = (arn: string): string => arn.split(':', 5)[4] ?? ''

/** The ARN of a session of a role takes its pin from the role; the ARN of a federated user has none. */
export const isPinned = (arn: string): boolean => !arn.includes(':federated-user/')

/**
 * How a name that is pinned to a unique id names a caller: a user or the issuer of a federated user by whatever they are
 * called now, a role to its sessions, a session of a role to itself. Undefined: it means somebody else.
 */
export function pinnedLevel(
  arn: string,
  uniqueId: string,
  caller: CallerFacts,
): Exclude<MatchLevel, 'account'> | undefined {
  if (uniqueId !== caller.uniqueId) return undefined
  if (arn.includes(':assumed-role/')) {
    const sessionOf = (session: string) => session.slice(session.lastIndexOf('/') + 1)
    return caller.kind === 'role-session' && sessionOf(arn) === sessionOf(caller.arn) ? 'direct' : undefined
  }
  if (caller.kind === 'role-session') return 'role'
  return caller.kind === 'federated-user' ? 'parent' : 'direct'
}
