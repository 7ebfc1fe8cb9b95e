import { encodeUtf8, equalBytes } from '../../codec/bytes'
import { encodeContext } from '../context'
import { failure } from '../errors'
import type { Keyring } from '../keyring'
import { requireAes } from '../keys'
import { joinBytes, u32 } from '../numbers'
import { firstToOpen } from './first-to-open'
import { cryptoKeyOf, dataKeyOf, type KeySource, requireNamespace } from './raw'

export interface RawAesOptions {
  /** Who has the key, and its name there: part of the message, and what a reader goes by. */
  readonly namespace: string
  readonly name: string
  /** AES-GCM, with `encrypt` to write and `decrypt` to read; or 16, 24 or 32 bytes. */
  readonly key: KeySource
  /**
   * Also opens what the JavaScript packages of AWS wrote with their default `utf8Sorting: false`: the context's keys in
   * the order of the locale, not of their bytes. Off unless given; never written.
   */
  readonly localeOrder?: boolean
}

const ivBytes = 12

/** Data keys under an AES-GCM key of one's own. Source: AWS Encryption SDK specification, raw AES keyring. */
export function rawAes({ namespace, name, key, localeOrder = false }: RawAesOptions): Keyring {
  requireNamespace(namespace)
  // Tag length in bits, IV length in bytes; the IV follows.
  const infoHead = joinBytes([encodeUtf8(name), u32(128), u32(ivBytes)])
  const imported = (use: KeyUsage) =>
    cryptoKeyOf(key, (bytes) =>
      requireAes(bytes.length, crypto.subtle.importKey('raw', bytes, 'AES-GCM', false, [use])),
    )
  return {
    async wrap({ suite, encryptionContext, dataKey: given }) {
      const dataKey = dataKeyOf(given, suite.keyBytes)
      const iv = crypto.getRandomValues(new Uint8Array(ivBytes))
      const algorithm = { name: 'AES-GCM', iv, additionalData: encodeContext(encryptionContext) }
      const ciphertext = new Uint8Array(await crypto.subtle.encrypt(algorithm, await imported('encrypt'), dataKey))
      const providerInfo = joinBytes([infoHead, iv])
      return { dataKey, encryptedDataKeys: [{ providerId: namespace, providerInfo, ciphertext }] }
    },
    unwrap: ({ encryptionContext, encryptedDataKeys }) =>
      firstToOpen(encryptedDataKeys, async ({ providerId, providerInfo, ciphertext }) => {
        const head = providerInfo.subarray(0, -ivBytes)
        if (providerId !== namespace || !equalBytes(head, infoHead)) {
          throw failure('noDataKeyOpened', 'another key')
        }
        const iv = providerInfo.subarray(-ivBytes)
        const aes = await imported('decrypt')
        const open = async (additionalData: Bytes) =>
          new Uint8Array(await crypto.subtle.decrypt({ name: 'AES-GCM', iv, additionalData }, aes, ciphertext))
        try {
          return await open(encodeContext(encryptionContext))
        } catch (error) {
          if (!localeOrder) throw error
          return open(encodeContext(encryptionContext, (a, b) => a.localeCompare(b)))
        }
      }),
  }
}
