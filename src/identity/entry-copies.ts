import { LruMap } from '../codec/lru'
import { type Principal, principalArn } from '../policy/principal'
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
export class EntryCopies implements Pick<IdentityPort, 'findEntry'> {
  private readonly copies = new LruMap<string, Copy>(2_000)
  private leastVersion = 0
  private drops = 0

  constructor(
    private readonly fetchEntry: (principal: Principal) => Promise<CallerEntry | undefined>,
    private readonly nowMs: () => number,
    private readonly lifeMs: number = copyLifeMs,
  ) {}

  async findEntry(principal: Principal): Promise<CallerEntry | undefined> {
    const name = copyName(principal)
    const known = this.copies.get(name)
    if (known && this.nowMs() < known.usableUntilMs) return known.entry
    for (;;) {
      const [askedAtMs, drops] = [this.nowMs(), this.drops]
      const entry = await this.fetchEntry(principal)
      // Versions of two accounts' Directories cannot be compared: what was asked for after every word is new enough.
      const outdated = drops !== this.drops && (!entry || entry.version < this.leastVersion)
      if (outdated) continue
      this.copies.set(name, { entry, usableUntilMs: askedAtMs + this.lifeMs })
      return entry
    }
  }

  drop(version: number): void {
    this.drops++
    if (version > this.leastVersion) this.leastVersion = version
    this.copies.clear()
  }
}

/** An access key whose user has been renamed speaks for the new name alone, a session for its own policies. */
function copyName(principal: Principal): string {
  if (principal.kind === 'service') return principal.service
  return `${principal.accessKeyId} ${principalArn(principal)} ${principal.session?.issuedAtMs ?? ''}`
}
