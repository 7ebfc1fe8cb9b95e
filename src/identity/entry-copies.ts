import { LruMap } from '../codec/lru'
import type { Principal } from '../policy/principal'
import type { CallerEntry, IdentityPort } from '../ports/identity'

/** How long a copy of a Directory entry may be used at the most, from before it was asked for. */
export const copyLifeMs = 10_000

interface Copy {
  readonly entry: CallerEntry | undefined
  readonly usableUntilMs: number
}

/**
 * Entries of callers as their Directory gave them, kept for as long as the Directory counts on it. `drop` is the
 * Directory's word that everything older than a version is outdated: such a copy is not used again, nor one that was
 * under way while the word came.
 */
export class EntryCopies implements IdentityPort {
  private readonly copies = new LruMap<string, Copy>(2_000)
  private leastVersion = 0

  constructor(
    private readonly fetchEntry: (principal: Principal) => Promise<CallerEntry | undefined>,
    private readonly nowMs: () => number,
    private readonly lifeMs: number = copyLifeMs,
  ) {}

  async findEntry(principal: Principal): Promise<CallerEntry | undefined> {
    const known = this.copies.get(principal.accessKeyId)
    if (known && this.nowMs() < known.usableUntilMs) return known.entry
    for (;;) {
      const [askedAtMs, leastVersion] = [this.nowMs(), this.leastVersion]
      const entry = await this.fetchEntry(principal)
      // An absent entry has no version: it is good only if nothing was dropped meanwhile.
      const outdated = entry ? entry.version < this.leastVersion : leastVersion !== this.leastVersion
      if (outdated) continue
      this.copies.set(principal.accessKeyId, { entry, usableUntilMs: askedAtMs + this.lifeMs })
      return entry
    }
  }

  drop(version: number): void {
    if (version > this.leastVersion) this.leastVersion = version
    this.copies.clear()
  }
}
