import type { RootPrincipal, UserPrincipal } from '../../src/policy/principal'
import type { AuditBatch, AuditEntry } from '../../src/ports/audit'

export const home = { accountId: '111111111111', region: 'eu-west-1' }
export const keyArn = 'arn:aws:kms:eu-west-1:111111111111:key/0a1b2c3d-0001-4000-8000-00000000a001'

export const alice: UserPrincipal = {
  kind: 'user',
  accountId: home.accountId,
  accessKeyId: 'AKIAEXAMPLEALICE0001',
  userId: 'AIDAEXAMPLEUSERID0001',
  userName: 'alice',
  path: '/team/',
}
export const root: RootPrincipal = { kind: 'root', accountId: home.accountId, accessKeyId: 'AKIAEXAMPLEROOT00001' }

const atMs = Date.UTC(2026, 10, 2, 9, 0, 0)

/** A successful DescribeKey, changed by `over`. */
export const entry = (over: Partial<AuditEntry> = {}): AuditEntry => {
  const wallMs = over.wallMs ?? atMs
  return {
    eventId: 'e-1',
    requestId: 'r-1',
    eventName: 'DescribeKey',
    wallMs,
    serviceMs: wallMs,
    principal: alice,
    sourceIp: '192.0.2.10',
    userAgent: 'test/1',
    host: 'kms.eu-west-1.example',
    parameters: { keyId: 'k' },
    response: null,
    resources: [keyArn],
    ...over,
  }
}

/** A log that answers as the storage port says: newest batch first. */
export function logOf(batches: readonly (readonly AuditEntry[])[]) {
  const log: AuditBatch[] = batches.map((entries, at) => ({ sequence: at + 1, hash: '0'.repeat(64), entries }))
  let reads = 0
  return {
    append: (...entries: AuditEntry[]) => void log.push({ sequence: log.length + 1, hash: '0'.repeat(64), entries }),
    /** Retention: the oldest batches go, the numbers of the others stay. */
    dropBefore: (sequence: number) => void log.splice(0, log.findIndex((batch) => batch.sequence >= sequence) >>> 0),
    reads: () => reads,
    readAudit: async ({ before = Infinity, limit }: { readonly before?: number; readonly limit: number }) => {
      reads++
      return log
        .filter(({ sequence }) => sequence < before)
        .reverse()
        .slice(0, limit)
    },
  }
}
