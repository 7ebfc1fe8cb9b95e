import { QueryError } from '../identity/query-error'
import type { QueryInput, QueryValue } from '../identity/query-types'

const maxParameters = 500
const maxDepth = 8
/** A policy document may have 131,072 characters in the service model; nothing else comes near. */
const maxValueChars = 131_072
const maxSegmentChars = 128

const malformed = (message: string) => new QueryError('MalformedInput', message, 400)

interface Node {
  value?: string
  children?: Map<string, Node>
}

/**
 * Flat parameters as nested input: `Tags.member.1.Key` is the member Key of the first item of the list Tags. Items stand
 * in the order of their numbers; gaps close. MalformedInput (400) for more than 500 parameters, values of more than
 * 131,072 characters, names that are too deep, and names that are text and structure at once.
 * Source: botocore, serialize.QuerySerializer; IAM API reference, making query requests.
 */
export function readParameters(parameters: ReadonlyMap<string, string>): QueryInput {
  if (parameters.size > maxParameters) throw malformed(`A request has at most ${maxParameters} parameters.`)
  const root: Node = {}
  for (const [name, value] of parameters) {
    if (value.length > maxValueChars) throw malformed(`A parameter has at most ${maxValueChars} characters.`)
    const segments = name.split('.', maxDepth + 1)
    if (segments.length > maxDepth || segments.some((segment) => segment.length > maxSegmentChars)) {
      throw malformed('A parameter name is too long.')
    }
    let node = root
    for (const segment of segments) {
      node.children ??= new Map()
      const child = node.children.get(segment) ?? {}
      node.children.set(segment, child)
      node = child
    }
    node.value = value
  }
  return toInput(root.children ?? new Map())
}

function toValue(node: Node): QueryValue {
  if (!node.children) return node.value ?? ''
  // An empty text beside items is how some clients begin a list.
  if (node.value) throw malformed('A parameter is text and structure at once.')
  const items = node.children.get('member')?.children
  if (!items) return toInput(node.children)
  if (node.children.size > 1) throw malformed('A parameter is list and structure at once.')
  return [...items]
    .map(([index, item]) => {
      if (!/^[1-9][0-9]{0,4}$/.test(index)) throw malformed('A list item has no number.')
      return [Number(index), item] as const
    })
    .sort(([a], [b]) => a - b)
    .map(([, item]) => toValue(item))
}

/** Without prototype, so that no name finds anything but a parameter. */
function toInput(children: ReadonlyMap<string, Node>): QueryInput {
  const input = Object.create(null) as Record<string, QueryValue>
  for (const [name, node] of children) input[name] = toValue(node)
  return input
}
