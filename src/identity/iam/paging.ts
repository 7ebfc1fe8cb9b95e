import { decodeBase64Url, decodeUtf8, encodeBase64Url, encodeUtf8 } from '../../codec/bytes'
import type { NamedKind } from '../../keys/records'
import { findById, type NamedRecord, scanRows } from '../names'
import type { Reader } from '../transaction'
import { invalidMarker } from './refusals'

interface PageArgs {
  readonly Marker: string | undefined
  readonly MaxItems: number
}

/** Items of a listing with the key that each goes by, ascending; undefined ones are left out of it. */
export type Source<T> = (after: string | undefined) => AsyncIterable<readonly [key: string, item: T | undefined]>

export interface Page<T> {
  readonly items: readonly T[]
  /** The members that every listing ends with. */
  readonly end: { readonly IsTruncated: boolean; readonly Marker?: string }
}

/** One page. InvalidInput (400) for a Marker that is none of ours. */
export async function pageOf<T>({ Marker, MaxItems }: PageArgs, source: Source<T>): Promise<Page<T>> {
  const items: T[] = []
  let last: string | undefined
  for await (const [key, item] of source(Marker === undefined ? undefined : readMarker(Marker))) {
    if (item === undefined) continue
    if (items.length === MaxItems && last !== undefined) {
      return { items, end: { IsTruncated: true, Marker: encodeBase64Url(encodeUtf8(last)) } }
    }
    items.push(item)
    last = key
  }
  return { items, end: { IsTruncated: false } }
}

function readMarker(marker: string): string {
  const bytes = decodeBase64Url(marker)
  if (!bytes) throw invalidMarker()
  try {
    return decodeUtf8(bytes)
  } catch {
    throw invalidMarker()
  }
}

/** A listing of what is at hand. */
export const sourceOf = <T>(items: readonly T[], keyOf: (item: T) => string): Source<T> =>
  async function* (after) {
    const keyed = items.map((item) => [keyOf(item), item] as const).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
    for (const entry of keyed) if (after === undefined || entry[0] > after) yield entry
  }

/** Everything of a kind by name, regardless of case. */
export const namedSource = <K extends NamedKind>(reader: Reader, kind: K): Source<NamedRecord<K>> =>
  async function* (after) {
    let last = after === undefined ? undefined : `${kind}/${after}`
    for (;;) {
      const found = last === undefined ? {} : { after: last }
      const rows = await reader.list('iamName', { owner: kind, limit: scanRows, ...found })
      for (const { id, value } of rows) {
        yield [id.slice(kind.length + 1), await findById(reader, kind, value.uniqueId)]
      }
      last = rows.at(-1)?.id
      if (rows.length < scanRows) return
    }
  }

/** A listing made into another one; undefined leaves an item out. */
export const mapSource = <T, U>(
  source: Source<T>,
  change: (item: T) => U | undefined | Promise<U | undefined>,
): Source<U> =>
  async function* (after) {
    for await (const [key, item] of source(after)) yield [key, item === undefined ? undefined : await change(item)]
  }
