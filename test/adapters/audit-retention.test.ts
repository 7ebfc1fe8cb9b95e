import { describe, expect, it } from 'vitest'
import { type AuditLimits, countToDrop, type LoggedBatch } from '../../src/adapters/shared/audit-retention'

const day = 86_400_000
const now = 1000 * day

/** Ten batches of 100 bytes, a day apart, the newest from today; 500 bytes were dropped before. */
const oldest: LoggedBatch[] = Array.from({ length: 10 }, (_, i) => ({
  sequence: i + 6,
  hash: '',
  atMs: now - (9 - i) * day,
  totalEntries: i + 6,
  totalBytes: 600 + i * 100,
}))

const cases: [string, AuditLimits, number, number][] = [
  ['within both limits', { days: 90, bytes: 1000 }, 1500, 0],
  ['one byte over', { days: 90, bytes: 999 }, 1500, 1],
  ['three batches over', { days: 90, bytes: 700 }, 1500, 3],
  ['what is being written counts', { days: 90, bytes: 1000 }, 1650, 2],
  ['no byte allowed', { days: 90, bytes: 0 }, 1500, 10],
  ['exactly at the age is kept', { days: 9, bytes: 1000 }, 1500, 0],
  ['older is not', { days: 7, bytes: 1000 }, 1500, 2],
  ['the stricter limit decides', { days: 7, bytes: 500 }, 1500, 5],
  ['no limit at all', { days: Number.POSITIVE_INFINITY, bytes: Number.POSITIVE_INFINITY }, 1500, 0],
]

describe('countToDrop', () => {
  it.each(cases)('%s', (_, limits, writtenBytes, expected) => {
    expect(countToDrop(oldest, 500, writtenBytes, limits, now)).toBe(expected)
  })

  it('drops no more than it is shown', () => {
    expect(countToDrop(oldest.slice(0, 2), 500, 1500, { days: 0, bytes: 0 }, now)).toBe(2)
    expect(countToDrop([], 500, 1500, { days: 0, bytes: 0 }, now)).toBe(0)
  })
})
