import { auditAppend } from '../audit'
import { encodeHex } from '../codec/bytes'
import { type CollectionName, type Collections, materialRowId } from '../keys/collections'
import type { AliasRecord, KeyRecord, MaterialRecord } from '../keys/records'
import type { AuditEntry, JsonObject } from '../ports/audit'
import type { MaterialBinding } from '../ports/crypto'
import type { Append, Change, Commit, ReadMark, Row } from '../ports/storage'
import type { Kms } from './kms'
import { materialFields } from './material'

interface Slot {
  readonly collection: CollectionName
  readonly id: string
  readonly version: number
  value: Collections[CollectionName] | null
  changed: boolean
}

/** What one piece of work has read and what it wants to change. Nothing is written before the one commit at the end. */
export class WorkingSet {
  /** Service clock, ms; one instant for the whole work. */
  readonly nowMs: number
  private readonly slots = new Map<string, Slot>()
  private readonly appends: Append[] = []

  constructor(readonly kms: Kms) {
    this.nowMs = kms.clock.serviceMs()
  }

  /** The row's value as this work sees it, its own pending changes included. */
  async find<C extends CollectionName>(collection: C, id: string): Promise<Collections[C] | undefined> {
    let slot = this.slots.get(slotId(collection, id))
    slot ??= this.remember(collection, id, await this.kms.storage.read(collection, id))
    return (slot.value ?? undefined) as Collections[C] | undefined
  }

  private remember<C extends CollectionName>(collection: C, id: string, row: Row<C> | undefined): Slot {
    const slot: Slot = { collection, id, version: row?.version ?? 0, value: row?.value ?? null, changed: false }
    this.slots.set(slotId(collection, id), slot)
    return slot
  }

  /** A new value, or null to delete. A row that was never read must not exist yet. */
  put<C extends CollectionName>(collection: C, id: string, value: Collections[C] | null): void {
    const slot = this.slots.get(slotId(collection, id)) ?? this.remember(collection, id, undefined)
    slot.value = value
    slot.changed = true
  }

  /** Deletes a row that need not have been read. */
  async remove<C extends CollectionName>(collection: C, id: string): Promise<void> {
    await this.find(collection, id)
    this.put(collection, id, null)
  }

  putKey(key: KeyRecord): void {
    this.put('key', key.keyId, key)
  }

  append(append: Append): void {
    this.appends.push(append)
  }

  /** What the commit checks and writes. Refused work changes nothing, but what it saw must still hold. */
  outcome(succeeded: boolean): Commit {
    const reads: ReadMark[] = []
    const changes: Change[] = []
    for (const { collection, id, version, value, changed } of this.slots.values()) {
      if (!succeeded || !changed) reads.push({ collection, id, version })
      else if (version > 0 || value) changes.push({ collection, id, version, value } as Change)
    }
    return { reads, changes, appends: succeeded ? this.appends : [] }
  }

  /** New material for the key, its row among the changes; the key as it is with it. */
  async createMaterial(key: KeyRecord, rotation?: MaterialRecord['rotation']): Promise<KeyRecord> {
    const born = await this.kms.crypto.createMaterial(bindingOf(key))
    const { materialId } = born
    this.put('material', materialRowId(key.keyId, materialId), {
      ...materialFields(born),
      keyId: key.keyId,
      sequence: key.materialCount,
      createdAtMs: this.nowMs,
      ...(rotation ? { rotation } : {}),
    })
    return { ...key, currentMaterialId: materialId, materialCount: key.materialCount + 1 }
  }

  /** Materials of the key that were made here and are not committed yet. */
  pendingMaterials(keyId: string): MaterialRecord[] {
    const materials: MaterialRecord[] = []
    for (const { collection, value, changed } of this.slots.values()) {
      if (collection !== 'material' || !changed || !value) continue
      const material = value as MaterialRecord
      if (material.keyId === keyId) materials.push(material)
    }
    return materials
  }

  /** Names of the key's aliases that were made here and are not committed yet. */
  pendingAliases(keyId: string): string[] {
    const made = [...this.slots.values()].filter((slot) => slot.collection === 'alias' && slot.changed && !slot.version)
    return made.flatMap(({ id, value }) => ((value as AliasRecord | null)?.keyId === keyId ? [id] : []))
  }

  /** An event of the service itself (RotateKey, DeleteKey), in CloudTrail's names. */
  recordServiceEvent(eventName: string, key: KeyRecord, serviceEvent?: JsonObject): void {
    this.append(auditAppend(serviceEventEntry(this.kms, eventName, key, serviceEvent)))
  }

  newUuid(): string {
    return formatUuid(this.kms.crypto.random(16))
  }
}

const slotId = (collection: CollectionName, id: string) => `${collection} ${id}`

export const bindingOf = ({ arn, keyId, keySpec, keyUsage }: KeyRecord): MaterialBinding => ({
  keyArn: arn,
  keyId,
  keySpec,
  keyUsage,
})

/** The audit entry of something that the service did by itself. */
export const serviceEventEntry = (
  kms: Kms,
  eventName: string,
  key: KeyRecord,
  serviceEvent?: JsonObject,
): AuditEntry => ({
  eventId: formatUuid(kms.crypto.random(16)),
  eventName,
  wallMs: kms.clock.wallMs(),
  serviceMs: kms.clock.serviceMs(),
  principal: null,
  parameters: null,
  // CloudTrail's record of an expiry is the one without a response.
  response: eventName === 'DeleteExpiredKeyMaterial' ? null : { keyId: key.arn },
  resources: [key.arn],
  ...(serviceEvent ? { serviceEvent } : {}),
})

/** RFC 9562 version 4 from 16 random bytes. */
export function formatUuid(random: Bytes): string {
  random[6] = ((random[6] as number) & 0x0f) | 0x40
  random[8] = ((random[8] as number) & 0x3f) | 0x80
  const hex = encodeHex(random)
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}
