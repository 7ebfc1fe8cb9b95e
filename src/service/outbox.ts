import { eachInTurn } from '../codec/each-in-turn'
import type { OutboxMessage, OutboxRecord } from '../keys/grant-records'
import type { Append, Change, Row } from '../ports/storage'
import type { Maintained } from './maintenance'

/** How long a message that could not be delivered rests. */
const retryMs = 30_000
/** How long it is remembered that a message was taken: longer than its sender may go on sending. */
const receiptMs = 7 * 86_400_000
const turnRows = 50

/** Takes a message to the service that it is for; rejects when that cannot be done now. */
export type Deliver = (to: OutboxRecord['to'], id: string, message: OutboxMessage) => Promise<void>

/**
 * One turn of delivery: at least once, in the order of their times. A message that fails is tried again later and keeps
 * the others from nothing. True when more is waiting.
 */
export async function deliverOutbox(kms: Pick<Maintained, 'storage' | 'clock'>, deliver: Deliver): Promise<boolean> {
  const nowMs = kms.clock.serviceMs()
  const rows = await kms.storage.listDue('outbox', nowMs, turnRows)
  await eachInTurn(rows, async (row) => {
    try {
      await deliver(row.value.to, row.id, row.value.message)
    } catch (fault) {
      const later = { ...row.value, dueAtMs: nowMs + retryMs }
      await kms.storage.commit({ reads: [], changes: [outboxChange(row, later)], appends: [] })
      throw fault
    }
    await kms.storage.commit({ reads: [], changes: [outboxChange(row, null)], appends: [] })
    return true
  })
  return rows.length === turnRows
}

const outboxChange = ({ id, version }: Row<'outbox'>, value: OutboxRecord | null): Change => ({
  collection: 'outbox',
  id,
  version,
  value,
})

/** Takes a message of another service once, however often it comes. */
export async function takeMessage(kms: Maintained, id: string, message: OutboxMessage): Promise<void> {
  const dueAtMs = kms.clock.serviceMs() + receiptMs
  const receipt: Change = { collection: 'receipt', id, version: 0, value: { dueAtMs } }
  for (;;) {
    if (await kms.storage.read('receipt', id)) return
    const { changes, appends } = await effect(kms, message)
    if (await kms.storage.commit({ reads: [], changes: [receipt, ...changes], appends })) return
  }
}

async function effect(
  kms: Maintained,
  message: OutboxMessage,
): Promise<{ readonly changes: readonly Change[]; readonly appends: readonly Append[] }> {
  if (message.kind === 'audit') return { changes: [], appends: [message] }
  const { id, record } = message
  const known = await kms.storage.read('retirable', id)
  const change: Change = { collection: 'retirable', id, version: known?.version ?? 0, value: record }
  // Messages may overtake each other: a grant that has been told to be gone does not come back.
  const gone = await kms.storage.read('receipt', goneId(id))
  if (record) return { changes: known || gone ? [] : [change], appends: [] }
  const dueAtMs = kms.clock.serviceMs() + receiptMs
  const farewell: Change = { collection: 'receipt', id: goneId(id), version: gone?.version ?? 0, value: { dueAtMs } }
  return { changes: known ? [change, farewell] : [farewell], appends: [] }
}

const goneId = (retirableId: string) => `gone ${retirableId}`

/** Forgets messages that can no longer come again. True when more is waiting. */
export async function dropReceipts(kms: Maintained): Promise<boolean> {
  const rows = await kms.storage.listDue('receipt', kms.clock.serviceMs(), turnRows)
  if (!rows.length) return false
  const changes = rows.map(({ id, version }): Change => ({ collection: 'receipt', id, version, value: null }))
  await kms.storage.commit({ reads: [], changes, appends: [] })
  return rows.length === turnRows
}
