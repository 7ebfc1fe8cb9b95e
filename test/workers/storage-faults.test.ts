import { describe, expect, it } from 'vitest'
import { verifyChain } from '../../src/codec/audit-chain'
import type { Commit } from '../../src/ports/storage'
import { wholeAudit } from '../suites/storage-contract'
import { appendOnly, change, entryAppend, settingChange, useAppend, useRecord } from '../suites/storage-samples'
import { openHosted, reopenHosted } from './storage-host'
import { eventIds, oneEntry } from './storage-probes'

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
