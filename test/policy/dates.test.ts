import { describe, expect, it } from 'vitest'
import { parseDate } from '../../src/policy/dates'

const noon = Date.UTC(2026, 10, 24, 12)

describe('parseDate', () => {
  const cases: [string, number | undefined][] = [
    ['2026', Date.UTC(2026, 0)],
    ['2026-11', Date.UTC(2026, 10)],
    ['2026-11-24', Date.UTC(2026, 10, 24)],
    ['2026-11-24T12:00Z', noon],
    ['2026-11-24T12:00:00Z', noon],
    ['2026-11-24T12:00:00', noon],
    ['2026-11-24T12:00:00.250Z', noon + 250],
    ['2026-11-24T14:30:00+02:30', noon],
    ['2026-11-24T04:00:00-0800', noon],
    [String(noon / 1000), noon],
    ['0', 0],
    ['-1.5', -1500],
    ['2024-02-29', Date.UTC(2024, 1, 29)],
    ['2026-02-29', undefined],
    ['2026-13-01', undefined],
    ['2026-11-24T24:00:00Z', undefined],
    ['2026-11-24T12:60:00Z', undefined],
    ['24.11.2026', undefined],
    ['', undefined],
    ['now', undefined],
    ['1e9', undefined],
  ]
  it.each(cases)('%s', (text, ms) => {
    expect(parseDate(text)).toBe(ms)
  })
})
