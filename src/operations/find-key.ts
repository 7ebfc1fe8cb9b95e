import { formatAliasArn, type KmsHome, parseKeyIdentifier } from '../codec/arn'
import type { KeyRecord } from '../keys/records'
import {
  aliasesNotSupported,
  aliasNotFound,
  foreignRegionArn,
  invalidKeyId,
  invalidKeyIdInArn,
  keyNotFound,
} from '../model/errors'
import { foreignKeyDenied } from '../policy/decision'
import type { Call } from './call'
import { findSettledKey } from './settle'

/**
 * The key that a caller's identifier names, settled against the clock. `forms`: key id and key ARN alone, or aliases too.
 * Throws InvalidArnException for an alias where none is taken, NotFoundException in its four wordings, and
 * AccessDeniedException for another account, which tells nothing about what is there. Source: behaviours 3.
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
  requireLocalCaller(call, action)

  if (isAlias) {
    const alias = await call.find('alias', identifier.aliasName)
    const key = alias && (await findSettledKey(call, alias.keyId))
    if (!key) throw aliasNotFound(formatAliasArn(call.kms.home, identifier.aliasName))
    call.resources.push(key.arn)
    return key
  }
  const { form, given: written, keyId } = identifier
  if (keyId === undefined) throw form === 'keyArn' ? invalidKeyIdInArn(written) : invalidKeyId(written)
  const key = await findSettledKey(call, keyId)
  if (!key) throw keyNotFound(call.keyArn(written))
  call.resources.push(key.arn)
  return key
}

function requireHome(call: Call, home: KmsHome, action: string): void {
  const { accountId, region, partition } = call.kms.home
  if (home.region !== region || home.partition !== partition) throw foreignRegionArn(home.region)
  // Only default key policies can be stored so far, and they admit no other account: no look-up could change the answer.
  if (home.accountId !== accountId) throw foreignKeyDenied(call.principal, `kms:${action}`)
}

/**
 * AccessDeniedException for a caller of another account, before any look-up: it must not learn what is here. Only
 * default key policies can be stored so far, and they admit no other account.
 */
export function requireLocalCaller(call: Call, action: string = call.request.operation): void {
  if (!isLocalCaller(call)) throw foreignKeyDenied(call.principal, `kms:${action}`)
}

export const isLocalCaller = (call: Call): boolean => call.principal.accountId === call.kms.home.accountId
