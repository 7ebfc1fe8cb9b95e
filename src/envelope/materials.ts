import { type EncryptionContext, publicKeyName } from './context'
import { EnvelopeError } from './errors'
import type { EncryptedDataKey, MessageHeader } from './header'
import type { Keyring } from './keyring'
import { importDataKey } from './keys'
import type { Curve, Suite } from './suites'

/** What signed suites need beside AES: `ecdsa` of this package. */
export interface Signatures {
  /** Of a key pair made for one message; undefined for a suite without a curve. */
  newSigner(curve: Curve | undefined): Promise<Signer | undefined>
  /**
   * Reads the footer at `at`, up to the end of the message; what it gives throws `signatureNotAuthentic` unless the
   * signature holds, `malformedMessage` for a public key that is none. Undefined for a suite without a curve.
   */
  readFooter(
    curve: Curve | undefined,
    header: MessageHeader,
    message: Bytes,
    at: number,
  ): (() => Promise<void>) | undefined
}

export interface Signer {
  /** Base64 of the compressed point, as it stands in the context. */
  readonly publicKey: string
  /** `message` with its footer: the DER signature, preceded by its length. */
  sign(message: Bytes): Promise<Bytes>
}

export interface EncryptRequest {
  readonly suite: Suite
  /** The caller's pairs, also those that are not stored. */
  readonly encryptionContext: EncryptionContext
  /** Length of the plaintext, unknown for a stream that does not state it. */
  readonly plaintextBytes?: number | undefined
  readonly signatures?: Signatures | undefined
}

export interface EncryptMaterials {
  /** The data key: an HKDF key, or an AES-GCM key for the three suites without HKDF. Not extractable. */
  readonly dataKey: CryptoKey
  readonly encryptedDataKeys: readonly EncryptedDataKey[]
  /** The request's pairs; for a signed suite with the public key. */
  readonly encryptionContext: EncryptionContext
  readonly signer?: Signer | undefined
}

export interface DecryptRequest {
  readonly suite: Suite
  /** All pairs, also those that are not stored. */
  readonly encryptionContext: EncryptionContext
  readonly encryptedDataKeys: readonly EncryptedDataKey[]
}

/** Where messages get their data keys: a keyring, or a cache in front of one. */
export interface Materials {
  toEncrypt(request: EncryptRequest): Promise<EncryptMaterials>
  /** The data key, as in EncryptMaterials. */
  toDecrypt(request: DecryptRequest): Promise<CryptoKey>
}

/** A fresh data key for every message, unless the source is something better than a keyring. */
export const materialsOf = (source: Keyring | Materials): Materials =>
  'wrap' in source
    ? {
        async toEncrypt({ suite, encryptionContext: context, signatures }) {
          const signer = await signatures?.newSigner(suite.curve)
          const encryptionContext = signer ? { ...context, [publicKeyName]: signer.publicKey } : context
          try {
            const { dataKey, encryptedDataKeys } = await source.wrap({ suite, encryptionContext })
            return { dataKey: await importDataKey(suite, dataKey), encryptedDataKeys, encryptionContext, signer }
          } catch (error) {
            if (error instanceof EnvelopeError) throw error
            throw new EnvelopeError('keyringFailed', '', [{ key: 'keyring', error }])
          }
        },
        toDecrypt: async (request) => importDataKey(request.suite, await source.unwrap(request)),
      }
    : source
