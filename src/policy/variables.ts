import type { Matcher, Token } from './pattern'
import { malformedPolicy } from './refusals'
import type { ConditionContext } from './types'

/** `${aws:username}`, `${aws:PrincipalTag/team, 'none'}`; `name` in lower case. */
interface Variable {
  readonly name: string
  readonly fallback?: string
}

/** A text with policy variables, taken apart. */
export type Template = readonly (Token | Variable)[]

/** How texts with variables are taken. */
export interface VariableUse {
  /** Off in version 2008-10-17, and for elements without variables: then `${` is text. */
  readonly enabled: boolean
  /** Told the name of each variable, lower case; false for a key that counts as absent in this document. */
  note(name: string): boolean
}

/** How a value stands against one value of the request; the context is for variables. */
export type ValueTest = (value: string, context: ConditionContext) => boolean

const namePattern = /^[\p{L}\p{N}_.:/=+@ -]+$/u // what tag names are made of
const fallbackPattern = /^'([^']*)'$/

/** What stands between `${` and `}`. */
function inside(text: string, use: VariableUse): Token | Variable {
  if (text === '*' || text === '?' || text === '$') return { literal: text }
  const comma = text.indexOf(',')
  const name = (comma < 0 ? text : text.slice(0, comma)).trim()
  const fallback = comma < 0 ? undefined : fallbackPattern.exec(text.slice(comma + 1).trim())
  if (!namePattern.test(name) || fallback === null) {
    throw malformedPolicy('Policy contains a malformed policy variable.')
  }
  // No key has an empty name, so a key that counts as absent is looked up by that.
  const seen = use.note(name.toLowerCase()) ? name.toLowerCase() : ''
  return { name: seen, ...(fallback ? { fallback: fallback[1] as string } : {}) }
}

/**
 * Takes a text apart. Throws MalformedPolicyDocumentException for a variable that never ends or has no fit name.
 * Source: IAM user guide, IAM policy elements: variables and tags.
 */
export function parseTemplate(text: string, wildcards: boolean, use: VariableUse): Template {
  const parts: (Token | Variable)[] = []
  let start = 0
  let i = 0
  const literalUntil = (end: number) => {
    if (end > start) parts.push({ literal: text.slice(start, end) })
  }
  while (i < text.length) {
    const character = text[i]
    if (wildcards && (character === '*' || character === '?')) {
      literalUntil(i)
      parts.push({ wildcard: character })
      start = ++i
    } else if (use.enabled && character === '$' && text[i + 1] === '{') {
      literalUntil(i)
      const end = text.indexOf('}', i)
      if (end < 0) throw malformedPolicy('Policy contains a malformed policy variable.')
      parts.push(inside(text.slice(i + 2, end), use))
      start = i = end + 1
    } else {
      i++
    }
  }
  literalUntil(text.length)
  return parts
}

/**
 * The template with the request's values, which are literal text; undefined when a variable has neither a value nor a
 * default, or when more literal text than `maxChars` comes together. Multi-valued keys cannot be used.
 */
function resolve(template: Template, context: ConditionContext, maxChars: number): Token[] | undefined {
  const tokens: Token[] = []
  let chars = 0
  for (const part of template) {
    if (!('name' in part)) {
      tokens.push(part)
      continue
    }
    const value = context.get(part.name) ?? part.fallback
    if (typeof value !== 'string') return undefined
    chars += value.length
    if (chars > maxChars) return undefined
    tokens.push({ literal: value })
  }
  return tokens
}

/** A template made ready: at once without variables, else at each use. One without value matches nothing. */
export function compileTemplate(template: Template, build: (tokens: readonly Token[]) => Matcher): ValueTest {
  if (template.every((part) => !('name' in part))) return build(template as readonly Token[])
  return (value, context) => {
    // What is longer than the value cannot match it, and a template that has one long variable often would grow large.
    // Lower case may take up to three times the characters.
    const tokens = resolve(template, context, 3 * value.length)
    return tokens !== undefined && build(tokens)(value)
  }
}
