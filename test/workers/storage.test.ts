import { describe, expect, it } from 'vitest'
import { storageContract } from '../suites/storage-contract'
import { change, commitOf, entryAppend, keyRecord, settingChange } from '../suites/storage-samples'
import { openHosted, reopenHosted, wideLimits } from './storage-host'
import { countRows, eventIds, oneEntry, times } from './storage-probes'

storageContract('Durable Object', () => openHosted(), reopenHosted)

describe('group commit', () => {
  it('writes commits that arrive together in a few rows, in order', async () => {
    const store = await openHosted()
    const answers = await store.inside((inner) => Promise.all(times(200, (i) => inner.commit(oneEntry(i)))))
    expect(answers).toEqual(times(200, () => true))
    expect(await eventIds(store)).toEqual(times(200, (i) => `e${i}`))
    expect(await countRows(store, 'audit')).toBeLessThanOrEqual(3)
    expect(store.queries.filter((query) => query.startsWith('INSERT INTO last_use')).length).toBeLessThanOrEqual(3)
    expect((await store.lastUse('k'))?.atMs).toBe(199)
  })

  it('groups commits of separate requests', async () => {
    const store = await openHosted()
    const burst = (from: number) => Promise.all(times(20, (i) => store.commit(oneEntry(from + i))))
    // A store begins as if alone; within 64 commits it has noticed that it is not.
    for (let from = 0; from < 100; from += 20) await burst(from)
    const before = await countRows(store, 'audit')
    for (let from = 100; from < 200; from += 20) await burst(from)
    expect((await countRows(store, 'audit')) - before).toBeLessThan(40)
    expect(new Set(await eventIds(store))).toEqual(new Set(times(200, (i) => `e${i}`)))
  })

  it('writes commits that come one by one in a row each', async () => {
    const store = await openHosted()
    for (let i = 0; i < 20; i++) await store.commit(oneEntry(i))
    expect(await countRows(store, 'audit')).toBe(20)
  })

  it('decides the commits of a group one after the other', async () => {
    const store = await openHosted()
    const answers = await store.inside((inner) =>
      Promise.all([
        inner.commit(oneEntry(0)),
        inner.commit(change(settingChange('a', 0, 'a1'))),
        inner.commit(commitOf({ changes: [settingChange('a', 0, 'late')], appends: [entryAppend('late')] })),
        inner.commit(change(settingChange('a', 1, 'a2'), settingChange('b', 0, 'b1'))),
        inner.commit(commitOf({ reads: [{ collection: 'setting', id: 'b', version: 0 }], changes: [] })),
        inner.commit(change(settingChange('b', 1, null))),
      ]),
    )
    expect(answers).toEqual([true, true, false, true, false, true])
    expect((await store.list('setting', { limit: 9 })).map((row) => [row.id, row.version])).toEqual([['a', 2]])
    expect(await eventIds(store)).toEqual(['e0'])
    const again = await reopenHosted(store)
    expect((await again.read('setting', 'a'))?.value.value).toBe('a2')
  })

  it('takes up to 256 commits into a group, and the others after it', async () => {
    const store = await openHosted()
    const answers = await store.inside((inner) =>
      Promise.all(
        times(600, (i) =>
          inner.commit(
            commitOf({ changes: [settingChange(`s${i % 300}`, 0, `${i}`)], appends: [entryAppend(`e${i}`)] }),
          ),
        ),
      ),
    )
    expect(answers).toEqual(times(600, (i) => i < 300))
    expect(await eventIds(store)).toEqual(times(300, (i) => `e${i}`))
  })
})

describe('row cache', () => {
  it('reads a row seen before without SQL, an absent one too', async () => {
    const store = await openHosted()
    await store.commit(change(settingChange('a', 0, 'a1')))
    await store.read('setting', 'none')
    const before = store.queries.length
    expect((await store.read('setting', 'a'))?.value.value).toBe('a1')
    expect(await store.read('setting', 'none')).toBeUndefined()
    expect(store.queries.length).toBe(before)
  })

  it('stays within its limits and right', async () => {
    const limits = { rows: 10, bytes: 4000 }
    const store = await openHosted({ audit: wideLimits, cache: limits })
    for (let i = 0; i < 40; i++) {
      await store.commit(change(settingChange(`s${i}`, 0, 'x'.repeat(i * 40))))
      await store.read('setting', `none${i}`)
      const cached = await store.inside((inner) => inner.cached())
      expect(cached.rows).toBeLessThanOrEqual(limits.rows)
      expect(cached.bytes).toBeLessThanOrEqual(limits.bytes)
    }
    for (let i = 0; i < 40; i++) expect((await store.read('setting', `s${i}`))?.value.value.length).toBe(i * 40)
    expect(await store.commit(change(settingChange('s0', 1, 'y')))).toBe(true)
    expect((await store.read('setting', 's0'))?.version).toBe(2)
  })

  it('takes over what it is given at once', async () => {
    const store = await openHosted()
    await store.inside(async (inner) => {
      const value = { name: 's', value: 'first' }
      const done = inner.commit(change({ collection: 'setting', id: 's', version: 0, value }))
      value.value = 'second'
      await done
    })
    expect((await store.read('setting', 's'))?.value.value).toBe('first')
  })

  it('hands out frozen values', async () => {
    const store = await openHosted()
    const value = keyRecord('k', { tags: [{ TagKey: 'a', TagValue: 'b' }] })
    await store.commit(change({ collection: 'key', id: 'k', version: 0, value }))
    const row = await store.read('key', 'k')
    expect([row, row?.value, row?.value.tags, row?.value.tags[0]].every(Object.isFrozen)).toBe(true)
    expect(Object.isFrozen(value)).toBe(false)
  })
})
