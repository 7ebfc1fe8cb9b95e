import { concatBytes, decodeBase64Url, decodeUtf8, encodeBase64Url, encodeUtf8 } from './bytes'

/**
 * A grant token as callers hold it (docs/formats.md, grant token), base64url without padding:
 *
 *   version 1 | account 12 digits | sealed token
 *
 * The account is a hint that spares the front a look-up; the sealed part is bound to it. Inside: `{key id}/{grant id}`.
 */
export interface GrantToken {
  readonly accountId: string
  readonly sealed: Bytes
}

const version = 1
const accountDigits = 12
/** GrantToken in the service model. */
const maxChars = 8192

export const encodeGrantToken = ({ accountId, sealed }: GrantToken): string =>
  encodeBase64Url(concatBytes(Uint8Array.of(version), encodeUtf8(accountId), sealed))

/** Undefined for any text that is not one, other spellings of the same bytes included. */
export function decodeGrantToken(text: string): GrantToken | undefined {
  if (text.length > maxChars) return undefined
  const bytes = decodeBase64Url(text)
  // Base64 leaves bits of its last character unused; a token has one spelling.
  if (!bytes || bytes[0] !== version || encodeBase64Url(bytes) !== text) return undefined
  const digits = bytes.subarray(1, 1 + accountDigits)
  if (digits.length < accountDigits || !digits.every((digit) => digit >= 0x30 && digit <= 0x39)) return undefined
  return { accountId: decodeUtf8(digits), sealed: bytes.subarray(1 + accountDigits) }
}
