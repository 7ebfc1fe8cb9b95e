import { materialRowId } from '../keys/collections'
import { requireState } from '../keys/guards'
import { expirationMembers, pendingImport } from '../keys/import'
import type { ImportedMaterial, KeyRecord, MaterialRecord } from '../keys/records'
import { dayMs } from '../keys/rotation'
import { noMaterialPending, onDemandRotationLimit, unsupported, wrongOrigin } from '../model/errors'
import { keySpecs } from '../model/key-specs'
import { limits } from '../model/limits'
import type { Call } from './call'
import { findKey } from './find-key'
import type { Handler } from './handler'
import { pageOf } from './paging'
import { rotate } from './settle'

/** UnsupportedOperationException for keys of imported or foreign material. Precedes the state (behaviours 5.3). */
function requireOwnMaterial(key: KeyRecord): void {
  if (key.origin !== 'AWS_KMS') throw wrongOrigin(key.arn, key.origin)
}

function requireRotatingSpec(key: KeyRecord): void {
  if (!keySpecs[key.keySpec].rotates) throw unsupported()
}

/**
 * EnableKeyRotation: automatic rotation every RotationPeriodInDays (90 to 2560, default 365), counted from now.
 * Throws in the order of the lines below. Source: AWS API reference, EnableKeyRotation; behaviours 5.3, sub-order.
 */
export const enableKeyRotation: Handler<'EnableKeyRotation'> = async (call, input) => {
  const key = await findKey(call, input.KeyId, 'key')
  await call.authorize(key)
  requireOwnMaterial(key)
  requireState(key, 'EnableKeyRotation')
  requireRotatingSpec(key)
  const periodDays = input.RotationPeriodInDays ?? limits.rotationPeriodDays.default
  if (key.rotation?.periodDays !== periodDays) {
    call.putKey({ ...key, rotation: { periodDays, nextAtMs: call.nowMs + periodDays * dayMs } })
  }
}

/** DisableKeyRotation: succeeds on specs that never rotate, too. */
export const disableKeyRotation: Handler<'DisableKeyRotation'> = async (call, input) => {
  const key = await findKey(call, input.KeyId, 'key')
  await call.authorize(key)
  requireOwnMaterial(key)
  requireState(key, 'DisableKeyRotation')
  const { rotation, ...rest } = key
  if (rotation) call.putKey(rest)
}

/** GetKeyRotationStatus: false for whatever cannot rotate, and while a deletion is pending; never an error for it. */
export const getKeyRotationStatus: Handler<'GetKeyRotationStatus'> = async (call, input) => {
  const key = await findKey(call, input.KeyId, 'key')
  await call.authorize(key)
  const rotation = key.state === 'PendingDeletion' ? undefined : key.rotation
  return {
    KeyRotationEnabled: rotation !== undefined,
    KeyId: key.arn,
    ...(rotation ? { RotationPeriodInDays: rotation.periodDays, NextRotationDate: new Date(rotation.nextAtMs) } : {}),
  }
}

/**
 * RotateKeyOnDemand: new material at once, or the imported one that waits; the automatic schedule stays as it is. At
 * most 25 per key.
 */
export const rotateKeyOnDemand: Handler<'RotateKeyOnDemand'> = async (call, input) => {
  const key = await findKey(call, input.KeyId, 'key')
  await call.authorize(key)
  requireState(key, 'RotateKeyOnDemand')
  requireRotatingSpec(key)
  if (key.origin === 'EXTERNAL' && !pendingImport(key)) throw noMaterialPending(key.arn)
  if (key.onDemandRotationCount >= limits.onDemandRotationsPerKey) throw onDemandRotationLimit(key.arn)
  await rotate(call, key, { atMs: call.nowMs, type: 'ON_DEMAND' })
  return { KeyId: key.arn }
}

/**
 * ListKeyRotations: newest first. The first material has neither date nor type, so ROTATIONS_ONLY leaves it out.
 */
export const listKeyRotations: Handler<'ListKeyRotations'> = async (call, input) => {
  const key = await findKey(call, input.KeyId, 'key')
  await call.authorize(key)
  const all = input.IncludeKeyMaterial === 'ALL_KEY_MATERIAL'
  const materials = key.imports ? [...key.imports].reverse() : await materialsOf(call, key)
  // Keys that do not rotate have material too, whose id AWS never shows.
  const { rotates } = keySpecs[key.keySpec]
  const listed = materials.filter((material) => rotates && (all || material.rotation))
  const page = await pageOf(call, input, `${key.keyId} ${all}`, async (after, limit) => {
    const before = after === undefined ? Number.POSITIVE_INFINITY : Number(after)
    return listed
      .filter((material) => material.sequence < before)
      .slice(0, limit)
      .map((material) => ({ position: String(material.sequence), item: material }))
  })
  return {
    Rotations: page.items.map((material) => ({
      KeyId: key.keyId,
      KeyMaterialId: material.materialId,
      ...('present' in material ? importMembers(material) : {}),
      KeyMaterialState: stateOf(key, material),
      ...(material.rotation
        ? { RotationDate: new Date(material.rotation.atMs), RotationType: material.rotation.type }
        : {}),
    })),
    ...page.members,
  }
}

function stateOf(key: KeyRecord, material: ImportedMaterial | MaterialRecord) {
  if ('pending' in material && material.pending) return 'PENDING_ROTATION'
  return material.materialId === key.currentMaterialId ? 'CURRENT' : 'NON_CURRENT'
}

/** What an entry says of imported material. */
const importMembers = (material: ImportedMaterial) => ({
  ...(material.description === undefined ? {} : { KeyMaterialDescription: material.description }),
  ImportState: material.present ? ('IMPORTED' as const) : ('PENDING_IMPORT' as const),
  ...(material.present ? expirationMembers(material) : {}),
})

/** Every material of a key, this call's own included, newest first. */
async function materialsOf(call: Call, key: KeyRecord): Promise<MaterialRecord[]> {
  const materials = new Map<string, MaterialRecord>()
  let after: string | undefined
  for (;;) {
    const limit = 500
    const rows = await call.kms.storage.list('material', { owner: key.keyId, limit, ...(after ? { after } : {}) })
    for (const row of rows) materials.set(row.id, row.value)
    after = rows.at(-1)?.id
    if (rows.length < limit) break
  }
  // A rotation that this very call settled is not in the listing yet.
  for (const pending of call.pendingMaterials(key.keyId)) {
    materials.set(materialRowId(key.keyId, pending.materialId), pending)
  }
  return [...materials.values()].sort((a, b) => b.sequence - a.sequence)
}
