import { decodeUtf8, encodeUtf8 } from '../codec/bytes'
import type { JsonObject, JsonValue } from '../ports/audit'

/** Sizes in bytes of UTF-8 (CloudTrail user guide, record contents). */
export const recordLimits = {
  requestParameters: 100 * 1024,
  responseElements: 100 * 1024,
  serviceEventDetails: 100 * 1024,
  additionalEventData: 28 * 1024,
  text: 1024,
  record: 256 * 1024,
} as const

/** The members of a record that CloudTrail leaves out when they are too large. */
export type BoundedMember = Exclude<keyof typeof recordLimits, 'text' | 'record'>

/**
 * The member as it is, or what CloudTrail puts in the place of one over its limit:
 * `{"reason": "requestParameters too large", "omitted": true, "originalSize": 149893}`.
 */
export function boundMember(
  member: BoundedMember,
  value: JsonObject,
  limit = recordLimits[member] as number,
): JsonObject {
  if (fits(value, limit)) return value
  return { reason: `${member} too large`, omitted: true, originalSize: jsonBytes(value) }
}

export const jsonBytes = (value: JsonValue): number => encodeUtf8(JSON.stringify(value)).length

/** Ordinary values are far below the limit even if every character needed an escape, which is quick to see. */
const fits = (value: JsonValue, limit: number) => mostBytes(value) <= limit || jsonBytes(value) <= limit

/** An upper bound of jsonBytes: no UTF-16 unit takes more than the six bytes of `\u0000`, no number more than 25. */
function mostBytes(value: JsonValue): number {
  if (typeof value === 'string') return 6 * value.length + 2
  if (typeof value !== 'object' || value === null) return 25
  let bytes = 2
  if (Array.isArray(value)) {
    for (const item of value) bytes += mostBytes(item) + 1
    return bytes
  }
  const members = value as JsonObject
  for (const name of Object.keys(members)) bytes += 6 * name.length + 4 + mostBytes(members[name] as JsonValue)
  return bytes
}

/** The beginning of a text that fits into 1 KB of UTF-8, cut between characters. */
export function cutText(text: string, limit = recordLimits.text as number): string {
  if (text.length * 3 <= limit) return text
  const bytes = encodeUtf8(text)
  if (bytes.length <= limit) return text
  let end = limit
  // Bytes 10xxxxxx continue a character.
  while (end > 0 && ((bytes[end] as number) & 0xc0) === 0x80) end--
  return decodeUtf8(bytes.subarray(0, end))
}
