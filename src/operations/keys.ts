import { requireState } from '../keys/guards'
import { broughtForm, lacksMaterial } from '../keys/import'
import { keyMetadata } from '../keys/metadata'
import type { KeyRecord } from '../keys/records'
import { dayMs, enabled, isDeleted } from '../keys/rotation'
import { invalidState, unsupported, validation } from '../model/errors'
import type { CreateKeyRequest, KeyUsageType } from '../model/generated/types'
import { type KeySpecRow, keySpecs } from '../model/key-specs'
import { limits } from '../model/limits'
import { defaultKeyPolicy } from '../policy/key-policy'
import type { Call } from './call'
import { findKey } from './find-key'
import type { Handler } from './handler'
import { pageOf } from './paging'
import { acceptKeyPolicy } from './policies'
import { requireTags } from './tags'

/** KeySpec and KeyUsage of a CreateKey request, checked against each other. */
function requireSpec(input: CreateKeyRequest) {
  if (input.KeySpec !== undefined && input.CustomerMasterKeySpec !== undefined) {
    throw validation(
      'You cannot specify KeySpec and CustomerMasterKeySpec in the same request. CustomerMasterKeySpec is deprecated.',
    )
  }
  const spec = keySpecs[input.KeySpec ?? input.CustomerMasterKeySpec ?? 'SYMMETRIC_DEFAULT']
  const usage = input.KeyUsage ?? spec.defaultUsage
  if (usage === undefined) {
    throw validation('You must specify a KeyUsage value for all KMS keys except for symmetric encryption keys.')
  }
  if (!spec.usages.includes(usage)) {
    throw validation(`KeyUsage ${usage} is not compatible with KeySpec ${spec.keySpec}`)
  }
  return { spec, usage }
}

/** What this service has not learnt yet, or never will, is refused before anything is made. */
function requireBuilt(
  call: Call,
  input: CreateKeyRequest,
  { keySpec, onlyInChina }: KeySpecRow,
  usage: KeyUsageType,
): void {
  if (onlyInChina) throw unsupported(`KeySpec ${keySpec} is not supported in this Region`)
  if (!call.kms.crypto.supports(keySpec, usage)) throw unsupported(`KeySpec ${keySpec} is not supported.`)
  const origin = input.Origin ?? 'AWS_KMS'
  const importable = origin === 'EXTERNAL' && call.kms.import && broughtForm(keySpec)
  if (origin !== 'AWS_KMS' && !importable) throw unsupported(`Origin ${origin} is not supported.`)
  if (input.CustomKeyStoreId !== undefined || input.XksKeyId !== undefined) {
    throw unsupported('Custom key stores are not supported.')
  }
  if (input.MultiRegion) throw unsupported('Multi-Region keys are not supported.')
}

/**
 * CreateKey. Out: KeyMetadata of the new key, Enabled at once; with the origin EXTERNAL it waits for its material.
 * Throws in the order of the lines below. Source: AWS API reference, CreateKey; behaviours 7.
 */
export const createKey: Handler<'CreateKey'> = async (call, input) => {
  const keyId = call.newUuid()
  const arn = call.keyArn(keyId)
  call.authorizeResource('*', '*')
  // The key to be is the resource, so that a policy for all keys covers it and one for a certain key does not.
  if (input.Tags?.length) call.authorizeResource(arn, '*', 'TagResource')
  const { spec, usage } = requireSpec(input)
  requireBuilt(call, input, spec, usage)
  const tags = requireTags([], input.Tags ?? [])
  const { accountId, region } = call.kms.home
  const origin = input.Origin ?? 'AWS_KMS'
  const key: KeyRecord = {
    keyId,
    arn,
    accountId,
    region,
    keySpec: spec.keySpec,
    keyUsage: usage,
    origin,
    multiRegion: false,
    description: input.Description ?? '',
    state: origin === 'EXTERNAL' ? 'PendingImport' : 'Enabled',
    createdAtMs: call.nowMs,
    policy: defaultKeyPolicy(accountId),
    tags,
    aliasCount: 0,
    materialCount: 0,
    onDemandRotationCount: 0,
  }
  const { Policy } = input
  const governed = Policy === undefined ? key : { ...key, ...(await acceptKeyPolicy(call, { ...input, Policy }, key)) }
  const withMaterial = origin === 'EXTERNAL' ? governed : await call.createMaterial(governed)
  call.putKey(withMaterial)
  call.resources.push(key.arn)
  return { KeyMetadata: keyMetadata(withMaterial) }
}

/** DescribeKey: KeyMetadata in every state. */
export const describeKey: Handler<'DescribeKey'> = async (call, input) => {
  const key = await findKey(call, input.KeyId, 'keyOrAlias')
  await call.authorize(key, 'DescribeKey')
  return { KeyMetadata: keyMetadata(key) }
}

/** ListKeys: every key of the account and Region in every state, by key id. */
export const listKeys: Handler<'ListKeys'> = async (call, input) => {
  call.authorizeResource('*', '*')
  const page = await pageOf(call, input, '', async (after, limit) => {
    const keys: KeyRecord[] = []
    let position = after
    while (keys.length < limit) {
      const rows = await call.kms.storage.list('key', { limit, ...(position === undefined ? {} : { after: position }) })
      for (const { value } of rows) if (!isDeleted(value, call.nowMs)) keys.push(value)
      position = rows.at(-1)?.id
      if (rows.length < limit) break
    }
    return keys.slice(0, limit).map((key) => ({ position: key.keyId, item: key }))
  })
  return { Keys: page.items.map(({ keyId, arn }) => ({ KeyId: keyId, KeyArn: arn })), ...page.members }
}

/** EnableKey: idempotent. A rotation that fell due while the key was disabled happens at once. */
export const enableKey: Handler<'EnableKey'> = async (call, input) => {
  const key = await findKey(call, input.KeyId, 'key')
  await call.authorize(key)
  requireState(key, 'EnableKey')
  if (key.state !== 'Enabled') call.putKey(enabled(key, call.nowMs))
}

/** DisableKey: idempotent. */
export const disableKey: Handler<'DisableKey'> = async (call, input) => {
  const key = await findKey(call, input.KeyId, 'key')
  await call.authorize(key)
  requireState(key, 'DisableKey')
  if (key.state !== 'Disabled') call.putKey({ ...key, state: 'Disabled' })
}

/** UpdateKeyDescription: 0 to 8192 characters. */
export const updateKeyDescription: Handler<'UpdateKeyDescription'> = async (call, input) => {
  const key = await findKey(call, input.KeyId, 'key')
  await call.authorize(key)
  requireState(key, 'UpdateKeyDescription')
  if (key.description !== input.Description) call.putKey({ ...key, description: input.Description })
}

/** ScheduleKeyDeletion: the key stops working now and is gone after 7 to 30 days, to the millisecond of the clock. */
export const scheduleKeyDeletion: Handler<'ScheduleKeyDeletion'> = async (call, input) => {
  const { min, max, default: defaultDays } = limits.deletionWindowDays
  const windowDays = input.PendingWindowInDays ?? defaultDays
  const key = await findKey(call, input.KeyId, 'key')
  await call.authorize(key)
  if (windowDays < min || windowDays > max) {
    throw validation(`PendingWindowInDays must be between ${min} and ${max}`)
  }
  requireState(key, 'ScheduleKeyDeletion')
  const deleteAtMs = call.nowMs + windowDays * dayMs
  call.putKey({ ...key, state: 'PendingDeletion', deleteAtMs })
  return {
    KeyId: key.arn,
    DeletionDate: new Date(deleteAtMs),
    KeyState: 'PendingDeletion',
    PendingWindowInDays: windowDays,
  }
}

/** CancelKeyDeletion: back to Disabled, never to Enabled; to PendingImport where imported material is lacking. */
export const cancelKeyDeletion: Handler<'CancelKeyDeletion'> = async (call, input) => {
  const key = await findKey(call, input.KeyId, 'key')
  await call.authorize(key)
  if (key.state !== 'PendingDeletion') throw invalidState(key.arn, 'not pending deletion')
  const { deleteAtMs: _, ...rest } = key
  call.putKey({ ...rest, state: lacksMaterial(key) ? 'PendingImport' : 'Disabled' })
  return { KeyId: key.arn }
}

/** GetKeyLastUsage: KeyLastUsage is empty for a key that was never used. Tracking begins with the key. */
export const getKeyLastUsage: Handler<'GetKeyLastUsage'> = async (call, input) => {
  const key = await findKey(call, input.KeyId, 'key')
  await call.authorize(key)
  const use = await call.kms.storage.lastUse(key.keyId)
  return {
    KeyId: key.keyId,
    KeyLastUsage: use
      ? {
          Operation: use.operation,
          Timestamp: new Date(use.atMs),
          CloudTrailEventId: use.eventId,
          KmsRequestId: use.requestId,
        }
      : {},
    TrackingStartDate: new Date(key.createdAtMs),
    KeyCreationDate: new Date(key.createdAtMs),
  }
}
