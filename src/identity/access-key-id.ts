/**
 * Ids of issued access keys: `AKIA` (long-term) or `ASIA` (temporary) and 16 characters of base32 (RFC 4648 section 6)
 * over 5 bytes of account number and 5 random ones. The account in the id spares the front a table; it is a hint, and
 * counts for nothing until the Directory of that account has the key, or a session token of that account names it.
 */
export type AccessKeyPrefix = 'AKIA' | 'ASIA'

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'
const forms: { readonly [P in AccessKeyPrefix]: RegExp } = {
  AKIA: /^AKIA[A-Z2-7]{16}$/,
  ASIA: /^ASIA[A-Z2-7]{16}$/,
}

/** `random`: 5 bytes. */
export function encodeAccessKeyId(accountId: string, random: Bytes, prefix: AccessKeyPrefix = 'AKIA'): string {
  const account = BigInt(accountId)
  let bits = account
  for (const byte of random) bits = (bits << 8n) | BigInt(byte)
  let text = ''
  for (let shift = 75n; shift >= 0n; shift -= 5n) text += alphabet[Number((bits >> shift) & 31n)]
  return prefix + text
}

/** The account that an access key id with this prefix names; undefined for an id of another form. */
export function decodeAccessKeyId(accessKeyId: string, prefix: AccessKeyPrefix = 'AKIA'): string | undefined {
  if (!forms[prefix].test(accessKeyId)) return undefined
  let bits = 0n
  for (const character of accessKeyId.slice(prefix.length)) bits = (bits << 5n) | BigInt(alphabet.indexOf(character))
  const account = (bits >> 40n).toString().padStart(12, '0')
  return account.length === 12 ? account : undefined
}
