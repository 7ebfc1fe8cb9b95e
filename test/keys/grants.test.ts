import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { grantNameRowId, grantOwner, grantRowId } from '../../src/keys/grant-records'
import {
  asArn,
  type GrantTerms,
  grantOperationsOf,
  grantTerms,
  requireGrantable,
  sameTerms,
} from '../../src/keys/grants'
import type { KeyRecord } from '../../src/keys/records'
import type { CreateGrantRequest } from '../../src/model/generated/types'
import { keySpecs } from '../../src/model/key-specs'
import { keyRecord } from '../suites/storage-samples'

const key = (over: Partial<KeyRecord> = {}) => keyRecord('k', { arn: 'arn:k', state: 'Enabled', ...over })
const alice = 'arn:aws:iam::111122223333:user/alice'
const bob = 'arn:aws:iam::111122223333:user/bob'
const request = (over: Partial<CreateGrantRequest> = {}): CreateGrantRequest => ({
  KeyId: 'k',
  GranteePrincipal: alice,
  Operations: ['Encrypt'],
  ...over,
})
const termsOf = (over: Partial<CreateGrantRequest> = {}) => grantTerms(key(), request(over), '111122223333')

describe('operations of a grant', () => {
  it('are those of the usage, without data keys where there are none', () => {
    for (const { keySpec, usages, family } of Object.values(keySpecs)) {
      for (const keyUsage of usages) {
        const operations = grantOperationsOf(key({ keySpec, keyUsage }))
        expect(new Set(operations).size, `${keySpec} ${keyUsage}`).toBe(operations.length)
        expect(operations).toEqual(expect.arrayContaining(['CreateGrant', 'DescribeKey', 'RetireGrant']))
        expect(operations.includes('GenerateDataKey')).toBe(family === 'symmetric')
        expect(operations.includes('GetPublicKey')).toBe(family === 'asymmetric')
        expect(operations.includes('Encrypt')).toBe(keyUsage === 'ENCRYPT_DECRYPT')
        expect(operations.includes('Sign')).toBe(keyUsage === 'SIGN_VERIFY')
        expect(operations.includes('VerifyMac')).toBe(keyUsage === 'GENERATE_VERIFY_MAC')
      }
    }
  })

  it('are checked before whether they are CreateGrant alone, after the parties', () => {
    const refused = (over: object) => () => requireGrantable(key(), request(over))
    expect(refused({ Operations: ['Sign'], GranteePrincipal: undefined })).toThrow('Exactly one of GranteePrincipal')
    expect(refused({ Operations: ['CreateGrant', 'Sign'] })).toThrow('Operation Sign is not supported for key spec')
    expect(refused({ Operations: ['CreateGrant', 'CreateGrant'] })).toThrow('only the CreateGrant operation')
    expect(refused({ Operations: ['CreateGrant', 'Encrypt'] })).not.toThrow()
  })
})

describe('the terms of a grant', () => {
  it('name accounts by ARN, operations once, and who issued it', () => {
    expect(asArn('111122223333')).toBe('arn:aws:iam::111122223333:root')
    for (const other of [alice, '11112222333', '1111222233334', 'rds.amazonaws.com']) expect(asArn(other)).toBe(other)
    expect(
      termsOf({
        GranteePrincipal: '444455556666',
        RetiringPrincipal: '444455556666',
        Operations: ['Encrypt', 'Encrypt'],
      }),
    ).toEqual({
      keyId: 'k',
      granteePrincipal: 'arn:aws:iam::444455556666:root',
      retiringPrincipal: 'arn:aws:iam::444455556666:root',
      operations: ['Encrypt'],
      issuingAccount: 'arn:aws:iam::111122223333:root',
    })
  })

  it('keep no more of the constraints than the model has', () => {
    const Constraints = { EncryptionContextEquals: { a: '1' }, Other: 1 } as CreateGrantRequest['Constraints']
    expect(termsOf({ Constraints } as Partial<CreateGrantRequest>).constraints).toEqual({
      EncryptionContextEquals: { a: '1' },
    })
  })

  const different: [string, GrantTerms][] = [
    ['a name', termsOf({ Name: 'n' })],
    ['another grantee', termsOf({ GranteePrincipal: bob })],
    ['a retiring principal', termsOf({ RetiringPrincipal: bob })],
    ['a retiring service', termsOf({ RetiringServicePrincipal: 'rds.amazonaws.com' })],
    ['another operation', termsOf({ Operations: ['Decrypt'] })],
    ['an operation more', termsOf({ Operations: ['Encrypt', 'Decrypt'] })],
    ['equals', termsOf({ Constraints: { EncryptionContextEquals: { a: '1' } } })],
    ['a subset', termsOf({ Constraints: { EncryptionContextSubset: { a: '1' } } })],
    ['a subset of other pairs', termsOf({ Constraints: { EncryptionContextSubset: { a: '2' } } })],
    ['a source', termsOf({ Constraints: { SourceArn: 'arn:aws:rds:eu-west-1:111122223333:db:x' } })],
    ['another key', { ...termsOf(), keyId: 'other' }],
    ['another issuer', grantTerms(key(), request(), '444455556666')],
    ['somebody else of the same name', { ...termsOf(), pins: { [alice]: 'AIDA2' } } as GrantTerms],
  ]
  it.each(different)('differ by %s', (_, other) => {
    expect(sameTerms(termsOf(), other)).toBe(false)
    expect(sameTerms(other, other)).toBe(true)
    for (const [, third] of different) expect(sameTerms(other, third)).toBe(other === third)
  })

  it('are the same in whatever order', () => {
    const pairs = fc.uniqueArray(fc.tuple(fc.string({ maxLength: 3 }), fc.string({ maxLength: 3 })), {
      selector: ([name]) => name,
      maxLength: 6,
    })
    const shuffled = pairs.chain((list) =>
      fc.tuple(fc.constant(list), fc.shuffledSubarray(list, { minLength: list.length })),
    )
    fc.assert(
      fc.property(shuffled, ([one, other]) => {
        const [a, b] = [one, other].map((list) => {
          const Constraints = { EncryptionContextSubset: Object.fromEntries(list) }
          return termsOf({ Constraints, Operations: list === one ? ['Encrypt', 'Decrypt'] : ['Decrypt', 'Encrypt'] })
        }) as [GrantTerms, GrantTerms]
        expect(sameTerms(a, b)).toBe(true)
      }),
      { numRuns: 500 },
    )
    // Where a comma stands is no matter of taste.
    const comma = (EncryptionContextSubset: Record<string, string>) =>
      termsOf({ Constraints: { EncryptionContextSubset } })
    expect(sameTerms(comma({ a: 'b,c', 'a,b': 'c' }), comma({ 'a,b': 'c', a: 'b,c' }))).toBe(true)
    expect(sameTerms(comma({ 'a,b': 'c' }), comma({ a: 'b,c' }))).toBe(false)
  })
})

describe('rows of grants', () => {
  it('begin with their key, so that no key sees those of another', () => {
    const ids = [grantRowId('k1', 'a'), grantNameRowId('k1', 'a'), grantOwner('k1', 'a')]
    for (const id of ids) expect(id.startsWith('k1')).toBe(true)
    expect(grantRowId('k1', 'a').startsWith(grantRowId('k', ''))).toBe(false)
  })
})
