import { encodeUtf8 } from '../codec/bytes'
import { failure } from './errors'
import type { MessageHeader } from './header'
import { aesGcm, aesParams } from './keys'
import { joinBytes, putU32, toNumber, u32 } from './numbers'

/** Frames of a body. Source: AWS Encryption SDK specification, message body and body AAD. */

const finalMark = 0xffffffff
/** Sequence numbers run from 1; the mark of the final frame is none of them. */
export const maxFrames = 0xffffffff
const maxUnframedBytes = 2 ** 36 - 32
export const tagBytes = 16

/** What a frame is longer than its plaintext: sequence number, IV, tag. */
export const frameOverhead = 4 + 12 + tagBytes
/** What the final frame has beside: its mark, its length. */
export const finalOverhead = 8

type Kind = 'Frame' | 'Final Frame' | 'Single Block'

/** One frame. What is parsed has IV and data as views of the bytes in which it was found. */
export interface Frame {
  readonly kind: Kind
  readonly sequence: number
  readonly iv: Bytes
  /** Of the plaintext. */
  readonly length: number
  /** Plaintext, or ciphertext and tag. */
  readonly data: Bytes
}

/**
 * Seals or opens the frames of one message, each at the call: fails with `frameNotAuthentic`. WebCrypto copies what it is
 * given before it returns: the parameters are used again for the next frame, and the data may be a view of what is
 * overwritten then.
 */
export function frameCipher(
  use: 'encrypt' | 'decrypt',
  key: CryptoKey,
  { messageId, frameLength }: MessageHeader,
): (frame: Frame) => Promise<Bytes> {
  const paramsOf = (kind: Kind, length: number) =>
    aesParams(
      new Uint8Array(12),
      joinBytes([messageId, encodeUtf8(`AWSKMSEncryptionClient ${kind}`), u32(0), u32(length / 2 ** 32), u32(length)]),
    )
  const regular = paramsOf('Frame', frameLength)
  return ({ kind, sequence, iv, length, data }) => {
    const params = kind === 'Frame' ? regular : paramsOf(kind, length)
    putU32(params.additionalData, params.additionalData.length - 12, sequence)
    params.iv.set(iv)
    return aesGcm(use, key, params, data, 'frameNotAuthentic', sequence)
  }
}

/** `end`: length of the whole frame. */
export type ParsedFrame = Frame & { readonly end: number }

export const isLast = ({ kind }: Frame): boolean => kind !== 'Frame'

/**
 * The frame that must come next at the beginning of `bytes`; where they are too few, how many it takes to read on. Throws
 * `tooLarge` before it asks for more than `maxBytes` of ciphertext.
 */
export function parseFrame(
  { frameLength }: MessageHeader,
  sequence: number,
  bytes: Bytes,
  maxBytes = Infinity,
): ParsedFrame | number {
  const number = (at: number, length = 4) => toNumber(bytes.subarray(at, at + length))
  const kind = !frameLength ? 'Single Block' : number(0) === finalMark ? 'Final Frame' : 'Frame'
  const ivAt = !frameLength ? 0 : kind === 'Frame' ? 4 : 8
  const lengthAt = ivAt + 12
  const start = lengthAt + (!frameLength ? 8 : ivAt - 4)
  // No frame is shorter than this.
  if (bytes.length < start) return start
  const length = start > lengthAt ? number(lengthAt, start - lengthAt) : frameLength
  if ((ivAt && number(ivAt - 4) !== sequence) || length > (frameLength || maxUnframedBytes)) {
    throw failure('malformedMessage', `frame ${sequence}`)
  }
  if (length > maxBytes) throw failure('tooLarge', 'frame')
  const end = start + length + tagBytes
  if (bytes.length < end) return end
  return { kind, sequence, iv: bytes.subarray(ivAt, lengthAt), length, data: bytes.subarray(start, end), end }
}

/** A frame as it stands in a message: what goes before the ciphertext, then ciphertext and tag. */
export type SealedFrame = readonly [head: Bytes, sealed: Promise<Bytes>]

/** Seals frames, each at the call. */
export function frameSealer(
  key: CryptoKey,
  header: MessageHeader,
): (sequence: number, plaintext: Bytes, isFinal: boolean) => SealedFrame {
  const seal = frameCipher('encrypt', key, header)
  return (sequence, data, isFinal) => {
    const { length } = data
    const ivAt = isFinal ? 8 : 4
    const head = new Uint8Array(isFinal ? 24 : 16)
    putU32(head, 0, finalMark)
    putU32(head, ivAt - 4, sequence)
    putU32(head, ivAt + 8, sequence)
    if (isFinal) putU32(head, 20, length)
    const iv = head.subarray(ivAt, ivAt + 12)
    return [head, seal({ kind: isFinal ? 'Final Frame' : 'Frame', sequence, iv, length, data })]
  }
}
