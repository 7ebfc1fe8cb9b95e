import type { Principal } from '../policy/principal'

/** What counts for a decision about one caller, from the Directory of the caller's account. */
export interface CallerEntry {
  /** Grows with every change in the Directory. */
  readonly version: number
  /**
   * Identity policy documents by the name that explanations use: of the user itself and its groups, inline and managed,
   * or of the role; of a federated user those of the user who vouches for it. Empty for a root user, whom IAM policies
   * cannot limit.
   */
  readonly policies: Readonly<Record<string, string>>
  /** Permissions boundary. */
  readonly boundary?: string
  /** Session policies, inline and managed ones alike; absent when the session was made without any. */
  readonly sessionPolicies?: readonly string[]
  /** Tags of the user or role with those of the session. */
  readonly tags?: Readonly<Record<string, string>>
}

export interface IdentityPort {
  /**
   * The caller's entry, or undefined when the principal is gone: its user, role, or access key deleted, its key switched
   * off. Of a session the role or user behind it counts.
   */
  findEntry(principal: Principal): Promise<CallerEntry | undefined>
  /**
   * Unique ids of users and roles by ARN: what stored policies and grants pin names to. Null for an ARN that names no
   * user or role. Of the ARN of a role session, the role's. Accounts that this service does not keep have none.
   */
  resolvePrincipals(arns: readonly string[]): Promise<Readonly<Record<string, string | null>>>
  /** The ARNs of unique ids as they are now; ids of principals that are gone are left out. */
  principalArns(uniqueIds: readonly string[], accountIds: readonly string[]): Promise<Readonly<Record<string, string>>>
}
