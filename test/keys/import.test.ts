import { describe, expect, it } from 'vitest'
import { keyDueAtMs } from '../../src/keys/collections'
import {
  importMembers,
  lacksMaterial,
  withImport,
  withoutMaterial,
  withRotation,
  wrappingFits,
} from '../../src/keys/import'
import type { ImportedMaterial, KeyRecord } from '../../src/keys/records'

const key: KeyRecord = {
  keyId: 'k',
  arn: 'arn',
  accountId: '111122223333',
  region: 'eu-west-1',
  keySpec: 'SYMMETRIC_DEFAULT',
  keyUsage: 'ENCRYPT_DECRYPT',
  origin: 'EXTERNAL',
  multiRegion: false,
  description: '',
  state: 'PendingImport',
  createdAtMs: 0,
  policy: '',
  tags: [],
  aliasCount: 0,
  materialCount: 0,
  onDemandRotationCount: 0,
}
const material = (materialId: string, sequence: number, over: Partial<ImportedMaterial> = {}): ImportedMaterial => ({
  materialId,
  sequence,
  present: true,
  ...over,
})
const first = withImport(key, material('a', 0, { validToMs: 5000 }))
const second = withImport(first, material('b', 1, { pending: true, validToMs: 3000 }))

describe('a key with imported material', () => {
  it('is due at its first expiry or its deletion, whichever comes first', () => {
    expect(keyDueAtMs(key)).toBeUndefined()
    expect(keyDueAtMs(first)).toBe(5000)
    expect(keyDueAtMs(second)).toBe(3000)
    expect(keyDueAtMs({ ...first, state: 'Disabled' })).toBe(5000)
    expect(keyDueAtMs({ ...first, state: 'PendingDeletion', deleteAtMs: 4000 })).toBe(4000)
    expect(keyDueAtMs({ ...first, state: 'PendingDeletion', deleteAtMs: 6000 })).toBe(5000)
    expect(keyDueAtMs(withoutMaterial(first, 'a'))).toBeUndefined()
  })

  it('shows the expiry of what is its own, not of what waits', () => {
    expect(importMembers(key)).toEqual({})
    expect(importMembers(second)).toEqual({ ExpirationModel: 'KEY_MATERIAL_EXPIRES', ValidTo: new Date(5000) })
    const rotated = withRotation(second, { atMs: 1, type: 'ON_DEMAND' })
    expect(importMembers(rotated)).toEqual({ ExpirationModel: 'KEY_MATERIAL_EXPIRES', ValidTo: new Date(3000) })
    expect(importMembers(withoutMaterial(rotated, 'a'))).toEqual({})
    expect(importMembers({ ...first, origin: 'AWS_KMS' })).toEqual({})
  })

  it('lacks what is gone, unless that only waited', () => {
    expect([key, first, second].map(lacksMaterial)).toEqual([true, false, false])
    expect(lacksMaterial(withoutMaterial(second, 'b'))).toBe(false)
    expect(lacksMaterial(withoutMaterial(second, 'a'))).toBe(true)
    expect(lacksMaterial({ ...key, origin: 'AWS_KMS' })).toBe(false)
  })
})

describe('wrappings', () => {
  it.each([
    ['ECC_NIST_P521', 'RSAES_OAEP_SHA_256', 'RSA_2048', false],
    ['ECC_NIST_P521', 'RSAES_OAEP_SHA_256', 'RSA_3072', true],
    ['ECC_NIST_P384', 'RSAES_OAEP_SHA_1', 'RSA_2048', true],
    ['RSA_4096', 'RSAES_OAEP_SHA_256', 'RSA_4096', false],
    ['RSA_4096', 'RSA_AES_KEY_WRAP_SHA_256', 'RSA_2048', true],
    ['SYMMETRIC_DEFAULT', 'RSAES_PKCS1_V1_5', 'RSA_4096', false],
    ['SYMMETRIC_DEFAULT', 'SM2PKE', 'SM2', false],
    ['SYMMETRIC_DEFAULT', 'RSAES_OAEP_SHA_256', 'SM2', false],
  ] as const)('%s by %s under %s: %s', (keySpec, algorithm, wrappingKeySpec, fits) => {
    expect(wrappingFits(keySpec, algorithm, wrappingKeySpec)).toBe(fits)
  })
})
