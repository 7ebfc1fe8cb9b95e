import { decodeUtf8, encodeUtf8 } from '../codec/bytes'
import { decodeGrantToken, encodeGrantToken } from '../codec/grant-token'
import { type GrantRecord, grantRowId } from '../keys/grant-records'
import type { KeyRecord } from '../keys/records'
import { invalidGrantToken } from '../model/errors'
import type { Call } from './call'

const binding = (call: Call) => encodeUtf8(`grant ${call.kms.home.accountId} ${call.kms.home.region}`)

/** A new token for a grant; each is another text, and all of them mean the same. */
export async function newGrantToken(call: Call, { keyId, grantId }: GrantRecord): Promise<string> {
  const sealed = await call.kms.crypto.sealToken('grant-token', binding(call), encodeUtf8(`${keyId}/${grantId}`))
  return encodeGrantToken({ accountId: call.kms.home.accountId, sealed })
}

/** The row id of the grant that a token names. InvalidGrantTokenException whatever is wrong with the token. */
export async function openGrantToken(call: Call, text: string): Promise<string> {
  const token = decodeGrantToken(text)
  const isHere = token?.accountId === call.kms.home.accountId
  const opened =
    token && isHere ? await call.kms.crypto.openToken('grant-token', binding(call), token.sealed) : undefined
  if (!opened) throw invalidGrantToken()
  return decodeUtf8(opened)
}

/**
 * The grants on this key that the tokens of the request name. A token of another key, or of a grant that is gone, brings
 * nothing; one that was never given out is InvalidGrantTokenException.
 */
export async function grantsOfTokens(call: Call, key: KeyRecord): Promise<GrantRecord[]> {
  const { GrantTokens: tokens } = (call.input ?? {}) as { readonly GrantTokens?: readonly string[] | undefined }
  const grants: GrantRecord[] = []
  for (const text of tokens ?? []) {
    const rowId = await openGrantToken(call, text)
    const grant = rowId.startsWith(grantRowId(key.keyId, '')) ? await call.find('grant', rowId) : undefined
    if (grant) grants.push(grant)
  }
  return grants
}
