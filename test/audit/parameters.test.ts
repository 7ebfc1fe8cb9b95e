import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { dateText } from '../../src/audit/members'
import { auditParameters } from '../../src/audit/parameters'
import type { OperationName } from '../../src/model/operations'
import { operationNames } from '../../src/model/operations'

const defaultsOfCreateKey = {
  description: '',
  keyUsage: 'ENCRYPT_DECRYPT',
  customerMasterKeySpec: 'SYMMETRIC_DEFAULT',
  keySpec: 'SYMMETRIC_DEFAULT',
  origin: 'AWS_KMS',
  bypassPolicyLockoutSafetyCheck: false,
  tags: [],
  multiRegion: false,
}
const blob = new Uint8Array([1, 2, 3])

const cases: [string, OperationName, unknown, unknown][] = [
  ['nothing decoded', 'Encrypt', undefined, null],
  ['not a structure', 'Encrypt', 'text', null],
  ['no members', 'ListKeys', {}, null],
  ['never logged', 'GenerateRandom', { NumberOfBytes: 32, CustomKeyStoreId: 'cks-1' }, null],
  ['every default', 'CreateKey', {}, defaultsOfCreateKey],
  [
    'the older spec member fills both',
    'CreateKey',
    { CustomerMasterKeySpec: 'RSA_2048', KeyUsage: 'SIGN_VERIFY' },
    { ...defaultsOfCreateKey, customerMasterKeySpec: 'RSA_2048', keySpec: 'RSA_2048', keyUsage: 'SIGN_VERIFY' },
  ],
  [
    'the newer spec member fills both',
    'CreateKey',
    { KeySpec: 'HMAC_256', Tags: [{ TagKey: 'a', TagValue: 'b', Other: 'c' }], MultiRegion: true },
    {
      ...defaultsOfCreateKey,
      customerMasterKeySpec: 'HMAC_256',
      keySpec: 'HMAC_256',
      tags: [{ tagKey: 'a', tagValue: 'b' }],
      multiRegion: true,
    },
  ],
  [
    'default algorithm',
    'Encrypt',
    { KeyId: 'k', Plaintext: blob },
    { keyId: 'k', encryptionAlgorithm: 'SYMMETRIC_DEFAULT' },
  ],
  [
    'sent algorithm',
    'Decrypt',
    { CiphertextBlob: blob, EncryptionAlgorithm: 'RSAES_OAEP_SHA_256' },
    { encryptionAlgorithm: 'RSAES_OAEP_SHA_256' },
  ],
  [
    'both algorithms',
    'ReEncrypt',
    { CiphertextBlob: blob, DestinationKeyId: 'alias/b' },
    {
      sourceEncryptionAlgorithm: 'SYMMETRIC_DEFAULT',
      destinationKeyId: 'alias/b',
      destinationEncryptionAlgorithm: 'SYMMETRIC_DEFAULT',
    },
  ],
  ['by token', 'RetireGrant', { GrantToken: 'secret' }, null],
  ['by id', 'RetireGrant', { KeyId: 'k', GrantId: 'g' }, { keyId: 'k', grantId: 'g' }],
  ['no default window', 'ScheduleKeyDeletion', { KeyId: 'k' }, { keyId: 'k' }],
  ['null is absence', 'DescribeKey', { KeyId: null }, null],
  ['null has the default', 'Decrypt', { EncryptionAlgorithm: null }, { encryptionAlgorithm: 'SYMMETRIC_DEFAULT' }],
  ['renamed member', 'UpdateCustomKeyStore', { CloudHsmClusterId: 'cluster-1' }, { clusterId: 'cluster-1' }],
  [
    'date as text',
    'ImportKeyMaterial',
    { KeyId: 'k', ValidTo: new Date(Date.UTC(2025, 4, 21, 5, 47, 45, 900)) },
    { keyId: 'k', validTo: 'May 21, 2025, 5:47:45 AM' },
  ],
  ['invalid date', 'ImportKeyMaterial', { KeyId: 'k', ValidTo: new Date(Number.NaN) }, { keyId: 'k' }],
  [
    'constraints',
    'CreateGrant',
    { Constraints: { EncryptionContextSubset: { a: 'b' }, Else: 1 } },
    {
      constraints: { encryptionContextSubset: { a: 'b' } },
    },
  ],
  ['wrong types', 'GenerateDataKey', { KeyId: 5, NumberOfBytes: '32', EncryptionContext: [1], KeySpec: {} }, null],
  [
    'wrong types inside',
    'TagResource',
    { KeyId: 'k', Tags: [1, null, { TagKey: 2, TagValue: 'v' }] },
    {
      keyId: 'k',
      tags: [{ tagValue: 'v' }],
    },
  ],
  ['numbers without JSON form', 'ListKeys', { Limit: Number.NaN, Marker: 'm' }, { marker: 'm' }],
]

describe('auditParameters', () => {
  it.each(cases)('%s: %s', (_, operation, input, expected) => {
    expect(auditParameters(operation, input)).toEqual(expected)
  })

  it('keeps a context pair named __proto__ as a pair, and shares nothing with the input', () => {
    const EncryptionContext: Record<string, string> = JSON.parse('{"__proto__": "x", "constructor": "y"}')
    const shown = auditParameters('Encrypt', { KeyId: 'k', EncryptionContext })
    EncryptionContext.later = 'z'
    expect(JSON.stringify(shown?.encryptionContext)).toBe('{"__proto__":"x","constructor":"y"}')
  })

  it('is the same after a JSON round trip, for any input', () => {
    const inputs = fc.record({
      KeyId: fc.anything(),
      EncryptionContext: fc.oneof(fc.anything(), fc.dictionary(fc.string(), fc.string())),
      Tags: fc.anything(),
      Operations: fc.anything(),
      Constraints: fc.anything(),
      ValidTo: fc.oneof(fc.anything(), fc.date({ noInvalidDate: false })),
      Limit: fc.anything(),
      MultiRegion: fc.anything(),
    })
    fc.assert(
      fc.property(fc.constantFrom(...operationNames), inputs, (operation, input) => {
        const shown = auditParameters(operation, input)
        expect(JSON.stringify(JSON.parse(JSON.stringify(shown)))).toBe(JSON.stringify(shown))
      }),
      { numRuns: 300 },
    )
  })
})

describe('100 KB', () => {
  // {"keyId":"…","policy":"…","bypassPolicyLockoutSafetyCheck":false}: what stands around the two texts.
  const around = JSON.stringify({ keyId: '', policy: '', bypassPolicyLockoutSafetyCheck: false }).length
  const put = (Policy: string) => auditParameters('PutKeyPolicy', { KeyId: '', Policy })
  const omitted = (originalSize: number) => ({ reason: 'requestParameters too large', omitted: true, originalSize })

  it.each([
    ['fits exactly', 'x'.repeat(102400 - around), undefined],
    ['one byte more', 'x'.repeat(102401 - around), omitted(102401)],
    ['escapes count', '\u0001'.repeat(20000), omitted(120000 + around)],
    ['bytes count, not characters', '\u20ac'.repeat(40000), omitted(120000 + around)],
  ])('%s', (_, policy, expected) => {
    expect(put(policy)).toEqual(expected ?? { keyId: '', policy, bypassPolicyLockoutSafetyCheck: false })
  })

  it.each([
    ['many small pairs', 20000, 'name', 'v'],
    ['long names', 200, 'name'.repeat(200), ''],
  ])('holds for a context of %s', (_, count, name, value) => {
    const EncryptionContext = Object.fromEntries(Array.from({ length: count }, (_item, n) => [`${name}${n}`, value]))
    const shown = { keyId: 'k', encryptionContext: EncryptionContext, encryptionAlgorithm: 'SYMMETRIC_DEFAULT' }
    const expected = omitted(JSON.stringify(shown).length)
    expect(auditParameters('Encrypt', { KeyId: 'k', EncryptionContext })).toEqual(expected)
  })
})

describe('dateText', () => {
  const words = new Intl.DateTimeFormat('en-US', { timeZone: 'UTC', dateStyle: 'medium', timeStyle: 'medium' })

  it('is the English medium form of any time', () => {
    const min = new Date(Date.UTC(1971, 0, 1))
    fc.assert(
      fc.property(fc.date({ min, max: new Date(Date.UTC(9999, 11, 31)), noInvalidDate: true }), (time) => {
        expect(dateText(time)).toBe(words.format(time).replaceAll('\u202f', ' '))
      }),
    )
  })

  it.each([
    [Date.UTC(2026, 0, 1, 0, 0, 0), 'Jan 1, 2026, 12:00:00 AM'],
    [Date.UTC(2026, 11, 31, 12, 5, 9), 'Dec 31, 2026, 12:05:09 PM'],
  ])('%d', (ms, expected) => {
    expect(dateText(new Date(ms))).toBe(expected)
  })
})
