import type { JsonValue } from '../codec/json'
import { isObject } from './document'
import { comparisons } from './operators'
import { malformedPolicy, overlyPermissive } from './refusals'
import type { ConditionContext, PolicyKind } from './types'
import type { VariableUse } from './variables'

/** One key under one operator. */
export interface CompiledCondition {
  /** `StringEquals kms:ViaService`, as the document spells it. */
  readonly text: string
  holds(context: ConditionContext): boolean
}

/** What one document's statements share while they are compiled. */
export interface CompileScope {
  readonly kind: PolicyKind
  /** Version 2012-10-17. */
  readonly variables: boolean
  /** Lower case; filled on the way. */
  readonly usedKeys: Set<string>
}

const setPrefixes = ['ForAllValues:', 'ForAnyValue:'] as const
const ifExistsSuffix = 'IfExists'

/** Keys with a name of the request's own behind this beginning. */
const keyFamilies = [
  'aws:principaltag/',
  'aws:requesttag/',
  'aws:resourcetag/',
  'kms:encryptioncontext:',
  'kms:recipientattestation:',
]

/** Notes a condition key, with its family. */
function noteKey(scope: CompileScope, name: string): void {
  scope.usedKeys.add(name)
  const family = keyFamilies.find((prefix) => name.startsWith(prefix))
  if (family) scope.usedKeys.add(family)
}

/** Keys that AWS KMS gives to identity policies alone (docs/behaviour.md, condition keys); in a key policy they are absent. */
const isHidden = (kind: PolicyKind, name: string) =>
  kind === 'key' && (name === 'kms:resourcealiases' || name.startsWith('aws:resourcetag/'))

/** Variables as this document uses them. */
export const variableUse = (scope: CompileScope): VariableUse => ({
  enabled: scope.variables,
  note(name) {
    noteKey(scope, name)
    return !isHidden(scope.kind, name)
  },
})

/** A condition on one tag or one pair of the context that also holds when the request has none of that name. */
function refuseOverlyPermissive(kind: PolicyKind, name: string): void {
  if (kind !== 'key') return
  if (name.startsWith('kms:encryptioncontext:')) throw overlyPermissive('encryption context')
  if (name.startsWith('aws:requesttag/')) throw overlyPermissive('tag')
}

/**
 * The Condition element, all of whose conditions must hold. Throws MalformedPolicyDocumentException.
 * Source: IAM user guide, IAM JSON policy elements: Condition; AWS KMS developer guide, condition keys.
 */
export function compileConditions(element: JsonValue | undefined, scope: CompileScope): CompiledCondition[] {
  if (element === undefined) return []
  if (!isObject(element)) throw malformedPolicy('Condition must be an object.')
  return Object.entries(element).flatMap(([operator, keys]) => {
    if (!isObject(keys) || !Object.keys(keys).length) {
      throw malformedPolicy('A condition operator must hold an object of condition keys.')
    }
    return Object.entries(keys).map(([key, values]) => compileCondition(operator, key, valuesOf(values), scope))
  })
}

function valuesOf(values: JsonValue): readonly string[] {
  const list: readonly JsonValue[] = Array.isArray(values) ? values : [values as JsonValue]
  if (!list.length) throw malformedPolicy('A condition must have a value.')
  return list.map((value) => {
    if (typeof value === 'object') throw malformedPolicy('A condition value must be a string, a number or a boolean.')
    return String(value)
  })
}

function compileCondition(
  operator: string,
  key: string,
  values: readonly string[],
  scope: CompileScope,
): CompiledCondition {
  const name = key.toLowerCase()
  if (!name) throw malformedPolicy('A condition must have a key.')
  const text = `${operator} ${key}`
  noteKey(scope, name)
  const prefix = setPrefixes.find((word) => operator.startsWith(word))
  if (prefix === 'ForAllValues:') refuseOverlyPermissive(scope.kind, name)
  const hidden = isHidden(scope.kind, name)
  const presentIn = (context: ConditionContext) => {
    const value = hidden ? undefined : context.get(name)
    return typeof value === 'object' && !value.length ? undefined : value
  }

  if (operator === 'Null') {
    const wanted = values.map((value) => value.toLowerCase())
    return { text, holds: (context) => wanted.includes(String(presentIn(context) === undefined)) }
  }

  const ifExists = operator.endsWith(ifExistsSuffix)
  const base = operator.slice(prefix?.length ?? 0, ifExists ? -ifExistsSuffix.length : undefined)
  const comparison = comparisons.get(base)
  if (!comparison) throw malformedPolicy('Policy contains an unknown condition operator.')
  const test = comparison.compile(values, variableUse(scope))
  const whenAbsent = ifExists || prefix === 'ForAllValues:' || (!prefix && comparison.negated)

  return {
    text,
    holds(context) {
      const value = presentIn(context)
      if (value === undefined) return whenAbsent
      if (typeof value === 'string') return test(value, context)
      // Several values without a set operator: there is no telling which one is meant, so nothing stands.
      if (!prefix) return false
      const one = (item: string) => test(item, context)
      return prefix === 'ForAllValues:' ? value.every(one) : value.some(one)
    },
  }
}
