import type { EncryptionContext } from './context'
import type { EncryptedDataKey } from './header'

/** What a keyring is asked when a message is written. */
export interface WrapRequest {
  /** `keyBytes` is the length of the data key. */
  readonly suite: { readonly keyBytes: number }
  /** All pairs, also those that are not stored. */
  readonly encryptionContext: EncryptionContext
  /** The data key to wrap; without it the keyring makes one. Must not be changed or kept. */
  readonly dataKey?: Bytes | undefined
}

export interface Wrapped {
  /** The data key that was made, or the one that was given. Overwritten once it has been imported. */
  readonly dataKey: Bytes
  readonly encryptedDataKeys: readonly EncryptedDataKey[]
}

/** What a keyring is asked when a message is read. */
export interface UnwrapRequest {
  /** `keyBytes` is the length of the data key. */
  readonly suite: { readonly keyBytes: number }
  /** All pairs, also those that are not stored. */
  readonly encryptionContext: EncryptionContext
  readonly encryptedDataKeys: readonly EncryptedDataKey[]
}

/** Wraps and unwraps data keys. A plain object: anyone may write another. */
export interface Keyring {
  /** Throws what it likes where it cannot. */
  wrap(request: WrapRequest): Promise<Wrapped>
  /** The data key, which is overwritten once it has been imported. Throws EnvelopeError `noDataKeyOpened` with its reasons. */
  unwrap(request: UnwrapRequest): Promise<Bytes>
}
