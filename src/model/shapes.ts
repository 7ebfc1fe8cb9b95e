import { shapes } from './generated/shapes'

/** Rows of the shape table, which the codec interprets. Lengths count UTF-16 units of strings, bytes of blobs, items of lists. */
export type Shape =
  | StringShape
  | EnumShape
  | IntegerShape
  | BlobShape
  | BooleanShape
  | TimestampShape
  | MapShape
  | ListShape
  | StructureShape

/** `pattern` is printed as it stands and must match the whole string. */
export interface StringShape {
  readonly type: 'string'
  readonly min?: number
  readonly max?: number
  readonly pattern?: string
  readonly sensitive?: true
}

/** `values` in the order in which the service prints them. */
export interface EnumShape {
  readonly type: 'enum'
  readonly values: readonly string[]
}

export interface IntegerShape {
  readonly type: 'integer'
  readonly min?: number
  readonly max?: number
}

/** `sensitive`: not even the absence of the value is printed. */
export interface BlobShape {
  readonly type: 'blob'
  readonly min?: number
  readonly max?: number
  readonly sensitive?: true
}

export interface BooleanShape {
  readonly type: 'boolean'
}

export interface TimestampShape {
  readonly type: 'timestamp'
}

/** Free strings to free strings: KMS has no other map. */
export interface MapShape {
  readonly type: 'map'
}

export interface ListShape {
  readonly type: 'list'
  readonly member: string
  readonly min?: number
  readonly max?: number
}

export interface StructureShape {
  readonly type: 'structure'
  readonly members: { readonly [member: string]: string }
  readonly required?: readonly string[]
  readonly quirks?: { readonly [member: string]: Quirk }
}

/** What the service does beyond its public model; reasons and sources stand in scripts/generate-model.mjs. */
export interface Quirk {
  /** Enum values that pass besides the shape's own. */
  readonly accepts?: readonly string[]
  /** Name of the enum whose values a refusal prints. */
  readonly prints?: string
  /** The member may be absent only when each of these members is, or holds, its value. */
  readonly requiredUnless?: { readonly [member: string]: string | boolean }
}

const table: { readonly [name: string]: Shape } = {
  ...shapes,
  string: { type: 'string' },
  boolean: { type: 'boolean' },
  timestamp: { type: 'timestamp' },
}

/** The row of a shape of the table; free scalars go by the name of their type. */
export function shapeOf(name: string): Shape {
  const shape = Object.hasOwn(table, name) ? table[name] : undefined
  if (!shape) throw new RangeError(`no shape ${name}`)
  return shape
}

/** The row of a structure, which every input and every output is. */
export function structureOf(name: string): StructureShape {
  const shape = shapeOf(name)
  if (shape.type !== 'structure') throw new RangeError(`${name} is no structure`)
  return shape
}
