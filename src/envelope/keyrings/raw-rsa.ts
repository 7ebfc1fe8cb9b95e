import { encodeUtf8, equalBytes } from '../../codec/bytes'
import { failure } from '../errors'
import type { Keyring } from '../keyring'
import { firstToOpen } from './first-to-open'
import { cryptoKeyOf, dataKeyOf, type KeySource, requireNamespace } from './raw'

export interface RawRsaOptions {
  /** Who has the key, and its name there: part of the message, and what a reader goes by. */
  readonly namespace: string
  readonly name: string
  /** Of OAEP and its MGF1. A CryptoKey must have been made with the same. */
  readonly hash: 'SHA-1' | 'SHA-256' | 'SHA-384' | 'SHA-512'
  /** To write: RSA-OAEP with `encrypt`, or SubjectPublicKeyInfo in DER. */
  readonly publicKey?: KeySource
  /** To read: RSA-OAEP with `decrypt`, or PKCS #8 in DER. */
  readonly privateKey?: KeySource
}

const name = 'RSA-OAEP'

/**
 * Data keys under an RSA key of one's own, OAEP. The context is not bound to the data key, only to the message. Source:
 * AWS Encryption SDK specification, raw RSA keyring. PKCS #1 v1.5 is not in WebCrypto.
 */
export function rawRsa({ namespace, name: keyName, hash, publicKey, privateKey }: RawRsaOptions): Keyring {
  requireNamespace(namespace)
  const providerInfo = encodeUtf8(keyName)
  const imported = (source: KeySource, format: 'spki' | 'pkcs8', use: KeyUsage) =>
    cryptoKeyOf(source, (bytes) => crypto.subtle.importKey(format, bytes, { name, hash }, false, [use]))
  return {
    async wrap({ suite, dataKey: given }) {
      if (!publicKey) throw failure('invalidOption', 'publicKey')
      const dataKey = dataKeyOf(given, suite.keyBytes)
      const key = await imported(publicKey, 'spki', 'encrypt')
      const ciphertext = new Uint8Array(await crypto.subtle.encrypt({ name }, key, dataKey))
      return { dataKey, encryptedDataKeys: [{ providerId: namespace, providerInfo, ciphertext }] }
    },
    unwrap: ({ encryptedDataKeys }) =>
      firstToOpen(encryptedDataKeys, async (edk) => {
        if (edk.providerId !== namespace || !equalBytes(edk.providerInfo, providerInfo)) {
          throw failure('noDataKeyOpened', 'another key')
        }
        if (!privateKey) throw failure('invalidOption', 'privateKey')
        const key = await imported(privateKey, 'pkcs8', 'decrypt')
        return new Uint8Array(await crypto.subtle.decrypt({ name }, key, edk.ciphertext))
      }),
  }
}
