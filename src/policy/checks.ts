import { type CheckRow, checkRows } from '../model/generated/checks'
import { type OperationName, operationNames, operations } from '../model/operations'
import type { Check } from './types'

/** What a check is about: a key, an alias, the retiring principal of ListRetirableGrants, or nothing in particular. */
export type CheckedResource = CheckRow['resource']

/** One permission check of an operation. Source: service authorization reference for AWS KMS. */
export interface OperationCheck extends Check {
  readonly resource: CheckedResource
  /** The check is made only when the request has this member. */
  readonly when?: 'Tags'
  /** Lower-case names of the condition keys of its own; those that a tag or a pair completes end with `:` or `/`. */
  readonly conditionKeys: readonly string[]
}

const table = new Map<OperationName, readonly OperationCheck[]>(
  operationNames.map((name) => [name, checkRows[name].map((row) => toCheck(row, name))]),
)

function toCheck(row: CheckRow, operation: OperationName): OperationCheck {
  const { action, resource, decidedBy, grantOperation = null, when, keys = [] } = row
  const crossAccount = operations[operation].crossAccount === 'yes'
  const conditionKeys = keys.map((key) => key.toLowerCase())
  return { action, resource, decidedBy, grantOperation, crossAccount, conditionKeys, ...(when ? { when } : {}) }
}

const byAction = new Map<string, OperationCheck[]>()
for (const check of [...table.values()].flat()) {
  const checks = byAction.get(check.action)
  if (!checks) byAction.set(check.action, [check])
  // CreateKey and ReplicateKey, CreateAlias on alias and key: of two alike one is enough.
  else if (checks.every(({ resource }) => resource !== check.resource)) checks.push(check)
}

/** All checks that an operation makes, in order; every one must pass. */
export function checksOf(operation: OperationName): readonly OperationCheck[] {
  const checks = table.get(operation)
  if (!checks) throw new Error(`${operation} is no operation`)
  return checks
}

/** The check of an action (`kms:Encrypt`) on one kind of resource. Throws where no operation makes such a check. */
export function checkOf(action: string, resource: CheckedResource = 'key'): OperationCheck {
  const check = findCheck(action, resource)
  if (check?.resource !== resource) throw new Error(`no operation checks ${action} on ${resource}`)
  return check
}

/** The same, or the check of the action on whatever it is made; undefined for actions of other services. */
export function findCheck(action: string, resource: CheckedResource): OperationCheck | undefined {
  const checks = byAction.get(action)
  return checks?.find((check) => check.resource === resource) ?? checks?.[0]
}
