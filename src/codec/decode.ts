import { serialization } from '../model/errors'
import type { OperationInput, OperationName } from '../model/operations'
import { operations } from '../model/operations'
import { type StructureShape, shapeOf, structureOf } from '../model/shapes'
import { decodeBase64 } from './bytes'

/**
 * `json`: the text of a request body. `input`: a value from a caller in the same process, blobs as Uint8Array,
 * timestamps as Date or epoch seconds; it is copied, so later changes by the caller do not reach the operation.
 */
export type RequestBody = { readonly json: string } | { readonly input: unknown }

/** `typed`: the value comes from the same process, not from JSON. The value is never null. */
type Decoder = (value: unknown, typed: boolean) => unknown

/**
 * A request body as the typed input of an operation; members are not checked against their constraints yet.
 *
 * Unknown members are ignored and null is absence, but not inside lists and maps: to drop a pair of an
 * EncryptionContext would change what is asked. Recursion is bounded by the model, whose shapes do not nest in
 * themselves. Throws SerializationException for text that is not JSON and for values of another type, in the order of
 * the body. Strings must have a UTF-8 form, so a lone surrogate is refused.
 *
 * Source: docs/behaviour.md, requests that the front end rejects.
 */
export function decodeInput<N extends OperationName>(operation: N, body: RequestBody): OperationInput[N] {
  const typed = 'input' in body
  const value = typed ? body.input : parse(body.json)
  if (value === null || typeof value !== 'object') throw serialization()
  return decoderOf(operations[operation].input)(value, typed) as OperationInput[N]
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json)
  } catch {
    // The engine's error quotes the body, which may hold plaintext: it is not kept as the cause.
    throw serialization()
  }
}

const decoders = new Map<string, Decoder>()

/** One decoder per shape, made when first asked for. */
function decoderOf(name: string): Decoder {
  const made = decoders.get(name)
  if (made) return made
  const decoder = makeDecoder(name)
  decoders.set(name, decoder)
  return decoder
}

function makeDecoder(name: string): Decoder {
  const shape = shapeOf(name)
  switch (shape.type) {
    case 'string':
    case 'enum':
      return decodeString
    case 'integer':
      return decodeInteger
    case 'boolean':
      return decodeBoolean
    case 'blob':
      return decodeBlob
    case 'timestamp':
      return decodeTimestamp
    case 'map':
      return decodeMap
    case 'list':
      return listDecoder(decoderOf(shape.member))
    case 'structure':
      return structureDecoder(structureOf(name))
  }
}

function structureDecoder(shape: StructureShape): Decoder {
  const members = new Map(Object.entries(shape.members).map(([member, name]) => [member, decoderOf(name)]))
  return (value, typed) => {
    if (!isPlainObject(value)) throw unexpected(value, 'Expected null')
    const decoded: Record<string, unknown> = {}
    for (const member of Object.keys(value)) {
      const decoder = members.get(member)
      const item = value[member]
      if (decoder && item !== null && item !== undefined) decoded[member] = decoder(item, typed)
    }
    return decoded
  }
}

function listDecoder(decodeItem: Decoder): Decoder {
  return (value, typed) => {
    if (!Array.isArray(value)) throw unexpected(value, 'Expected list or null')
    return Array.from(value, (item) => decodeItem(present(item), typed))
  }
}

/** Without a prototype: `__proto__` is a pair like any other. */
function decodeMap(value: unknown): { readonly [key: string]: string } {
  if (!isPlainObject(value)) throw unexpected(value, 'Expected map or null')
  const decoded: Record<string, string> = Object.create(null)
  for (const key of Object.keys(value)) decoded[decodeString(key)] = decodeString(present(value[key]))
  return decoded
}

function decodeString(value: unknown): string {
  if (typeof value !== 'string') throw unexpected(value, notConvertible(value, 'a String'))
  if (!value.isWellFormed()) throw serialization()
  return value
}

function decodeBoolean(value: unknown): boolean {
  if (typeof value !== 'boolean') throw unexpected(value, notConvertible(value, 'a Boolean'))
  return value
}

const int32 = { min: -(2 ** 31), max: 2 ** 31 - 1 }

/** A fraction is cut off and a number that 32 bits cannot hold becomes the nearest one they can, as at AWS. */
function decodeInteger(value: unknown): number {
  if (typeof value !== 'number') throw unexpected(value, notConvertible(value, 'an Integer'))
  if (Number.isNaN(value)) throw serialization()
  return Math.min(Math.max(value, int32.min), int32.max) | 0
}

function decodeBlob(value: unknown, typed: boolean): Bytes {
  if (typed) {
    // A copy in memory of its own, whatever the view, its class or its realm was.
    if (isBytes(value)) return new Uint8Array(value)
  } else if (typeof value === 'string') {
    const bytes = decodeBase64(value)
    if (bytes) return bytes
    throw serialization()
  }
  throw unexpected(value, notConvertible(value, 'a Blob'))
}

const latestMs = 8.64e15

/** Epoch seconds with a fraction, kept to the millisecond. */
function decodeTimestamp(value: unknown, typed: boolean): Date {
  if (typed && isDate(value)) return checkedDate(Date.prototype.getTime.call(value))
  if (typeof value !== 'number') throw unexpected(value, notConvertible(value, 'milliseconds since epoch'))
  return checkedDate(Math.round(value * 1000))
}

function checkedDate(epochMs: number): Date {
  if (!(Math.abs(epochMs) <= latestMs)) throw serialization()
  return new Date(epochMs)
}

function present(value: unknown): unknown {
  if (value === null || value === undefined) throw serialization()
  return value
}

const tagOf = (value: unknown): string => Object.prototype.toString.call(value)
const isBytes = (value: unknown): value is Uint8Array =>
  ArrayBuffer.isView(value) && tagOf(value) === '[object Uint8Array]'
const isDate = (value: unknown): value is Date => value instanceof Date || tagOf(value) === '[object Date]'

/** Not a Map, a Date or bytes: their own members are none, and they would pass for an empty structure. */
const isPlainObject = (value: unknown): value is { readonly [key: string]: unknown } =>
  tagOf(value) === '[object Object]'

/** A list or a structure is named as such wherever it should not be; a scalar gets the text of the place. */
function unexpected(value: unknown, scalarText: string) {
  if (Array.isArray(value)) return serialization('Start of list found where not expected')
  if (typeof value === 'object') return serialization('Start of structure or map found where not expected.')
  return serialization(scalarText)
}

function notConvertible(value: unknown, type: string): string {
  const kind = value === true ? 'TRUE' : value === false ? 'FALSE' : typeof value === 'string' ? 'STRING' : 'NUMBER'
  return `${kind}_VALUE can not be converted to ${type}`
}
