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
  /** Wall clock at completion, ms. */
  readonly wallMs: number
  /** Service clock at completion, ms; equal to the wall clock unless clock control moved it. */
  readonly serviceMs: number
  /** Null for the service itself. */
  readonly principal: Principal | null
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
  /** The statement, grant or rule that decided, in words; for explain, not for CloudTrail. */
  readonly decision?: string
}

/** What one commit group appended. `hash` = SHA-256(previous hash ‖ the entries' bytes), 64 hexadecimal digits. */
export interface AuditBatch {
  readonly sequence: number
  readonly hash: string
  readonly entries: readonly AuditEntry[]
}
