import type { JsonObject, JsonValue } from '../codec/json'
import type { Principal } from '../policy/principal'

export type { JsonObject, JsonValue }

/**
 * One call as the audit keeps it, compact; src/audit renders it in CloudTrail's shape when it is read. It never holds
 * plaintext, ciphertext, tokens or key material: `parameters` is already the redacted, lowerCamelCase request.
 */
export interface AuditEntry {
  readonly eventId: string
  /** Absent on internal events (DeleteKey, RotateKey). */
  readonly requestId?: string
  readonly eventName: string
  /** `sts.amazonaws.com` and the like; KMS unless given. */
  readonly eventSource?: string
  /** Wall clock at completion, ms. */
  readonly wallMs: number
  /** Service clock at completion, ms; equal to the wall clock unless clock control moved it. */
  readonly serviceMs: number
  /** Null for the service itself. Of a session neither policies nor tags. */
  readonly principal: Principal | null
  /** The service that called with the principal's credentials: `s3.amazonaws.com`. */
  readonly invokedBy?: string
  /** Of a call about another account's key: the same in the records of both accounts. */
  readonly sharedEventId?: string
  readonly sourceIp?: string
  readonly userAgent?: string
  readonly host?: string
  /** Null where CloudTrail has null. */
  readonly parameters: JsonObject | null
  readonly response: JsonObject | null
  readonly additional?: JsonObject
  /** ARNs for `resources`, in CloudTrail's order; absent where CloudTrail leaves the member out. */
  readonly resources?: readonly string[]
  readonly serviceEvent?: JsonObject
  readonly error?: { readonly code: string; readonly message?: string }
  /** Every check with the statement, grant or rule that decided it, in words; for explain, not for CloudTrail. */
  readonly decision?: string
}

/** What one commit group appended. `hash` = SHA-256(previous hash ‖ the entries' bytes), 64 hexadecimal digits. */
export interface AuditBatch {
  readonly sequence: number
  readonly hash: string
  readonly entries: readonly AuditEntry[]
}
