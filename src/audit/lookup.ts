import { encodeUtf8, equalBytes } from '../codec/bytes'
import type { AuditBatch, AuditEntry } from '../ports/audit'
import type { StoragePort } from '../ports/storage'
import type { AuditHome } from './cloudtrail'
import { invalidNextToken } from './errors'
import { eventSeconds, type LookupEvent, lookupEvent } from './lookup-event'
import type { LookupInput } from './lookup-input'

export interface LookupDeps {
  readonly home: AuditHome
  readonly readAudit: StoragePort['readAudit']
  /** Seals a page token for the caller's account; `openToken` gives undefined for anything that it did not seal. */
  sealToken(bytes: Bytes): Promise<string>
  openToken(token: string): Promise<Bytes | undefined>
}

export interface LookupOutput {
  readonly Events: readonly LookupEvent[]
  readonly NextToken?: string
}

/** One call's work: then the page goes out, short or empty, with a NextToken. */
const scanLimits = { batchesPerRead: 16, batches: 2048, entries: 5000, eventChars: 4 * 1024 * 1024 } as const

/**
 * Entries come late when a batch was gathered elsewhere before it was written; so the search for a StartTime ends only
 * at a batch that is older by this much.
 */
const latestArrivalSeconds = 15 * 60

/** Where a page goes on: the entry with this index, counted from the newest, of the batch with this sequence. */
interface Position {
  readonly sequence: number
  readonly index: number
}

/**
 * LookupEvents: events of the log from the newest to the oldest in the order in which they were written; each page is
 * sorted by time. The work of one call is bounded, so a page may be short or empty and still have a NextToken, as AWS
 * allows. A token goes with the attribute and the times of its first call; MaxResults may change.
 *
 * Throws InvalidNextTokenException.
 * Source: CloudTrail API reference, LookupEvents.
 */
export async function lookupEvents(input: LookupInput, deps: LookupDeps): Promise<LookupOutput> {
  if (input.insights) return { Events: [] }
  const digest = await digestOf(input)
  const from = input.nextToken === undefined ? undefined : await openPosition(input.nextToken, digest, deps)
  const { found, next } = await scan(input, from, deps)
  found.sort((a, b) => b.entry.wallMs - a.entry.wallMs)
  const Events = found.map(({ event }) => event)
  return next ? { Events, NextToken: await deps.sealToken(encodePosition(next, digest)) } : { Events }
}

interface Found {
  readonly entry: AuditEntry
  readonly event: LookupEvent
}

async function scan(input: LookupInput, from: Position | undefined, deps: LookupDeps) {
  const found: Found[] = []
  const left = { batches: scanLimits.batches, entries: scanLimits.entries, eventChars: scanLimits.eventChars }
  let before = from && from.sequence + 1
  while (true) {
    const query = { limit: scanLimits.batchesPerRead, ...(before === undefined ? {} : { before }) }
    const batches = await deps.readAudit(query)
    for (const batch of batches) {
      before = batch.sequence
      if (isTooOld(batch, input)) return { found, next: undefined }
      for (let index = batch.sequence === from?.sequence ? from.index : 0; index < batch.entries.length; index++) {
        const isFull = found.length >= input.maxResults || left.entries <= 0 || left.eventChars <= 0
        if (isFull) return { found, next: { sequence: batch.sequence, index } }
        const entry = batch.entries[batch.entries.length - 1 - index] as AuditEntry
        const event = lookupEvent(entry, input, deps.home)
        left.entries--
        if (event) {
          found.push({ entry, event })
          left.eventChars -= event.CloudTrailEvent.length
        }
      }
      left.batches--
    }
    if (batches.length < scanLimits.batchesPerRead) return { found, next: undefined }
    if (left.batches <= 0) return { found, next: { sequence: (before as number) - 1, index: 0 } }
  }
}

const isTooOld = (batch: AuditBatch, { startSeconds }: LookupInput): boolean =>
  startSeconds !== undefined &&
  batch.entries.length > 0 &&
  batch.entries.every((entry) => eventSeconds(entry) < startSeconds - latestArrivalSeconds)

/**
 * A page token before it is sealed (docs/formats.md, event page token):
 *
 *   version 1 | sequence 8, big-endian | index 4, big-endian | first 16 bytes of SHA-256 of the attribute and the times
 */
const positionLayout = { version: 1, sequenceAt: 1, indexAt: 9, digestAt: 13, bytes: 29 } as const

function encodePosition({ sequence, index }: Position, digest: Bytes): Bytes {
  const bytes = new Uint8Array(positionLayout.bytes)
  const view = new DataView(bytes.buffer)
  view.setUint8(0, positionLayout.version)
  view.setBigUint64(positionLayout.sequenceAt, BigInt(sequence))
  view.setUint32(positionLayout.indexAt, index)
  bytes.set(digest, positionLayout.digestAt)
  return bytes
}

async function openPosition(token: string, digest: Bytes, deps: LookupDeps): Promise<Position> {
  const bytes = await deps.openToken(token)
  if (bytes?.length !== positionLayout.bytes || bytes[0] !== positionLayout.version) throw invalidNextToken()
  if (!equalBytes(bytes.subarray(positionLayout.digestAt), digest)) throw invalidNextToken()
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const sequence = Number(view.getBigUint64(positionLayout.sequenceAt))
  return { sequence, index: view.getUint32(positionLayout.indexAt) }
}

async function digestOf({ attribute, startSeconds, endSeconds }: LookupInput): Promise<Bytes> {
  const asked = JSON.stringify([attribute?.key, attribute?.value, startSeconds, endSeconds])
  return new Uint8Array(await crypto.subtle.digest('SHA-256', encodeUtf8(asked))).slice(0, 16)
}
