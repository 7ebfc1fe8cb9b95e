import { materialRowId } from '../keys/collections'
import { expiredImports, withoutMaterial, withRotation } from '../keys/import'
import type { KeyRecord, MaterialRecord } from '../keys/records'
import { dayMs, dueRotations, isDeleted } from '../keys/rotation'
import type { WorkingSet } from './working-set'

/** A key by its stored id, with everything that the clock alone has changed; undefined when there is none (any more). */
export async function findSettledKey(work: WorkingSet, keyId: string): Promise<KeyRecord | undefined> {
  const key = await work.find('key', keyId)
  return key && settle(work, key)
}

/** Undefined for a key whose deletion window has ended; due rotations and expiries are among the call's changes. */
export async function settle(work: WorkingSet, key: KeyRecord): Promise<KeyRecord | undefined> {
  if (isDeleted(key, work.nowMs)) return undefined
  let settled = key
  for (const { materialId } of expiredImports(key, work.nowMs)) settled = await expire(work, settled, materialId)
  for (const atMs of dueRotations(key, work.nowMs)) settled = await rotate(work, settled, { atMs, type: 'AUTOMATIC' })
  return settled
}

/** The bytes of imported material go when its time is over. */
async function expire(work: WorkingSet, key: KeyRecord, materialId: string): Promise<KeyRecord> {
  await work.remove('material', materialRowId(key.keyId, materialId))
  const left = withoutMaterial(key, materialId)
  work.putKey(left)
  work.recordServiceEvent('DeleteExpiredKeyMaterial', left, { keyId: key.keyId, keyMaterialId: materialId })
  return left
}

/** New material for the key, or the imported one that waits, current from now on; its older materials go on decrypting. */
export async function rotate(
  work: WorkingSet,
  key: KeyRecord,
  rotation: Required<MaterialRecord>['rotation'],
): Promise<KeyRecord> {
  const external = key.origin === 'EXTERNAL'
  const withMaterial = external ? withRotation(key, rotation) : await work.createMaterial(key, rotation)
  const automatic = rotation.type === 'AUTOMATIC'
  const rotated: KeyRecord = {
    ...withMaterial,
    ...(automatic && key.rotation
      ? { rotation: { ...key.rotation, nextAtMs: rotation.atMs + key.rotation.periodDays * dayMs } }
      : {}),
    ...(automatic ? {} : { onDemandRotationCount: key.onDemandRotationCount + 1 }),
  }
  work.putKey(rotated)
  work.recordServiceEvent('RotateKey', rotated, {
    keyId: key.keyId,
    rotationType: rotation.type,
    keyOrigin: key.origin,
    previousKeyMaterialId: key.currentMaterialId ?? null,
    currentKeyMaterialId: rotated.currentMaterialId ?? null,
  })
  return rotated
}
