import type { AuditEntry } from '../ports/audit'
import type { Append } from '../ports/storage'

/** An entry on its way to the log. */
export const auditAppend = (entry: AuditEntry): Append => ({
  kind: 'audit',
  wallMs: entry.wallMs,
  json: JSON.stringify(entry),
})
