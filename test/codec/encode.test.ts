import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeInput } from '../../src/codec/decode'
import { encodeError, encodeOutput } from '../../src/codec/encode'
import { type ErrorCode, KmsError } from '../../src/model/errors'
import type { OperationOutput } from '../../src/model/operations'

describe('success replies', () => {
  const ciphertext = {
    CiphertextBlob: new Uint8Array([0, 255, 16]),
    KeyId: 'arn',
    EncryptionAlgorithm: 'SYMMETRIC_DEFAULT',
  } as const

  it('keep the order of the model, not of the value', () => {
    const { CiphertextBlob, ...rest } = ciphertext
    const text = '{"CiphertextBlob":"AP8Q","KeyId":"arn","EncryptionAlgorithm":"SYMMETRIC_DEFAULT"}'
    expect(encodeOutput('Encrypt', ciphertext)).toBe(text)
    expect(encodeOutput('Encrypt', { ...rest, CiphertextBlob })).toBe(text)
  })

  it('leave absent members out', () => {
    expect(encodeOutput('Encrypt', { KeyId: 'a', CiphertextBlob: undefined })).toBe('{"KeyId":"a"}')
    expect(encodeOutput('ListKeys', {})).toBe('{}')
  })

  it('have no member that the model lacks', () => {
    expect(encodeOutput('Encrypt', { KeyId: 'a', Secret: 'b' } as OperationOutput['Encrypt'])).toBe('{"KeyId":"a"}')
  })

  it('are empty without an output, an empty object with an empty one', () => {
    expect(encodeOutput('CreateAlias', undefined)).toBe('')
    expect(encodeOutput('ConnectCustomKeyStore', {})).toBe('{}')
  })

  const times: [number, string][] = [
    [1571767572317, '1571767572.317'],
    [1571767572000, '1571767572'],
    [1, '0.001'],
    [-500, '-0.5'],
    [253402300799999, '253402300799.999'],
  ]
  it.each(times)('write %i ms as %s', (ms, text) => {
    expect(encodeOutput('ScheduleKeyDeletion', { DeletionDate: new Date(ms) })).toBe(`{"DeletionDate":${text}}`)
  })

  it('refuse a time or number that JSON cannot hold', () => {
    expect(() => encodeOutput('ScheduleKeyDeletion', { DeletionDate: new Date(Number.NaN) })).toThrow(KmsError)
    expect(() => encodeOutput('ScheduleKeyDeletion', { PendingWindowInDays: Infinity })).toThrow(KmsError)
  })

  it('write nested lists, maps and booleans', () => {
    const context = JSON.parse('{"__proto__":"p","a\\"b":"c"}')
    const Grants = [{ Operations: ['Encrypt', 'Decrypt'], Constraints: { EncryptionContextEquals: context } }] as const
    expect(encodeOutput('ListGrants', { Grants, Truncated: false })).toBe(
      '{"Grants":[{"Operations":["Encrypt","Decrypt"],"Constraints":{"EncryptionContextEquals":{"__proto__":"p","a\\"b":"c"}}}],"Truncated":false}',
    )
    expect(encodeOutput('ListKeys', { Keys: [] })).toBe('{"Keys":[]}')
  })
})

describe('round trips', () => {
  /** Replies whose members an input shares, so the one decoder reads them back. */
  it('encode and decode are inverse', () => {
    const text = fc.string({ unit: 'grapheme' })
    const tags = fc.array(fc.record({ TagKey: text, TagValue: text }, { noNullPrototype: true }))
    fc.assert(
      fc.property(tags, (Tags) => {
        const json = encodeOutput('ListResourceTags', { Tags })
        expect(decodeInput('TagResource', { json })).toStrictEqual({ Tags })
      }),
    )
    const bytes = fc.uint8Array({ maxLength: 300 })
    fc.assert(
      fc.property(bytes, text, (CiphertextBlob, KeyId) => {
        const json = encodeOutput('Encrypt', { CiphertextBlob: new Uint8Array(CiphertextBlob), KeyId })
        expect(decodeInput('Decrypt', { json })).toStrictEqual({
          CiphertextBlob: new Uint8Array(CiphertextBlob),
          KeyId,
        })
      }),
    )
    const time = fc.date({ noInvalidDate: true, min: new Date('1900-01-01'), max: new Date('9999-12-31') })
    fc.assert(
      fc.property(time, (date) => {
        const json = encodeOutput('ScheduleKeyDeletion', { DeletionDate: date }).replace('DeletionDate', 'ValidTo')
        expect(decodeInput('ImportKeyMaterial', { json }).ValidTo).toEqual(date)
      }),
    )
  })

  it('a context survives whole', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'grapheme' })), (context) => {
        const json = JSON.stringify({ EncryptionContext: context })
        expect({ ...decodeInput('Encrypt', { json }).EncryptionContext }).toEqual({ ...context })
      }),
    )
  })
})

describe('refusals', () => {
  const cases: [ErrorCode, string | undefined, number, string][] = [
    ['NotFoundException', 'no "key"', 400, '{"__type":"NotFoundException","message":"no \\"key\\""}'],
    ['InvalidCiphertextException', undefined, 400, '{"__type":"InvalidCiphertextException"}'],
    ['KMSInvalidMacException', '', 400, '{"__type":"KMSInvalidMacException"}'],
    ['AccessDeniedException', 'no', 400, '{"__type":"AccessDeniedException","Message":"no"}'],
    ['SerializationException', 'Expected null', 400, '{"__type":"SerializationException","Message":"Expected null"}'],
    ['SerializationException', '', 400, '{"__type":"SerializationException"}'],
    ['NotAuthorizedException', 'never sent', 400, '{"__type":"NotAuthorizedException"}'],
    ['UnknownOperationException', 'never sent', 400, '{"__type":"UnknownOperationException"}'],
    ['ValidationException', '', 400, '{"__type":"ValidationException","message":""}'],
    ['KMSInternalException', 'x', 500, '{"__type":"KMSInternalException","message":"x"}'],
  ]
  it.each(cases)('%s %j', (code, message, status, body) => {
    const error = message === undefined ? { code } : { code, message }
    expect(encodeError(error)).toEqual({ status, body })
  })

  it('take a KmsError as it is', () => {
    expect(encodeError(new KmsError('DisabledException', 'x is disabled.'))).toEqual({
      status: 400,
      body: '{"__type":"DisabledException","message":"x is disabled."}',
    })
  })
})
