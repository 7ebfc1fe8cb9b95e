import { QueryError, validationError } from '../query-error'
import type { QueryInput, QueryValue } from '../query-types'

/** Parameters of IAM actions, checked as the service model has them. Source: IAM API reference; botocore, iam. */

/** Reads one parameter. `member` is how error texts name it: `userName`, `tags.1.member.key`. */
export type Field<T> = (value: QueryValue | undefined, member: string) => T
export type Shape = Readonly<Record<string, Field<unknown>>>
export type Args<S extends Shape> = { readonly [N in keyof S]: ReturnType<S[N]> }

/** All parameters of a shape; others are ignored, as AWS does. ValidationError for the first that breaks its rule. */
export function readShape<S extends Shape>(input: QueryInput, shape: S, path = ''): Args<S> {
  const read = Object.entries(shape).map(([name, field]) => [name, field(input[name], `${path}${lowerFirst(name)}`)])
  return Object.fromEntries(read) as Args<S>
}

const lowerFirst = (name: string) => name.charAt(0).toLowerCase() + name.slice(1)

/** The form that all constraints of the service model have. */
export function constraint(value: string | undefined, member: string, words: string): QueryError {
  const shown = value === undefined ? 'null' : `'${value.length > 256 ? '...' : value}'`
  return validationError(
    `1 validation error detected: Value ${shown} at '${member}' failed to satisfy constraint: Member must ${words}`,
  )
}

interface TextRule {
  readonly min: number
  readonly max: number
  readonly pattern?: RegExp
  /** Ends `The specified value for userName is invalid. `, the text of IAM's own names. */
  readonly hint?: string
}

export const text =
  ({ min, max, pattern, hint }: TextRule): Field<string> =>
  (value, member) => {
    if (value === undefined) throw constraint(undefined, member, 'not be null')
    if (typeof value !== 'string') throw new QueryError('MalformedInput', `${member} must be a single value.`, 400)
    if (value.length < min) throw constraint(value, member, `have length greater than or equal to ${min}`)
    if (value.length > max) throw constraint(value, member, `have length less than or equal to ${max}`)
    if (!pattern || pattern.test(value)) return value
    if (hint) throw validationError(`The specified value for ${member} is invalid. ${hint}`)
    const words = pattern.source.replace(/^\^|\$$/g, '')
    throw constraint(value, member, `satisfy regular expression pattern: ${words}`)
  }

export const optional =
  <T>(field: Field<T>): Field<T | undefined> =>
  (value, member) =>
    value === undefined ? undefined : field(value, member)

export const withDefault =
  <T>(field: Field<T>, byDefault: T): Field<T> =>
  (value, member) =>
    value === undefined ? byDefault : field(value, member)

/** An empty list is sent as an empty text, or not at all. */
export const listOf =
  <T>(field: Field<T>, max: number): Field<readonly T[]> =>
  (value, member) => {
    if (value === undefined || value === '') return []
    if (!Array.isArray(value)) throw new QueryError('MalformedInput', `${member} must be a list.`, 400)
    const items = value as readonly QueryValue[]
    if (items.length > max) throw constraint('...', member, `have length less than or equal to ${max}`)
    return items.map((item, index) => field(item, `${member}.${index + 1}.member`))
  }

export const record =
  <S extends Shape>(shape: S): Field<Args<S>> =>
  (value, member) => {
    if (typeof value !== 'object' || Array.isArray(value)) {
      throw new QueryError('MalformedInput', `${member} must be a structure.`, 400)
    }
    return readShape(value as QueryInput, shape, `${member}.`)
  }

export const whole =
  (min: number, max: number): Field<number> =>
  (value, member) => {
    if (value === undefined) throw constraint(undefined, member, 'not be null')
    if (typeof value !== 'string' || !/^-?[0-9]{1,9}$/.test(value)) {
      throw new QueryError('MalformedInput', `${member} must be a whole number.`, 400)
    }
    const number = Number(value)
    if (number < min) throw constraint(value, member, `have value greater than or equal to ${min}`)
    if (number > max) throw constraint(value, member, `have value less than or equal to ${max}`)
    return number
  }

/** False unless given. */
export const flag: Field<boolean> = (value, member) => {
  if (value === undefined || value === 'false') return false
  if (value === 'true') return true
  throw new QueryError('MalformedInput', `${member} must be true or false.`, 400)
}

export const oneOf =
  <T extends string>(...values: readonly T[]): Field<T> =>
  (value, member) => {
    const found = values.find((each) => each === value)
    if (found !== undefined) return found
    throw constraint(
      typeof value === 'string' ? value : undefined,
      member,
      `satisfy enum value set: [${values.join(', ')}]`,
    )
  }

// Names, paths and ids

const name = (max: number) =>
  text({
    min: 1,
    max,
    pattern: /^[\w+=,.@-]+$/,
    hint: 'It must contain only alphanumeric characters and/or the following: +=,.@_-',
  })
export const userName = name(64)
export const roleName = name(64)
export const groupName = name(128)
export const policyName = name(128)

const pathText = text({
  min: 1,
  max: 512,
  pattern: /^\/(?:[!-~]+\/)?$/,
  hint: 'It must begin and end with / and contain only alphanumeric characters and/or / characters.',
})
export const path = withDefault(pathText, '/')
export const newPath = optional(pathText)
/** Managed policies have paths of fewer characters. */
export const policyPath = withDefault(
  text({ min: 1, max: 512, pattern: /^(?:\/[A-Za-z0-9.,+@=_-]+)*\/$/, hint: 'It must begin and end with /.' }),
  '/',
)
export const pathPrefix = withDefault(text({ min: 1, max: 512, pattern: /^\/[!-~]*$/ }), '/')
export const arn = text({ min: 20, max: 2048 })
export const accessKeyId = text({ min: 16, max: 128, pattern: /^\w+$/ })
export const versionId = text({ min: 1, max: 32, pattern: /^v[1-9][0-9]{0,14}$/ })

/** Its length by its kind is refused after the permission check, with a text of its own. */
export const document = text({
  min: 1,
  max: 131_072,
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the characters of the service model
  pattern: /^[\u0009\u000a\u000d\u0020-\u00ff]+$/,
})
export const roleDescription = text({
  min: 0,
  max: 1000,
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the characters of the service model
  pattern: /^[\u0009\u000a\u000d\u0020-\u007e\u00a1-\u00ff]*$/,
})
export const policyDescription = text({ min: 0, max: 1000 })

export const maxTags = 50
const tagKey = text({ min: 1, max: 128, pattern: /^[\p{L}\p{Z}\p{N}_.:/=+\-@]+$/u })
const tagList = listOf(
  record({ Key: tagKey, Value: text({ min: 0, max: 256, pattern: /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u }) }),
  maxTags,
)

/** No two of them may differ in case alone, and AWS keeps `aws:` to itself. */
export const tags: Field<Args<{ Key: typeof tagKey; Value: Field<string> }>[]> = (value, member) => {
  const list = tagList(value, member)
  const keys = new Set(list.map(({ Key }) => Key.toLowerCase()))
  if (keys.size < list.length) {
    throw new QueryError(
      'InvalidInput',
      'Duplicate tag keys found. Please note that Tag keys are case insensitive.',
      400,
    )
  }
  if ([...keys].some((key) => key.startsWith('aws:'))) {
    throw new QueryError('InvalidInput', 'Tag keys beginning with "aws:" are reserved.', 400)
  }
  return [...list]
}
export const tagKeys = listOf(tagKey, maxTags)

/** Parameters that all listings have. */
export const paging = {
  Marker: optional(text({ min: 1, max: 320, pattern: /^[\u0020-\u00ff]+$/ })),
  MaxItems: withDefault(whole(1, 1000), 100),
}

// Named here: made in place, their types would be lost to the shape that they stand in.
export const maybeArn = optional(arn)
export const maybeUserName = optional(userName)
export const maybeGroupName = optional(groupName)
export const maybeRoleDescription = optional(roleDescription)
export const maybePolicyDescription = optional(policyDescription)
export const keyStatus = oneOf('Active', 'Inactive')
/** 3,600 to 43,200 seconds. */
export const sessionSeconds = whole(3600, 43_200)
export const maybeSessionSeconds = optional(sessionSeconds)
export const sessionSecondsOrHour = withDefault(sessionSeconds, 3600)
export const policyScope = withDefault(oneOf('All', 'AWS', 'Local'), 'All')
export const policyUsage = optional(oneOf('PermissionsPolicy', 'PermissionsBoundary'))
export const entityFilter = optional(oneOf('User', 'Role', 'Group', 'LocalManagedPolicy', 'AWSManagedPolicy'))
