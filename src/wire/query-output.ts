import type { QueryOutput, QueryOutputValue } from '../identity/query-types'
import { escapeXml } from './xml'

/**
 * Members of a result as XML elements, each on a line of its own: lists have `member` elements, maps `entry` ones with
 * `key` and `value`, dates are ISO 8601 to the second. Undefined members are left out.
 * Source: botocore, parsers.QueryParser; IAM API reference, example responses.
 */
export function encodeMembers(output: QueryOutput, indent: string): string {
  return Object.entries(output)
    .map(([name, value]) => encodeElement(name, value, indent))
    .join('')
}

function encodeElement(name: string, value: QueryOutputValue, indent: string): string {
  if (value === undefined) return ''
  if (isScalar(value)) return `${indent}<${name}>${escapeXml(scalarText(value))}</${name}>\n`
  const inside = encodeInside(value, `${indent}  `)
  return inside ? `${indent}<${name}>\n${inside}${indent}</${name}>\n` : `${indent}<${name}/>\n`
}

type Scalar = string | number | boolean | Date
type Nested = Exclude<QueryOutputValue, Scalar | undefined>

const isScalar = (value: Scalar | Nested): value is Scalar => typeof value !== 'object' || value instanceof Date

const scalarText = (value: Scalar): string =>
  value instanceof Date ? `${value.toISOString().slice(0, 19)}Z` : String(value)

function encodeInside(value: Nested, indent: string): string {
  if (isList(value)) return value.map((item) => encodeElement('member', item, indent)).join('')
  if (value instanceof Map) {
    const entries = value as ReadonlyMap<string, QueryOutputValue>
    return [...entries].map(([key, item]) => encodeElement('entry', { key, value: item }, indent)).join('')
  }
  return encodeMembers(value as QueryOutput, indent)
}

const isList = (value: Nested): value is readonly QueryOutputValue[] => Array.isArray(value)
