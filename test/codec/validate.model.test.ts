import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { decodeInput } from '../../src/codec/decode'
import { encodeOutput } from '../../src/codec/encode'
import { validateInput } from '../../src/codec/validate'
import { KmsError } from '../../src/model/errors'
import { type OperationName, type OperationOutput, operationNames } from '../../src/model/operations'

/** Every operation × every member, with texts built here from the model's own file, not from the generated table. */

interface ModelShape {
  readonly type: string
  readonly enum?: readonly string[]
  readonly min?: number
  readonly max?: number
  readonly pattern?: string
  readonly servicePattern?: string
  readonly sensitive?: boolean
  readonly member?: string
  readonly members?: { readonly [member: string]: { readonly shape: string; readonly required?: boolean } }
}
interface Model {
  readonly operations: { readonly [name: string]: { readonly input: string; readonly output: string | null } }
  readonly shapes: { readonly [name: string]: ModelShape }
  readonly validation: { readonly enumOrder: { readonly [name: string]: { readonly values: readonly string[] } } }
}
const model: Model = JSON.parse(readFileSync(new URL('../../scripts/kms-model.json', import.meta.url), 'utf8'))
const shape = (name: string): ModelShape => model.shapes[name] as ModelShape
const lower = (name: string) => name.charAt(0).toLowerCase() + name.slice(1)

const samples: { readonly [shape: string]: string } = {
  AccountIdType: '123456789012',
  BackingKeyIdType: 'a'.repeat(64),
  CloudHsmClusterIdType: 'cluster-abcdefghijk',
  RegionType: 'eu-west-1',
  ServicePrincipalType: 'a.b.c',
  GrantConstraintSourceArnType: 'arn:aws:s3:eu-west-1:123456789012:x',
  KeyStorePasswordType: 'password',
  XksProxyAuthenticationAccessKeyIdType: 'A'.repeat(20),
  XksProxyAuthenticationRawSecretAccessKeyType: 'a'.repeat(43),
  XksProxyUriEndpointType: 'https://example.com',
  XksProxyUriPathType: '/kms/xks/v1',
  XksProxyVpcEndpointServiceNameType: 'com.amazonaws.vpce.eu-west-1.vpce-svc-0123',
  ArnType: 'arn:aws:kms:eu-west-1:123456789012:key/x',
}

/** A right value of a shape as JSON; `all`: with its optional members. */
function sample(name: string, all: boolean): unknown {
  const facts = shape(name)
  switch (facts.type) {
    case 'string':
      return facts.enum?.[0] ?? samples[name] ?? 'a'
    case 'integer':
      return facts.min ?? 1
    case 'boolean':
      return true
    case 'timestamp':
      return 1571767572.317
    case 'blob':
      return 'YWI='
    case 'map':
      return { a: 'b' }
    case 'list':
      return [sample(facts.member as string, all)]
    default:
      return structure(name, all)
  }
}

function structure(name: string, all: boolean): Record<string, unknown> {
  const members = Object.entries(shape(name).members ?? {}).filter(
    ([member, facts]) => all || facts.required || (name in ciphertextNeeded && member === 'CiphertextBlob'),
  )
  return Object.fromEntries(members.map(([member, facts]) => [member, sample(facts.shape, all)]))
}
const ciphertextNeeded = { DecryptRequest: 1, ReEncryptRequest: 1 }

function refusal(operation: OperationName, body: unknown): string {
  try {
    validateInput(operation, decodeInput(operation, { json: JSON.stringify(body) }))
  } catch (error) {
    if (error instanceof KmsError) return `${error.code}: ${error.message}`
    throw error
  }
  return 'none'
}

/** Text of a list of failed constraints of one value. */
function expected(shown: string, at: string, constraints: readonly string[]): string {
  const items = constraints.map((text) => `Value${shown} at '${at}' failed to satisfy constraint: ${text}`)
  const count = items.length === 1 ? '1 validation error' : `${items.length} validation errors`
  return `ValidationException: ${count} detected: ${items.join('; ')}`
}

const printed = (name: string, operation: string) => {
  const set = name === 'DataKeySpec' && operation.startsWith('GenerateDataKey') ? 'KeySpec' : name
  const measured = model.validation.enumOrder[set]?.values ?? []
  const rest = (shape(set).enum ?? []).filter((value) => !measured.includes(value))
  return `Member must satisfy enum value set: [${[...measured, ...rest].join(', ')}]`
}

/** Grant tokens are hidden although the model does not call them sensitive. */
const isToken = (name: string) => name === 'GrantTokenType'

/** Wrong values of one shape at one path, with the refusal each must get. */
function* wrongs(operation: string, name: string, at: string): Generator<[value: unknown, text: string]> {
  const facts = shape(name)
  const { min = 0, max = Infinity, type } = facts
  const atLeast = (word: string) => `Member must have ${word} greater than or equal to ${min}`
  const atMost = (word: string) => `Member must have ${word} less than or equal to ${max}`
  const pattern = facts.pattern ?? facts.servicePattern
  const breaks = (value: string) =>
    pattern !== undefined && !new RegExp(`^(?:${pattern})$`, 'u').test(value)
      ? [`Member must satisfy regular expression pattern: ${pattern}`]
      : []
  const serialization = (message: string) => `SerializationException: ${message}`
  const ofStructure = serialization('Start of structure or map found where not expected.')
  const ofList = serialization('Start of list found where not expected')

  if (type === 'string') {
    yield [5, serialization('NUMBER_VALUE can not be converted to a String')]
    yield [false, serialization('FALSE_VALUE can not be converted to a String')]
    yield [{}, ofStructure]
    yield [[], ofList]
    if (facts.enum) {
      yield ['none of them', expected(" 'none of them'", at, [printed(name, operation)])]
      return
    }
    const show = (value: string) =>
      facts.sensitive || isToken(name) ? '' : ` '${value.length > 16384 ? `${value.slice(0, 16384)}...` : value}'`
    const good = (samples[name] ?? 'a').slice(-1)
    if (min > 0) {
      const short = good.repeat(min - 1)
      yield [short, expected(show(short), at, [atLeast('length'), ...breaks(short)])]
    }
    if (max < Infinity) {
      const long = good.repeat(max + 1)
      yield [long, expected(show(long), at, [atMost('length'), ...breaks(long)])]
    }
    const odd = `\u0001${'\u2028'.repeat(min)}`
    if (pattern && odd.length <= max) yield [odd, expected(show(odd), at, breaks(odd))]
  } else if (type === 'integer') {
    yield ['5', serialization('STRING_VALUE can not be converted to an Integer')]
    yield [[5], ofList]
    yield [min - 1, expected(` '${min - 1}'`, at, [atLeast('value')])]
    yield [max + 1, expected(` '${max + 1}'`, at, [atMost('value')])]
    yield [-1e300, expected(" '-2147483648'", at, [atLeast('value')])]
  } else if (type === 'blob') {
    yield [5, serialization('NUMBER_VALUE can not be converted to a Blob')]
    yield ['*', serialization('')]
    yield ['', expected('', at, [atLeast('length')])]
    yield [Buffer.alloc(max + 1).toString('base64'), expected('', at, [atMost('length')])]
  } else if (type === 'boolean') {
    yield ['true', serialization('STRING_VALUE can not be converted to a Boolean')]
    yield [1, serialization('NUMBER_VALUE can not be converted to a Boolean')]
  } else if (type === 'timestamp') {
    yield ['now', serialization('STRING_VALUE can not be converted to milliseconds since epoch')]
  } else if (type === 'map') {
    yield ['x', serialization('Expected map or null')]
    yield [[], ofList]
    yield [{ a: 1 }, serialization('NUMBER_VALUE can not be converted to a String')]
  } else if (type === 'list') {
    yield ['x', serialization('Expected list or null')]
    yield [{}, ofStructure]
    const item = shape(facts.member as string)
    if (item.type === 'structure') {
      for (const [value, text] of wrongMembers(operation, facts.member as string, `${at}.2.member.`)) {
        yield [[sample(facts.member as string, false), value], text]
      }
      return
    }
    const words = item.enum
      ? [printed(facts.member as string, operation)]
      : [
          `Member must have length less than or equal to ${item.max}`,
          `Member must have length greater than or equal to ${item.min}`,
        ]
    const show = (text: string) => (isToken(facts.member as string) ? '' : ` '[${text}]'`)
    yield [[''], expected(show(''), at, [`Member must satisfy constraint: [${words.join(', ')}]`])]
    if (max < Infinity) {
      const many = Array(max + 1).fill('a')
      yield [many, expected(show(many.join(', ')), at, [atMost('length')])]
    }
  } else {
    yield ['x', serialization('Expected null')]
    yield [[], ofList]
    yield* wrongMembers(operation, name, `${at}.`)
  }
}

/** Wrong values of a structure: each of its members wrong in turn, or missing. */
function* wrongMembers(operation: string, name: string, prefix: string): Generator<[value: unknown, text: string]> {
  const base = structure(name, false)
  for (const [member, facts] of Object.entries(shape(name).members ?? {})) {
    const at = prefix + lower(member)
    for (const [value, text] of wrongs(operation, facts.shape, at)) yield [{ ...base, [member]: value }, text]
    if (facts.required || (name in ciphertextNeeded && member === 'CiphertextBlob')) {
      const shown = shape(facts.shape).sensitive ? '' : ' null'
      const text = expected(shown, at, ['Member must not be null'])
      const { [member]: _, ...rest } = base
      yield [rest, text]
      yield [{ ...rest, [member]: null }, text]
    }
  }
}

describe.each(operationNames)('%s', (operation) => {
  const { input, output } = model.operations[operation] as Model['operations'][string]

  it('takes a full and a least input', () => {
    expect(refusal(operation, structure(input, false))).toBe('none')
    expect(refusal(operation, structure(input, true))).toBe('none')
  })

  it('refuses every wrong member with its text', () => {
    let tried = 0
    for (const [body, text] of wrongMembers(operation, input, '')) {
      tried += 1
      expect(refusal(operation, body)).toBe(text)
    }
    expect(tried).toBeGreaterThan(3 * Object.keys(shape(input).members ?? {}).length)
  })

  it('reads the same input from JSON and in process', () => {
    const body = structure(input, true)
    const typed = decodeInput(operation, { json: JSON.stringify(body) })
    expect(decodeInput(operation, { input: typed })).toStrictEqual(typed)
    expect(Object.keys(typed)).toEqual(Object.keys(body))
  })

  it('writes its output like the model', () => {
    if (output === null) return expect(encodeOutput(operation, undefined as never)).toBe('')
    const wire = structure(output, true)
    const text = encodeOutput(operation, typedOf(output, wire) as OperationOutput[OperationName] as never)
    expect(text).toBe(JSON.stringify(wire))
  })
})

/** The in-process form of a JSON value. */
function typedOf(name: string, value: unknown): unknown {
  const facts = shape(name)
  if (facts.type === 'blob') return new Uint8Array(Buffer.from(value as string, 'base64'))
  if (facts.type === 'timestamp') return new Date((value as number) * 1000)
  if (facts.type === 'list') return (value as unknown[]).map((item) => typedOf(facts.member as string, item))
  if (facts.type !== 'structure') return value
  const members = facts.members ?? {}
  return Object.fromEntries(
    Object.entries(value as object).map(([member, item]) => [member, typedOf(members[member]?.shape as string, item)]),
  )
}
