import type { JsonObject } from '../codec/json'

/** A policy document whose text is a JSON object; undefined for any other text. */
export function parseDocument(text: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return isObject(value) ? value : undefined
  } catch {
    return undefined // not JSON: the caller has the error text
  }
}

export const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** An element that may be one string or a list of strings; undefined when it is neither. */
export function stringList(value: unknown): readonly string[] | undefined {
  if (typeof value === 'string') return [value]
  if (Array.isArray(value) && value.every((item) => typeof item === 'string')) return value as string[]
  return undefined
}

/**
 * A document as GetKeyPolicy prints it: line breaks and two blanks inside objects, ` : ` between name and value, lists on
 * one line, member order kept (recorded against AWS KMS; docs/behaviour.md, key policies).
 */
export function formatDocument(value: unknown, depth = 0): string {
  if (Array.isArray(value)) {
    return value.length ? `[ ${value.map((item) => formatDocument(item, depth)).join(', ')} ]` : '[ ]'
  }
  if (!isObject(value)) return JSON.stringify(value)
  const indent = '  '.repeat(depth + 1)
  const members = Object.entries(value).map(
    ([name, member]) => `${indent}${JSON.stringify(name)} : ${formatDocument(member, depth + 1)}`,
  )
  return members.length ? `{\n${members.join(',\n')}\n${'  '.repeat(depth)}}` : '{ }'
}
