import type { Signatures } from './materials'

export type Curve = 'P-256' | 'P-384'

/** An algorithm suite of the AWS Encryption SDK. AES-GCM with 96-bit IVs and 128-bit tags in all of them. */
export interface Suite {
  readonly id: number
  readonly format: Format
  /** Length of the data key and of the message key. */
  readonly keyBytes: number
  /** Curve of the ECDSA signature in the footer, if there is one. */
  readonly curve?: Curve | undefined
  /** Only where the data key is the message key: all others import it for HKDF. Throws `unsupportedByRuntime`. */
  importDataKey?(bytes: Bytes): Promise<CryptoKey>
}

/**
 * One of the two message formats: what its headers have beside the fields that both have, its suites, and how they get
 * their keys. Source: AWS Encryption SDK specification, message header and algorithm suites.
 */
export interface Format {
  /** Version 2 commits to its key, version 1 does not. */
  readonly version: 1 | 2
  readonly layout: HeaderLayout
  /** Undefined for an id that is no suite of this format. Without an id: the unsigned suite of 256 bits. */
  suiteOf(id?: number): Suite | undefined
  /** The message's AES-GCM key, not extractable, and the commitment to it. Throws `unsupportedByRuntime`. */
  deriveMessageKey(
    suite: Suite,
    dataKey: CryptoKey,
    messageId: Bytes,
  ): Promise<readonly [key: CryptoKey, commitment: Bytes]>
}

export type HeaderLayout = readonly [
  messageIdBytes: number,
  /** What follows the version: in version 1 the type of the message. */
  type: readonly number[],
  /** What stands between content type and frame length: in version 1 four reserved bytes and the length of the IV. */
  reserved: readonly number[],
  commitmentBytes: number,
  /** Of the header's IV, as far as it is stored. */
  ivBytes: number,
]

/** The formats that are read; the first of them is written. One of the three of policies.ts. */
export type CommitmentPolicy = readonly [writes: Format, ...reads: Format[]]

/** The options that say which suites may be used. */
export interface SuiteOptions {
  /** `requireEncryptRequireDecrypt` unless given. */
  readonly commitmentPolicy?: CommitmentPolicy
  /** `ecdsa`, where signed messages are written or read. */
  readonly signatures?: Signatures
}
