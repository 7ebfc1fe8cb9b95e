import { type ErrorCode, errorTable, internal } from '../model/errors'
import type { OperationName, OperationOutput } from '../model/operations'
import { operations } from '../model/operations'
import { type StructureShape, shapeOf, structureOf } from '../model/shapes'
import { encodeBase64 } from './bytes'

/** JSON text of a value that is present. */
type Encoder = (value: unknown) => string

/**
 * The body of a success reply: JSON with members in the order of the model, absent ones left out, blobs as base64,
 * times as epoch seconds with milliseconds as the fraction. Empty where the operation answers without a body.
 * Source: docs/behaviour.md, successful responses.
 */
export function encodeOutput<N extends OperationName>(operation: N, output: OperationOutput[N]): string {
  const shape = operations[operation].output
  return shape === null ? '' : encoderOf(shape)(output)
}

export interface EncodedError {
  readonly status: number
  readonly body: string
}

/**
 * The status and body of a refusal. An error without a message has no message member either, but for
 * ValidationException, which AWS sends with an empty one.
 * Source: docs/behaviour.md, error responses.
 */
export function encodeError(error: { readonly code: ErrorCode; readonly message?: string }): EncodedError {
  const { status, member } = errorTable[error.code]
  const message = error.message ?? ''
  const shown = member !== null && (message !== '' || error.code === 'ValidationException')
  const body = shown ? { __type: error.code, [member]: message } : { __type: error.code }
  return { status, body: JSON.stringify(body) }
}

const encoders = new Map<string, Encoder>()

/** One encoder per shape, made when first asked for. */
function encoderOf(name: string): Encoder {
  const made = encoders.get(name)
  if (made) return made
  const encoder = makeEncoder(name)
  encoders.set(name, encoder)
  return encoder
}

function makeEncoder(name: string): Encoder {
  const shape = shapeOf(name)
  switch (shape.type) {
    case 'blob':
      return (value) => `"${encodeBase64(value as Bytes)}"`
    case 'timestamp':
      return (value) => encodeNumber((value as Date).getTime() / 1000)
    case 'integer':
      return (value) => encodeNumber(value as number)
    case 'list':
      return listEncoder(encoderOf(shape.member))
    case 'structure':
      return structureEncoder(structureOf(name))
    default:
      return (value) => JSON.stringify(value)
  }
}

function structureEncoder(shape: StructureShape): Encoder {
  const rows = Object.entries(shape.members).map(([member, name]) => {
    return { member, lead: `${JSON.stringify(member)}:`, encode: encoderOf(name) }
  })
  return (value) => {
    const members = value as { readonly [member: string]: unknown }
    let text = ''
    for (const { member, lead, encode } of rows) {
      const item = members[member]
      if (item !== undefined) text += `${text && ','}${lead}${encode(item)}`
    }
    return `{${text}}`
  }
}

const listEncoder =
  (encode: Encoder): Encoder =>
  (value) =>
    `[${(value as readonly unknown[]).map(encode).join(',')}]`

/** JSON has no other numbers, and null would pass for absence. */
function encodeNumber(value: number): string {
  if (!Number.isFinite(value)) throw internal()
  return String(value)
}
