import { KmsError, unsupported } from '../model/errors'
import { isObject, parseDocument, stringList } from './document'
import { compilePattern } from './pattern'

/** One statement of an identity policy, ready to be asked. */
export interface IdentityStatement {
  readonly policyName: string
  readonly index: number
  readonly sid?: string
  readonly effect: 'Allow' | 'Deny'
  covers(action: string, resource: string): boolean
}

const malformed = (message: string) => new KmsError('MalformedPolicyDocumentException', message)
const knownMembers = new Set(['Sid', 'Effect', 'Action', 'NotAction', 'Resource', 'NotResource'])

/** Either a list or the complement of one, as Action/NotAction and Resource/NotResource are. */
function coverage(positive: unknown, negative: unknown, name: string, compile: (pattern: string) => Matcher): Matcher {
  if ((positive === undefined) === (negative === undefined)) throw malformed(`Missing required field ${name}`)
  const patterns = stringList(positive ?? negative)
  if (!patterns?.length) throw malformed(`${name} must be a string or a list of strings`)
  const wanted = positive !== undefined
  const matchers = patterns.map(compile)
  return (text) => matchers.some((matches) => matches(text)) === wanted
}

type Matcher = (text: string) => boolean

/**
 * The statements of an identity policy document. Throws MalformedPolicyDocumentException, and UnsupportedOperationException
 * for an element that this engine cannot enforce yet: nothing is stored that does not count.
 * Source: IAM JSON policy reference.
 */
export function parseIdentityPolicy(policyName: string, text: string): IdentityStatement[] {
  const document = parseDocument(text)
  if (!document) throw malformed('The policy document is not a JSON object')
  if (document.Version !== undefined && document.Version !== '2012-10-17' && document.Version !== '2008-10-17') {
    throw malformed('The policy document has an unknown Version')
  }
  const statements = Array.isArray(document.Statement) ? document.Statement : [document.Statement]
  if (!statements.length) throw malformed('The policy document has no Statement')
  return statements.map((statement: unknown, index): IdentityStatement => {
    if (!isObject(statement)) throw malformed('A Statement must be an object')
    for (const member of Object.keys(statement)) {
      if (member === 'Condition') throw unsupported('Policy conditions are not supported yet.')
      if (!knownMembers.has(member)) throw malformed(`Unknown element ${member} in an identity policy`)
    }
    const { Sid: sid, Effect: effect } = statement
    if (effect !== 'Allow' && effect !== 'Deny') throw malformed('Effect must be Allow or Deny')
    const action = coverage(statement.Action, statement.NotAction, 'Action', (pattern) =>
      compilePattern(pattern.toLowerCase()),
    )
    // Policy variables are not supported yet, and taken literally they would match less than was meant.
    const resources = stringList(statement.Resource ?? statement.NotResource)
    if (resources?.some((pattern) => pattern.includes('${')))
      throw unsupported('Policy variables are not supported yet.')
    const resource = coverage(statement.Resource, statement.NotResource, 'Resource', compilePattern)
    return {
      policyName,
      index,
      ...(typeof sid === 'string' ? { sid } : {}),
      effect,
      // IAM does not mind the case of actions.
      covers: (asked, arn) => action(asked.toLowerCase()) && resource(arn),
    }
  })
}

const parsed = new WeakMap<Readonly<Record<string, string>>, readonly IdentityStatement[]>()

/** All statements of a caller's policies, parsed once per copy of the caller's entry. */
export function statementsOf(policies: Readonly<Record<string, string>>): readonly IdentityStatement[] {
  let statements = parsed.get(policies)
  if (!statements) {
    statements = Object.entries(policies).flatMap(([name, text]) => parseIdentityPolicy(name, text))
    parsed.set(policies, statements)
  }
  return statements
}
