import type { KeyRecord } from '../keys/records'
import { dayMs } from '../keys/rotation'
import { isManagedAlias, managedKeyDescription, managedKeyPolicy } from '../policy/standard/managed-keys'
import type { Call } from './call'

/** What a service does first with its key: make something that the key can open. Actions, not operations. */
const firstUses: ReadonlySet<string> = new Set([
  'Encrypt',
  'GenerateDataKey',
  'GenerateDataKeyWithoutPlaintext',
  'GenerateDataKeyPair',
  'GenerateDataKeyPairWithoutPlaintext',
  'ReEncryptTo',
])

/** AWS managed keys rotate every year; nobody can change it. */
const rotationPeriodDays = 365

/**
 * The AWS managed key behind a predefined alias that has none yet, made with its alias among the changes of the call: the
 * key's own policy decides next, and a call that is refused keeps nothing. Undefined where nothing comes into being: for
 * aliases that AWS has not predefined, for callers of other accounts, and for everything but DescribeKey and the first
 * use by a service. Source: AWS API reference, DescribeKey; docs/behaviour.md, AWS managed keys.
 */
export async function createManagedKey(call: Call, aliasName: string, action: string): Promise<KeyRecord | undefined> {
  if (!call.isLocal || !isManagedAlias(aliasName)) return undefined
  const byService = call.principal.kind === 'service' || call.request.forwarding !== undefined
  if (action !== 'DescribeKey' && !(byService && firstUses.has(action))) return undefined
  const { home } = call.kms
  const { accountId, region } = home
  const keyId = call.newUuid()
  const key = await call.createMaterial({
    keyId,
    arn: call.keyArn(keyId),
    accountId,
    region,
    keySpec: 'SYMMETRIC_DEFAULT',
    keyUsage: 'ENCRYPT_DECRYPT',
    origin: 'AWS_KMS',
    multiRegion: false,
    description: managedKeyDescription(aliasName),
    state: 'Enabled',
    createdAtMs: call.nowMs,
    policy: managedKeyPolicy(aliasName, home),
    manager: 'AWS',
    tags: [],
    aliasCount: 1,
    materialCount: 0,
    onDemandRotationCount: 0,
    rotation: { periodDays: rotationPeriodDays, nextAtMs: call.nowMs + rotationPeriodDays * dayMs },
  })
  call.putKey(key)
  call.put('alias', aliasName, { aliasName, keyId, createdAtMs: call.nowMs, updatedAtMs: call.nowMs })
  return key
}
