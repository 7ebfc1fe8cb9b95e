import { describe, expect, it } from 'vitest'
import { createMemoryStorage } from '../../src/adapters/memory/storage'
import { createRemoteStorage, type RemoteOptions, type RemoteVault } from '../../src/adapters/remote/storage'
import { deepFreeze, RowCache } from '../../src/adapters/shared/row-cache'
import type { Append } from '../../src/ports/storage'
import { type Store, storageContract } from '../suites/storage-contract'
import { appendOnly, change, commitOf, entryAppend, increment, settingChange } from '../suites/storage-samples'

/** A remote store over memory, with what went over the wire and a clock that stands still. */
function setUp(options: Partial<RemoteOptions> = {}) {
  const vault = createMemoryStorage()
  const calls: string[] = []
  const appended: Append[] = []
  const clock = { ms: 1_000_000 }
  let hold: Promise<void> | undefined
  const remote: RemoteVault = {
    read: async (collection, id) => {
      calls.push(`read ${id}`)
      const row = await vault.read(collection, id)
      await hold
      return row
    },
    list: async (collection, query) => {
      calls.push('list')
      return vault.list(collection, query)
    },
    commit: async (commit) => {
      calls.push('commit')
      return vault.commit(commit)
    },
    lastUse: (keyId) => vault.lastUse(keyId),
    readAudit: (query) => vault.readAudit(query),
  }
  const store = createRemoteStorage(remote, {
    leaseMs: 5000,
    now: () => clock.ms,
    maxRows: 100,
    append: async (appends) => {
      appended.push(...appends)
    },
    ...options,
  })
  const value = async (id = 'a') => (await store.read('setting', id))?.value.value
  const put = (version: number, next: string | null, id = 'a') => vault.commit(change(settingChange(id, version, next)))
  /** Remote answers wait until the function that comes back is called. */
  const holdAnswers = () => {
    let release: () => void = () => undefined
    hold = new Promise((resolve) => {
      release = () => {
        hold = undefined
        resolve()
      }
    })
    return release
  }
  return { vault, remote, store, calls, appended, clock, value, put, holdAnswers }
}

/** Leases off, appends sent on at once: then a remote store is a store like any other. */
async function openStrong(): Promise<Store> {
  const vault = createMemoryStorage()
  const append = async (appends: readonly Append[]) => {
    await vault.commit({ reads: [], changes: [], appends })
  }
  return { ...vault, ...createRemoteStorage(vault, { leaseMs: 0, now: () => 0, maxRows: 0, append }) }
}

storageContract('remote without leases', openStrong)

describe('leased reads', () => {
  const kinds: [string, string | null, string | undefined][] = [
    ['row', 'a1', 'a1'],
    ['absence', null, undefined],
  ]
  it.each(kinds)('serve a %s for less than the lease, and ask again at its end', async (_, first, seen) => {
    const { put, value, clock, calls } = setUp()
    if (first !== null) await put(0, first)
    expect(await value()).toBe(seen)
    await put(first === null ? 0 : 1, 'changed')
    clock.ms += 4999
    expect(await value()).toBe(seen)
    expect(calls).toEqual(['read a'])
    clock.ms += 1
    expect(await value()).toBe('changed')
    expect(calls).toEqual(['read a', 'read a'])
  })

  it('count from before the row was asked for', async () => {
    const { put, value, clock, holdAnswers } = setUp()
    await put(0, 'a1')
    const release = holdAnswers()
    const reading = value()
    await put(1, 'a2')
    clock.ms += 4000
    release()
    expect(await reading).toBe('a1')
    clock.ms += 999
    expect(await value()).toBe('a1')
    clock.ms += 1
    expect(await value()).toBe('a2')
  })

  it('are not renewed by use', async () => {
    const { put, value, clock } = setUp()
    await put(0, 'a1')
    await value()
    await put(1, 'a2')
    for (let i = 0; i < 4; i++) {
      clock.ms += 1200
      expect(await value()).toBe('a1')
    }
    clock.ms += 200
    expect(await value()).toBe('a2')
  })

  it('ask for themselves: no promise is shared', async () => {
    const { put, value, calls } = setUp()
    await put(0, 'a1')
    expect(await Promise.all([value(), value(), value()])).toEqual(['a1', 'a1', 'a1'])
    expect(calls).toEqual(['read a', 'read a', 'read a'])
  })

  it('keep the answer that was asked for last, whichever comes first', async () => {
    const { put, value, clock, holdAnswers } = setUp()
    await put(0, 'a1')
    const release = holdAnswers()
    const early = value()
    await put(1, 'a2')
    clock.ms += 10
    const releaseLate = holdAnswers()
    const late = value()
    releaseLate()
    expect(await late).toBe('a2')
    release()
    expect(await early).toBe('a1')
    expect(await value()).toBe('a2')
  })

  it('never exceed maxRows, and keep what is used', async () => {
    const { put, value, calls } = setUp({ maxRows: 3 })
    for (const id of ['a', 'b', 'c', 'd']) await put(0, id, id)
    for (const id of ['a', 'b', 'c', 'a', 'd', 'a', 'c', 'd', 'b']) await value(id)
    expect(calls).toEqual(['read a', 'read b', 'read c', 'read d', 'read b'])
  })

  it('never exceed maxBytes', async () => {
    const { put, value, calls } = setUp({ maxBytes: 10_000 })
    await put(0, 'x'.repeat(6000), 'large')
    for (let i = 0; i < 2; i++) await value('large')
    expect(calls).toEqual(['read large', 'read large'])
  })

  it('are frozen', async () => {
    const { put, store } = setUp()
    await put(0, 'a1')
    expect(Object.isFrozen((await store.read('setting', 'a'))?.value)).toBe(true)
  })

  it('with leaseMs 0 keep nothing', async () => {
    const { put, value } = setUp({ leaseMs: 0 })
    await put(0, 'a1')
    expect(await value()).toBe('a1')
    await put(1, 'a2')
    expect(await value()).toBe('a2')
  })

  it('listings by owner are kept for a lease, first pages alone, and given up with any change', async () => {
    const { store, calls, clock, vault } = setUp()
    const alias = (id: string) => {
      const value = { aliasName: id, keyId: 'k', createdAtMs: 1, updatedAtMs: 1 }
      return change({ collection: 'alias', id, version: 0, value })
    }
    const ids = async (query: object) => (await store.list('alias', { limit: 5, ...query })).map((row) => row.id)
    await vault.commit(alias('alias/a'))
    expect(await ids({ owner: 'k' })).toEqual(['alias/a'])
    await vault.commit(alias('alias/b'))
    expect(await ids({ owner: 'k' })).toEqual(['alias/a'])
    expect(calls).toEqual(['list'])
    expect(await ids({ owner: 'k', after: 'alias/a' })).toEqual(['alias/b'])
    expect(await ids({})).toEqual(['alias/a', 'alias/b'])
    clock.ms += 5000
    expect(await ids({ owner: 'k' })).toEqual(['alias/a', 'alias/b'])
    await store.commit(alias('alias/c'))
    expect(await ids({ owner: 'k' })).toEqual(['alias/a', 'alias/b', 'alias/c'])
  })
})

describe('remote commits', () => {
  const appends = [entryAppend('e')]
  const reads = [{ collection: 'setting', id: 'a', version: 7 } as const]

  it.each([
    ['appends alone', appendOnly(...appends), 5000],
    ['appends alone, without leases', appendOnly(...appends), 0],
    ['leased reads and appends', commitOf({ reads, appends }), 5000],
  ])('%s go to the append function', async (_, commit, leaseMs) => {
    const { store, calls, appended } = setUp({ leaseMs })
    expect(await store.commit(commit)).toBe(true)
    expect(calls).toEqual([])
    expect(appended).toEqual(appends)
  })

  it('reads are checked without leases', async () => {
    const { store, calls, appended } = setUp({ leaseMs: 0 })
    expect(await store.commit(commitOf({ reads, appends }))).toBe(false)
    expect([calls, appended]).toEqual([['commit'], []])
  })

  it.each([0, 5000])('appends travel with changes, in one commit (lease of %i ms)', async (leaseMs) => {
    const { store, vault, calls, appended } = setUp({ leaseMs })
    const made = (version: number) => commitOf({ changes: [settingChange('a', version, 'a1')], appends })
    expect(await store.commit(made(7))).toBe(false)
    expect(await vault.readAudit({ limit: 9 })).toEqual([])
    expect(await store.commit(made(0))).toBe(true)
    expect((await vault.readAudit({ limit: 9 })).flatMap(({ entries }) => entries)).toHaveLength(1)
    expect([calls, appended]).toEqual([['commit', 'commit'], []])
  })

  it('an append that fails fails the commit', async () => {
    const append = async () => {
      throw new Error('no vault')
    }
    await expect(setUp({ append }).store.commit(appendOnly(...appends))).rejects.toThrow('no vault')
  })

  it('sees its own change at once', async () => {
    const { store, put, value } = setUp()
    await put(0, 'a1')
    await value()
    expect(await store.commit(change(settingChange('a', 1, 'a2')))).toBe(true)
    expect(await value()).toBe('a2')
  })

  it('a conflict makes the next try read afresh, what was only read too', async () => {
    const { store, put, value, calls } = setUp()
    await put(0, 'a1')
    await put(0, 'b1', 'b')
    await put(0, 'c1', 'c')
    for (const id of ['a', 'b', 'c']) await value(id)
    await put(1, 'b2', 'b')
    const stale = {
      reads: [{ collection: 'setting', id: 'b', version: 1 } as const],
      changes: [settingChange('a', 1, 'a2')],
      appends: [],
    }
    expect(await store.commit(stale)).toBe(false)
    calls.length = 0
    expect([await value('a'), await value('b'), await value('c')]).toEqual(['a1', 'b2', 'c1'])
    expect(calls).toEqual(['read a', 'read b'])
  })

  it('a commit that fails on the way forgets what it names', async () => {
    const { remote, put, clock } = setUp()
    const store = createRemoteStorage(
      { ...remote, commit: () => Promise.reject(new Error('connection lost')) },
      { leaseMs: 5000, now: () => clock.ms, maxRows: 9, append: async () => undefined },
    )
    await put(0, 'a1')
    await store.read('setting', 'a')
    await put(1, 'a2')
    await expect(store.commit(change(settingChange('a', 1, 'x')))).rejects.toThrow('connection lost')
    expect((await store.read('setting', 'a'))?.value.value).toBe('a2')
  })

  it('an answer from before a change does not come back as a lease', async () => {
    const { store, put, value, holdAnswers } = setUp()
    await put(0, 'a1')
    const release = holdAnswers()
    const reading = value()
    await new Promise((resolve) => setTimeout(resolve, 0))
    expect(await store.commit(change(settingChange('a', 1, 'a2')))).toBe(true)
    release()
    expect(await reading).toBe('a1')
    expect(await value()).toBe('a2')
  })

  it('loses none of the increments of two isolates with leases', async () => {
    const { remote, store, vault, clock } = setUp()
    const other = createRemoteStorage(remote, {
      leaseMs: 5000,
      now: () => clock.ms,
      maxRows: 9,
      append: async () => undefined,
    })
    await Promise.all(Array.from({ length: 20 }, (_, i) => increment(i % 2 ? store : other, 'counter')))
    expect((await vault.read('setting', 'counter'))?.value.value).toBe('20')
  })
})

describe('RowCache', () => {
  it('counts bytes through replacement and deletion', () => {
    const cache = new RowCache<string>({ rows: 10, bytes: 100 })
    cache.set('a', { row: 'a', bytes: 40 })
    cache.set('a', { row: 'b', bytes: 50 })
    cache.set('b', { row: undefined, bytes: 50 })
    expect([cache.size, cache.bytes, cache.get('a')?.row]).toEqual([2, 100, 'b'])
    cache.set('c', { row: 'c', bytes: 1 })
    expect([cache.get('b'), cache.size, cache.bytes]).toEqual([undefined, 2, 51])
    cache.delete('a')
    cache.delete('a')
    expect([cache.size, cache.bytes]).toEqual([1, 1])
    cache.set('huge', { row: 'x', bytes: 101 })
    expect([cache.get('huge'), cache.size, cache.bytes]).toEqual([undefined, 1, 1])
  })

  it('deepFreeze leaves nothing to change', () => {
    const value = deepFreeze({ a: [{ b: { c: 1 } }], d: null })
    expect([value, value.a, value.a[0], value.a[0]?.b].every(Object.isFrozen)).toBe(true)
  })
})
