/** What went wrong. The text of an error is its code and a detail. */
export type EnvelopeErrorCode =
  /** An option that cannot be followed; the detail names it. */
  | 'invalidOption'
  /** An encryption context that cannot be written, or that is not the one the message was made with. */
  | 'invalidContext'
  /** The suite is not one that the commitment policy lets through; to write, also one that is none. */
  | 'suiteAgainstPolicy'
  /** A signed suite, and the caller has not passed `signatures: ecdsa`. */
  | 'signaturesOptionNeeded'
  /** More data keys than `maxEncryptedDataKeys`. */
  | 'tooManyDataKeys'
  /** Longer than a limit of the caller's or of the format. */
  | 'tooLarge'
  /** What the runtime has no algorithm for: AES-192 in Chromium. */
  | 'unsupportedByRuntime'
  /** A keyring could not make or wrap a data key; `reasons` says why. */
  | 'keyringFailed'
  /** No data key of the message could be unwrapped; `reasons` has one entry per attempt. */
  | 'noDataKeyOpened'
  /** Not a message, or one that breaks the format; the detail says where. */
  | 'malformedMessage'
  /** It begins as the base64 text of a message, not as its bytes: decode it first. */
  | 'messageIsBase64'
  /** A suite id that the message's version has not. */
  | 'unknownSuite'
  /** The message ends too early. */
  | 'messageTruncated'
  /** Bytes after the end of the message. */
  | 'trailingBytes'
  /** The data key is not the one that the message commits to. */
  | 'commitmentMismatch'
  /** The header's tag does not hold: damaged, or another encryption context. */
  | 'headerNotAuthentic'
  /** A frame's tag does not hold; the detail is its number. Nothing of that frame is given out. */
  | 'frameNotAuthentic'
  /** The signature over the message does not hold. */
  | 'signatureNotAuthentic'

/** Why one data key, or one keyring, did not help. */
export interface KeyringReason {
  /** What was tried: provider id and key name. */
  readonly key: string
  /** What was thrown, as it was thrown. */
  readonly error: unknown
}

/** The one error of this library. Anything else that is thrown is a fault of the runtime or of a stream around it. */
export class EnvelopeError extends Error {
  declare readonly code: EnvelopeErrorCode
  declare readonly reasons: readonly KeyringReason[]

  constructor(
    code: EnvelopeErrorCode,
    detail: string | number = '',
    reasons: readonly KeyringReason[] = [],
    cause?: unknown,
  ) {
    super([`${code} ${detail}`, ...reasons.map(({ key, error }) => `${key}: ${error}`)].join('\n'), { cause })
    Object.assign(this, { name: 'EnvelopeError', code, reasons })
  }
}

/** An error without reasons; `cause` is what the runtime threw. */
export const failure = (code: EnvelopeErrorCode, detail?: string | number, cause?: unknown): EnvelopeError =>
  new EnvelopeError(code, detail, [], cause)
