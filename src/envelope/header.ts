import { decodeUtf8, encodeUtf8 } from '../codec/bytes'
import { type EncryptionContext, encodeContext, publicKeyName } from './context'
import { failure } from './errors'
import { encodeField, joinBytes, toNumber, u16, u32 } from './numbers'
import { policyOf } from './policies'
import type { Suite, SuiteOptions } from './suites'

/** The data key under one wrapping key. */
export interface EncryptedDataKey {
  /** `aws-kms`, or the namespace of a raw keyring. */
  readonly providerId: string
  /** The key's ARN for KMS, else what the keyring needs to find its key. */
  readonly providerInfo: Bytes
  readonly ciphertext: Bytes
}

/** What a message says in front. Only that of an opened message is authenticated. */
export interface MessageHeader {
  /** Suite id, such as 0x0478. Suites 0x0478 and 0x0578 are format version 2, all others version 1. */
  readonly suite: number
  readonly messageId: Bytes
  /** The pairs that are stored; those of `requiredContext` are not. */
  readonly encryptionContext: EncryptionContext
  readonly encryptedDataKeys: readonly EncryptedDataKey[]
  /** Plaintext bytes of a frame; 0 for a body that is not framed. */
  readonly frameLength: number
}

/** A header as it stands in a message. */
export interface SerializedHeader {
  readonly header: MessageHeader
  readonly suite: Suite
  /** All but IV and tag: what the tag covers, before the pairs that are not stored. */
  readonly body: Bytes
  readonly iv: Bytes
  readonly tag: Bytes
  /** No bytes in version 1. */
  readonly commitment: Bytes
  /** Length of the whole header. */
  readonly end: number
}

/** Provider id, info, ciphertext, each preceded by its length. */
export const encodeDataKey = ({ providerId, providerInfo, ciphertext }: EncryptedDataKey) =>
  [encodeUtf8(providerId), providerInfo, ciphertext].map(encodeField)

/** The serialized header up to IV and tag. Source: AWS Encryption SDK specification, message header. */
export function encodeHeader(header: MessageHeader, { format }: Suite, commitment: Uint8Array): Bytes {
  const { suite, messageId, encryptedDataKeys, encryptionContext, frameLength } = header
  const [, type, reserved] = format.layout
  return joinBytes([
    [format.version, ...type],
    u16(suite),
    messageId,
    encodeField(encodeContext(encryptionContext)),
    u16(encryptedDataKeys.length),
    ...encryptedDataKeys.flatMap(encodeDataKey),
    [2, ...reserved],
    u32(frameLength),
    commitment,
  ])
}

/**
 * Reads a header of either version at the beginning of `bytes`. Refuses the number of data keys before it reads one. What
 * is given is copied. The detail of `malformedMessage` is how far the header was read.
 */
export function readHeader(bytes: Bytes, options: DataKeyOptions & SuiteOptions): SerializedHeader {
  let at = 0
  const require = (isRight: boolean): void => {
    if (!isRight) throw failure('malformedMessage', at)
  }
  const take = (length: number): Bytes => {
    at += length
    if (at > bytes.length) throw failure('messageTruncated')
    return bytes.slice(at - length, at)
  }
  const number = (length: number) => toNumber(take(length))
  const field = () => take(number(2))
  const text = () => {
    const encoded = field()
    try {
      return decodeUtf8(encoded)
    } catch (cause) {
      throw failure('malformedMessage', at, cause)
    }
  }

  const expect = (expected: readonly number[]) => {
    for (const byte of expected) require(number(1) === byte)
  }

  const version = number(1)
  // The base64 text of a message begins AY or Ag, by version.
  if (version === 0x41 && (bytes[1] === 0x59 || bytes[1] === 0x67)) throw failure('messageIsBase64')
  const format = policyOf(options).find((known) => known.version === version)
  if (!format) {
    require(version === 1)
    throw failure('suiteAgainstPolicy')
  }
  const [messageIdBytes, type, reserved, commitmentBytes, ivBytes] = format.layout
  expect(type)
  const id = number(2)
  const suite = format.suiteOf(id)
  if (!suite) throw failure('unknownSuite', id)
  const messageId = take(messageIdBytes)

  const contextEnd = number(2) + at
  const context = new Map<string, string>()
  if (at < contextEnd) {
    let pairs = number(2)
    require(pairs > 0)
    while (pairs--) {
      require(at < contextEnd)
      const name = text()
      require(!context.has(name))
      context.set(name, text())
    }
  }
  require(at === contextEnd)
  require(context.has(publicKeyName) === !!suite.curve)

  const keys = number(2)
  require(keys > 0)
  requireFewKeys(keys, options)
  const encryptedDataKeys = Array.from({ length: keys }, () => ({
    providerId: text(),
    providerInfo: field(),
    ciphertext: field(),
  }))

  const contentType = number(1)
  expect(reserved)
  const frameLength = number(4)
  require(contentType === (frameLength ? 2 : 1))
  const commitment = take(commitmentBytes)
  const body = bytes.slice(0, at)
  const iv = new Uint8Array(12)
  iv.set(take(ivBytes))
  const tag = take(16)
  const encryptionContext = Object.fromEntries(context)
  const header = { suite: id, messageId, encryptionContext, encryptedDataKeys, frameLength }
  return { header, suite, body, iv, tag, commitment, end: at }
}

/** Throws `tooManyDataKeys`, also for a maximum that is no number, and over what the format counts. */
export function requireFewKeys(count: number, { maxEncryptedDataKeys: max = 16 }: DataKeyOptions): void {
  if (!(count <= Math.min(max, 0xffff))) throw failure('tooManyDataKeys', count)
}

export interface DataKeyOptions {
  /** The most data keys that a message may have. 16 unless given: when it is read, every data key of KMS can cost a call. */
  readonly maxEncryptedDataKeys?: number
}
