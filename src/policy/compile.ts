import type { JsonObject, JsonValue } from '../codec/json'
import { LruMap } from '../codec/lru'
import { type CompiledCondition, type CompileScope, compileConditions, variableUse } from './conditions'
import { isObject, readDocument, stringList } from './document'
import { compilePattern } from './pattern'
import { compileNotPrincipal, compilePrincipal, type LevelOf, type Pins } from './principals'
import { malformedPolicy, missingField, noPrincipal } from './refusals'
import { compileResource } from './resources'
import type { Asked, ConditionContext, Mismatch, Policy, PolicyKind, Statement } from './types'

export { type PrincipalValues, principalValues } from './principals'

export interface CompileOptions {
  readonly kind: PolicyKind
  /** How explanations name the document. */
  readonly name: string
  /** Unique ids of the users and roles that Principal elements name, by ARN. */
  readonly pins?: Pins
  /** Whether statements may share a Sid, as in documents of AWS itself. */
  readonly repeatedSids?: boolean
}

const documentElements = new Set(['Version', 'Id', 'Statement'])
const statementElements = new Set([
  'Sid',
  'Effect',
  'Principal',
  'NotPrincipal',
  'Action',
  'NotAction',
  'Resource',
  'NotResource',
  'Condition',
])

/** Documents that hang on a principal or an organisation: they name none themselves. */
const isIdentityKind = (kind: PolicyKind) =>
  kind === 'identity' || kind === 'boundary' || kind === 'session' || kind === 'scp'

/**
 * Makes a document ready to be asked. Principals are taken as they stand: whether they exist is for the writer to find
 * out (`principalValues`), and so is the length of the document.
 *
 * Throws MalformedPolicyDocumentException.
 * Source: IAM user guide, IAM JSON policy reference; AWS KMS developer guide, key policies; docs/behaviour.md,
 * policy documents.
 */
export function compilePolicy(text: string, options: CompileOptions): Policy {
  const { kind, name } = options
  const document = readDocument(text)
  for (const element of Object.keys(document)) {
    if (!documentElements.has(element)) throw malformedPolicy('The policy document has an unknown element.')
  }
  const version = document.Version === undefined ? '2008-10-17' : document.Version
  if (version !== '2012-10-17' && version !== '2008-10-17') {
    throw malformedPolicy('The policy document has an unknown Version.')
  }
  if (document.Id !== undefined && isIdentityKind(kind)) throw malformedPolicy('Id is not allowed in this policy.')
  if (document.Id !== undefined && typeof document.Id !== 'string') throw malformedPolicy('Id must be a string.')
  const element = document.Statement
  if (element === undefined) throw missingField('Statement')
  const list: readonly JsonValue[] = Array.isArray(element) ? element : [element as JsonValue]
  if (!list.length) throw malformedPolicy('The policy document has no statement.')
  const scope: CompileScope = { kind, variables: version === '2012-10-17', usedKeys: new Set() }
  const statements = list.map((statement, index) => compileStatement(statement, index, scope, options.pins ?? {}))
  if (!options.repeatedSids) refuseRepeatedSids(statements)
  return { kind, name, statements, usedKeys: scope.usedKeys }
}

function refuseRepeatedSids(statements: readonly Statement[]): void {
  const sids = statements.flatMap((statement) => (statement.sid === undefined ? [] : [statement.sid]))
  if (new Set(sids).size < sids.length) throw malformedPolicy('The policy document has a Sid twice.')
}

function compileStatement(value: JsonValue, index: number, scope: CompileScope, pins: Pins): Statement {
  if (!isObject(value)) throw malformedPolicy('A statement must be an object.')
  for (const element of Object.keys(value)) {
    if (!statementElements.has(element)) throw malformedPolicy('A statement has an unknown element.')
  }
  const { Sid: sid, Effect: effect } = value
  if (sid !== undefined && typeof sid !== 'string') throw malformedPolicy('Sid must be a string.')
  if (sid !== undefined && isIdentityKind(scope.kind) && !/^[A-Za-z0-9]*$/.test(sid)) {
    throw malformedPolicy('Sid must be of letters and digits.')
  }
  if (effect === undefined) throw missingField('Effect')
  if (effect !== 'Allow' && effect !== 'Deny') throw malformedPolicy('Effect must be Allow or Deny.')
  const level = compileLevel(value, scope.kind, pins)
  const action = compileAction(value)
  const resource = compileResources(value, scope)
  const conditions = compileConditions(value.Condition, scope)
  return {
    index,
    // Tools write an empty Sid where they have none, in many statements at once.
    ...(sid ? { sid } : {}),
    effect,
    level,
    applies: (asked) =>
      action(asked.action) && resource(asked) && (!conditions.length || !failing(conditions, asked.context())),
    mismatch: (asked): Mismatch | undefined => {
      if (level(asked.caller) === undefined) return { element: 'Principal' }
      if (!action(asked.action)) return { element: 'Action' }
      if (!resource(asked)) return { element: 'Resource' }
      const failed = conditions.length ? failing(conditions, asked.context()) : undefined
      return failed && { element: 'Condition', condition: failed.text }
    },
  }
}

function failing(conditions: readonly CompiledCondition[], context: ConditionContext): CompiledCondition | undefined {
  for (const condition of conditions) if (!condition.holds(context)) return condition
  return undefined
}

function compileLevel(statement: JsonObject, kind: PolicyKind, pins: Pins): LevelOf {
  const { Principal: named, NotPrincipal: spared } = statement
  if (isIdentityKind(kind)) {
    if (named !== undefined || spared !== undefined) throw malformedPolicy('Policy must not have a principal.')
    return () => 'direct'
  }
  if (named !== undefined && spared !== undefined) {
    throw malformedPolicy('A statement has both Principal and NotPrincipal.')
  }
  if (kind === 'rcp' && (named ?? spared) !== undefined && !isEveryone(named))
    throw malformedPolicy('Principal must be "*" in this policy.')
  if (named !== undefined) return compilePrincipal(named, pins)
  if (spared === undefined) throw noPrincipal()
  if (statement.Effect === 'Allow') throw malformedPolicy('NotPrincipal is not allowed with Allow.')
  return compileNotPrincipal(spared, pins)
}

const isEveryone = (principal: JsonValue | undefined): boolean =>
  principal === '*' || (isObject(principal) && Object.keys(principal).join() === 'AWS' && principal.AWS === '*')

/** A statement's list, or what is not in its list; undefined when the statement has neither. */
function listOf(
  statement: JsonObject,
  name: string,
): { readonly values: readonly string[]; wanted: boolean } | undefined {
  const [positive, negative] = [statement[name], statement[`Not${name}`]]
  if (positive === undefined && negative === undefined) return undefined
  if (positive !== undefined && negative !== undefined) {
    throw malformedPolicy(`A statement has both ${name} and Not${name}.`)
  }
  const values = stringList(positive ?? negative)
  if (!values) throw malformedPolicy(`${name} must be a string or a list of strings.`)
  if (!values.length) throw missingField(name)
  return { values, wanted: positive !== undefined }
}

function compileAction(statement: JsonObject): (action: string) => boolean {
  const list = listOf(statement, 'Action')
  if (!list) throw missingField('Action')
  const matchers = list.values.map((pattern) => compilePattern(pattern.toLowerCase()))
  return (action) => {
    const asked = action.toLowerCase()
    return matchers.some((matches) => matches(asked)) === list.wanted
  }
}

function compileResources(statement: JsonObject, scope: CompileScope): (asked: Asked) => boolean {
  const list = listOf(statement, 'Resource')
  if (scope.kind === 'trust') {
    if (list) throw malformedPolicy('Has prohibited field Resource')
    return () => true
  }
  if (!list) {
    if (scope.kind !== 'key') throw missingField('Resource')
    return () => false // AWS KMS takes the statement, and it has no effect
  }
  const use = variableUse(scope)
  if (list.values.every((pattern) => pattern === '*')) return () => list.wanted
  const tests = list.values.map((pattern) => compileResource(pattern, use))
  const nothing: ConditionContext = new Map()
  const hasVariables = scope.variables && list.values.some((pattern) => pattern.includes('${'))
  return (asked) => {
    const context = hasVariables ? asked.context() : nothing
    return tests.some((test) => test(asked.resource, context)) === list.wanted
  }
}

/** Texts to hold, and for each text how many uses of it: a default policy is that of many keys. */
const maxTexts = 300
const maxUses = 8
const compiled = new LruMap<string, LruMap<string, Policy>>(maxTexts)

/** `compilePolicy`, once per document, kind, name and pins. */
export function compiledPolicy(text: string, options: CompileOptions): Policy {
  let uses = compiled.get(text)
  if (!uses) {
    uses = new LruMap(maxUses)
    compiled.set(text, uses)
  }
  const pins = options.pins ? JSON.stringify(options.pins) : ''
  const key = `${options.kind} ${options.repeatedSids ?? false}\n${pins}\n${options.name}`
  let policy = uses.get(key)
  if (!policy) {
    policy = compilePolicy(text, options)
    uses.set(key, policy)
  }
  return policy
}
