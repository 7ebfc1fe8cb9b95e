import { describe, expect, it } from 'vitest'
import { verifyChain } from '../../src/codec/audit-chain'
import type { AuditBatch } from '../../src/ports/audit'
import type { Commit, MaintenancePort, StoragePort } from '../../src/ports/storage'
import { checkStorageModel } from './storage-model'
import {
  aliasRecord,
  appendOnly,
  auditEntry,
  change,
  commitOf,
  dueKey,
  entryAppend,
  increment,
  keyRecord,
  materialRecord,
  settingChange,
  useAppend,
  useRecord,
  yieldTurn,
} from './storage-samples'

export type Store = StoragePort & MaintenancePort

/** Every audit batch, oldest first, read in pages. */
export async function wholeAudit(store: StoragePort, limit = 3): Promise<AuditBatch[]> {
  const newestFirst: AuditBatch[] = []
  for (;;) {
    const before = newestFirst.at(-1)?.sequence
    const page = await store.readAudit(before === undefined ? { limit } : { before, limit })
    if (page.length === 0) return newestFirst.reverse()
    newestFirst.push(...page)
  }
}

const eventIds = (batches: readonly AuditBatch[]) => batches.flatMap((batch) => batch.entries.map((e) => e.eventId))

/** What every store has to do. `open` makes an empty one; `reopen` opens the same data again, where it outlives it. */
export function storageContract(
  name: string,
  open: () => Promise<Store>,
  reopen?: (store: Store) => Promise<Store>,
): void {
  describe(`storage contract: ${name}`, () => {
    it('reads what was written, and nothing else', async () => {
      const store = await open()
      expect(await store.read('key', 'a')).toBeUndefined()
      const value = keyRecord('a', { tags: [{ TagKey: 'ключ', TagValue: '\u{1f511}' }], policy: '{"é":"\\u0000"}' })
      expect(await store.commit(change({ collection: 'key', id: 'a', version: 0, value }))).toBe(true)
      expect(await store.read('key', 'a')).toEqual({ id: 'a', version: 1, value })
      expect(await store.read('alias', 'a')).toBeUndefined()
      expect(await store.read('key', 'A')).toBeUndefined()
    })

    it('keeps its values out of the reach of callers', async () => {
      const store = await open()
      const value = { name: 's', value: 'first' }
      const done = store.commit(change({ collection: 'setting', id: 's', version: 0, value }))
      value.value = 'second'
      await done
      value.value = 'third'
      const row = await store.read('setting', 's')
      expect(row?.value.value).toBe('first')
      expect(
        Reflect.set(row?.value ?? {}, 'value', 'fourth') && (await store.read('setting', 's'))?.value.value,
      ).not.toBe('fourth')
    })

    it('counts versions by one and begins again after a deletion', async () => {
      const store = await open()
      for (const version of [0, 1, 2]) {
        expect(await store.commit(change(settingChange('s', version, `v${version + 1}`)))).toBe(true)
        expect(await store.read('setting', 's')).toEqual({
          id: 's',
          version: version + 1,
          value: { name: 's', value: `v${version + 1}` },
        })
      }
      expect(await store.commit(change(settingChange('s', 3, null)))).toBe(true)
      expect(await store.read('setting', 's')).toBeUndefined()
      expect(await store.commit(change(settingChange('s', 0, 'again')))).toBe(true)
      expect((await store.read('setting', 's'))?.version).toBe(1)
    })

    const refusals: [string, Commit][] = [
      ['create of a row that is there', change(settingChange('a', 0, 'x'))],
      ['stale change', change(settingChange('a', 1, 'x'))],
      ['change of a version to come', change(settingChange('a', 3, 'x'))],
      ['change of an absent row', change(settingChange('none', 1, 'x'))],
      ['stale deletion', change(settingChange('a', 1, null))],
      ['deletion of an absent row', change(settingChange('none', 1, null))],
      ['stale read', commitOf({ reads: [{ collection: 'setting', id: 'a', version: 1 }] })],
      ['absence no longer true', commitOf({ reads: [{ collection: 'setting', id: 'a', version: 0 }] })],
      ['presence no longer true', commitOf({ reads: [{ collection: 'setting', id: 'none', version: 1 }] })],
      ['one good change, one stale', change(settingChange('b', 1, 'x'), settingChange('a', 1, 'x'))],
      [
        'good change, stale read',
        commitOf({
          reads: [{ collection: 'setting', id: 'a', version: 1 }],
          changes: [settingChange('b', 1, 'x'), settingChange('new', 0, 'x')],
        }),
      ],
    ]
    it.each(refusals)('refuses and writes nothing: %s', async (_, commit) => {
      const store = await open()
      await store.commit(change(settingChange('a', 0, 'a1'), settingChange('b', 0, 'b1')))
      await store.commit(change(settingChange('a', 1, 'a2')))
      const refused = await store.commit({
        ...commit,
        appends: [entryAppend('refused'), useAppend(useRecord('k', 1))],
      })
      expect(refused).toBe(false)
      expect(await store.list('setting', { limit: 10 })).toEqual([
        { id: 'a', version: 2, value: { name: 'a', value: 'a2' } },
        { id: 'b', version: 1, value: { name: 'b', value: 'b1' } },
      ])
      expect(await store.lastUse('k')).toBeUndefined()
      expect(await wholeAudit(store)).toEqual([])
    })

    it('accepts what matches: absent read, present read, several changes, deletion of nothing', async () => {
      const store = await open()
      await store.commit(change(settingChange('a', 0, 'a1'), settingChange('b', 0, 'b1')))
      const done = await store.commit({
        reads: [
          { collection: 'setting', id: 'a', version: 1 },
          { collection: 'setting', id: 'none', version: 0 },
        ],
        changes: [settingChange('b', 1, null), settingChange('c', 0, 'c1'), settingChange('gone', 0, null)],
        appends: [],
      })
      expect(done).toBe(true)
      expect((await store.list('setting', { limit: 10 })).map((row) => [row.id, row.version])).toEqual([
        ['a', 1],
        ['c', 1],
      ])
    })

    it('refuses a commit that changes one row twice', async () => {
      const store = await open()
      await expect(store.commit(change(settingChange('a', 0, 'x'), settingChange('a', 0, 'y')))).rejects.toThrow(
        'twice',
      )
      expect(await store.read('setting', 'a')).toBeUndefined()
    })

    it('lists in order, by owner, page by page', async () => {
      const store = await open()
      const names = ['alias/b', 'alias/a', 'alias/B', 'alias/a/b', 'alias/_', 'alias/10', 'alias/9', 'alias/a-b']
      const values = names.map((aliasName, i) => aliasRecord(aliasName, i % 2 ? 'odd' : 'even'))
      await store.commit(
        change(...values.map((value) => ({ collection: 'alias' as const, id: value.aliasName, version: 0, value }))),
      )
      const sorted = (wanted: string[]) => [...wanted].sort()
      const pages = async (owner?: string) => {
        const seen: string[] = []
        for (;;) {
          const after = seen.at(-1)
          const query = { limit: 3, ...(owner !== undefined && { owner }), ...(after !== undefined && { after }) }
          const page = await store.list('alias', query)
          expect(page.length).toBeLessThanOrEqual(3)
          if (page.length === 0) return seen
          seen.push(...page.map((row) => row.id))
        }
      }
      expect(await pages()).toEqual(sorted(names))
      expect(await pages('odd')).toEqual(sorted(names.filter((_, i) => i % 2)))
      expect(await pages('even')).toEqual(sorted(names.filter((_, i) => i % 2 === 0)))
      expect(await pages('nobody')).toEqual([])
      expect((await store.list('alias', { after: 'alias/a.', limit: 1 }))[0]?.id).toBe('alias/a/b')
      expect(await store.list('alias', { after: 'alias/z', limit: 1 })).toEqual([])
      expect(await store.list('key', { limit: 3 })).toEqual([])

      const moved = { ...aliasRecord('alias/a', 'even'), updatedAtMs: 2 }
      await store.commit(change({ collection: 'alias', id: 'alias/a', version: 1, value: moved }))
      expect(await pages('odd')).not.toContain('alias/a')
      expect(await store.list('alias', { owner: 'even', after: 'alias/_', limit: 1 })).toEqual([
        { id: 'alias/a', version: 2, value: moved },
      ])
    })

    it('finds what is due, soonest first', async () => {
      const store = await open()
      expect(await store.nextDueMs('key')).toBeUndefined()
      const due: [string, number][] = [
        ['c', 100],
        ['a', 300],
        ['b', 200],
        ['d', 100],
        ['e', 50.5],
      ]
      await store.commit(
        change(...due.map(([id, at]) => ({ collection: 'key' as const, id, version: 0, value: dueKey(id, at) })), {
          collection: 'key',
          id: 'never',
          version: 0,
          value: keyRecord('never'),
        }),
      )
      const ids = async (nowMs: number, limit: number) =>
        (await store.listDue('key', nowMs, limit)).map((row) => row.id)
      expect(await store.nextDueMs('key')).toBe(50.5)
      expect(await ids(50, 10)).toEqual([])
      expect(await ids(200, 10)).toEqual(['e', 'c', 'd', 'b'])
      expect(await ids(200, 2)).toEqual(['e', 'c'])
      await store.commit(
        change(
          { collection: 'key', id: 'e', version: 1, value: null },
          { collection: 'key', id: 'c', version: 1, value: keyRecord('c') },
          { collection: 'key', id: 'd', version: 1, value: dueKey('d', 900) },
        ),
      )
      expect(await ids(899, 10)).toEqual(['b', 'a'])
      expect(await store.nextDueMs('key')).toBe(200)
      expect(await store.nextDueMs('alias')).toBeUndefined()
    })

    it('finds what other root keys seal', async () => {
      const store = await open()
      const sealed: [string, string][] = [
        ['m1', 'r2'],
        ['m2', 'r1'],
        ['m3', 'r3'],
        ['m4', 'r1'],
        ['m5', 'r2'],
      ]
      await store.commit(
        change(
          ...sealed.map(([id, rootId]) => ({
            collection: 'material' as const,
            id,
            version: 0,
            value: materialRecord('k', id, rootId),
          })),
        ),
      )
      const others = async (rootId: string, limit: number) =>
        (await store.listSealedByOthers('material', rootId, limit)).map((row) => row.id)
      expect(await others('r2', 10)).toEqual(['m2', 'm3', 'm4'])
      expect(await others('r2', 2)).toEqual(['m2', 'm3'])
      expect(await others('r9', 10)).toEqual(['m1', 'm2', 'm3', 'm4', 'm5'])
      expect(new Map(await store.countSealed('material'))).toEqual(
        new Map([
          ['r1', 2],
          ['r2', 2],
          ['r3', 1],
        ]),
      )
      await store.commit(
        change(
          { collection: 'material', id: 'm3', version: 1, value: materialRecord('k', 'm3', 'r2') },
          { collection: 'material', id: 'm2', version: 1, value: null },
        ),
      )
      expect(await others('r2', 10)).toEqual(['m4'])
      expect(new Map(await store.countSealed('material'))).toEqual(
        new Map([
          ['r1', 1],
          ['r2', 3],
        ]),
      )
      expect((await store.countSealed('accessKey')).size).toBe(0)
    })

    it('of two commits sent together that touch one row takes exactly one', async () => {
      const store = await open()
      const both = await Promise.all(
        ['x', 'y'].map((value) =>
          store.commit(commitOf({ changes: [settingChange('a', 0, value)], appends: [entryAppend(value)] })),
        ),
      )
      expect(both.filter((done) => done)).toEqual([true])
      const winner = both[0] ? 'x' : 'y'
      expect((await store.read('setting', 'a'))?.value.value).toBe(winner)
      expect(eventIds(await wholeAudit(store))).toEqual([winner])
    })

    it('in one group lets a commit read what the one before it wrote', async () => {
      const store = await open()
      const answers = await Promise.all([
        store.commit(change(settingChange('a', 0, 'a1'))),
        store.commit(change(settingChange('a', 1, 'a2'), settingChange('b', 0, 'b1'))),
        store.commit(commitOf({ reads: [{ collection: 'setting', id: 'b', version: 0 }] })),
        store.commit(change(settingChange('a', 2, null))),
      ])
      expect(answers).toEqual([true, true, false, true])
      expect((await store.list('setting', { limit: 9 })).map((row) => [row.id, row.version])).toEqual([['b', 1]])
    })

    it('loses none of 50 increments that interleave', async () => {
      const store = await open()
      const tries = await Promise.all(Array.from({ length: 50 }, () => increment(store, 'counter')))
      const row = await store.read('setting', 'counter')
      expect(row).toEqual({ id: 'counter', version: 50, value: { name: 'counter', value: '50' } })
      // Without a single conflict nothing interleaved and the line above shows nothing.
      expect(tries.reduce((sum, count) => sum + count)).toBeGreaterThan(50)
      expect(eventIds(await wholeAudit(store, 100))).toEqual(Array.from({ length: 50 }, (_, i) => `counter-${i + 1}`))
    })

    it('never refuses appends and leaves versions alone', async () => {
      const store = await open()
      await store.commit(change(settingChange('a', 0, 'a1')))
      const answers = await Promise.all(
        Array.from({ length: 40 }, async (_, i) => {
          if (i % 3 === 0) await yieldTurn()
          return store.commit(appendOnly(entryAppend(`e${i}`), useAppend(useRecord('k', i))))
        }),
      )
      expect(answers).toEqual(Array.from({ length: 40 }, () => true))
      expect((await store.read('setting', 'a'))?.version).toBe(1)
      expect(new Set(eventIds(await wholeAudit(store)))).toEqual(new Set(Array.from({ length: 40 }, (_, i) => `e${i}`)))
      expect((await store.lastUse('k'))?.atMs).toBe(39)
    })

    it('accepts an empty commit and logs nothing for it', async () => {
      const store = await open()
      expect(await store.commit(commitOf({}))).toBe(true)
      expect(await wholeAudit(store)).toEqual([])
    })

    it('keeps the audit whole, in order and chained', async () => {
      const store = await open()
      for (let i = 0; i < 7; i++) {
        await store.commit(
          appendOnly(
            entryAppend(`${i}a`, { parameters: JSON.parse('{"__proto__":"x","10":1,"9":1e21,"é":-0}') }),
            entryAppend(`${i}b`),
          ),
        )
      }
      const batches = await wholeAudit(store)
      expect(batches.map((batch) => batch.sequence)).toEqual([1, 2, 3, 4, 5, 6, 7])
      expect(eventIds(batches)).toEqual(Array.from({ length: 7 }, (_, i) => [`${i}a`, `${i}b`]).flat())
      expect(batches[3]?.entries[1]).toEqual(auditEntry('3b'))
      expect(await verifyChain(batches)).toBeUndefined()
      expect((await store.readAudit({ before: 4, limit: 2 })).map((batch) => batch.sequence)).toEqual([3, 2])
      expect((await store.readAudit({ before: 100, limit: 1 })).map((batch) => batch.sequence)).toEqual([7])
      expect(await store.readAudit({ before: 1, limit: 5 })).toEqual([])
    })

    it('splits a large group into batches of one chain', async () => {
      const store = await open()
      const response = { text: 'é'.repeat(100_000) }
      const appends = Array.from({ length: 12 }, (_, i) => entryAppend(`e${i}`, { response }))
      expect(await store.commit(appendOnly(...appends))).toBe(true)
      const batches = await wholeAudit(store)
      expect(batches.length).toBeGreaterThan(1)
      expect(eventIds(batches)).toEqual(appends.map((_, i) => `e${i}`))
      expect(await verifyChain(batches)).toBeUndefined()
    })

    it('remembers the newest use, whenever it was told', async () => {
      const store = await open()
      expect(await store.lastUse('k')).toBeUndefined()
      for (const atMs of [20, 10]) await store.commit(appendOnly(useAppend(useRecord('k', atMs))))
      expect(await store.lastUse('k')).toEqual(useRecord('k', 20))
      await store.commit(appendOnly(useAppend(useRecord('k', 30)), useAppend(useRecord('k', 25))))
      expect(await store.lastUse('k')).toEqual(useRecord('k', 30))
      await store.commit(appendOnly(useAppend(useRecord('k', 30, 'later told')), useAppend(useRecord('other', 1))))
      expect(await store.lastUse('k')).toEqual(useRecord('k', 30, 'later told'))
    })

    it('forgets the last use of a key whose row is deleted', async () => {
      const store = await open()
      const made = { collection: 'key', id: 'k', version: 0, value: keyRecord('k') } as const
      await store.commit({
        reads: [],
        changes: [made],
        appends: [useAppend(useRecord('k', 10)), useAppend(useRecord('o', 10))],
      })
      await store.commit({ reads: [], changes: [{ ...made, version: 1, value: null }], appends: [] })
      expect(await store.lastUse('k')).toBeUndefined()
      expect(await store.lastUse('o')).toEqual(useRecord('o', 10))
    })

    it('agrees with a plain map', () => checkStorageModel(open), 60_000)

    it.runIf(reopen !== undefined)('finds everything again when opened anew', async () => {
      const store = await open()
      const use = useRecord('k', 5)
      await store.commit(
        commitOf({
          changes: [
            settingChange('a', 0, 'a1'),
            { collection: 'key', id: 'k', version: 0, value: dueKey('k', 77) },
            { collection: 'material', id: 'm', version: 0, value: materialRecord('k', 'm', 'r1') },
          ],
          appends: [entryAppend('before'), useAppend(use)],
        }),
      )
      await store.commit(change(settingChange('a', 1, 'a2')))
      const again = (await reopen?.(store)) as Store
      expect(await again.read('setting', 'a')).toEqual({ id: 'a', version: 2, value: { name: 'a', value: 'a2' } })
      expect(await again.lastUse('k')).toEqual(use)
      expect(await again.nextDueMs('key')).toBe(77)
      expect(await again.commit(change(settingChange('a', 1, 'stale')))).toBe(false)
      expect(await again.commit(appendOnly(entryAppend('after')))).toBe(true)
      const batches = await wholeAudit(again)
      expect(eventIds(batches)).toEqual(['before', 'after'])
      expect(await verifyChain(batches)).toBeUndefined()
    })
  })
}
