import { formatAliasArn, parseKeyIdentifier } from '../codec/arn'
import { requireState } from '../keys/guards'
import type { AliasRecord, KeyRecord } from '../keys/records'
import { isDeleted } from '../keys/rotation'
import {
  aliasExists,
  aliasInvalidCharacters,
  aliasNotFound,
  aliasOfAlias,
  aliasOtherKind,
  aliasPrefixMissing,
  aliasQuota,
  aliasReserved,
} from '../model/errors'
import type { AliasListEntry } from '../model/generated/types'
import { keySpecs } from '../model/key-specs'
import { limits } from '../model/limits'
import type { Call } from './call'
import { findKey, requireLocalCaller } from './find-key'
import type { Handler } from './handler'
import { pageOf } from './paging'
import { findSettledKey } from './settle'

/** An alias name that customers may create, change and delete (behaviours 7, aliases). */
function requireAliasName(aliasName: string): void {
  if (!aliasName.startsWith('alias/')) throw aliasPrefixMissing()
  if (aliasName.startsWith('alias/aws/')) throw aliasReserved()
  if (aliasName === 'alias/' || aliasName.includes(':')) throw aliasInvalidCharacters(aliasName)
}

const aliasArn = (call: Call, aliasName: string) => formatAliasArn(call.kms.home, aliasName)

async function findTarget(call: Call, targetKeyId: string): Promise<KeyRecord> {
  const { form } = parseKeyIdentifier(targetKeyId)
  if (form === 'aliasName' || form === 'aliasArn') throw aliasOfAlias()
  return findKey(call, targetKeyId, 'key')
}

/** The alias and its key; an alias whose key is gone went with it. */
async function findAlias(call: Call, aliasName: string): Promise<{ alias: AliasRecord; key: KeyRecord } | undefined> {
  const alias = await call.find('alias', aliasName)
  const key = alias && (await findSettledKey(call, alias.keyId))
  return key && { alias, key }
}

async function requireAlias(call: Call, aliasName: string) {
  const found = await findAlias(call, aliasName)
  if (!found) throw aliasNotFound(aliasArn(call, aliasName))
  return found
}

function requireRoom(key: KeyRecord): void {
  if (key.aliasCount >= limits.aliasesPerKey) throw aliasQuota(limits.aliasesPerKey, key.aliasCount)
}

/** CreateAlias: checked on the alias and on the key. Throws in the order of the lines below. */
export const createAlias: Handler<'CreateAlias'> = async (call, { AliasName, TargetKeyId }) => {
  requireAliasName(AliasName)
  const arn = aliasArn(call, AliasName)
  const key = await findTarget(call, TargetKeyId)
  call.resources = [key.arn, arn]
  call.authorizeResource(arn, 'alias')
  await call.authorize(key)
  requireState(key, 'CreateAlias')
  if (await findAlias(call, AliasName)) throw aliasExists(arn)
  requireRoom(key)
  call.put('alias', AliasName, {
    aliasName: AliasName,
    keyId: key.keyId,
    createdAtMs: call.nowMs,
    updatedAtMs: call.nowMs,
  })
  call.putKey({ ...key, aliasCount: key.aliasCount + 1 })
}

/** UpdateAlias: from one key to another of the same usage and type. Checked on the alias and on both keys. */
export const updateAlias: Handler<'UpdateAlias'> = async (call, { AliasName, TargetKeyId }) => {
  requireAliasName(AliasName)
  const arn = aliasArn(call, AliasName)
  const target = await findTarget(call, TargetKeyId)
  const { alias, key: current } = await requireAlias(call, AliasName)
  call.resources = [arn, target.arn]
  call.authorizeResource(arn, 'alias')
  await call.authorize(current)
  await call.authorize(target)
  requireState(target, 'UpdateAlias')
  const [from, to] = [keySpecs[current.keySpec].family, keySpecs[target.keySpec].family]
  if (from !== to) throw aliasOtherKind(AliasName, 'key type', from, to)
  if (current.keyUsage !== target.keyUsage) {
    throw aliasOtherKind(AliasName, 'key usage', current.keyUsage, target.keyUsage)
  }
  call.put('alias', AliasName, { ...alias, keyId: target.keyId, updatedAtMs: call.nowMs })
  if (current.keyId === target.keyId) return
  requireRoom(target)
  call.putKey({ ...current, aliasCount: current.aliasCount - 1 })
  call.putKey({ ...target, aliasCount: target.aliasCount + 1 })
}

/** DeleteAlias: whatever the state of its key. */
export const deleteAlias: Handler<'DeleteAlias'> = async (call, { AliasName }) => {
  requireAliasName(AliasName)
  requireLocalCaller(call)
  const arn = aliasArn(call, AliasName)
  const { key } = await requireAlias(call, AliasName)
  call.resources = [arn, key.arn]
  call.authorizeResource(arn, 'alias')
  await call.authorize(key)
  call.put('alias', AliasName, null)
  call.putKey({ ...key, aliasCount: key.aliasCount - 1 })
}

/** ListAliases: of the account and Region, or of one key, by alias name. Keys in any state. */
export const listAliases: Handler<'ListAliases'> = async (call, input) => {
  call.authorizeResource('*', '*')
  const key = input.KeyId === undefined ? undefined : await findKey(call, input.KeyId, 'key')
  call.resources = []
  const page = await pageOf(call, input, key?.keyId ?? '', async (after, limit) => {
    const entries: { position: string; item: AliasListEntry }[] = []
    let position = after
    while (entries.length < limit) {
      const rows = await call.kms.storage.list('alias', {
        limit,
        ...(key ? { owner: key.keyId } : {}),
        ...(position === undefined ? {} : { after: position }),
      })
      for (const { value: alias } of rows) {
        const target = await call.kms.storage.read('key', alias.keyId)
        if (target && !isDeleted(target.value, call.nowMs))
          entries.push({ position: alias.aliasName, item: aliasEntry(call, alias) })
      }
      position = rows.at(-1)?.id
      if (rows.length < limit) break
    }
    return entries.slice(0, limit)
  })
  return { Aliases: page.items, ...page.members }
}

const aliasEntry = (call: Call, { aliasName, keyId, createdAtMs, updatedAtMs }: AliasRecord): AliasListEntry => ({
  AliasName: aliasName,
  AliasArn: aliasArn(call, aliasName),
  TargetKeyId: keyId,
  CreationDate: new Date(createdAtMs),
  LastUpdatedDate: new Date(updatedAtMs),
})
