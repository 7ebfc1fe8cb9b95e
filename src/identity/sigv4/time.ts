const basicFormat = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/

/** `20261124T090000Z` to ms since the epoch; undefined for anything else, days that do not exist included. */
export function parseBasicTime(text: string): number | undefined {
  const parts = basicFormat.exec(text)
  if (!parts) return undefined
  const part = (index: number) => Number(parts[index])
  const [year, month, day, hour, minute, second] = [part(1), part(2), part(3), part(4), part(5), part(6)]
  // Date.UTC takes years below 100 for 19xx, and rolls 31 February over: then the day is another one.
  if (year < 100 || month < 1 || month > 12 || hour > 23 || minute > 59 || second > 59) return undefined
  const ms = Date.UTC(year, month - 1, day, hour, minute, second)
  return new Date(ms).getUTCDate() === day ? ms : undefined
}

/** `Tue, 24 Nov 2026 09:00:00 GMT` (RFC 9110 section 5.6.7, IMF-fixdate) to ms since the epoch. */
export function parseHttpDate(text: string): number | undefined {
  const ms = Date.parse(text)
  return !Number.isNaN(ms) && new Date(ms).toUTCString() === text ? ms : undefined
}

/** ms since the epoch to `20261124T090000Z`, cut to the second. */
export function formatBasicTime(ms: number): string {
  const text = new Date(ms).toISOString()
  return `${text.slice(0, 4)}${text.slice(5, 7)}${text.slice(8, 13)}${text.slice(14, 16)}${text.slice(17, 19)}Z`
}
