import type { JsonObject } from '../codec/json'
import { malformedPolicy } from './refusals'

/** A policy document whose text is a JSON object; undefined for any other text. */
export function parseDocument(text: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return isObject(value) ? value : undefined
  } catch {
    return undefined // not JSON: the caller has the error text
  }
}

/** Documents nest six levels; room for wrong ones, whose error shall name what is wrong. */
const maxDepth = 16

/**
 * A policy document as data. Throws MalformedPolicyDocumentException for characters outside tab, LF, CR and U+0020 to
 * U+00FF, for what is no JSON object, for deep nesting and for a member name that one object has twice.
 * Source: AWS KMS API reference, PutKeyPolicy; IAM user guide, grammar of the IAM JSON policy language.
 */
export function readDocument(text: string): JsonObject {
  if (/[^\t\n\r\u0020-\u00ff]/.test(text)) throw malformedPolicy('The policy document has invalid characters.')
  checkMembers(text)
  const document = parseDocument(text)
  if (!document) throw malformedPolicy('The policy document is not a JSON object.')
  return document
}

/** Depth and repeated names, which JSON.parse does not tell. One pass; of text that is no JSON it says nothing. */
function checkMembers(text: string): void {
  const open: (Set<string> | undefined)[] = [] // the names of an object so far; undefined for a list
  let isName = false
  for (let i = 0; i < text.length; i++) {
    switch (text[i]) {
      case '{':
      case '[':
        isName = text[i] === '{'
        open.push(isName ? new Set() : undefined)
        if (open.length > maxDepth) throw malformedPolicy('The policy document is nested too deeply.')
        break
      case '}':
      case ']':
        open.pop()
        isName = false
        break
      case ',':
        isName = open.at(-1) !== undefined
        break
      case '"': {
        const end = endOfString(text, i)
        if (end < 0) return
        const names = open.at(-1)
        if (isName && names) {
          const name = decodeString(text.slice(i, end + 1))
          if (name !== undefined && names.has(name)) {
            throw malformedPolicy('The policy document has a member name twice in one object.')
          }
          if (name !== undefined) names.add(name)
        }
        isName = false
        i = end
      }
    }
  }
}

/** The place of the closing quote; -1 without one. */
function endOfString(text: string, start: number): number {
  for (let i = start + 1; i < text.length; i++) {
    if (text[i] === '\\') i++
    else if (text[i] === '"') return i
  }
  return -1
}

function decodeString(quoted: string): string | undefined {
  if (!quoted.includes('\\')) return quoted.slice(1, -1)
  try {
    return JSON.parse(quoted) as string
  } catch {
    return undefined // no JSON: the parser of the whole document says so
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
