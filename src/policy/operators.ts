import { parseDate } from './dates'
import { isInRange, parseIpAddress, parseIpRange } from './ip-address'
import { isWildcard, type Matcher, matcherOf, splitAtColons, splitText, type Token } from './pattern'
import { malformedPolicy } from './refusals'
import { compileTemplate, parseTemplate, type ValueTest, type VariableUse } from './variables'

/** The comparison of one condition operator, without set operator and IfExists. */
export interface Comparison {
  /** `...Not...`: also what a missing key gives. */
  readonly negated: boolean
  /** Makes the policy's values ready; says whether one value of the request stands as the operator wants. */
  compile(values: readonly string[], use: VariableUse): ValueTest
}

/** Values as templates: equal to one of them, or to none. */
const text = (negated: boolean, wildcards: boolean, build: (tokens: readonly Token[]) => Matcher): Comparison => ({
  negated,
  compile(values, use) {
    const tests = values.map((value) => compileTemplate(parseTemplate(value, wildcards, use), build))
    return (value, context) => tests.some((test) => test(value, context)) !== negated
  },
})

const literal = (tokens: readonly Token[]) => tokens.map((token) => ('literal' in token ? token.literal : '')).join('')
const equal = (tokens: readonly Token[]): Matcher => {
  const wanted = literal(tokens)
  return (value) => value === wanted
}
const equalIgnoringCase = (tokens: readonly Token[]): Matcher => {
  const wanted = literal(tokens).toLowerCase()
  return (value) => value.toLowerCase() === wanted
}

/** Six parts, each matched by itself; the last may hold colons. `*` alone is any ARN. */
const arn = (tokens: readonly Token[]): Matcher => {
  const isAny = tokens.length > 0 && tokens.every((token) => isWildcard(token, '*'))
  const matchers = splitAtColons(tokens, 6).map(matcherOf)
  return (value) => {
    const parts = splitText(value, 6)
    if (parts.length !== 6 || parts[0] !== 'arn') return false
    return isAny || (matchers.length === 6 && parts.every((part, index) => matchers[index]?.(part)))
  }
}

/** Values of a type: a request value that is not of the type never stands well, whatever the operator. */
const typed = <T>(
  negated: boolean,
  parse: (text: string) => T | undefined,
  compare: (asked: T, wanted: T) => boolean,
): Comparison => ({
  negated,
  compile(values) {
    const wanted = values.map(parse)
    return (value) => {
      const asked = parse(value)
      if (asked === undefined) return false
      const holds = (operand: T | undefined) => operand !== undefined && compare(asked, operand)
      return negated ? wanted.every(holds) : wanted.some(holds)
    }
  },
})

const numberForm = /^[+-]?([0-9]{1,30}(\.[0-9]{0,30})?|\.[0-9]{1,30})(e[+-]?[0-9]{1,3})?$/i
const parseNumber = (value: string) => (numberForm.test(value) ? Number(value) : undefined)
const parseBool = (value: string) => {
  const lower = value.toLowerCase()
  return lower === 'true' ? true : lower === 'false' ? false : undefined
}
const base64Form = /^[A-Za-z0-9+/]*={0,2}$/
const parseBase64 = (value: string) => (base64Form.test(value) ? value.replace(/={1,2}$/, '') : undefined)

const ipAddress = (negated: boolean): Comparison => ({
  negated,
  compile(values) {
    const ranges = values.map((value) => {
      const range = parseIpRange(value)
      if (!range) throw malformedPolicy('Policy contains a condition with an invalid IP address range.')
      return range
    })
    return (value) => {
      const address = parseIpAddress(value)
      return (address !== undefined && ranges.some((range) => isInRange(address, range))) !== negated
    }
  },
})

const ordered = (name: string, parse: (text: string) => number | undefined): [string, Comparison][] => [
  [`${name}Equals`, typed(false, parse, (asked, wanted) => asked === wanted)],
  [`${name}NotEquals`, typed(true, parse, (asked, wanted) => asked !== wanted)],
  [`${name}LessThan`, typed(false, parse, (asked, wanted) => asked < wanted)],
  [`${name}LessThanEquals`, typed(false, parse, (asked, wanted) => asked <= wanted)],
  [`${name}GreaterThan`, typed(false, parse, (asked, wanted) => asked > wanted)],
  [`${name}GreaterThanEquals`, typed(false, parse, (asked, wanted) => asked >= wanted)],
]

/** All operators but Null, by name as policies write it. Source: IAM user guide, condition operators. */
export const comparisons: ReadonlyMap<string, Comparison> = new Map<string, Comparison>([
  ['StringEquals', text(false, false, equal)],
  ['StringNotEquals', text(true, false, equal)],
  ['StringEqualsIgnoreCase', text(false, false, equalIgnoringCase)],
  ['StringNotEqualsIgnoreCase', text(true, false, equalIgnoringCase)],
  ['StringLike', text(false, true, matcherOf)],
  ['StringNotLike', text(true, true, matcherOf)],
  ...ordered('Numeric', parseNumber),
  ...ordered('Date', parseDate),
  ['Bool', typed(false, parseBool, (asked, wanted) => asked === wanted)],
  ['BinaryEquals', typed(false, parseBase64, (asked, wanted) => asked === wanted)],
  ['IpAddress', ipAddress(false)],
  ['NotIpAddress', ipAddress(true)],
  ['ArnEquals', text(false, true, arn)],
  ['ArnLike', text(false, true, arn)],
  ['ArnNotEquals', text(true, true, arn)],
  ['ArnNotLike', text(true, true, arn)],
])
