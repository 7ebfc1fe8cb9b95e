import { decodeImportToken, encodeImportToken, type ImportTokenValue, importTokenBinding } from '../codec/import-token'
import { encodeEcPkcs8, parsePkcs8 } from '../codec/pkcs8'
import { parseSpki } from '../codec/spki'
import { materialRowId } from '../keys/collections'
import { requireState } from '../keys/guards'
import { broughtForm, findImport, pendingImport, withImport, withoutMaterial, wrappingFits } from '../keys/import'
import type { ImportedMaterial, KeyRecord } from '../keys/records'
import { dayMs } from '../keys/rotation'
import {
  expiredImportToken,
  incorrectKeyMaterial,
  invalidCiphertext,
  invalidImportToken,
  materialIdOfNew,
  materialNotFound,
  otherMaterialPending,
  unsupported,
  validToMissing,
  validToPast,
  validToTooFar,
  validToUnwanted,
  wrongOrigin,
} from '../model/errors'
import type { ImportKeyMaterialRequest, ImportType } from '../model/generated/types'
import { keySpecs } from '../model/key-specs'
import type { BornMaterial } from '../ports/crypto'
import type { ImportPort } from '../ports/import'
import type { Call } from './call'
import { findKey } from './find-key'
import type { Handler } from './handler'
import { materialFields } from './material'
import { bindingOf } from './working-set'

const tokenLifeMs = dayMs
const maxValidDays = 365

/** UnsupportedOperationException unless the key's material comes from outside. Precedes the state (behaviours 5.3). */
function requireExternal(key: KeyRecord): void {
  if (key.origin !== 'EXTERNAL') throw wrongOrigin(key.arn, key.origin)
}

function requireImport(call: Call): ImportPort {
  if (!call.kms.import) throw unsupported()
  return call.kms.import
}

/**
 * GetParametersForImport: a wrapping key of its own for every call, its private half in the token alone.
 *
 * Out: PublicKey as SubjectPublicKeyInfo, ImportToken, and until when they serve: 24 hours.
 * Throws in the order of the lines below; UnsupportedOperationException without message for a wrapping that does not
 * carry such material. Source: AWS API reference, GetParametersForImport; behaviours 5.3, sub-order, and 7.
 */
export const getParametersForImport: Handler<'GetParametersForImport'> = async (call, input) => {
  const { WrappingAlgorithm: wrappingAlgorithm, WrappingKeySpec: wrappingKeySpec } = input
  const key = await findKey(call, input.KeyId, 'key')
  await call.authorize(key)
  requireExternal(key)
  requireState(key, 'GetParametersForImport')
  if (!wrappingFits(key.keySpec, wrappingAlgorithm, wrappingKeySpec)) throw unsupported()
  const pair = await requireImport(call).newWrappingKey(wrappingKeySpec)
  if (!pair) throw unsupported()

  const { publicKey, privateKey } = pair
  const issuedAtMs = call.nowMs
  const value = encodeImportToken({ keyId: key.keyId, wrappingAlgorithm, wrappingKeySpec, issuedAtMs, privateKey })
  privateKey.fill(0)
  const ImportToken = await call.kms.crypto.sealToken('import-token', importTokenBinding(key.arn), value)
  value.fill(0)
  return { KeyId: key.arn, ImportToken, PublicKey: publicKey, ParametersValidTo: new Date(issuedAtMs + tokenLifeMs) }
}

/**
 * ImportKeyMaterial: the first material of a key, the same again, or, for symmetric keys, new material that waits for
 * RotateKeyOnDemand.
 *
 * In: ExpirationModel KEY_MATERIAL_EXPIRES unless given, with ValidTo, cut to whole seconds, at most 365 days ahead.
 * ImportType NEW_KEY_MATERIAL for the first import unless given, later EXISTING_KEY_MATERIAL.
 * A key whose state is Disabled or PendingImport for want of other material keeps it; else it becomes Enabled.
 * Throws in the order of the lines below. Source: AWS API reference, ImportKeyMaterial; behaviours 5.1, 5.3 and 7.
 */
export const importKeyMaterial: Handler<'ImportKeyMaterial'> = async (call, input) => {
  const key = await findKey(call, input.KeyId, 'key')
  await call.authorize(key)
  requireExternal(key)
  requireState(key, 'ImportKeyMaterial')
  const validToMs = requireExpiration(input, call.nowMs)
  const type = input.ImportType ?? (key.imports?.length ? 'EXISTING_KEY_MATERIAL' : 'NEW_KEY_MATERIAL')
  if (type === 'NEW_KEY_MATERIAL' && input.KeyMaterialId !== undefined) throw materialIdOfNew()

  const material = await unwrapMaterial(call, key, input)
  const born = await adopt(call, key, material)
  const known = requireExpected(key, born.materialId, type, input.KeyMaterialId)

  const description = input.KeyMaterialDescription ?? known?.description
  const pending = known ? known.pending : key.imports?.length ? (true as const) : undefined
  const imported: ImportedMaterial = {
    materialId: born.materialId,
    sequence: known?.sequence ?? key.materialCount,
    present: true,
    ...(pending ? { pending } : {}),
    ...(validToMs === undefined ? {} : { validToMs }),
    ...(description === undefined ? {} : { description }),
    ...(known?.rotation ? { rotation: known.rotation } : {}),
  }
  await putMaterial(call, key, imported, born)
  call.putKey(withImport({ ...key, materialCount: key.materialCount + (known ? 0 : 1) }, imported))
  return { KeyId: key.arn, KeyMaterialId: born.materialId }
}

/** When the material expires, ms; undefined when never. */
function requireExpiration(input: ImportKeyMaterialRequest, nowMs: number): number | undefined {
  if (input.ExpirationModel === 'KEY_MATERIAL_DOES_NOT_EXPIRE') {
    if (input.ValidTo) throw validToUnwanted()
    return undefined
  }
  if (!input.ValidTo) throw validToMissing()
  const validToMs = Math.floor(input.ValidTo.getTime() / 1000) * 1000
  if (validToMs <= nowMs) throw validToPast()
  if (validToMs > nowMs + maxValidDays * dayMs) throw validToTooFar(maxValidDays)
  return validToMs
}

/** The bytes in EncryptedKeyMaterial. InvalidImportToken, ExpiredImportToken and InvalidCiphertext exceptions. */
async function unwrapMaterial(call: Call, key: KeyRecord, input: ImportKeyMaterialRequest): Promise<Bytes> {
  const opened = await call.kms.crypto.openToken('import-token', importTokenBinding(key.arn), input.ImportToken)
  const token = opened && decodeImportToken(opened)
  if (!token || token.keyId !== key.keyId) throw invalidImportToken()
  try {
    return await openEncrypted(call, token, input.EncryptedKeyMaterial)
  } finally {
    token.privateKey.fill(0)
  }
}

async function openEncrypted(call: Call, token: ImportTokenValue, encrypted: Bytes): Promise<Bytes> {
  if (call.nowMs >= token.issuedAtMs + tokenLifeMs) throw expiredImportToken()
  const material = await requireImport(call).unwrap(token.wrappingAlgorithm, token.privateKey, encrypted)
  if (!material) throw invalidCiphertext()
  return material
}

/** The boundary's own form of the material. IncorrectKeyMaterialException for what is none of this key's spec. */
async function adopt(call: Call, key: KeyRecord, material: Bytes): Promise<BornMaterial> {
  const { crypto } = call.kms
  const form = broughtForm(key.keySpec)
  try {
    if (form === 'pkcs8') {
      const { pkcs8, publicKey } = await requirePair(call, key, material)
      return await crypto.adoptMaterial(pkcs8, publicKey, bindingOf(key))
    }
    if (!form || material.length < form.minBytes || material.length > form.maxBytes) throw incorrectKeyMaterial()
    return await crypto.adoptMaterial(material, undefined, bindingOf(key))
  } finally {
    material.fill(0)
  }
}

async function requirePair(call: Call, key: KeyRecord, material: Bytes) {
  const brought = parsePkcs8(material)
  if (!brought) throw incorrectKeyMaterial()
  try {
    const publicKey = brought.keySpec === key.keySpec ? await requireImport(call).derivePublicKey(brought) : undefined
    const parts = publicKey && parseSpki(publicKey)
    if (!parts) throw incorrectKeyMaterial()
    const isCurve = brought.kind === 'ec' && parts.kind === 'ec'
    const pkcs8 = isCurve ? encodeEcPkcs8(brought.curve, brought.scalar, parts.point) : brought.pkcs8.slice()
    return { pkcs8, publicKey }
  } finally {
    brought.pkcs8.fill(0)
    if (brought.kind === 'ec') brought.scalar.fill(0)
  }
}

/**
 * What the key knows of this material; undefined for new material that it may take. IncorrectKeyMaterialException for
 * any other, and for known material that was said to be new.
 */
function requireExpected(
  key: KeyRecord,
  materialId: string,
  type: ImportType,
  namedId: string | undefined,
): ImportedMaterial | undefined {
  const known = findImport(key, materialId)
  if (namedId !== undefined && namedId !== materialId) throw incorrectKeyMaterial()
  if (type === 'EXISTING_KEY_MATERIAL') {
    if (!known) throw incorrectKeyMaterial()
    return known
  }
  if (known) throw incorrectKeyMaterial()
  if (!key.imports?.length) return undefined
  if (!keySpecs[key.keySpec].rotates) throw incorrectKeyMaterial()
  const pending = pendingImport(key)
  if (pending) throw otherMaterialPending(key.arn, materialId, pending.materialId)
  return undefined
}

async function putMaterial(call: Call, key: KeyRecord, imported: ImportedMaterial, born: BornMaterial): Promise<void> {
  const rowId = materialRowId(key.keyId, imported.materialId)
  await call.find('material', rowId)
  call.put('material', rowId, {
    ...materialFields(born),
    keyId: key.keyId,
    sequence: imported.sequence,
    createdAtMs: call.nowMs,
  })
}

/**
 * DeleteImportedKeyMaterial: the bytes go; what the key knows of them stays, and it waits for the same again. Without
 * KeyMaterialId the current material. Nothing happens where it is not there.
 */
export const deleteImportedKeyMaterial: Handler<'DeleteImportedKeyMaterial'> = async (call, input) => {
  const key = await findKey(call, input.KeyId, 'key')
  await call.authorize(key)
  requireExternal(key)
  const materialId = input.KeyMaterialId ?? key.currentMaterialId
  if (materialId === undefined) return { KeyId: key.arn }
  const known = findImport(key, materialId)
  if (!known) throw materialNotFound(materialId)
  if (known.present) {
    await call.remove('material', materialRowId(key.keyId, materialId))
    call.putKey(withoutMaterial(key, materialId))
  }
  return { KeyId: key.arn, KeyMaterialId: materialId }
}
