const isoForm =
  /^([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2})(?:T([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:\.([0-9]{1,9}))?)?(Z|[+-][0-9]{2}:?[0-9]{2})?)?)?)?$/
const epochForm = /^-?[0-9]{1,15}(\.[0-9]{1,9})?$/

/**
 * A date of a condition as ms since the epoch: ISO 8601 in the W3C profile (UTC when the offset is missing), or seconds
 * since the epoch; four digits are a year. Undefined for any other text. Source: IAM user guide, date condition operators.
 */
export function parseDate(text: string): number | undefined {
  const iso = isoForm.exec(text)
  if (!iso) return epochForm.test(text) ? Number(text) * 1000 : undefined
  const [year, month, day, hour, minute, second] = [1, 2, 3, 4, 5, 6].map((group) =>
    Number(iso[group] ?? (group === 2 || group === 3 ? 1 : 0)),
  )
  const parts = [year, month, day, hour, minute, second] as [number, number, number, number, number, number]
  const ms = Date.UTC(parts[0], parts[1] - 1, parts[2], parts[3], parts[4], parts[5])
  const fields = new Date(ms)
  // Date.UTC carries over: 31 February is no date here. Years below 100 mean the 20th century to it, and no policy.
  const isReal = fields.getUTCFullYear() === parts[0] && fields.getUTCMonth() === parts[1] - 1
  if (!isReal || fields.getUTCDate() !== parts[2] || parts[3] > 23 || parts[4] > 59 || parts[5] > 59) return undefined
  return ms + Number(`0.${iso[7] ?? '0'}`) * 1000 - offsetMs(iso[8] ?? 'Z')
}

function offsetMs(offset: string): number {
  if (offset === 'Z') return 0
  const minutes = Number(offset.slice(1, 3)) * 60 + Number(offset.slice(-2))
  return (offset.startsWith('-') ? -minutes : minutes) * 60_000
}
