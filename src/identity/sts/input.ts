import { validationError } from '../query-error'
import type { QueryInput, QueryValue } from '../query-types'
import { constraint } from './errors'

/** Parameters of STS actions, checked as the service model has them. Source: AWS STS API reference. */

interface TextRule {
  readonly min: number
  readonly max: number
  readonly pattern?: RegExp
}

const member = (name: string) => `${name[0]?.toLowerCase()}${name.slice(1)}`

/** A parameter that may be missing. ValidationError where it is no text, or breaks its rule. */
export function optionalText(input: QueryInput, name: string, rule: TextRule): string | undefined {
  const value = input[name]
  return value === undefined ? undefined : checkText(value, member(name), rule)
}

export function requireText(input: QueryInput, name: string, rule: TextRule): string {
  const value = optionalText(input, name, rule)
  if (value === undefined) throw constraint(undefined, member(name), 'Member must not be null')
  return value
}

function checkText(value: QueryValue, path: string, { min, max, pattern }: TextRule): string {
  if (typeof value !== 'string') throw validationError(`The parameter ${path} must be a single value.`)
  // Policies and tokens are long, and tokens are secrets: neither is told back.
  const shown = value.length > 256 ? '...' : value
  if (value.length < min) {
    throw constraint(shown, path, `Member must have length greater than or equal to ${min}`)
  }
  if (value.length > max) throw constraint(shown, path, `Member must have length less than or equal to ${max}`)
  if (pattern && !pattern.test(value)) {
    const words = pattern.source.replace(/^\^|\$$/g, '')
    throw constraint(shown, path, `Member must satisfy regular expression pattern: ${words}`)
  }
  return value
}

const nameRule: TextRule = { min: 2, max: 64, pattern: /^[\w+=,.@-]*$/ }

export const roleSessionName = (input: QueryInput) => requireText(input, 'RoleSessionName', nameRule)
export const federatedName = (input: QueryInput) => requireText(input, 'Name', { ...nameRule, max: 32 })
export const sourceIdentity = (input: QueryInput) => optionalText(input, 'SourceIdentity', nameRule)
export const externalId = (input: QueryInput) =>
  optionalText(input, 'ExternalId', { min: 2, max: 1224, pattern: /^[\w+=,.@:/\\-]*$/ })
export const webIdentityToken = (input: QueryInput) => requireText(input, 'WebIdentityToken', { min: 4, max: 20_000 })
export const accessKeyId = (input: QueryInput) =>
  requireText(input, 'AccessKeyId', { min: 16, max: 128, pattern: /^[\w]*$/ })
/** Whether the caller shows a second factor, of which this service knows none. */
export const showsMfa = (input: QueryInput) => input.SerialNumber !== undefined || input.TokenCode !== undefined

/** What the claim of a web identity token may be. */
export const isSourceIdentity = (value: string) => /^[\w+=,.@-]{2,64}$/.test(value)

export interface RoleName {
  readonly arn: string
  readonly accountId: string
  readonly path: string
  readonly roleName: string
}

const roleArnForm = /^arn:aws:iam::([0-9]{12}):role(\/(?:[\u0021-\u007e]{1,510}\/)?)([\w+=,.@-]{1,64})$/

/** RoleArn, taken apart. */
export function roleOf(input: QueryInput): RoleName {
  const arn = requireText(input, 'RoleArn', { min: 20, max: 2048 })
  const match = roleArnForm.exec(arn)
  if (!match) throw validationError(`${arn} is invalid`)
  const [, accountId, path, roleName] = match
  return { arn, accountId, path, roleName } as RoleName
}

/** DurationSeconds, or undefined. */
export function duration(input: QueryInput, max: number): number | undefined {
  const text = input.DurationSeconds
  if (text === undefined) return undefined
  if (typeof text !== 'string' || !/^[0-9]{1,9}$/.test(text)) {
    throw validationError('The parameter durationSeconds must be a whole number.')
  }
  const seconds = Number(text)
  if (seconds < 900) throw constraint(text, 'durationSeconds', 'Member must have value greater than or equal to 900')
  if (seconds > max) throw constraint(text, 'durationSeconds', `Member must have value less than or equal to ${max}`)
  return seconds
}

/** A list parameter; an empty one comes as the empty text. */
export function list(input: QueryInput, name: string, max: number): readonly QueryValue[] {
  const value = input[name]
  if (value === undefined || value === '') return []
  if (!Array.isArray(value)) throw validationError(`The parameter ${member(name)} must be a list.`)
  const items = value as readonly QueryValue[]
  if (items.length > max) {
    throw constraint('...', member(name), `Member must have length less than or equal to ${max}`)
  }
  return items
}

const fields = (value: QueryValue, path: string): QueryInput => {
  if (typeof value === 'string' || Array.isArray(value)) throw validationError(`The parameter ${path} is malformed.`)
  return value as QueryInput
}

const tagText = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u
const maxTags = 50

/** Session tags by key, or undefined when there are none. */
export function tagsOf(input: QueryInput): Readonly<Record<string, string>> | undefined {
  const pairs = list(input, 'Tags', maxTags).map((item, index): readonly [string, string] => {
    const path = `tags.${index + 1}.member`
    const { Key, Value } = fields(item, path)
    if (Key === undefined) throw constraint(undefined, `${path}.key`, 'Member must not be null')
    if (Value === undefined) throw constraint(undefined, `${path}.value`, 'Member must not be null')
    return [
      checkText(Key, `${path}.key`, { min: 1, max: 128, pattern: tagText }),
      checkText(Value, `${path}.value`, { min: 0, max: 256, pattern: tagText }),
    ]
  })
  return checkedTags(pairs)
}

/** Tags from elsewhere (a web identity token) under the same rules. */
export function checkedTags(
  pairs: readonly (readonly [string, string])[],
): Readonly<Record<string, string>> | undefined {
  if (!pairs.length) return undefined
  const seen = new Set<string>()
  for (const [key, value] of pairs) {
    if (key.length < 1 || key.length > 128 || value.length > 256 || !tagText.test(key) || !tagText.test(value)) {
      throw validationError('A session tag is malformed.')
    }
    if (key.toLowerCase().startsWith('aws:')) throw validationError('Tag keys cannot be prefixed with aws:.')
    if (seen.has(key.toLowerCase())) {
      throw validationError('Duplicate tag keys found. Please note that Tag keys are case insensitive.')
    }
    seen.add(key.toLowerCase())
  }
  if (seen.size > maxTags) throw validationError(`A session has at most ${maxTags} tags.`)
  return Object.fromEntries(pairs)
}

/** Keys of tags that go on to the next session of a chain. */
export function transitiveKeysOf(input: QueryInput): readonly string[] {
  return list(input, 'TransitiveTagKeys', maxTags).map((key, index) =>
    checkText(key, `transitiveTagKeys.${index + 1}.member`, { min: 1, max: 128, pattern: tagText }),
  )
}

const policyArnForm = /^arn:aws:iam::(?:[0-9]{12}|aws):policy\/(?:[\u0021-\u007e]{1,510}\/)?[\w+=,.@-]{1,128}$/

/** What limits a session, as it was asked for. */
export interface PolicyInput {
  readonly policy?: string
  readonly policyArns: readonly string[]
}

const maxPolicyChars = 2048

/** Policy and PolicyArns, their lengths and forms checked. */
export function policiesOf(input: QueryInput): PolicyInput {
  const policy = optionalText(input, 'Policy', { min: 1, max: maxPolicyChars })
  const policyArns = list(input, 'PolicyArns', 10).map((item, index) => {
    const path = `policyArns.${index + 1}.member.arn`
    const { arn } = fields(item, path)
    if (arn === undefined) throw constraint(undefined, path, 'Member must not be null')
    const text = checkText(arn, path, { min: 20, max: 2048 })
    if (!policyArnForm.test(text)) throw validationError(`${text} is invalid`)
    return text
  })
  return { ...(policy === undefined ? {} : { policy }), policyArns }
}
