import { describe, expect, it } from 'vitest'
import type { AuditSegment } from '../../src/adapters/shared/audit-retention'
import { verifyChain } from '../../src/codec/audit-chain'
import type { AuditEntry } from '../../src/ports/audit'
import { wholeAudit } from '../suites/storage-contract'
import { appendOnly, entryAppend } from '../suites/storage-samples'
import { type HostedStore, openHosted, reopenHosted } from './storage-host'
import { countRows, eventIds, oneEntry, times } from './storage-probes'

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
