import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeInput, type RequestBody } from '../../src/codec/decode'
import { KmsError } from '../../src/model/errors'
import { type OperationName, operationNames } from '../../src/model/operations'

/** What a body is refused with: "code: message". */
function refusal(operation: OperationName, body: RequestBody): string {
  try {
    decodeInput(operation, body)
  } catch (error) {
    if (error instanceof KmsError) return `${error.code}: ${error.message}`
    throw error
  }
  return 'none'
}

const silent = 'SerializationException: '

describe('bodies that the front end refuses', () => {
  const cases: [why: string, OperationName, json: string, message: string][] = [
    ['empty body', 'ListKeys', '', ''],
    ['null', 'ListKeys', 'null', ''],
    ['bare string', 'ListKeys', '"x"', ''],
    ['bare number', 'ListKeys', '1', ''],
    ['bare boolean', 'ListKeys', 'true', ''],
    ['broken', 'ListKeys', '{"Limit":', ''],
    ['trailing comma', 'ListKeys', '{"Limit":1,}', ''],
    ['two values', 'ListKeys', '{} {}', ''],
    ['byte order mark', 'ListKeys', '\uFEFF{}', ''],
    ['NaN', 'ListKeys', '{"Limit":NaN}', ''],
    ['list', 'ListKeys', '[]', 'Start of list found where not expected'],
    ['string for integer', 'ListKeys', '{"Limit":"1"}', 'STRING_VALUE can not be converted to an Integer'],
    ['true for integer', 'ListKeys', '{"Limit":true}', 'TRUE_VALUE can not be converted to an Integer'],
    ['structure for integer', 'ListKeys', '{"Limit":{}}', 'Start of structure or map found where not expected.'],
    ['list for integer', 'ListKeys', '{"Limit":[1]}', 'Start of list found where not expected'],
    ['number for string', 'DescribeKey', '{"KeyId":1}', 'NUMBER_VALUE can not be converted to a String'],
    ['true for string', 'DescribeKey', '{"KeyId":true}', 'TRUE_VALUE can not be converted to a String'],
    ['false for string', 'DescribeKey', '{"KeyId":false}', 'FALSE_VALUE can not be converted to a String'],
    ['structure for string', 'DescribeKey', '{"KeyId":{}}', 'Start of structure or map found where not expected.'],
    ['number for enum', 'CreateKey', '{"KeySpec":1}', 'NUMBER_VALUE can not be converted to a String'],
    ['string for boolean', 'Encrypt', '{"DryRun":"true"}', 'STRING_VALUE can not be converted to a Boolean'],
    ['string for list', 'DescribeKey', '{"GrantTokens":"x"}', 'Expected list or null'],
    ['structure for list', 'DescribeKey', '{"GrantTokens":{}}', 'Start of structure or map found where not expected.'],
    ['number in list', 'DescribeKey', '{"GrantTokens":["x",1]}', 'NUMBER_VALUE can not be converted to a String'],
    ['null in list', 'DescribeKey', '{"GrantTokens":[null]}', ''],
    ['string for structure', 'Decrypt', '{"Recipient":"x"}', 'Expected null'],
    ['list for structure', 'Decrypt', '{"Recipient":[]}', 'Start of list found where not expected'],
    ['string in list of structures', 'TagResource', '{"Tags":["x"]}', 'Expected null'],
    ['string for map', 'Encrypt', '{"EncryptionContext":"x"}', 'Expected map or null'],
    ['list for map', 'Encrypt', '{"EncryptionContext":[]}', 'Start of list found where not expected'],
    ['number in map', 'Encrypt', '{"EncryptionContext":{"a":1}}', 'NUMBER_VALUE can not be converted to a String'],
    ['null in map', 'Encrypt', '{"EncryptionContext":{"a":null}}', ''],
    ['number for blob', 'Encrypt', '{"Plaintext":1}', 'NUMBER_VALUE can not be converted to a Blob'],
    ['structure for blob', 'Encrypt', '{"Plaintext":{}}', 'Start of structure or map found where not expected.'],
    ['blob without padding', 'Encrypt', '{"Plaintext":"YQ"}', ''],
    ['blob with white space', 'Encrypt', '{"Plaintext":"YWJj\\n"}', ''],
    ['blob in base64url', 'Encrypt', '{"Plaintext":"-_8="}', ''],
    ['blob with unused bits set, two bytes', 'Encrypt', '{"Plaintext":"YWJ="}', ''],
    ['blob with unused bits set, one byte', 'Encrypt', '{"Plaintext":"YR=="}', ''],
    ['blob of padding', 'Encrypt', '{"Plaintext":"===="}', ''],
    [
      'text for time',
      'ImportKeyMaterial',
      '{"ValidTo":"2026-11-24T00:00:00Z"}',
      'STRING_VALUE can not be converted to milliseconds since epoch',
    ],
    ['time out of range', 'ImportKeyMaterial', '{"ValidTo":1e400}', ''],
    ['time just out of range', 'ImportKeyMaterial', '{"ValidTo":8640000000000.001}', ''],
    ['lone surrogate in a string', 'DescribeKey', '{"KeyId":"\\ud800"}', ''],
    ['lone surrogate in a value', 'Encrypt', '{"EncryptionContext":{"a":"\\udc00x"}}', ''],
    ['lone surrogate in a key', 'Encrypt', '{"EncryptionContext":{"\\ud800":"a"}}', ''],
    [
      'the first of two in the body',
      'Encrypt',
      '{"Plaintext":1,"KeyId":2}',
      'NUMBER_VALUE can not be converted to a Blob',
    ],
    ['a million open lists', 'Encrypt', '['.repeat(1 << 20), ''],
    ['a million open maps', 'Encrypt', '{"a":'.repeat(1 << 18), ''],
    [
      'deep list for a string',
      'Encrypt',
      `{"KeyId":${'['.repeat(5e5)}${']'.repeat(5e5)}}`,
      'Start of list found where not expected',
    ],
    [
      'deep list for a body',
      'Encrypt',
      `${'['.repeat(5e5)}${']'.repeat(5e5)}`,
      'Start of list found where not expected',
    ],
    ['a megabyte of bad base64', 'Encrypt', `{"Plaintext":"${'A'.repeat(1 << 20)}!"}`, ''],
  ]
  it.each(cases)('%s', (_, operation, json, message) => {
    expect(refusal(operation, { json })).toBe(silent + message)
  })

  it('keeps the text of the body out of the error', () => {
    const error = (() => {
      try {
        decodeInput('Encrypt', { json: '{"Plaintext":"c2VjcmV0" oops' })
      } catch (thrown) {
        return thrown as KmsError
      }
    })()
    expect(error?.cause).toBeUndefined()
    expect(String(error?.stack)).not.toContain('c2VjcmV0')
  })
})

describe('bodies that pass', () => {
  const cases: [why: string, OperationName, json: string, input: object][] = [
    ['empty object', 'ListKeys', '{}', {}],
    ['null is absence', 'ListKeys', '{"Limit":null,"Marker":null}', {}],
    ['unknown members are ignored', 'ListKeys', '{"Foo":{"a":[1]},"limit":2}', {}],
    [
      'members of Object.prototype are unknown',
      'ListKeys',
      '{"__proto__":{"Limit":1},"constructor":1,"toString":1}',
      {},
    ],
    ['unknown and deep', 'ListKeys', `{"x":${'['.repeat(1e5)}${']'.repeat(1e5)},"Limit":3}`, { Limit: 3 }],
    ['the last of two', 'ListKeys', '{"Limit":1,"Limit":2}', { Limit: 2 }],
    ['fraction cut', 'ListKeys', '{"Limit":1.5}', { Limit: 1 }],
    ['negative fraction cut', 'ListKeys', '{"Limit":-1.9}', { Limit: -1 }],
    ['minus zero', 'ListKeys', '{"Limit":-0.5}', { Limit: 0 }],
    ['beyond 32 bits', 'ListKeys', '{"Limit":99999999999}', { Limit: 2147483647 }],
    ['beyond any number', 'ListKeys', '{"Limit":1e400}', { Limit: 2147483647 }],
    ['beyond any number, negative', 'ListKeys', '{"Limit":-1e400}', { Limit: -2147483648 }],
    ['blob', 'GenerateMac', '{"Message":"YWI="}', { Message: new Uint8Array([97, 98]) }],
    ['empty blob', 'GenerateMac', '{"Message":""}', { Message: new Uint8Array() }],
    ['time', 'ImportKeyMaterial', '{"ValidTo":1571767572.317}', { ValidTo: new Date(1571767572317) }],
    ['time with a fraction that binary lacks', 'ImportKeyMaterial', '{"ValidTo":1.001}', { ValidTo: new Date(1001) }],
    ['time before the epoch', 'ImportKeyMaterial', '{"ValidTo":-0.5}', { ValidTo: new Date(-500) }],
    ['last time', 'ImportKeyMaterial', '{"ValidTo":8640000000000}', { ValidTo: new Date(8.64e15) }],
    [
      'nested',
      'TagResource',
      '{"Tags":[{"TagKey":"a","TagValue":"","x":1}]}',
      { Tags: [{ TagKey: 'a', TagValue: '' }] },
    ],
    ['pairs of surrogates', 'DescribeKey', '{"KeyId":"\\ud83d\\ude00"}', { KeyId: '😀' }],
  ]
  it.each(cases)('%s', (_, operation, json, input) => {
    expect(decodeInput(operation, { json })).toStrictEqual(input)
  })

  it('keeps __proto__ as a pair of a context', () => {
    const json = '{"EncryptionContext":{"__proto__":"p","constructor":"c","a":"b"}}'
    const context = decodeInput('Encrypt', { json }).EncryptionContext ?? {}
    expect(Object.getPrototypeOf(context)).toBeNull()
    expect(Object.entries(context)).toEqual([
      ['__proto__', 'p'],
      ['constructor', 'c'],
      ['a', 'b'],
    ])
    expect(({} as { p?: string }).p).toBeUndefined()
  })
})

describe('in-process input', () => {
  it('copies bytes and times', () => {
    const [Plaintext, ValidTo] = [new Uint8Array([1, 2]), new Date(5)]
    const encrypt = decodeInput('Encrypt', { input: { KeyId: 'k', Plaintext, DryRun: undefined } })
    const imported = decodeInput('ImportKeyMaterial', { input: { ValidTo } })
    Plaintext[0] = 9
    ValidTo.setTime(6)
    expect(encrypt).toStrictEqual({ KeyId: 'k', Plaintext: new Uint8Array([1, 2]) })
    expect(imported.ValidTo).toEqual(new Date(5))
  })

  it('takes any view class of bytes, and its part of the buffer alone', () => {
    const view = Buffer.from('xaby').subarray(1, 3)
    const { Message } = decodeInput('GenerateMac', { input: { Message: view } })
    expect(Object.getPrototypeOf(Message)).toBe(Uint8Array.prototype)
    expect(Message.buffer.byteLength).toBe(2)
    expect([...Message]).toEqual([97, 98])
  })

  it('takes epoch seconds', () => {
    expect(decodeInput('ImportKeyMaterial', { input: { ValidTo: 1.5 } }).ValidTo).toEqual(new Date(1500))
  })

  const refused: [string, OperationName, unknown, string][] = [
    ['nothing', 'ListKeys', undefined, ''],
    ['null', 'ListKeys', null, ''],
    ['list', 'ListKeys', [], 'Start of list found where not expected'],
    ['function', 'ListKeys', () => 1, ''],
    ['base64 for bytes', 'Encrypt', { Plaintext: 'YQ==' }, 'STRING_VALUE can not be converted to a Blob'],
    ['wider view', 'Encrypt', { Plaintext: new Uint16Array(1) }, 'Start of structure or map found where not expected.'],
    ['buffer', 'Encrypt', { Plaintext: new ArrayBuffer(1) }, 'Start of structure or map found where not expected.'],
    [
      'Map for a context',
      'Encrypt',
      { EncryptionContext: new Map([['a', 'b']]) },
      'Start of structure or map found where not expected.',
    ],
    [
      'bytes for a context',
      'Encrypt',
      { EncryptionContext: new Uint8Array(1) },
      'Start of structure or map found where not expected.',
    ],
    ['undefined in a context', 'Encrypt', { EncryptionContext: { a: undefined } }, ''],
    ['hole in a list', 'DescribeKey', { GrantTokens: Object.assign([], { length: 1 }) }, ''],
    ['not a number', 'ListKeys', { Limit: Number.NaN }, ''],
    ['invalid date', 'ImportKeyMaterial', { ValidTo: new Date(Number.NaN) }, ''],
    ['bigint', 'ListKeys', { Limit: 1n }, 'NUMBER_VALUE can not be converted to an Integer'],
  ]
  it.each(refused)('refuses %s', (_, operation, input, message) => {
    expect(refusal(operation, { input })).toBe(silent + message)
  })
})

describe('properties', () => {
  const operation = fc.constantFrom(...operationNames)

  it('any text decodes or is a SerializationException', () => {
    const nearJson = fc.json().chain((json) => fc.nat(json.length).map((at) => json.slice(0, at) + json.slice(at + 1)))
    fc.assert(
      fc.property(operation, fc.oneof(fc.json(), fc.string({ unit: 'binary' }), nearJson), (name, json) => {
        expect(refusal(name, { json })).toMatch(/^(none$|SerializationException: )/)
      }),
      { numRuns: 2000 },
    )
  })

  it('any value in any member decodes or is a SerializationException', () => {
    const members = fc.constantFrom(
      'KeyId',
      'Plaintext',
      'EncryptionContext',
      'GrantTokens',
      'DryRun',
      'Recipient',
      'Limit',
      'ValidTo',
      'Tags',
    )
    fc.assert(
      fc.property(operation, fc.dictionary(members, fc.jsonValue()), (name, body) => {
        expect(refusal(name, { json: JSON.stringify(body) })).toMatch(/^(none$|SerializationException: )/)
      }),
      { numRuns: 2000 },
    )
  })
})
