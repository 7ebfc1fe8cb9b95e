import { describe, expect, it } from 'vitest'
import { decodeOutput, encodeInput } from '../../src/client/json'
import { encodeUtf8 } from '../../src/codec/bytes'
import { decodeInput } from '../../src/codec/decode'
import { encodeOutput } from '../../src/codec/encode'
import { type OperationOutput, operationNames, operations } from '../../src/model/operations'
import { shapeOf } from '../../src/model/shapes'

const bytes = encodeUtf8('some bytes')
const date = new Date('2026-11-24T09:00:00.250Z')

/** A value of a shape with every member there; texts that would read as base64 show whether they are left alone. */
function sample(name: string): unknown {
  const shape = shapeOf(name)
  switch (shape.type) {
    case 'blob':
      return bytes
    case 'timestamp':
      return date
    case 'integer':
      return 7
    case 'boolean':
      return true
    case 'list':
      return [sample(shape.member)]
    case 'map':
      return { Plaintext: 'AAAA', Mac: 'AAAA', CreationDate: 'AAAA' }
    case 'structure':
      return Object.fromEntries(Object.entries(shape.members).map(([member, of]) => [member, sample(of)]))
    default:
      return 'AAAA'
  }
}

describe('the JSON of every operation', () => {
  it.each(operationNames)('%s', (name) => {
    const { input, output } = operations[name]
    const asked = sample(input)
    expect(decodeInput(name, { json: encodeInput(asked as never) })).toEqual(asked)
    const answered = (output === null ? {} : sample(output)) as OperationOutput[typeof name]
    expect(decodeOutput(encodeOutput(name, answered))).toEqual(answered)
  })
})

describe('encodeInput', () => {
  it('takes any view of bytes, and shows no more than the view', () => {
    const whole = encodeUtf8('0123456789')
    const views = [whole.subarray(2, 5), new DataView(whole.buffer, 2, 3), whole.slice(2, 5).buffer, Buffer.from('234')]
    for (const view of views) {
      expect(encodeInput<'Encrypt'>({ KeyId: 'k', Plaintext: view as Bytes })).toBe('{"KeyId":"k","Plaintext":"MjM0"}')
    }
  })

  it('leaves absent members out, and sends no number that JSON has not', () => {
    const input = { KeyId: 'k', NumberOfBytes: undefined, EncryptionContext: { a: 'b' } }
    expect(encodeInput<'GenerateDataKey'>(input)).toBe('{"KeyId":"k","EncryptionContext":{"a":"b"}}')
    for (const NumberOfBytes of [Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(() => encodeInput<'GenerateDataKey'>({ KeyId: 'k', NumberOfBytes })).toThrow(TypeError)
    }
  })
})
