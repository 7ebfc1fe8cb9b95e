import { describe, expect, it } from 'vitest'
import { requireAlgorithm, requireState, requireUsage } from '../../src/keys/guards'
import { keyMetadata } from '../../src/keys/metadata'
import type { KeyRecord } from '../../src/keys/records'
import { keyRecord } from '../suites/storage-samples'

const key = (over: Partial<KeyRecord> = {}) => keyRecord('k', { arn: 'arn:k', state: 'Enabled', ...over })

describe('guards', () => {
  it('refuse usage, state and algorithm in AWS’s words', () => {
    expect(() => requireUsage(key({ keyUsage: 'SIGN_VERIFY' }), 'ENCRYPT_DECRYPT', 'ReEncryptTo')).toThrow(
      'arn:k key usage is SIGN_VERIFY which is not valid for ReEncryptTo.',
    )
    expect(() => requireState(key({ state: 'Disabled' }), 'Encrypt')).toThrow('arn:k is disabled.')
    expect(() => requireState(key({ state: 'PendingImport' }), 'Encrypt')).toThrow('arn:k is pending import.')
    expect(() => requireState(key({ state: 'Disabled' }), 'GetPublicKey')).not.toThrow()
    expect(() => requireAlgorithm(key(), 'encryptionAlgorithms', 'RSAES_OAEP_SHA_1')).toThrow(
      'Algorithm RSAES_OAEP_SHA_1 is incompatible with key spec SYMMETRIC_DEFAULT.',
    )
    expect(() => requireAlgorithm(key(), 'encryptionAlgorithms', 'SYMMETRIC_DEFAULT')).not.toThrow()
  })
})

describe('keyMetadata', () => {
  it('names the primary of a multi-Region key, and no algorithms of a key that does not encrypt', () => {
    const primary = keyMetadata(key({ multiRegion: true, region: 'eu-west-1' }))
    expect(primary.MultiRegionConfiguration).toEqual({
      MultiRegionKeyType: 'PRIMARY',
      PrimaryKey: { Arn: 'arn:k', Region: 'eu-west-1' },
      ReplicaKeys: [],
    })
    const signing = keyMetadata(key({ keySpec: 'RSA_2048', keyUsage: 'SIGN_VERIFY' }))
    expect('EncryptionAlgorithms' in signing).toBe(false)
    expect(keyMetadata(key({ keySpec: 'RSA_2048' })).EncryptionAlgorithms).toEqual([
      'RSAES_OAEP_SHA_1',
      'RSAES_OAEP_SHA_256',
    ])
  })
})
