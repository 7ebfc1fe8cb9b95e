import type { Append } from '../src/ports/storage'

/** How long a sender waits for more before it sends. */
const gatherMs = 50
/** Records kept here at most, waiting or on their way, in characters. */
const maxChars = 1024 * 1024
/** A sender that gathers for so long has died with its request. */
const gatherLifeMs = 5_000
/** Nothing that was sent answers after so long: work that outlives its request is ended after 30 seconds. */
const sendLifeMs = 60_000

interface Batch {
  readonly records: readonly Append[]
  readonly sinceMs: number
}

/**
 * Records of calls that were answered already, on their way to the Vault. They are kept until the Vault has them: after
 * a failure the next sender takes them along, so that a record may arrive twice, with the same event id, but not never.
 * What does not fit is refused by `take`, and its call waits for its own record.
 */
export class AuditOutbox {
  private waiting: Append[] = []
  private readonly underWay = new Set<Batch>()
  private chars = 0
  private gatheringSinceMs = Number.NEGATIVE_INFINITY

  constructor(
    private readonly send: (records: readonly Append[]) => Promise<void>,
    private readonly onFault: (fault: unknown) => void,
  ) {}

  /** Characters of all records that the Vault has not confirmed. */
  get size(): number {
    return this.chars
  }

  /** False, having taken nothing, when there is no room. */
  take(appends: readonly Append[]): boolean {
    const chars = lengthOf(appends)
    if (this.chars + chars > maxChars) return false
    this.chars += chars
    this.waiting.push(...appends)
    return true
  }

  /** After each call, for its waitUntil: the sending of everything that waits; undefined when somebody else does it. */
  flush(): Promise<void> | undefined {
    const now = Date.now()
    for (const batch of this.underWay) if (now - batch.sinceMs > sendLifeMs) this.giveBack(batch)
    if (!this.waiting.length || now - this.gatheringSinceMs < gatherLifeMs) return undefined
    this.gatheringSinceMs = now
    return this.gatherAndSend()
  }

  private async gatherAndSend(): Promise<void> {
    await new Promise<void>((resolve) => setTimeout(resolve, gatherMs))
    this.gatheringSinceMs = Number.NEGATIVE_INFINITY
    if (!this.waiting.length) return
    const batch: Batch = { records: this.waiting, sinceMs: Date.now() }
    this.waiting = []
    this.underWay.add(batch)
    try {
      await this.send(batch.records)
      if (this.underWay.delete(batch)) this.chars -= lengthOf(batch.records)
    } catch (fault) {
      this.giveBack(batch)
      this.onFault(fault)
    }
  }

  private giveBack(batch: Batch): void {
    if (this.underWay.delete(batch)) this.waiting = [...batch.records, ...this.waiting]
  }
}

/** About, for the small and even ones. */
const lengthOf = (records: readonly Append[]) =>
  records.reduce(
    (sum, record) => sum + (record.kind === 'audit' ? record.json.length : 200 + record.use.keyId.length),
    0,
  )
