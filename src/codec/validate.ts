import { validation } from '../model/errors'
import type { OperationInput, OperationName } from '../model/operations'
import { operations } from '../model/operations'
import { type ListShape, type Quirk, type Shape, type StructureShape, shapeOf, structureOf } from '../model/shapes'

/** Adds what is wrong with a value; `at` is its path, lowerCamelCase. */
type Check = (value: unknown, at: string, problems: string[]) => void
type Members = { readonly [member: string]: unknown }

/** AWS stops after ten, and what an answer may repeat of a request stays bounded. */
const maxProblems = 10
const maxShownCharacters = 16_384

/**
 * Checks a decoded input against the constraints of the model. Throws one ValidationException that lists what is wrong,
 * up to ten, in the order of the model: per member its absence, else its enum, length, range, pattern.
 *
 * Lengths count UTF-16 units for strings, bytes for blobs, items for lists. Blobs and sensitive values are never
 * printed; other values are printed up to 16,384 characters.
 *
 * Source: docs/behaviour.md, model validation.
 */
export function validateInput<N extends OperationName>(operation: N, input: OperationInput[N]): void {
  const problems: string[] = []
  structureCheckOf(operations[operation].input)(input as Members, '', problems)
  if (problems.length === 0) return
  const count = problems.length === 1 ? '1 validation error' : `${problems.length} validation errors`
  throw validation(`${count} detected: ${problems.join('; ')}`)
}

/** Adds "Value '…' at '…'"; with `shown` undefined the value stays hidden. */
function report(problems: string[], shown: string | undefined, at: string, constraint: string) {
  if (problems.length >= maxProblems) return
  const value = shown === undefined ? 'Value' : `Value ${shown}`
  problems.push(`${value} at '${at}' failed to satisfy constraint: ${constraint}`)
}

function show(value: unknown): string {
  const text = Array.isArray(value) ? `[${value.join(', ')}]` : String(value)
  if (text.length <= maxShownCharacters) return `'${text}'`
  // The cut must not leave half a character.
  return `'${text.slice(0, maxShownCharacters).replace(/[\uD800-\uDBFF]$/, '')}...'`
}

type StructureCheck = (value: Members, prefix: string, problems: string[]) => void
const structureChecks = new Map<string, StructureCheck>()

/** One check per structure, made when first asked for. */
function structureCheckOf(name: string): StructureCheck {
  const made = structureChecks.get(name)
  if (made) return made
  const check = makeStructureCheck(structureOf(name))
  structureChecks.set(name, check)
  return check
}

function makeStructureCheck(shape: StructureShape): StructureCheck {
  const rows = Object.entries(shape.members).map(([member, name]) => {
    const memberShape = shapeOf(name)
    const quirk = shape.quirks?.[member] ?? {}
    const path = member.charAt(0).toLowerCase() + member.slice(1)
    const shownAbsent = 'sensitive' in memberShape ? undefined : 'null'
    return { member, path, shownAbsent, absence: absenceOf(shape, member, quirk), check: makeCheck(name, quirk) }
  })
  return (value, prefix, problems) => {
    for (const { member, path, shownAbsent, absence, check } of rows) {
      const item = value[member]
      if (item !== undefined) check?.(item, prefix + path, problems)
      else if (!absence(value)) report(problems, shownAbsent, prefix + path, 'Member must not be null')
    }
  }
}

/** Whether a member may be absent from these members. */
function absenceOf(shape: StructureShape, member: string, quirk: Quirk): (members: Members) => boolean {
  if (shape.required?.includes(member)) return () => false
  const unless = quirk.requiredUnless && Object.entries(quirk.requiredUnless)
  if (!unless) return () => true
  return (members) =>
    unless.every(([other, wanted]) => {
      const value = members[other]
      return Array.isArray(value) ? value.includes(wanted) : value === wanted
    })
}

/** The check of one shape; undefined where every value of the type is right. */
function makeCheck(name: string, quirk: Quirk = {}): Check | undefined {
  const shape = shapeOf(name)
  if (shape.type === 'structure') {
    const check = structureCheckOf(name)
    return (value, at, problems) => check(value as Members, `${at}.`, problems)
  }
  if (shape.type === 'list') return makeListCheck(shape)
  const constraints = constraintsOf(shape, quirk)
  if (constraints.length === 0) return undefined
  const hidden = shape.type === 'blob' || 'sensitive' in shape
  return (value, at, problems) => {
    for (const { holds, text } of constraints) {
      if (!holds(value)) report(problems, hidden ? undefined : show(value), at, text)
    }
  }
}

/** Of scalars that break their constraints the list is printed whole, once, with all the constraints they have. */
function makeListCheck(shape: ListShape): Check {
  const sizes = lengthsOf<readonly unknown[]>(shape)
  const itemShape = shapeOf(shape.member)
  const checkItem = itemShape.type === 'structure' ? makeCheck(shape.member) : undefined
  const constraints = checkItem ? [] : constraintsOf(itemShape, {})
  const shown = (items: readonly unknown[]) => ('sensitive' in itemShape ? undefined : show(items))
  // AWS names the upper bound first here.
  const all = [...constraints.filter((c) => c.upper), ...constraints.filter((c) => !c.upper)].map((c) => c.text)
  return (value, at, problems) => {
    const items = value as readonly unknown[]
    for (const { holds, text } of sizes) if (!holds(items)) report(problems, shown(items), at, text)
    if (!items.every((item) => constraints.every(({ holds }) => holds(item)))) {
      report(problems, shown(items), at, `Member must satisfy constraint: [${all.join(', ')}]`)
    }
    for (let i = 0; checkItem && i < items.length && problems.length < maxProblems; i++) {
      checkItem(items[i], `${at}.${i + 1}.member`, problems)
    }
  }
}

interface Constraint<T> {
  readonly text: string
  readonly holds: (value: T) => boolean
  readonly upper?: true
}

function constraintsOf(shape: Shape, quirk: Quirk): readonly Constraint<unknown>[] {
  switch (shape.type) {
    case 'enum':
      return [enumConstraint(shape.values, quirk)] as Constraint<unknown>[]
    case 'string':
      return [...lengthsOf<string>(shape), ...patternOf(shape.pattern)] as Constraint<unknown>[]
    case 'blob':
      return lengthsOf<Bytes>(shape) as Constraint<unknown>[]
    case 'integer':
      return rangeOf(shape) as Constraint<unknown>[]
    default:
      return []
  }
}

function enumConstraint(values: readonly string[], quirk: Quirk): Constraint<string> {
  const accepted = new Set([...values, ...(quirk.accepts ?? [])])
  const printed = quirk.prints ? shapeOf(quirk.prints) : undefined
  const names = printed?.type === 'enum' ? printed.values : values
  return { text: `Member must satisfy enum value set: [${names.join(', ')}]`, holds: (value) => accepted.has(value) }
}

type Bounds = { readonly min?: number; readonly max?: number }

const lengthsOf = <T extends { readonly length: number }>({ min = -Infinity, max = Infinity }: Bounds) =>
  bounds<T>('length', min, max, (value) => value.length)

const rangeOf = ({ min = -Infinity, max = Infinity }: Bounds) => bounds<number>('value', min, max, (value) => value)

function bounds<T>(word: string, min: number, max: number, measure: (value: T) => number): readonly Constraint<T>[] {
  const constraints: Constraint<T>[] = []
  const text = `Member must have ${word}`
  if (min > -Infinity) {
    constraints.push({ text: `${text} greater than or equal to ${min}`, holds: (value) => measure(value) >= min })
  }
  if (max < Infinity) {
    constraints.push({
      text: `${text} less than or equal to ${max}`,
      holds: (value) => measure(value) <= max,
      upper: true,
    })
  }
  return constraints
}

/** Java's reading of the pattern: it spans the whole string, and \s is ASCII. */
function patternOf(pattern: string | undefined): readonly Constraint<string>[] {
  if (pattern === undefined) return []
  const whole = new RegExp(`^(?:${pattern.replaceAll('\\s', ' \\t\\n\\v\\f\\r')})$`, 'u')
  return [{ text: `Member must satisfy regular expression pattern: ${pattern}`, holds: (value) => whole.test(value) }]
}
