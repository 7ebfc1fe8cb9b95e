import { encodeUtf8 } from '../../codec/bytes'
import { LruMap } from '../../codec/lru'
import { sha256Hex } from './canonical'
import type { ClaimedCredential, SigningKey } from './types'

interface Entry {
  readonly signingKey: SigningKey
  readonly expiresAtMs: number
}

/**
 * Signing keys by access key id, session token, date, Region and service; the least recently used one leaves first.
 *
 * It holds settled values, never promises: a Worker must not await what another request has begun. It says who may
 * sign, not what the signer may do: a removed access key is refused where the caller's Directory entry is read.
 */
export class SigningKeyCache {
  readonly #entries: LruMap<string, Entry>

  constructor(maxEntries = 1000) {
    this.#entries = new LruMap(maxEntries)
  }

  get size(): number {
    return this.#entries.size
  }

  async find(credential: ClaimedCredential, nowMs: number): Promise<SigningKey | undefined> {
    const name = await entryName(credential)
    const entry = this.#entries.get(name)
    if (!entry) return undefined
    if (entry.expiresAtMs > nowMs) return entry.signingKey
    this.#entries.delete(name)
    return undefined
  }

  /** `expiresAtMs`: when the session of a temporary credential ends; the entry is not used from then on. */
  async store(
    credential: ClaimedCredential,
    signingKey: SigningKey,
    expiresAtMs = Number.POSITIVE_INFINITY,
  ): Promise<void> {
    this.#entries.set(await entryName(credential), { signingKey, expiresAtMs })
  }
}

/** No part can hold a slash: all of them were split at slashes. A token, up to 4 KiB, is kept as its hash. */
async function entryName(credential: ClaimedCredential): Promise<string> {
  const name = `${credential.accessKeyId}/${credential.date}/${credential.region}/${credential.service}`
  const token = credential.sessionToken
  return token === undefined ? name : `${name}/${await sha256Hex(encodeUtf8(token))}`
}
