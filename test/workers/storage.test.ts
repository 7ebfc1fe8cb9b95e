import { runInDurableObject } from 'cloudflare:test'
import { describe, expect, it } from 'vitest'
import { migrate, migrations } from '../../src/adapters/durable-object/schema'
import type { AuditSegment } from '../../src/adapters/shared/audit-retention'
import { verifyChain } from '../../src/codec/audit-chain'
import type { AuditEntry } from '../../src/ports/audit'
import type { Commit } from '../../src/ports/storage'
import { storageContract, wholeAudit } from '../suites/storage-contract'
import {
  appendOnly,
  change,
  commitOf,
  entryAppend,
  keyRecord,
  settingChange,
  useAppend,
  useRecord,
} from '../suites/storage-samples'
import { emptyObject, type HostedStore, openHosted, reopenHosted, wideLimits } from './storage-host'

storageContract('Durable Object', () => openHosted(), reopenHosted)

const eventIds = async (store: HostedStore) =>
  (await wholeAudit(store, 50)).flatMap((batch) => batch.entries.map((entry) => entry.eventId))
const countRows = (store: HostedStore, table: string) =>
  store.inside((_, storage) => storage.sql.exec<{ n: number }>(`SELECT count(*) AS n FROM ${table}`).one().n)
const oneEntry = (i: number): Commit => appendOnly(entryAppend(`e${i}`), useAppend(useRecord('k', i)))
const times = <T>(count: number, make: (i: number) => T): T[] => Array.from({ length: count }, (_, i) => make(i))

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

describe('faults', () => {
  const faults: [string, RegExp][] = [
    ['row', /^INSERT OR REPLACE INTO rows/],
    ['use', /^INSERT INTO last_use/],
    ['audit', /^INSERT INTO audit/],
  ]
  it.each(faults)('a write of the %s that fails leaves nothing, in the table or in memory', async (_, fault) => {
    const store = await openHosted()
    const commit = (i: number): Commit => ({
      reads: [],
      changes: [settingChange(`s${i}`, 0, 'x'), settingChange('shared', i === 0 ? 0 : 1, `${i}`)],
      appends: [entryAppend(`e${i}`), useAppend(useRecord('k', i + 1))],
    })
    store.failOn = fault
    const answers = await store.inside((inner) =>
      Promise.allSettled([inner.commit(commit(0)), inner.commit(oneEntry(7)), inner.read('setting', 's0')]),
    )
    expect(answers.map((answer) => answer.status)).toContain('rejected')
    store.failOn = undefined
    const appended = answers[1]?.status === 'fulfilled' ? ['e7'] : []
    expect(await store.list('setting', { limit: 9 })).toEqual([])
    expect(await store.read('setting', 's0')).toBeUndefined()
    expect(await eventIds(store)).toEqual(appended)

    expect(await store.commit(commit(0))).toBe(true)
    expect(await store.commit(commit(1))).toBe(true)
    const again = await reopenHosted(store)
    expect(await eventIds(again)).toEqual([...appended, 'e0', 'e1'])
    expect(await verifyChain(await wholeAudit(again))).toBeUndefined()
    expect((await again.read('setting', 'shared'))?.value.value).toBe('1')
  })

  const refusals: [string, Commit][] = [
    ['a row over 2 MB', change(settingChange('big', 0, 'x'.repeat(2_000_000)))],
    ['a row over 2 MB in UTF-8', change(settingChange('big', 0, 'é'.repeat(1_000_000)))],
    ['an audit entry over 2 MB', appendOnly(entryAppend('big', { parameters: { text: 'x'.repeat(2_000_000) } }))],
    [
      'a value that is not JSON',
      change({
        collection: 'material',
        id: 'm',
        version: 0,
        value: {
          keyId: 'k',
          materialId: 'm',
          sequence: 0,
          createdAtMs: 1,
          stored: { form: 'native', keys: { 'AES-GCM': new Date() as unknown as CryptoKey } },
        },
      }),
    ],
  ]
  it.each(refusals)('refuses %s, and nobody else', async (_, commit) => {
    const store = await openHosted()
    const [bad, good] = await store.inside((inner) =>
      Promise.allSettled([inner.commit(commit), inner.commit(oneEntry(1))]),
    )
    expect(bad.status === 'rejected' && bad.reason).toBeInstanceOf(Error)
    expect(bad.status === 'rejected' && String(bad.reason)).not.toMatch(/xxx|ééé/)
    expect(good).toEqual({ status: 'fulfilled', value: true })
    expect(await store.list('setting', { limit: 9 })).toEqual([])
    expect(await eventIds(store)).toEqual(['e1'])
  })

  it('keeps rows and audit batches just below 2 MB', async () => {
    const store = await openHosted()
    const value = 'x'.repeat(1_890_000)
    expect(await store.commit(change(settingChange('big', 0, value)))).toBe(true)
    expect((await (await reopenHosted(store)).read('setting', 'big'))?.value.value).toBe(value)
  })
})

describe('audit retention', () => {
  const at = (i: number, wallMs: number) => appendOnly(entryAppend(`e${i}`, { wallMs }))
  /** Archives and drops until there is nothing more to do. */
  const settled = async (store: HostedStore): Promise<void> => {
    let more = true
    while (more) more = await store.inside((inner) => inner.maintainAudit())
  }
  const totals = (store: HostedStore) => store.inside((inner) => inner.auditTotals())

  it('a log past its bytes never stops a commit and keeps the newest, its chain verifiable from the head', async () => {
    const store = await openHosted({ audit: { days: 90, bytes: 5000 } })
    for (let i = 0; i < 60; i++) expect(await store.commit(oneEntry(i))).toBe(true)
    const after = await totals(store)
    expect(after.bytes).toBeLessThanOrEqual(5000)
    expect(after.bytes).toBeGreaterThan(4000)
    expect(after.entries + after.droppedEntries).toBe(60)
    expect(await eventIds(store)).toEqual(times(after.entries, (i) => `e${after.droppedEntries + i}`))
    expect(after.batches).toBe(await countRows(store, 'audit'))
    const [head] = await store.inside((_, storage) =>
      storage.sql.exec<{ sequence: number; hash: string }>('SELECT sequence, hash FROM audit_head').toArray(),
    )
    const batches = await wholeAudit(store)
    expect(await verifyChain(batches, head)).toBeUndefined()
    expect(batches.at(-1)?.hash).toBe(after.headHash)
    expect(await totals(await reopenHosted(store))).toEqual(after)
  })

  it('one batch larger than the limit stays until the next comes', async () => {
    const store = await openHosted({ audit: { days: 90, bytes: 10 } })
    for (let i = 0; i < 3; i++) {
      expect(await store.commit(oneEntry(i))).toBe(true)
      expect(await eventIds(store)).toEqual([`e${i}`])
    }
    const again = await reopenHosted(store)
    await again.inside((inner) => inner.maintainAudit())
    expect(await eventIds(again)).toEqual([])
    expect(await totals(again)).toMatchObject({ batches: 0, entries: 0, bytes: 0, droppedEntries: 3 })
    const empty = await reopenHosted(again)
    expect(await empty.commit(oneEntry(3))).toBe(true)
    expect((await empty.readAudit({ limit: 1 }))[0]?.sequence).toBe(4)
  })

  it('drops by age, with a commit or by alarm', async () => {
    const day = 86_400_000
    let now = 100 * day
    const store = await openHosted({ audit: { days: 10, bytes: 2 ** 30 }, now: () => now })
    for (let i = 0; i < 4; i++) await store.commit(at(i, (90 + i) * day))
    expect(await eventIds(store)).toEqual(['e0', 'e1', 'e2', 'e3'])
    now += day
    await store.commit(at(4, now))
    expect(await eventIds(store)).toEqual(['e1', 'e2', 'e3', 'e4'])
    now += day
    expect(await store.inside((inner) => inner.maintainAudit())).toBe(false)
    expect(await eventIds(store)).toEqual(['e2', 'e3', 'e4'])
  })

  it('archives before it drops, each batch once, in one chain', async () => {
    const segments: AuditSegment[] = []
    const archive = async (segment: AuditSegment) => {
      segments.push(segment)
      await new Promise((resolve) => setTimeout(resolve, 1))
    }
    const store = await openHosted({ audit: { days: 90, bytes: 3000, archive } })
    for (let i = 0; i < 40; i++) {
      await store.commit(oneEntry(i))
      // Commits that outrun the archive would come to twice the bytes, where batches are dropped without it.
      if (i % 5 === 4) await settled(store)
    }
    const archived = segments.flatMap((segment) =>
      segment.batches.map(({ sequence, hash, entries }) => ({
        sequence,
        hash,
        entries: JSON.parse(entries) as AuditEntry[],
      })),
    )
    const kept = await wholeAudit(store)
    expect(await verifyChain([...archived, ...kept])).toBeUndefined()
    expect([...archived, ...kept].flatMap((batch) => batch.entries.map((e) => e.eventId))).toEqual(
      times(40, (i) => `e${i}`),
    )
    expect((await totals(store)).bytes).toBeLessThanOrEqual(3000)
    expect(segments.every((segment) => /^[0-9a-f]{64}$/.test(segment.previousHash))).toBe(true)
  })

  it('an archive that fails keeps batches up to twice the bytes, and stops nothing', async () => {
    const errors: unknown[] = []
    let now = 1_700_000_000_000
    let works = false
    const store = await openHosted({
      now: () => now,
      audit: {
        days: 90,
        bytes: 3000,
        archive: async () => {
          if (!works) throw new Error('no bucket')
        },
        onArchiveError: (error) => errors.push(error),
      },
    })
    let largest = 0
    for (let i = 0; i < 60; i++) {
      expect(await store.commit(oneEntry(i))).toBe(true)
      largest = Math.max(largest, (await totals(store)).bytes)
    }
    expect(largest).toBeGreaterThan(5000)
    expect(largest).toBeLessThanOrEqual(6000)
    // Tried once and then left alone for a minute.
    expect(errors.map(String)).toEqual(['Error: no bucket'])
    expect((await totals(store)).archiveFailures).toBe(1)
    await expect(store.inside((inner) => inner.maintainAudit())).rejects.toThrow('no bucket')
    works = true
    now += 60_001
    await store.commit(oneEntry(60))
    await settled(store)
    expect((await totals(store)).bytes).toBeLessThanOrEqual(3000)
  })

  it('an archive that never answers stops nothing and cannot move the head back', async () => {
    let finish: () => void = () => undefined
    const archive = () => new Promise<void>((resolve) => (finish = resolve))
    const store = await openHosted({ audit: { days: 90, bytes: 2000, archive } })
    for (let i = 0; i < 60; i++) expect(await store.commit(oneEntry(i))).toBe(true)
    const before = await totals(store)
    expect(before.bytes).toBeLessThanOrEqual(4000)
    await store.inside(async () => {
      finish()
      await new Promise((resolve) => setTimeout(resolve, 5))
    })
    const after = await totals(store)
    expect(after.droppedEntries).toBeGreaterThanOrEqual(before.droppedEntries)
    expect(await totals(await reopenHosted(store))).toMatchObject({
      droppedEntries: after.droppedEntries,
      bytes: after.bytes,
    })
  })
})

describe('schema', () => {
  const tables = (storage: DurableObjectStorage) =>
    storage.sql
      .exec<{ sql: string }>(
        "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE '\\_cf%' ESCAPE '\\' ORDER BY name",
      )
      .toArray()
      .map((row) => row.sql)

  it.each(migrations.map((_, version) => version))(
    'comes from version %i to the newest, rows kept',
    async (version) => {
      const fresh = await runInDurableObject(await emptyObject(), (_, { storage }) => {
        migrate(storage)
        return tables(storage)
      })
      const stub = await emptyObject()
      await runInDurableObject(stub, (_, { storage }) => {
        migrate(storage, migrations.slice(0, version))
        if (version < 1) return
        const value = JSON.stringify({ name: 'old', value: 'kept' })
        storage.sql.exec("INSERT INTO rows (collection, id, version, value) VALUES ('setting', 'old', 7, ?)", value)
      })
      const store = await openHosted({ audit: wideLimits }, stub)
      expect(await store.inside((_, storage) => tables(storage))).toEqual(fresh)
      expect((await store.read('setting', 'old'))?.version).toBe(version < 1 ? undefined : 7)
      expect(await store.commit(oneEntry(1))).toBe(true)
      expect(await eventIds(await reopenHosted(store))).toEqual(['e1'])
    },
  )

  it('does nothing to tables that are new enough, and refuses newer ones', async () => {
    await runInDurableObject(await emptyObject(), (_, { storage }) => {
      migrate(storage)
      migrate(storage)
      expect(() => migrate(storage, migrations.slice(0, 1))).toThrow('version 2')
    })
  })

  it('a step that fails leaves the tables as they were', async () => {
    await runInDurableObject(await emptyObject(), (_, { storage }) => {
      migrate(storage)
      const before = tables(storage)
      expect(() => migrate(storage, [...migrations, ['CREATE TABLE third (a)', 'CREATE NONSENSE']])).toThrow()
      expect(tables(storage)).toEqual(before)
      migrate(storage)
    })
  })
})

describe('look-ups', () => {
  const reads: [string, (store: HostedStore) => Promise<unknown>][] = [
    ['row', (store) => store.read('material', 'none')],
    ['page', (store) => store.list('material', { after: 'm500', limit: 10 })],
    ['page of an owner', (store) => store.list('material', { owner: 'k3', after: 'm5', limit: 10 })],
    ['due', (store) => store.listDue('key', 5, 10)],
    ['next due', (store) => store.nextDueMs('key')],
    ['sealed by others', (store) => store.listSealedByOthers('material', 'r1', 10)],
    ['counts', (store) => store.countSealed('material')],
    ['last use', (store) => store.lastUse('k')],
    ['audit', (store) => store.readAudit({ before: 9, limit: 3 })],
  ]
  it.each(reads)('%s: goes along an index and sorts nothing', async (_, look) => {
    const store = await openHosted()
    const from = store.queries.length
    await look(store)
    const queries = store.queries.slice(from)
    expect(queries.length).toBeGreaterThan(0)
    const plans = await store.inside((_inner, { sql }) =>
      queries.flatMap((query) => {
        const bindings = [...query.matchAll(/\?/g)].map(() => 1)
        return sql.exec<{ detail: string }>(`EXPLAIN QUERY PLAN ${query}`, ...bindings).toArray()
      }),
    )
    for (const { detail } of plans) {
      expect(detail).toMatch(/^SEARCH /)
      expect(detail).not.toMatch(/SCAN|TEMP B-TREE/)
    }
  })
})
