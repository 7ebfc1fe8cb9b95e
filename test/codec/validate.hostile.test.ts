import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { KmsError } from '../../src/model/errors'
import { type OperationName, operationNames } from '../../src/model/operations'
import { grant, refusal } from './validate-refusal'

describe('hostile input', () => {
  it('lists ten failures of many', () => {
    const text = refusal('TagResource', { KeyId: 'k', Tags: Array(100_000).fill({}) }) ?? ''
    expect(text).toMatch(/^10 validation errors detected: /)
    expect(text.split('; ')).toHaveLength(10)
  })

  it('stops after ten, in the middle of a tag too', () => {
    const text = refusal('TagResource', { Tags: Array(6).fill({}) }) ?? ''
    expect(text.split('; ')).toHaveLength(10)
    expect(text).toMatch(/^10 .* at 'tags\.5\.member\.tagKey' failed to satisfy constraint: Member must not be null$/)
  })

  it('cuts a long value, between characters', () => {
    const text = refusal('DescribeKey', { KeyId: `k${'😀'.repeat(500_000)}` }) ?? ''
    expect(text.length).toBeLessThan(40_000)
    expect(text.isWellFormed()).toBe(true)
    expect(text).toContain(`Value 'k${'😀'.repeat(8191)}...' at 'keyId'`)
  })

  it('shows a value of 16,384 characters whole', () => {
    const name = 'n'.repeat(16_384)
    expect(refusal('CreateAlias', { AliasName: name, TargetKeyId: 'k' })).toContain(`Value '${name}' at 'aliasName'`)
  })

  const slow: [OperationName, (text: string) => object, string][] = [
    ['ReplicateKey', (ReplicaRegion) => ({ KeyId: 'k', ReplicaRegion }), 'a'],
    ['ReplicateKey', (ReplicaRegion) => ({ KeyId: 'k', ReplicaRegion }), 'a-'],
    ['CreateGrant', (GranteeServicePrincipal) => ({ ...grant, GranteeServicePrincipal }), '.a-'],
    ['CreateGrant', (SourceArn) => ({ ...grant, Constraints: { SourceArn } }), 'arn:aws-'],
    ['UpdateCustomKeyStore', (XksProxyUriPath) => ({ CustomKeyStoreId: 'c', XksProxyUriPath }), '/kms/xks/v'],
    [
      'UpdateCustomKeyStore',
      (XksProxyVpcEndpointServiceName) => ({ CustomKeyStoreId: 'c', XksProxyVpcEndpointServiceName }),
      'a-',
    ],
  ]
  it.each(slow)('a megabyte for a pattern of %s is quick', (operation, body, unit) => {
    const started = performance.now()
    expect(refusal(operation, body(unit.repeat(Math.floor(1e6 / unit.length))))).toBeDefined()
    expect(performance.now() - started).toBeLessThan(1000)
  })

  it('no input that decodes makes it throw another error', () => {
    const members =
      'KeyId Plaintext EncryptionContext GrantTokens DryRun Limit ValidTo Tags TagKeys Operations Constraints KeySpec DryRunModifiers'
    const value = fc.oneof(
      fc.string(),
      fc.integer(),
      fc.boolean(),
      fc.array(fc.string()),
      fc.dictionary(fc.string(), fc.string()),
      fc.constant([{}]),
    )
    fc.assert(
      fc.property(
        fc.constantFrom(...operationNames),
        fc.dictionary(fc.constantFrom(...members.split(' ')), value),
        (name, body) => {
          try {
            expect(refusal(name, body) ?? '1 validation error').toMatch(/^\d+ validation errors?/)
          } catch (error) {
            if (!(error instanceof KmsError) || error.code !== 'SerializationException') throw error
          }
        },
      ),
      { numRuns: 1000 },
    )
  })
})
