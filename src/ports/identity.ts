import type { Principal } from '../policy/principal'

/** What counts for a decision about one caller, from the Directory of the caller's account. */
export interface CallerEntry {
  /** Grows with every change in the Directory. */
  readonly version: number
  /** Identity policy documents by name; empty for a root user, whom IAM policies cannot limit. */
  readonly policies: Readonly<Record<string, string>>
}

export interface IdentityPort {
  /** The caller's entry, or undefined when the principal or its access key is gone or inactive. */
  findEntry(principal: Principal): Promise<CallerEntry | undefined>
}
