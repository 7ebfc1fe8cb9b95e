import { decodeBase64Url, decodeUtf8, encodeBase64Url, encodeUtf8 } from '../codec/bytes'
import { invalidMarker } from '../model/errors'
import { operations } from '../model/operations'
import type { Call } from './call'

interface PageInput {
  readonly Limit?: number | undefined
  readonly Marker?: string | undefined
}

interface Positioned<T> {
  /** Where the next page goes on if this is the last item of the page. */
  readonly position: string
  readonly item: T
}

/**
 * One page of a listing. Markers are sealed and bound to operation, caller's account and `filter`: they show nothing, and
 * one of another listing is InvalidMarkerException. A Limit over the documented maximum counts as the maximum.
 */
export async function pageOf<T>(
  call: Call,
  input: PageInput,
  filter: string,
  read: (after: string | undefined, limit: number) => Promise<Positioned<T>[]>,
): Promise<{ items: T[]; members: { Truncated: boolean; NextMarker?: string } }> {
  const { page, name } = operations[call.request.operation]
  if (!page) throw new Error(`${name} has no pages`)
  const limit = Math.min(input.Limit ?? page.defaultLimit, page.maxLimit)
  const binding = encodeUtf8(`${name} ${call.principal.accountId} ${filter}`)
  const after = input.Marker === undefined ? undefined : await openMarker(call, binding, input.Marker)
  const found = await read(after, limit + 1)
  const items = found.slice(0, limit)
  const last = items.at(-1)
  if (found.length <= limit || !last) return { items: items.map(({ item }) => item), members: { Truncated: false } }
  const token = await call.kms.crypto.sealToken('marker', binding, encodeUtf8(last.position))
  return { items: items.map(({ item }) => item), members: { Truncated: true, NextMarker: encodeBase64Url(token) } }
}

async function openMarker(call: Call, binding: Bytes, marker: string): Promise<string> {
  const decoded = decodeBase64Url(marker)
  // Base64 leaves bits of its last character unused; a marker has one spelling.
  const token = decoded && encodeBase64Url(decoded) === marker ? decoded : undefined
  const position = token && (await call.kms.crypto.openToken('marker', binding, token))
  if (!position) throw invalidMarker()
  return decodeUtf8(position)
}
