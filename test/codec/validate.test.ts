import { describe, expect, it } from 'vitest'
import type { OperationName } from '../../src/model/operations'
import { one, refusal, sign } from './validate-refusal'

describe('ciphertext', () => {
  const missing = one("Value null at 'ciphertextBlob' failed to satisfy constraint: Member must not be null")
  const cases: [why: string, OperationName, body: object, text: string | undefined][] = [
    ['absent', 'Decrypt', {}, missing],
    ['absent in a dry run', 'Decrypt', { DryRun: true }, missing],
    ['absent with a modifier alone', 'Decrypt', { DryRunModifiers: ['IGNORE_CIPHERTEXT'] }, missing],
    ['absent with DryRun false', 'Decrypt', { DryRun: false, DryRunModifiers: ['IGNORE_CIPHERTEXT'] }, missing],
    ['absent with no modifier', 'Decrypt', { DryRun: true, DryRunModifiers: [] }, missing],
    [
      'absent with another modifier',
      'Decrypt',
      { DryRun: true, DryRunModifiers: ['X'] },
      "2 validation errors detected: Value null at 'ciphertextBlob' failed to satisfy constraint: Member must not be null; Value '[X]' at 'dryRunModifiers' failed to satisfy constraint: Member must satisfy constraint: [Member must satisfy enum value set: [IGNORE_CIPHERTEXT]]",
    ],
    ['ignored', 'Decrypt', { KeyId: 'k', DryRun: true, DryRunModifiers: ['IGNORE_CIPHERTEXT'] }, undefined],
    ['absent, ReEncrypt', 'ReEncrypt', { DestinationKeyId: 'k' }, missing],
    [
      'ignored, ReEncrypt',
      'ReEncrypt',
      { DestinationKeyId: 'k', DryRun: true, DryRunModifiers: ['IGNORE_CIPHERTEXT'] },
      undefined,
    ],
  ]
  it.each(cases)('%s', (_, operation, body, text) => expect(refusal(operation, body)).toBe(text))
})

describe('what passes', () => {
  const cases: [why: string, OperationName, body: object][] = [
    ['SYMMETRIC_DEFAULT as a signing algorithm', 'Sign', { ...sign, SigningAlgorithm: 'SYMMETRIC_DEFAULT' }],
    ['and when verifying', 'Verify', { ...sign, Signature: 'YQ==', SigningAlgorithm: 'SYMMETRIC_DEFAULT' }],
    ['both data key specs', 'GenerateDataKey', { KeyId: 'k', KeySpec: 'AES_128' }],
    ['neither length nor spec', 'GenerateDataKey', { KeyId: 'k' }],
    ['key specs newer than the measured list', 'CreateKey', { KeySpec: 'ML_KEM_768' }],
    ['the longest plaintext', 'Encrypt', { KeyId: 'k', Plaintext: Buffer.alloc(4096).toString('base64') }],
    ['the longest KeyId', 'DescribeKey', { KeyId: 'k'.repeat(2048) }],
    ['an empty description', 'UpdateKeyDescription', { KeyId: 'k', Description: '' }],
    ['no grant tokens', 'DescribeKey', { KeyId: 'k', GrantTokens: [] }],
    ['ten grant tokens', 'DescribeKey', { KeyId: 'k', GrantTokens: Array(10).fill('t') }],
    ['an empty tag value', 'TagResource', { KeyId: 'k', Tags: [{ TagKey: 'a', TagValue: '' }] }],
    [
      'a context of any size',
      'Encrypt',
      { KeyId: 'k', Plaintext: 'YQ==', EncryptionContext: { '': 'x'.repeat(9000) } },
    ],
    [
      'a tab in a description',
      'ImportKeyMaterial',
      { KeyId: 'k', ImportToken: 'YQ==', EncryptedKeyMaterial: 'YQ==', KeyMaterialDescription: 'a\tb \n' },
    ],
    ['no members where none is required', 'ListKeys', {}],
  ]
  it.each(cases)('%s', (_, operation, body) => expect(refusal(operation, body)).toBeUndefined())
})
