import { serialization } from '../model/errors'
import {
  invalidAttributeKey,
  invalidAttributeValue,
  invalidEventCategory,
  invalidMaxResults,
  invalidNextToken,
  invalidTimeRange,
  tooManyAttributes,
} from './errors'

const attributeKeys = [
  'EventId',
  'EventName',
  'ReadOnly',
  'Username',
  'ResourceType',
  'ResourceName',
  'EventSource',
  'AccessKeyId',
] as const

export type AttributeKey = (typeof attributeKeys)[number]

export interface LookupAttribute {
  readonly key: AttributeKey
  readonly value: string
}

/** A LookupEvents request, checked. */
export interface LookupInput {
  readonly attribute?: LookupAttribute
  /** First and last second of the wanted events, whole seconds since the epoch, both included. */
  readonly startSeconds?: number
  readonly endSeconds?: number
  /** Insight events were asked for, of which there are none. */
  readonly insights: boolean
  readonly maxResults: number
  readonly nextToken?: string
}

const defaultMaxResults = 50
const maxAttributeValueChars = 2000
const maxTokenChars = 8192
/** Of a Date. */
const latestSeconds = 8.64e12

type Fields = { readonly [member: string]: unknown }

/**
 * The body of a LookupEvents call. Unknown members are ignored, null is absence. A type error is reported before any
 * wrong value; both in the order of the lines below. Records have whole seconds, so a StartTime with a fraction begins
 * with its second.
 *
 * Throws SerializationException (KmsError); InvalidLookupAttributes-, InvalidTimeRange-, InvalidEventCategory-,
 * InvalidMaxResults-, InvalidNextTokenException (CloudTrailError).
 * Source: CloudTrail API reference, LookupEvents; docs/behaviour.md, requests that the front end rejects.
 */
export function decodeLookup(bodyText: string): LookupInput {
  const body = parseBody(bodyText)
  const attributes = list(body.LookupAttributes, (item) => {
    const attribute = structure(item)
    return { key: text(attribute.AttributeKey), value: text(attribute.AttributeValue) }
  })
  const start = number(body.StartTime, 'milliseconds since epoch')
  const end = number(body.EndTime, 'milliseconds since epoch')
  const category = text(body.EventCategory)
  const maxResults = number(body.MaxResults, 'an Integer')
  const nextToken = text(body.NextToken)

  const attribute = requireAttribute(attributes ?? [])
  const times = requireTimes(start, end)
  if (category !== undefined && category !== 'insight') throw invalidEventCategory()
  if (nextToken !== undefined && nextToken.length > maxTokenChars) throw invalidNextToken()
  return {
    ...(attribute ? { attribute } : {}),
    ...times,
    insights: category === 'insight',
    maxResults: requireMaxResults(maxResults),
    ...(nextToken === undefined ? {} : { nextToken }),
  }
}

function requireAttribute(
  attributes: readonly { readonly key: string | undefined; readonly value: string | undefined }[],
): LookupAttribute | undefined {
  if (attributes.length > 1) throw tooManyAttributes()
  const [first] = attributes
  if (!first) return undefined
  const key = attributeKeys.find((name) => name === first.key)
  if (!key) throw invalidAttributeKey()
  const { value } = first
  if (!value || value.length > maxAttributeValueChars) throw invalidAttributeValue()
  if (key === 'ReadOnly' && value !== 'true' && value !== 'false') throw invalidAttributeValue()
  return { key, value }
}

function requireTimes(start: number | undefined, end: number | undefined) {
  for (const time of [start, end]) {
    if (time !== undefined && !(time >= 0 && time <= latestSeconds)) throw invalidTimeRange('Time is out of range.')
  }
  if (start !== undefined && end !== undefined && start > end) {
    throw invalidTimeRange('Start time must be before end time.')
  }
  return {
    ...(start === undefined ? {} : { startSeconds: Math.floor(start) }),
    ...(end === undefined ? {} : { endSeconds: Math.floor(end) }),
  }
}

function requireMaxResults(sent: number | undefined): number {
  if (sent === undefined) return defaultMaxResults
  const maxResults = Math.trunc(sent)
  if (!(maxResults >= 1 && maxResults <= 50)) throw invalidMaxResults(maxResults)
  return maxResults
}

function parseBody(bodyText: string): Fields {
  let body: unknown
  try {
    body = JSON.parse(bodyText)
  } catch {
    // The engine's error quotes the body: it is not kept as the cause.
    throw serialization()
  }
  if (typeof body !== 'object' || body === null) throw serialization()
  return structure(body)
}

function structure(value: unknown): Fields {
  if (Array.isArray(value) || typeof value !== 'object' || value === null) throw unexpected(value, 'Expected null')
  return value as Fields
}

function list<T>(value: unknown, decodeItem: (item: unknown) => T): T[] | undefined {
  if (isAbsent(value)) return undefined
  if (!Array.isArray(value)) throw unexpected(value, 'Expected list or null')
  return value.map(decodeItem)
}

function text(value: unknown): string | undefined {
  if (isAbsent(value)) return undefined
  if (typeof value !== 'string') throw unexpected(value, notConvertible(value, 'a String'))
  return value
}

function number(value: unknown, words: string): number | undefined {
  if (isAbsent(value)) return undefined
  if (typeof value !== 'number') throw unexpected(value, notConvertible(value, words))
  return value
}

const isAbsent = (value: unknown): value is null | undefined => value === undefined || value === null

function unexpected(value: unknown, scalarText: string) {
  if (Array.isArray(value)) return serialization('Start of list found where not expected')
  if (typeof value === 'object' && value) return serialization('Start of structure or map found where not expected.')
  return serialization(scalarText)
}

function notConvertible(value: unknown, words: string): string {
  const kind =
    typeof value === 'boolean' ? String(value).toUpperCase() : typeof value === 'string' ? 'STRING' : 'NUMBER'
  return `${kind}_VALUE can not be converted to ${words}`
}
