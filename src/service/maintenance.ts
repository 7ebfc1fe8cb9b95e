import { auditAppend } from '../audit'
import { eachInTurn } from '../codec/each-in-turn'
import type { CollectionName } from '../keys/collections'
import type { StoredMaterial } from '../keys/records'
import { isDeleted } from '../keys/rotation'
import type { Kms } from '../operations/kms'
import { restingMaterial } from '../operations/material'
import { findSettledKey } from '../operations/settle'
import { bindingOf, serviceEventEntry, WorkingSet } from '../operations/working-set'
import type { MaterialBinding, RestingMaterial } from '../ports/crypto'
import type { Change, MaintenancePort, Row, StoragePort } from '../ports/storage'

/** A store that can be kept in order, and the boundary that can seal anew. */
export interface Maintained extends Kms {
  readonly storage: StoragePort & MaintenancePort
}

/** How much one turn of maintenance does before it lets others go on. */
const turnRows = 50

/**
 * The physical work behind what the clock has already decided: deleted keys lose their material, aliases and row; due
 * rotations happen without anybody asking. True when more is waiting. A key that fails keeps the others from nothing;
 * its fault is thrown at the end.
 */
export async function settleDue(kms: Maintained): Promise<boolean> {
  const nowMs = kms.clock.serviceMs()
  const due = await kms.storage.listDue('key', nowMs, turnRows)
  await eachInTurn(due, async (row) => {
    if (isDeleted(row.value, nowMs)) await deleteKey(kms, row)
    else await rotateDue(kms, row.id)
    return true
  })
  return due.length === turnRows
}

/** Material first, the key's row last: whatever interrupts this, the row still says what is left to do. */
async function deleteKey(kms: Maintained, key: Row<'key'>): Promise<void> {
  for (const collection of ['material', 'alias'] as const) {
    for (;;) {
      const rows = await kms.storage.list(collection, { owner: key.id, limit: turnRows })
      if (!rows.length) break
      await kms.storage.commit({
        reads: [mark(key)],
        changes: rows.map((row) => deletion(collection, row)),
        appends: [],
      })
      if ((await kms.storage.read('key', key.id))?.version !== key.version) return
    }
  }
  const entry = serviceEventEntry(kms, 'DeleteKey', key.value)
  await kms.storage.commit({ reads: [], changes: [deletion('key', key)], appends: [auditAppend(entry)] })
}

const mark = (key: Row<'key'>) => ({ collection: 'key', id: key.id, version: key.version }) as const

const deletion = (collection: CollectionName, row: { readonly id: string; readonly version: number }): Change =>
  ({ collection, id: row.id, version: row.version, value: null }) as Change

/** A conflict means that a call has just settled the key itself. */
async function rotateDue(kms: Maintained, keyId: string): Promise<void> {
  const work = new WorkingSet(kms)
  await findSettledKey(work, keyId)
  await kms.storage.commit(work.outcome(true))
}

/** Seals anew under the first root key what others still seal. */
export interface Rewrapper {
  readonly primaryRootId: string
  /** The same material under the first root key; undefined when it already is. */
  rewrap(material: RestingMaterial, binding: MaterialBinding): Promise<StoredMaterial | undefined>
}

/**
 * One turn of root key rotation: material that another than the first root key seals. Conflicts are left for the next
 * turn. True when more is waiting.
 */
export async function rewrapMaterials(kms: Maintained, rewrapper: Rewrapper): Promise<boolean> {
  const rows = await kms.storage.listSealedByOthers('material', rewrapper.primaryRootId, turnRows)
  const conflicts = await eachInTurn(rows, async ({ id, version, value }) => {
    const key = await kms.storage.read('key', value.keyId)
    const stored = key && (await rewrapper.rewrap(restingMaterial(value), bindingOf(key.value)))
    if (!stored) return true
    const change = { collection: 'material', id, version, value: { ...value, stored } } as const
    return kms.storage.commit({ reads: [], changes: [change], appends: [] })
  })
  return rows.length === turnRows || conflicts > 0
}
