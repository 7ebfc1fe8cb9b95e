import { auditAppend } from '../audit'
import { eachInTurn } from '../codec/each-in-turn'
import type { CollectionName } from '../keys/collections'
import { grantRowId } from '../keys/grant-records'
import type { StoredMaterial } from '../keys/records'
import { isDeleted } from '../keys/rotation'
import type { Kms } from '../operations/kms'
import { restingMaterial } from '../operations/material'
import { ownedBinding } from '../operations/owned-keys'
import { findSettledKey } from '../operations/settle'
import { bindingOf, formatUuid, serviceEventEntry, WorkingSet } from '../operations/working-set'
import { accountOfArn } from '../policy/pins'
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
  await removeGrants(kms, key)
  for (const collection of ['material', 'alias', 'grantName'] as const) {
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

/** Grants end with their key; retiring principals of other accounts are told. */
async function removeGrants(kms: Maintained, key: Row<'key'>): Promise<void> {
  for (;;) {
    const rows = await kms.storage.list('grant', { after: grantRowId(key.id, ''), limit: turnRows })
    const grants = rows.filter(({ value }) => value.keyId === key.id)
    if (!grants.length) break
    const changes: Change[] = []
    for (const row of grants) {
      const retirable = await kms.storage.read('retirable', row.id)
      const told = retirable ? undefined : farewell(kms, row)
      changes.push(deletion('grant', row))
      if (retirable) changes.push(deletion('retirable', retirable))
      if (told) changes.push(told)
    }
    await kms.storage.commit({ reads: [mark(key)], changes, appends: [] })
    if ((await kms.storage.read('key', key.id))?.version !== key.version) return
  }
  const tally = await kms.storage.read('grantTally', key.id)
  if (tally) await kms.storage.commit({ reads: [], changes: [deletion('grantTally', tally)], appends: [] })
}

function farewell(kms: Maintained, { id, value }: Row<'grant'>): Change | undefined {
  if (!kms.outbox || value.retiringPrincipal === undefined) return undefined
  const accountId = accountOfArn(value.retiringPrincipal)
  if (accountId === kms.home.accountId) return undefined
  const to = { accountId, region: kms.home.region }
  const message = { kind: 'retirable', id, record: null } as const
  const outboxId = formatUuid(kms.crypto.random(16))
  return { collection: 'outbox', id: outboxId, version: 0, value: { to, dueAtMs: kms.clock.serviceMs(), message } }
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
    const binding = key ? bindingOf(key.value) : await ownedBinding(kms, value.keyId)
    const stored = binding && (await rewrapper.rewrap(restingMaterial(value), binding))
    if (!stored) return true
    const change = { collection: 'material', id, version, value: { ...value, stored } } as const
    return kms.storage.commit({ reads: [], changes: [change], appends: [] })
  })
  return rows.length === turnRows || conflicts > 0
}
