import { auditAppend } from '../../src/audit'
import type { AliasRecord, KeyRecord, MaterialRecord, UseRecord } from '../../src/keys/records'
import type { AuditEntry } from '../../src/ports/audit'
import type { Append, Change, Commit, StoragePort } from '../../src/ports/storage'

/** When everything here happened. */
export const sampleNowMs = 1_700_000_000_000

/** Rows, entries and commits for the storage tests, as small as their types allow. */

export const keyRecord = (keyId: string, more: Partial<KeyRecord> = {}): KeyRecord => ({
  keyId,
  arn: `arn:aws:kms:us-east-1:111122223333:key/${keyId}`,
  accountId: '111122223333',
  region: 'us-east-1',
  keySpec: 'SYMMETRIC_DEFAULT',
  keyUsage: 'ENCRYPT_DECRYPT',
  origin: 'AWS_KMS',
  multiRegion: false,
  description: '',
  state: 'Enabled',
  createdAtMs: sampleNowMs,
  policy: '{}',
  tags: [],
  aliasCount: 0,
  materialCount: 1,
  onDemandRotationCount: 0,
  ...more,
})

export const dueKey = (keyId: string, deleteAtMs: number): KeyRecord =>
  keyRecord(keyId, { state: 'PendingDeletion', deleteAtMs })

export const aliasRecord = (aliasName: string, keyId: string): AliasRecord => ({
  aliasName,
  keyId,
  createdAtMs: 1,
  updatedAtMs: 1,
})

export const materialRecord = (keyId: string, materialId: string, rootId: string): MaterialRecord => ({
  keyId,
  materialId,
  sequence: 0,
  createdAtMs: 1,
  stored: { form: 'wrapped', rootId, bytes: 'AAAA' },
})

export const auditEntry = (eventId: string, more: Partial<AuditEntry> = {}): AuditEntry => ({
  eventId,
  requestId: `request-${eventId}`,
  eventName: 'Encrypt',
  wallMs: sampleNowMs,
  serviceMs: sampleNowMs,
  principal: { kind: 'root', accountId: '111122223333', accessKeyId: 'AKIAIOSFODNN7EXAMPLE' },
  parameters: { keyId: 'k', encryptionContext: { ключ: '値 \u{1f511}' } },
  response: null,
  ...more,
})

export const useRecord = (keyId: string, atMs: number, eventId = `event-${atMs}`): UseRecord => ({
  keyId,
  operation: 'Encrypt',
  atMs,
  eventId,
  requestId: `request-${eventId}`,
})

export const entryAppend = (eventId: string, more: Partial<AuditEntry> = {}): Append =>
  auditAppend(auditEntry(eventId, more))

export const useAppend = (use: UseRecord): Append => ({ kind: 'use', use })

export const settingChange = (name: string, version: number, value: string | null): Change => ({
  collection: 'setting',
  id: name,
  version,
  value: value === null ? null : { name, value },
})

export const commitOf = (parts: Partial<Commit>): Commit => ({ reads: [], changes: [], appends: [], ...parts })

export const change = (...changes: Change[]): Commit => commitOf({ changes })

export const appendOnly = (...appends: Append[]): Commit => commitOf({ appends })

/** Lets every other pending piece of work run: a real turn of the event loop, not only of the promise queue. */
export const yieldTurn = () => new Promise<void>((resolve) => setTimeout(resolve, 0))

/** Adds one to a number in a setting, again and again until the store takes it. Answers how many tries it took. */
export async function increment(store: StoragePort, name: string, wait = yieldTurn): Promise<number> {
  for (let tries = 1; ; tries++) {
    const row = await store.read('setting', name)
    await wait()
    const next = String(Number(row?.value.value ?? '0') + 1)
    const done = await store.commit(
      commitOf({
        changes: [settingChange(name, row?.version ?? 0, next)],
        appends: [entryAppend(`${name}-${next}`)],
      }),
    )
    if (done) return tries
  }
}
