import { concatBytes } from './bytes'
import { decodeRootHeader, encodeRootHeader } from './wrapped-material'

/**
 * A small sealed value handed to a caller: marker, session, grant token, import token (docs/formats.md, tokens).
 * Outside it is base64url without padding.
 *
 *   version 1 | root id length 1 | root id 1 to 32 | salt 16 | IV 12 | ciphertext | tag 16
 */
export interface Token {
  readonly rootId: string
  readonly salt: Bytes
  readonly iv: Bytes
  /** Ciphertext and tag. */
  readonly sealed: Bytes
}

export const tokenLayout = {
  version: 1,
  saltBytes: 16,
  ivBytes: 12,
  tagBytes: 16,
  /** The limit of ImportToken in the service model, the longest of them. */
  maxBytes: 6144,
} as const

export const encodeToken = (token: Token): Bytes =>
  concatBytes(encodeRootHeader(tokenLayout.version, token.rootId), token.salt, token.iv, token.sealed)

/** Undefined for anything that is not a token; views into `bytes`. */
export function decodeToken(bytes: Bytes): Token | undefined {
  if (bytes.length > tokenLayout.maxBytes) return undefined
  const header = decodeRootHeader(tokenLayout.version, bytes)
  if (!header) return undefined
  const ivAt = header.end + tokenLayout.saltBytes
  const sealedAt = ivAt + tokenLayout.ivBytes
  if (bytes.length < sealedAt + tokenLayout.tagBytes) return undefined
  return {
    rootId: header.rootId,
    salt: bytes.subarray(header.end, ivAt),
    iv: bytes.subarray(ivAt, sealedAt),
    sealed: bytes.subarray(sealedAt),
  }
}
