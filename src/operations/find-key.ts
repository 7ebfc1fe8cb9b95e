import { formatAliasArn, type KmsHome, parseKeyIdentifier } from '../codec/arn'
import type { KeyRecord } from '../keys/records'
import {
  aliasesNotSupported,
  aliasNotFound,
  foreignRegionArn,
  invalidKeyId,
  invalidKeyIdInArn,
  type KmsError,
  keyNotFound,
} from '../model/errors'
import { operations } from '../model/operations'
import { foreignKeyDenied } from '../policy/texts'
import type { Call } from './call'
import { createManagedKey } from './managed-keys'
import { findSettledKey } from './settle'

/**
 * The key that a caller's identifier names, settled against the clock. `forms`: key id and key ARN alone, or aliases too.
 * Throws InvalidArnException for an alias where none is taken, NotFoundException in its four wordings. A caller of another
 * account gets the one AccessDeniedException for all of that: it must not learn what is here. A predefined alias may bring
 * its key into being (managed-keys.ts). Source: behaviours 3; docs/behaviour.md, other accounts.
 */
export async function findKey(
  call: Call,
  given: string,
  forms: 'key' | 'keyOrAlias',
  action: string = call.request.operation,
): Promise<KeyRecord> {
  const identifier = parseKeyIdentifier(given)
  const isAlias = identifier.form === 'aliasName' || identifier.form === 'aliasArn'
  if (isAlias && forms === 'key') throw aliasesNotSupported()
  if ('home' in identifier) requireHome(call, identifier.home, action)
  // Ids and names without an account mean the caller's own, which is another one.
  else requireLocalCaller(call, action)
  if (!call.isLocal && operations[call.request.operation].crossAccount !== 'yes') throw denied(call, action)
  const absent = (refusal: KmsError) => (call.isLocal ? refusal : denied(call, action))

  if (isAlias) {
    const alias = await call.find('alias', identifier.aliasName)
    const key = alias
      ? await findSettledKey(call, alias.keyId)
      : await createManagedKey(call, identifier.aliasName, action)
    if (!key) throw absent(aliasNotFound(formatAliasArn(call.kms.home, identifier.aliasName)))
    call.resources.push(key.arn)
    return key
  }
  const { form, given: written, keyId } = identifier
  if (keyId === undefined) throw absent(form === 'keyArn' ? invalidKeyIdInArn(written) : invalidKeyId(written))
  const key = await findSettledKey(call, keyId)
  if (!key) throw absent(keyNotFound(call.keyArn(written)))
  call.resources.push(key.arn)
  return key
}

function requireHome(call: Call, home: KmsHome, action: string): void {
  const { accountId, region, partition } = call.kms.home
  if (home.region !== region || home.partition !== partition) throw foreignRegionArn(home.region)
  // Whoever could answer for that account was not asked: it is not kept here, or the operation never goes there.
  if (home.accountId !== accountId) throw denied(call, action)
}

/** AccessDeniedException for a caller of another account, before any look-up: it must not learn what is here. */
export function requireLocalCaller(call: Call, action: string = call.request.operation): void {
  if (!call.isLocal) throw denied(call, action)
}

const denied = (call: Call, action: string) => foreignKeyDenied(call.caller.arn, `kms:${action}`)
