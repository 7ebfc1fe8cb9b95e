import { describe, expect, it } from 'vitest'
import { createMemoryStorage } from '../../src/adapters/memory/storage'
import { type BoxOptions, kmsBox } from '../../src/client'
import { kmsClient } from '../../src/service/client'
import { boxSuite } from '../suites/client/box'
import { composeKms, rootPrincipal } from '../suites/compose'

async function inProcess() {
  const kms = kmsClient(await composeKms(createMemoryStorage()), rootPrincipal)
  return { kms, newKey: async () => (await kms.createKey({})).KeyMetadata?.Arn as string }
}

describe('kmsBox over the in-process core', () => boxSuite(inProcess))

describe('kmsBox', () => {
  it('lets a cached data key go after its time', async () => {
    const { kms, newKey } = await inProcess()
    const keyId = await newKey()
    const box = kmsBox({ kms, keyId, caching: { maxAgeMs: 30 } })
    await box.seal('x')
    await new Promise((resolve) => setTimeout(resolve, 60))
    await box.seal('x')
    expect(box.counters).toMatchObject({ hits: 0, misses: 2, evictions: 1 })
  })

  const wrong: [string, Partial<BoxOptions>, string][] = [
    ['an alias', { keyId: 'alias/a' }, 'keyId'],
    ['an alias by ARN', { keyId: 'arn:aws:kms:us-east-1:111122223333:alias/a' }, 'keyId'],
    ['no age', { caching: { maxAgeMs: 0 } }, 'maxAgeMs'],
    ['no messages', { caching: { maxMessages: 0 } }, 'maxMessages'],
  ]
  it.each(wrong)('refuses %s', async (_, options, words) => {
    const { kms, newKey } = await inProcess()
    const keyId = await newKey()
    expect(() => kmsBox({ kms, keyId, ...options })).toThrow(words)
  })
})
