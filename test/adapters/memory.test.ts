import { describe, expect, it } from 'vitest'
import { SortedList } from '../../src/adapters/memory/sorted'
import { createMemoryStorage } from '../../src/adapters/memory/storage'
import { storageContract } from '../suites/storage-contract'
import { change, commitOf, entryAppend, keyRecord, settingChange } from '../suites/storage-samples'

storageContract('memory', async () => createMemoryStorage())

describe('memory storage', () => {
  it('keeps CryptoKeys as they are', async () => {
    const store = createMemoryStorage()
    const key = await crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, false, ['encrypt'])
    const value = {
      keyId: 'k',
      materialId: 'm',
      sequence: 0,
      createdAtMs: 1,
      stored: { form: 'native' as const, keys: { 'AES-GCM': key } },
    }
    await store.commit(change({ collection: 'material', id: 'm', version: 0, value }))
    const stored = (await store.read('material', 'm'))?.value.stored
    expect(stored?.form === 'native' && stored.keys['AES-GCM']).toBeInstanceOf(CryptoKey)
  })

  it('refuses what it cannot keep and goes on', async () => {
    const store = createMemoryStorage()
    const huge = 'x'.repeat(2_000_000)
    await expect(store.commit(commitOf({ appends: [entryAppend('huge', { parameters: { huge } })] }))).rejects.toThrow(
      RangeError,
    )
    expect(await store.commit(change(settingChange('a', 0, 'a1')))).toBe(true)
    expect(await store.readAudit({ limit: 1 })).toEqual([])
  })

  it('turns pages of 20,000 rows without sorting them', async () => {
    const store = createMemoryStorage()
    const ids = Array.from({ length: 20_000 }, (_, i) => String((i * 7919) % 20_000).padStart(5, '0'))
    for (let i = 0; i < ids.length; i += 1000) {
      const changes = ids
        .slice(i, i + 1000)
        .map((id) => ({ collection: 'key' as const, id, version: 0, value: keyRecord(id) }))
      await store.commit(change(...changes))
    }
    const started = performance.now()
    for (let i = 0; i < 500; i++) {
      const page = await store.list('key', { after: String(i * 39).padStart(5, '0'), limit: 1 })
      expect(page[0]?.id).toBe(String(i * 39 + 1).padStart(5, '0'))
    }
    // Sorting 20,000 ids takes milliseconds each time; 500 pages would take seconds.
    expect(performance.now() - started).toBeLessThan(1000)
  })
})

describe('SortedList', () => {
  it('agrees with a sorted set', () => {
    const list = new SortedList<number>((a, b) => a - b)
    const set = new Set<number>()
    for (let i = 0; i < 2000; i++) {
      const n = (i * 48_271) % 211
      if (i % 3 === 2) {
        list.delete(n)
        set.delete(n)
      } else {
        list.add(n)
        set.add(n)
      }
      expect(list.length).toBe(set.size)
      expect(list.has(n)).toBe(set.has(n))
    }
    expect(list.slice(0, 300)).toEqual([...set].sort((a, b) => a - b))
  })
})
