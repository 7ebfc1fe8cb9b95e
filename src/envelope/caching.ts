import { compareBytes, concatBytes, encodeHex, encodeUtf8 } from '../codec/bytes'
import { encodeContext } from './context'
import { failure } from './errors'
import { type EncryptedDataKey, encodeDataKey } from './header'
import type { Keyring } from './keyring'
import { type EncryptMaterials, type Materials, materialsOf } from './materials'
import { encodeField, joinBytes, requireCount } from './numbers'
import type { Suite } from './suites'

export interface CachingOptions {
  readonly keyring: Keyring
  /** How long a data key is used, from before it was asked for. Above 0. */
  readonly maxAgeMs: number
  /** Messages under one data key, at most and unless given 2^32. */
  readonly maxMessages?: number
  /** Plaintext bytes under one data key, at most and unless given 2^53 - 1. */
  readonly maxBytes?: number
  /** How many data keys are kept; the one used least recently goes first. Or a cache that several share. */
  readonly capacity: number | MaterialsCache
  /** Those that share a cache share data keys under the same name. Unless given, a name of its own. */
  readonly partition?: string
  /** Milliseconds; Date.now unless given. */
  readonly now?: () => number
}

export interface CacheCounters {
  hits: number
  misses: number
  /** Requests that no cache may answer: streams of unknown length, and suites without key derivation. */
  bypasses: number
  /** Entries dropped because of age, use, or the capacity. */
  evictions: number
}

export interface CachingMaterials extends Materials {
  readonly counters: Readonly<CacheCounters>
}

interface Entry {
  readonly expiresAtMs: number
  /** Non-extractable: that an entry is dropped is all that can be done to wipe it. */
  readonly encrypt?: EncryptMaterials
  readonly decrypt?: CryptoKey
  messages: number
  bytes: number
}

/** Data keys by the digest of what they serve, the one used most recently last. */
export interface MaterialsCache {
  readonly capacity: number
  readonly entries: Map<string, Entry>
}

export const materialsCache = (capacity: number): MaterialsCache => ({
  capacity: requireCount('capacity', capacity, Number.MAX_SAFE_INTEGER),
  entries: new Map(),
})

/**
 * Data keys for more than one message, so that fewer calls reach KMS. A cached key is not extractable, and each message
 * derives its own from it; yet one stolen key opens more messages, and a revoked permission goes on for `maxAgeMs`: cache
 * as little as helps. Pass the result as `keyring`. Source: AWS Encryption SDK specification, caching CMM.
 */
export function cachingMaterials(options: CachingOptions): CachingMaterials {
  const { maxAgeMs, partition = crypto.randomUUID(), now = Date.now } = options
  if (!(maxAgeMs > 0)) throw failure('invalidOption', 'maxAgeMs')
  const maxMessages = requireCount('maxMessages', options.maxMessages ?? 2 ** 32, 2 ** 32)
  const maxBytes = requireCount('maxBytes', options.maxBytes ?? Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER)
  const { capacity, entries } =
    typeof options.capacity === 'number' ? materialsCache(options.capacity) : options.capacity
  const source = materialsOf(options.keyring)
  const counters: CacheCounters = { hits: 0, misses: 0, bypasses: 0, evictions: 0 }

  const drop = (id: string) => {
    entries.delete(id)
    counters.evictions++
  }
  /** An entry that one message of so many bytes may still use. */
  const find = (id: string, bytes: number): Entry | undefined => {
    const entry = entries.get(id)
    if (!entry) return undefined
    if (entry.expiresAtMs <= now() || entry.messages >= maxMessages || entry.bytes + bytes > maxBytes) {
      drop(id)
      return undefined
    }
    entries.delete(id)
    entries.set(id, entry)
    entry.messages++
    entry.bytes += bytes
    return entry
  }
  const keep = (id: string, entry: Entry) => {
    for (const [other, { expiresAtMs }] of entries) if (expiresAtMs <= now()) drop(other)
    entries.delete(id)
    entries.set(id, entry)
    const [oldest] = entries.keys()
    if (entries.size > capacity && oldest !== undefined) drop(oldest)
  }

  return {
    counters,
    async toEncrypt(request) {
      const { suite, encryptionContext, plaintextBytes } = request
      if (suite.importDataKey || plaintextBytes === undefined) {
        counters.bypasses++
        return source.toEncrypt(request)
      }
      const id = await entryId('encrypt', partition, suite, encodeContext(encryptionContext), [])
      const found = find(id, plaintextBytes)?.encrypt
      if (found) {
        counters.hits++
        return found
      }
      counters.misses++
      const expiresAtMs = now() + maxAgeMs
      const encrypt = await source.toEncrypt(request)
      if (plaintextBytes <= maxBytes) keep(id, { expiresAtMs, encrypt, messages: 1, bytes: plaintextBytes })
      return encrypt
    },
    async toDecrypt(request) {
      const { suite, encryptionContext, encryptedDataKeys } = request
      if (suite.importDataKey) {
        counters.bypasses++
        return source.toDecrypt(request)
      }
      const id = await entryId('decrypt', partition, suite, encodeContext(encryptionContext), encryptedDataKeys)
      // The limits of use are for writing; reading is limited by age alone.
      const entry = entries.get(id)
      if (entry) Object.assign(entry, { messages: 0, bytes: 0 })
      const found = find(id, 0)?.decrypt
      if (found) {
        counters.hits++
        return found
      }
      counters.misses++
      const expiresAtMs = now() + maxAgeMs
      const decrypt = await source.toDecrypt(request)
      keep(id, { expiresAtMs, decrypt, messages: 0, bytes: 0 })
      return decrypt
    },
  }
}

/** No two requests that differ have the same digest. */
async function entryId(
  use: 'encrypt' | 'decrypt',
  partition: string,
  suite: Suite,
  context: Bytes,
  keys: readonly EncryptedDataKey[],
): Promise<string> {
  const encoded = keys.map((key) => concatBytes(...encodeDataKey(key))).sort(compareBytes)
  const texts = [use, partition, `${suite.id}`].map((text) => encodeField(encodeUtf8(text)))
  const digest = await crypto.subtle.digest('SHA-256', concatBytes(...texts, encodeField(context), joinBytes(encoded)))
  return encodeHex(new Uint8Array(digest))
}
