/** A row or its absence (version 0), as some store had it. */
export interface CachedRow<T> {
  readonly row: T | undefined
  /** About how much memory it takes. */
  readonly bytes: number
}

export interface CacheLimits {
  readonly rows: number
  readonly bytes: number
}

/** Forgets the rows used least recently once there are too many of them or they take too many bytes. */
export class RowCache<T, E extends CachedRow<T> = CachedRow<T>> {
  readonly #entries = new Map<string, E>()
  readonly #limits: CacheLimits
  #bytes = 0

  constructor(limits: CacheLimits) {
    this.#limits = limits
  }

  get size(): number {
    return this.#entries.size
  }

  get bytes(): number {
    return this.#bytes
  }

  get(key: string): E | undefined {
    const entry = this.#entries.get(key)
    if (entry) {
      this.#entries.delete(key)
      this.#entries.set(key, entry)
    }
    return entry
  }

  set(key: string, entry: E): void {
    this.delete(key)
    if (entry.bytes > this.#limits.bytes) return
    this.#entries.set(key, entry)
    this.#bytes += entry.bytes
    while (this.#entries.size > this.#limits.rows || this.#bytes > this.#limits.bytes) {
      const oldest = this.#entries.keys().next()
      if (oldest.done) return
      this.delete(oldest.value)
    }
  }

  delete(key: string): void {
    const entry = this.#entries.get(key)
    if (!entry) return
    this.#entries.delete(key)
    this.#bytes -= entry.bytes
  }

  clear(): void {
    this.#entries.clear()
    this.#bytes = 0
  }
}

/** What an entry weighs besides its value: map slot, key, objects. */
export const entryOverheadBytes = 300

/** Freezes plain data all the way down, so that one copy may be handed to everyone. */
export function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value
  for (const member of Object.values(value)) deepFreeze(member)
  return Object.freeze(value)
}
