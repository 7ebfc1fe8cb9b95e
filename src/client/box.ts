import { type CacheCounters, cachingMaterials } from '../envelope/caching'
import type { EnvelopeKmsClient } from '../envelope/clients/kms-client'
import { type EncryptionContext, invalidContext } from '../envelope/context'
import { decrypt } from '../envelope/decrypt'
import { decryptStream } from '../envelope/decrypt-stream'
import { encrypt } from '../envelope/encrypt'
import { encryptStream } from '../envelope/encrypt-stream'
import { failure } from '../envelope/errors'
import type { Keyring } from '../envelope/keyring'
import { kms as kmsKeyring } from '../envelope/keyrings/kms'
import { identityOf } from '../envelope/keyrings/kms-calls'
import { kmsDiscovery } from '../envelope/keyrings/kms-discovery'
import { type Materials, materialsOf } from '../envelope/materials'
import type { MessageStream } from '../envelope/message-stream'
import type { ByteSource } from '../envelope/numbers'
import { createField, type Field, type FieldOptions } from './field'
import { type HttpKmsOptions, httpKms } from './http'

export interface BoxOptions {
  /**
   * An endpoint with credentials, or a client: of httpKms, a service binding (`env.KMS`), the in-process or in-browser
   * core, or the adapters of the envelope library.
   */
  readonly kms: HttpKmsOptions | EnvelopeKmsClient
  /** ARN of the key; with `discovery`, which alone reads then, any form that KMS takes. */
  readonly keyId: string
  /** Pairs of every message. */
  readonly context?: EncryptionContext
  /** Opens what any KMS key sealed, within the filter, instead of `keyId` alone: the message chooses the key. */
  readonly discovery?: true | { readonly partition?: string; readonly accountIds?: readonly string[] }
  /** Limits of one data key; false asks KMS for every message. */
  readonly caching?: BoxCaching | false
}

/** Unless given: 5 minutes, 1,000 messages, 1 GiB, 100 data keys. */
export interface BoxCaching {
  readonly maxAgeMs?: number
  readonly maxMessages?: number
  readonly maxBytes?: number
  readonly capacity?: number
}

export interface SealStreamOptions {
  readonly context?: EncryptionContext
  /** The most plaintext that will come: only then a cached data key may be used. */
  readonly plaintextBytes?: number
}

/** Seals and opens under one KMS key. Everything throws, or fails its stream with, EnvelopeError. */
export interface KmsBox {
  /** A message of the AWS Encryption SDK. `context`: pairs besides those of the box. */
  seal(data: ByteSource | string, context?: EncryptionContext): Promise<Bytes>
  /** The plaintext, if the message was sealed with exactly the pairs of the box and of `context`. */
  open(message: ByteSource, context?: EncryptionContext): Promise<Bytes>
  sealStream(options?: SealStreamOptions): MessageStream
  /** Plaintext comes out frame by frame; it is whole only when the stream ends without an error. */
  openStream(context?: EncryptionContext): MessageStream
  /** Values of one column of a database, each bound to table, column and row. */
  field(table: string, column: string, options?: FieldOptions): Field
  /** Of the data keys; nothing moves without caching. */
  readonly counters: Readonly<CacheCounters>
}

const defaults = { maxAgeMs: 300_000, maxMessages: 1_000, maxBytes: 2 ** 30, capacity: 100 }

/**
 * Envelope encryption in one object: data keys from KMS, AES-GCM here, messages that every AWS Encryption SDK reads.
 * Data keys are used again unless `caching` is false; a permission that is taken away goes on for `maxAgeMs` in a cache.
 * Throws EnvelopeError `invalidOption` for a key that could never be read with, or a limit out of range.
 */
export function kmsBox({ kms, keyId, context: own = {}, discovery, caching = {} }: BoxOptions): KmsBox {
  // A binding answers every name with something callable, so that only a text tells options from clients.
  const client = typeof (kms as HttpKmsOptions).endpoint === 'string' ? httpKms(kms as HttpKmsOptions) : kms
  const keyring = keyringOf(client as EnvelopeKmsClient, keyId, discovery)
  const cached = caching && cachingMaterials({ keyring, ...defaults, ...caching })
  const source: Materials = cached || materialsOf(keyring)

  /** The pairs of the box with those of one message, which may not say otherwise. */
  function join(more: EncryptionContext = {}): EncryptionContext {
    const other = Object.keys(more).find((name) => Object.hasOwn(own, name) && own[name] !== more[name])
    if (other !== undefined) throw invalidContext(`${other}: the box says otherwise`)
    return { ...own, ...more }
  }
  const sealing = (encryptionContext: EncryptionContext) => ({ keyring: source, encryptionContext })
  const opening = (requiredContext: EncryptionContext) => ({
    keyring: exactly(requiredContext, source),
    requiredContext,
  })

  const box: Omit<KmsBox, 'field'> = {
    async seal(data, context) {
      const bytes = typeof data === 'string' ? new TextEncoder().encode(data) : data
      return (await encrypt(bytes as ByteSource, sealing(join(context)))).message
    },
    open: async (message, context) => (await decrypt(message, opening(join(context)))).plaintext,
    sealStream: ({ context, plaintextBytes } = {}) =>
      encryptStream({ ...sealing(join(context)), ...(plaintextBytes === undefined ? {} : { plaintextBytes }) }),
    openStream: (context) => decryptStream(opening(join(context))),
    counters: cached ? cached.counters : { hits: 0, misses: 0, bypasses: 0, evictions: 0 },
  }
  return { ...box, field: (table, column, options) => createField(box, table, column, options) }
}

function keyringOf(client: EnvelopeKmsClient, keyId: string, discovery: BoxOptions['discovery']): Keyring {
  const keyring = kmsKeyring({ client, keyId })
  if (discovery) {
    const { unwrap } = kmsDiscovery({ client, ...(discovery === true ? {} : discovery) })
    return { ...keyring, unwrap }
  }
  if (!identityOf(keyId)) throw failure('invalidOption', 'keyId: to open it must be a key ARN')
  return keyring
}

/** Refuses a message with pairs that nobody expects before any key is asked for; those that lack are refused anyway. */
const exactly = (expected: EncryptionContext, source: Materials): Materials => ({
  toEncrypt: (request) => source.toEncrypt(request),
  async toDecrypt(request) {
    const surplus = Object.keys(request.encryptionContext).find((name) => !Object.hasOwn(expected, name))
    if (surplus !== undefined) throw invalidContext(`${surplus}: not expected`)
    return source.toDecrypt(request)
  },
})
