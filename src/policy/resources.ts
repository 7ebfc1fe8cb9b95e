import { isWildcard, type Matcher, matcherOf, splitAtColons, splitText, type Token } from './pattern'
import type { ValueTest, VariableUse } from './variables'
import { compileTemplate, parseTemplate } from './variables'

/**
 * One value of Resource or NotResource. Wildcards stay between colons, but for a `*` at the very end, which runs on over
 * further parts; variables stand behind the fifth colon alone. `*`, the resource of operations without one, is covered
 * by `*` alone. Source: IAM user guide, IAM JSON policy elements: Resource.
 */
export function compileResource(pattern: string, use: VariableUse): ValueTest {
  const head = headLength(pattern)
  const template = [
    ...parseTemplate(pattern.slice(0, head), true, { ...use, enabled: false }),
    ...parseTemplate(pattern.slice(head), true, use),
  ]
  return compileTemplate(template, matcher)
}

/** How far the text reaches that holds no variables: all of it without a fifth colon. */
function headLength(pattern: string): number {
  let colon = -1
  for (let count = 0; count < 5; count++) {
    colon = pattern.indexOf(':', colon + 1)
    if (colon < 0) return pattern.length
  }
  return colon + 1
}

function matcher(tokens: readonly Token[]): Matcher {
  if (tokens.length > 0 && tokens.every((token) => isWildcard(token, '*'))) return () => true
  const only = tokens.length === 1 ? tokens[0] : undefined
  if (only && 'literal' in only) return (resource) => resource === only.literal && resource !== '*'
  const parts = splitAtColons(tokens)
  const matchers = parts.map(matcherOf)
  const runsOn = isWildcard(parts.at(-1)?.at(-1), '*')
  return (resource) => {
    if (resource === '*') return false
    const asked = splitText(resource)
    if (asked.length < parts.length || (asked.length > parts.length && !runsOn)) return false
    return matchers.every((matches, index) => matches(asked[index] as string))
  }
}
