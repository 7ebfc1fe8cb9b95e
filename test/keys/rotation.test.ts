import { describe, expect, it } from 'vitest'
import { keyDueAtMs } from '../../src/keys/collections'
import type { KeyRecord } from '../../src/keys/records'
import { dayMs, dueRotations, enabled, isDeleted } from '../../src/keys/rotation'
import { keyRecord } from '../suites/storage-samples'

const rotating = (over: Partial<KeyRecord> = {}): KeyRecord =>
  keyRecord('k', { state: 'Enabled', rotation: { periodDays: 100, nextAtMs: 100 * dayMs }, ...over })
const days = (...numbers: number[]) => numbers.map((day) => day * dayMs)

describe('dueRotations', () => {
  const cases: [what: string, key: KeyRecord, nowMs: number, due: number[]][] = [
    ['before its time', rotating(), 100 * dayMs - 1, []],
    ['at its time', rotating(), 100 * dayMs, days(100)],
    ['some periods later', rotating(), 350 * dayMs, days(100, 200, 300)],
    ['disabled', rotating({ state: 'Disabled' }), 350 * dayMs, []],
    ['pending deletion', rotating({ state: 'PendingDeletion' }), 350 * dayMs, []],
    ['never enabled', keyRecord('k', { state: 'Enabled' }), 350 * dayMs, []],
  ]
  it.each(cases)('%s', (_, key, nowMs, due) => {
    expect(dueRotations(key, nowMs)).toEqual(due)
  })

  it('does a bounded piece of work at once', () => {
    const due = dueRotations(rotating(), 1e6 * dayMs)
    expect(due).toHaveLength(50)
    expect(due.at(-1)).toBe(50 * 100 * dayMs)
  })
})

describe('enabled', () => {
  it('brings a missed rotation to now, and leaves a future one', () => {
    const key = rotating({ state: 'Disabled' })
    expect(enabled(key, 350 * dayMs).rotation?.nextAtMs).toBe(350 * dayMs)
    expect(enabled(key, 50 * dayMs).rotation?.nextAtMs).toBe(100 * dayMs)
    expect(enabled(key, 50 * dayMs).state).toBe('Enabled')
    expect(dueRotations(enabled(key, 350 * dayMs), 350 * dayMs)).toEqual(days(350))
  })

  it('does not touch an enabled key', () => {
    const key = rotating()
    expect(enabled(key, 350 * dayMs)).toBe(key)
  })
})

describe('what the clock does to a key', () => {
  const cases: [what: string, over: Partial<KeyRecord>, dueAtMs: number | undefined][] = [
    ['enabled', {}, 100 * dayMs],
    ['disabled', { state: 'Disabled' }, undefined],
    ['pending deletion', { state: 'PendingDeletion', deleteAtMs: 7 }, 7],
    ['pending import', { state: 'PendingImport' }, undefined],
  ]
  it.each(cases)('is due: %s', (_, over, dueAtMs) => {
    expect(keyDueAtMs(rotating(over))).toBe(dueAtMs)
  })

  it('deletes at the end of the window, and only a key whose deletion is pending', () => {
    const pending = rotating({ state: 'PendingDeletion', deleteAtMs: 1000 })
    expect([999, 1000, 1001].map((nowMs) => isDeleted(pending, nowMs))).toEqual([false, true, true])
    expect(isDeleted({ ...pending, state: 'Disabled' }, 1001)).toBe(false)
  })
})
