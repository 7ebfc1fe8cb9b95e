import { concatBytes, decodeBase64Url, decodeUtf8, encodeBase64Url, encodeUtf8 } from '../codec/bytes'
import type { SignedPrincipal } from '../policy/principal'
import type { CryptoPort } from '../ports/crypto'
import { packedPolicyTooLarge } from './sts/errors'

/** Temporary credentials but for the id of their access key, which is the principal's. */
export interface TemporaryCredential {
  /** With its session. */
  readonly principal: TemporaryPrincipal
  readonly secretAccessKey: string
}

export type TemporaryPrincipal = SignedPrincipal & { readonly session: NonNullable<SignedPrincipal['session']> }

/** Of base64url; the limit of the service model of other AWS services that take a session token. */
export const maxSessionTokenChars = 4096
const version = 1

/**
 * The session token of temporary credentials: sealed under the root key for the account's Directory, bound to the id of
 * the access key (docs/formats.md, session token value). `crypto` is the Directory's. Session policies are kept as JSON
 * values, so they come back without white space. Throws PackedPolicyTooLarge.
 */
export async function sealSessionToken(
  crypto: Pick<CryptoPort, 'sealToken'>,
  credential: TemporaryCredential,
): Promise<string> {
  const value = encodeValue(credential)
  if (value.length > maxSessionTokenChars) throw packedPolicyTooLarge()
  const binding = encodeUtf8(credential.principal.accessKeyId)
  const token = encodeBase64Url(await crypto.sealToken('session', binding, value))
  if (token.length > maxSessionTokenChars) throw packedPolicyTooLarge()
  return token
}

/** Undefined whatever is wrong with the token. Whether it has expired is the caller's to ask. */
export async function openSessionToken(
  crypto: Pick<CryptoPort, 'openToken'>,
  token: string,
  accessKeyId: string,
): Promise<TemporaryCredential | undefined> {
  if (token.length > maxSessionTokenChars) return undefined
  const bytes = decodeBase64Url(token)
  if (!bytes) return undefined
  const value = await crypto.openToken('session', encodeUtf8(accessKeyId), bytes)
  const credential = value && decodeValue(value)
  return credential?.principal.accessKeyId === accessKeyId ? credential : undefined
}

/** How much of a token session policies and session tags take, in percent of what there is besides the rest of it. */
export function packedPolicySize(credential: TemporaryCredential): number | undefined {
  const { policies, policyArns, tags, transitiveTagKeys, ...bare } = credential.principal.session
  if (!policies && !policyArns && !tags && !transitiveTagKeys) return undefined
  const whole = encodeValue(credential).length
  const rest = encodeValue({ ...credential, principal: { ...credential.principal, session: bare } }).length
  const room = Math.floor((maxSessionTokenChars * 3) / 4) - overheadBytes - rest
  return Math.max(1, Math.ceil((100 * (whole - rest)) / room))
}

/** Of the token around its value, with a root id of the longest form. */
const overheadBytes = 2 + 32 + 16 + 12 + 16

function encodeValue({ principal, secretAccessKey }: TemporaryCredential): Bytes {
  const { policies, ...session } = principal.session
  const values = policies && { policies: policies.map((text) => JSON.parse(text) as unknown) }
  const content = { principal: { ...principal, session: { ...session, ...values } }, secretAccessKey }
  return concatBytes(Uint8Array.of(version), encodeUtf8(JSON.stringify(content)))
}

/** The bytes are authentic; what is looked at is whether this version of the service can read them. */
function decodeValue(bytes: Bytes): TemporaryCredential | undefined {
  if (bytes[0] !== version) return undefined
  let content: unknown
  try {
    content = JSON.parse(decodeUtf8(bytes.subarray(1)))
  } catch {
    return undefined // not JSON, or not UTF-8
  }
  const { principal, secretAccessKey } = (content ?? {}) as { principal?: SignedPrincipal; secretAccessKey?: unknown }
  if (typeof secretAccessKey !== 'string' || !principal?.session) return undefined
  const { policies, ...session } = principal.session
  if (!Number.isSafeInteger(session.issuedAtMs) || !Number.isSafeInteger(session.expiresAtMs)) return undefined
  const texts = policies && { policies: policies.map((value) => JSON.stringify(value)) }
  return { principal: { ...principal, session: { ...session, ...texts } } as TemporaryPrincipal, secretAccessKey }
}
