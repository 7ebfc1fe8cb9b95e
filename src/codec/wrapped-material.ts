import { concatBytes, decodeUtf8, encodeUtf8 } from './bytes'

/**
 * Key material and secrets at rest under a root key, and the beginning that tokens share with them
 * (docs/formats.md, wrapped material).
 *
 *   version 1 | root id length 1 | root id 1 to 32 | IV 12 | ciphertext | tag 16
 */
export interface WrappedMaterial {
  readonly rootId: string
  readonly iv: Bytes
  /** Ciphertext and tag. */
  readonly sealed: Bytes
}

export const wrappedLayout = { version: 1, ivBytes: 12, tagBytes: 16, maxBytes: 16384 } as const

const rootIdForm = /^[A-Za-z0-9_.-]{1,32}$/

/** The id that an operator gives to a root key. */
export const isRootId = (text: string): boolean => rootIdForm.test(text)

/** `version | root id length | root id`, authenticated with everything that it begins. RangeError for a bad id. */
export function encodeRootHeader(version: number, rootId: string): Bytes {
  if (!isRootId(rootId)) throw new RangeError('a root id is 1 to 32 of A-Z a-z 0-9 _ . -')
  return concatBytes(Uint8Array.of(version, rootId.length), encodeUtf8(rootId))
}

/** The root id that such a header names, and where the header ends; undefined for another version or a bad id. */
export function decodeRootHeader(
  version: number,
  bytes: Uint8Array,
): { readonly rootId: string; readonly end: number } | undefined {
  const length = bytes[1]
  if (bytes[0] !== version || length === undefined || length < 1 || length > 32) return undefined
  const end = 2 + length
  const idBytes = bytes.subarray(2, end)
  if (idBytes.length < length || idBytes.some((byte) => byte > 0x7f)) return undefined
  const rootId = decodeUtf8(idBytes)
  return isRootId(rootId) ? { rootId, end } : undefined
}

export const encodeWrappedMaterial = (wrapped: WrappedMaterial): Bytes =>
  concatBytes(encodeRootHeader(wrappedLayout.version, wrapped.rootId), wrapped.iv, wrapped.sealed)

/** Undefined for anything that is not wrapped material; views into `bytes`. */
export function decodeWrappedMaterial(bytes: Bytes): WrappedMaterial | undefined {
  if (bytes.length > wrappedLayout.maxBytes) return undefined
  const header = decodeRootHeader(wrappedLayout.version, bytes)
  if (!header) return undefined
  const sealedAt = header.end + wrappedLayout.ivBytes
  if (bytes.length < sealedAt + wrappedLayout.tagBytes) return undefined
  return { rootId: header.rootId, iv: bytes.subarray(header.end, sealedAt), sealed: bytes.subarray(sealedAt) }
}

/** The id of the root key that seals these bytes; undefined when they are not wrapped material. */
export const rootIdOf = (bytes: Bytes): string | undefined => decodeWrappedMaterial(bytes)?.rootId
