import type { AuditBatch, AuditEntry } from '../../ports/audit'
import {
  type AuditLimits,
  type AuditPosition,
  type AuditSegment,
  countToDrop,
  isExpired,
  type LoggedBatch,
} from '../shared/audit-retention'
import { type ChainedBatch, chainEntries, logStart, positionOf } from '../shared/chain-entries'

/** How many of the oldest batches one step looks at. */
const stepBatches = 64
/** How much text one segment for the archive holds, in code units; a single larger batch goes alone. */
const segmentLength = 1_048_576
/** How long an archive that failed is left alone. */
const archivePauseMs = 60_000

export interface AuditOptions extends AuditLimits {
  /** Takes the oldest batches before they are dropped. */
  readonly archive?: ((segment: AuditSegment) => Promise<void>) | undefined
  /** Told why `archive` failed where nobody waits for it. */
  readonly onArchiveError?: ((error: unknown) => void) | undefined
}

/** What the log keeps now, and what it has dropped since it began. */
export interface AuditTotals {
  readonly batches: number
  readonly entries: number
  readonly bytes: number
  readonly droppedEntries: number
  /** Since this object was started. */
  readonly archiveFailures: number
  readonly headHash: string
}

/** A prepared append: everything that needs waiting is done. */
export interface AuditAppend {
  readonly batches: readonly ChainedBatch[]
  readonly drop: LoggedBatch | undefined
}

/**
 * The hash-chained log in its tables. What is kept in memory (last batch, last dropped batch, age of the oldest) moves
 * only after a write has succeeded.
 */
export class AuditLog {
  readonly #storage: DurableObjectStorage
  readonly #options: AuditOptions
  readonly #now: () => number
  #last: AuditPosition
  #dropped: AuditPosition
  #oldestMs: number | undefined
  #archiving: Promise<boolean> | undefined
  #archiveFailures = 0
  #archiveFromMs = 0

  constructor(storage: DurableObjectStorage, options: AuditOptions, now: () => number) {
    this.#storage = storage
    this.#options = options
    this.#now = now
    const columns = 'sequence, hash, total_entries AS totalEntries, total_bytes AS totalBytes'
    const position = (from: string) =>
      storage.sql.exec<{ [N in keyof AuditPosition]: AuditPosition[N] }>(`SELECT ${columns} FROM ${from}`).toArray()[0]
    this.#dropped = position('audit_head') ?? logStart
    this.#last = position('audit ORDER BY sequence DESC LIMIT 1') ?? this.#dropped
    this.#oldestMs = this.#oldest(1)[0]?.atMs
  }

  totals(): AuditTotals {
    return {
      batches: this.#last.sequence - this.#dropped.sequence,
      entries: this.#last.totalEntries - this.#dropped.totalEntries,
      bytes: this.#last.totalBytes - this.#dropped.totalBytes,
      droppedEntries: this.#dropped.totalEntries,
      archiveFailures: this.#archiveFailures,
      headHash: this.#last.hash,
    }
  }

  read({ before = Number.MAX_SAFE_INTEGER, limit }: { before?: number; limit: number }): AuditBatch[] {
    const sql = 'SELECT sequence, hash, entries FROM audit WHERE sequence < ? ORDER BY sequence DESC LIMIT ?'
    return this.#storage.sql
      .exec<{ sequence: number; hash: string; entries: string }>(sql, before, limit)
      .toArray()
      .map(({ sequence, hash, entries }) => ({ sequence, hash, entries: JSON.parse(entries) as AuditEntry[] }))
  }

  /** Hashes the entries into batches and finds what has to make room for them. */
  async prepare(entries: readonly string[], newestMs: number): Promise<AuditAppend> {
    const batches = await chainEntries(entries, newestMs, this.#last)
    const last = batches.at(-1) ?? this.#last
    return { batches, drop: this.#findDrop(this.#limitsNow(), last.totalBytes) }
  }

  /** Inside a transaction. */
  write({ batches, drop }: AuditAppend): void {
    for (const batch of batches) {
      this.#storage.sql.exec(
        'INSERT INTO audit (sequence, hash, at, total_entries, total_bytes, entries) VALUES (?, ?, ?, ?, ?, ?)',
        batch.sequence,
        batch.hash,
        batch.atMs,
        batch.totalEntries,
        batch.totalBytes,
        batch.entries,
      )
    }
    if (this.#isAhead(drop)) this.#writeDrop(drop)
  }

  /** After the transaction. */
  remember({ batches, drop }: AuditAppend): void {
    const last = batches.at(-1)
    if (last) {
      this.#last = positionOf(last)
      this.#oldestMs ??= batches[0]?.atMs
    }
    if (this.#isAhead(drop)) this.#rememberDrop(drop)
    if (
      this.#options.archive &&
      !this.#archiving &&
      this.#now() >= this.#archiveFromMs &&
      this.#isPast(this.#options)
    ) {
      this.maintain().catch((error: unknown) => this.#options.onArchiveError?.(error))
    }
  }

  /**
   * One bounded step towards the limits: archives and drops some of the oldest batches. Answers whether there is more to
   * do. Throws what the archive throws; the batches then stay.
   */
  maintain(): Promise<boolean> {
    this.#archiving ??= this.#maintain().finally(() => {
      this.#archiving = undefined
    })
    return this.#archiving
  }

  async #maintain(): Promise<boolean> {
    const drop = this.#findDrop(this.#options, this.#last.totalBytes)
    if (!drop) return false
    try {
      const archived = await this.#archive(drop)
      if (this.#isAhead(archived)) {
        this.#storage.transactionSync(() => this.#writeDrop(archived))
        this.#rememberDrop(archived)
      }
      this.#archiveFromMs = 0
    } catch (error) {
      this.#archiveFailures += 1
      this.#archiveFromMs = this.#now() + archivePauseMs
      throw error
    }
    return this.#isPast(this.#options)
  }

  /** Sends off a segment that ends at `drop` or, when that is too much, before. Answers where it ends. */
  async #archive(drop: LoggedBatch): Promise<LoggedBatch> {
    const { archive } = this.#options
    if (!archive) return drop
    const segment = this.#segment(drop.sequence)
    const end = this.#oldest(segment.batches.length).at(-1) ?? drop
    await archive(segment)
    return end
  }

  /** While one of them waited, a commit or the archive may have dropped as much or more. */
  #isAhead(drop: LoggedBatch | undefined): drop is LoggedBatch {
    return drop !== undefined && drop.sequence > this.#dropped.sequence
  }

  /** With an archive a commit drops nothing by itself, until twice the bytes are there: the service goes first. */
  #limitsNow(): AuditLimits {
    const { archive, bytes } = this.#options
    return archive ? { days: Number.POSITIVE_INFINITY, bytes: 2 * bytes } : this.#options
  }

  #isPast(limits: AuditLimits, writtenBytes = this.#last.totalBytes): boolean {
    if (this.#oldestMs === undefined) return false
    return writtenBytes - this.#dropped.totalBytes > limits.bytes || isExpired(this.#oldestMs, limits, this.#now())
  }

  /** The last of the batches that have to go, of those that one step looks at. */
  #findDrop(limits: AuditLimits, writtenBytes: number): LoggedBatch | undefined {
    if (!this.#isPast(limits, writtenBytes)) return undefined
    const oldest = this.#oldest(stepBatches)
    const count = countToDrop(oldest, this.#dropped.totalBytes, writtenBytes, limits, this.#now())
    return oldest[count - 1]
  }

  #oldest(limit: number): LoggedBatch[] {
    const sql = `SELECT sequence, hash, at AS atMs, total_entries AS totalEntries, total_bytes AS totalBytes
      FROM audit ORDER BY sequence LIMIT ?`
    return this.#storage.sql.exec<{ [N in keyof LoggedBatch]: LoggedBatch[N] }>(sql, limit).toArray()
  }

  #segment(lastSequence: number): AuditSegment {
    const batches: { sequence: number; hash: string; entries: string }[] = []
    let length = 0
    const sql = 'SELECT sequence, hash, entries FROM audit WHERE sequence <= ? ORDER BY sequence'
    for (const batch of this.#storage.sql.exec<(typeof batches)[number]>(sql, lastSequence)) {
      length += batch.entries.length
      if (batches.length > 0 && length > segmentLength) break
      batches.push(batch)
    }
    return { previousHash: this.#dropped.hash, batches }
  }

  #writeDrop(drop: LoggedBatch): void {
    const { sql } = this.#storage
    sql.exec('DELETE FROM audit WHERE sequence <= ?', drop.sequence)
    sql.exec(
      'INSERT OR REPLACE INTO audit_head (one, sequence, hash, total_entries, total_bytes) VALUES (1, ?, ?, ?, ?)',
      drop.sequence,
      drop.hash,
      drop.totalEntries,
      drop.totalBytes,
    )
  }

  #rememberDrop(drop: LoggedBatch): void {
    this.#dropped = positionOf(drop)
    this.#oldestMs = this.#oldest(1)[0]?.atMs
  }
}
