import { decodeUtf8, encodeUtf8 } from '../codec/bytes'
import { type EncryptionContext, encodeContext, publicKeyName } from './context'
import { failure } from './errors'
import { encodeField, joinBytes, toNumber, u16, u32 } from './numbers'
import { type Suite, suiteOf } from './suites'

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
  readonly commitment: Bytes | undefined
  /** Length of the whole header. */
  readonly end: number
}

export const messageIdBytes = ({ version }: Suite) => 16 * version

/** Provider id, info, ciphertext, each preceded by its length. */
export const encodeDataKey = ({ providerId, providerInfo, ciphertext }: EncryptedDataKey) =>
  [encodeUtf8(providerId), providerInfo, ciphertext].map(encodeField)

/** The serialized header up to IV and tag. Source: AWS Encryption SDK specification, message header. */
export function encodeHeader(header: MessageHeader, { version }: Suite, commitment: Uint8Array): Bytes {
  const { suite, messageId, encryptedDataKeys, encryptionContext, frameLength } = header
  const isFirst = version === 1
  return joinBytes([
    isFirst ? [1, 0x80] : [2],
    u16(suite),
    messageId,
    encodeField(encodeContext(encryptionContext)),
    u16(encryptedDataKeys.length),
    ...encryptedDataKeys.flatMap(encodeDataKey),
    isFirst ? [2, 0, 0, 0, 0, 12] : [2],
    u32(frameLength),
    commitment,
  ])
}

/**
 * Reads a header of either version at the beginning of `bytes`. Refuses the number of data keys before it reads one. What
 * is given is copied. The detail of `malformedMessage` is how far the header was read.
 */
export function readHeader(bytes: Bytes, maxEncryptedDataKeys: number): SerializedHeader {
  let at = 0
  const require = (isRight: boolean): void => {
    if (!isRight) throw failure('malformedMessage', at)
  }
  const take = (length: number): Bytes => {
    at += length
    if (at > bytes.length) throw truncated()
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

  const version = number(1)
  // Base64 of 01 80 begins AYA, that of 02 04 78 and 02 05 78 begins AgR4 and AgV4.
  if (version === 0x41 && /^YA|^g[RV]4/.test(String.fromCharCode(...take(3)))) throw failure('messageIsBase64')
  const isFirst = version === 1
  require(isFirst ? number(1) === 0x80 : version === 2)
  const suite = suiteOf(number(2))
  require(suite.version === version)
  const messageId = take(messageIdBytes(suite))

  const contextBytes = number(2)
  const contextEnd = at + contextBytes
  const context = new Map<string, string>()
  if (contextBytes) {
    const pairs = number(2)
    while (context.size < pairs && at < contextEnd) {
      const name = text()
      require(!context.has(name))
      context.set(name, text())
    }
    require(pairs > 0 && context.size === pairs && at === contextEnd)
  }
  require(context.has(publicKeyName) === !!suite.curve)

  const keys = number(2)
  require(keys > 0)
  requireFewKeys(keys, maxEncryptedDataKeys)
  const encryptedDataKeys: EncryptedDataKey[] = []
  while (encryptedDataKeys.length < keys) {
    encryptedDataKeys.push({ providerId: text(), providerInfo: field(), ciphertext: field() })
  }

  const contentType = number(1)
  // Four reserved bytes and the length of the IV.
  if (isFirst) require(number(5) === 12)
  const frameLength = number(4)
  require(contentType === (frameLength ? 2 : 1))
  const commitment = isFirst ? undefined : take(32)
  const body = bytes.slice(0, at)
  const iv = isFirst ? take(12) : new Uint8Array(12)
  const tag = take(16)
  const encryptionContext = Object.fromEntries(context)
  const header = { suite: suite.id, messageId, encryptionContext, encryptedDataKeys, frameLength }
  return { header, suite, body, iv, tag, commitment, end: at }
}

export const truncated = () => failure('messageTruncated')

export const headerCode = 'headerNotAuthentic'

/** What the tag of a header covers: the pairs that are not stored too. */
export const headerAad = (body: Bytes, unstored: EncryptionContext): Bytes => joinBytes([body, encodeContext(unstored)])

/** The header as it stood in its message, tag included. */
export const serializedBytes = ({
  suite,
  body,
  iv,
  tag,
}: Pick<SerializedHeader, 'suite' | 'body' | 'iv' | 'tag'>): Bytes =>
  joinBytes([body, suite.version > 1 ? [] : iv, tag])

export function requireFewKeys(count: number, max: number): void {
  if (count > max) throw failure('tooManyDataKeys', count)
}
