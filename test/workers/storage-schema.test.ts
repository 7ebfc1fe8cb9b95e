import { runInDurableObject } from 'cloudflare:test'
import { describe, expect, it } from 'vitest'
import { migrate, migrations } from '../../src/adapters/durable-object/schema'
import { emptyObject, type HostedStore, openHosted, reopenHosted, wideLimits } from './storage-host'
import { eventIds, oneEntry } from './storage-probes'

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
