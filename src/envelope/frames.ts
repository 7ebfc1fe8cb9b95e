import { encodeUtf8 } from '../codec/bytes'
import { failure } from './errors'
import type { MessageHeader } from './header'
import { aesGcm } from './keys'
import { joinBytes, toNumber, u32 } from './numbers'

/** Frames of a body. Source: AWS Encryption SDK specification, message body and body AAD. */

const finalMark = 0xffffffff
/** Sequence numbers run from 1; the mark of the final frame is none of them. */
export const maxFrames = 0xffffffff
const maxUnframedBytes = 2 ** 36 - 32

/** What a frame is longer than its plaintext: sequence number, IV, tag. */
export const frameOverhead = 4 + 12 + 16
/** What the final frame has beside: its mark, its length. */
export const finalOverhead = 8

type Kind = 'Frame' | 'Final Frame' | 'Single Block'

/** What is sealed, or opened. */
export interface Frame {
  readonly kind: Kind
  readonly sequence: number
  /** Of the plaintext. */
  readonly length: number
  /** Plaintext, or ciphertext and tag. */
  readonly data: Bytes
  /** As it stands in a message; made out of the sequence number where one is written. */
  readonly iv?: Bytes
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
  const iv = new Uint8Array(12)
  const cipherOf = (kind: Kind, length: number) => {
    // Room for the sequence number, and the upper half of the length: no runtime has calls of 4 GiB.
    const aad = joinBytes([messageId, encodeUtf8(`AWSKMSEncryptionClient ${kind}`), new Uint8Array(8), u32(length)])
    return [aad, aesGcm(use, key, iv, aad)] as const
  }
  const regular = cipherOf('Frame', frameLength)
  return ({ kind, sequence, length, data, iv: given }) => {
    const [aad, call] = kind === 'Frame' ? regular : cipherOf(kind, length)
    aad.set(u32(sequence), aad.length - 12)
    iv.set(u32(sequence), 8)
    if (given) iv.set(given)
    return call(data, 'frameNotAuthentic', sequence)
  }
}

/** IV and data are views of the bytes in which the frame was found. `end`: length of the whole frame. */
export type ParsedFrame = Frame & { readonly end: number }

/**
 * The frame that must come next at the beginning of `bytes`. It is whole only where `end` is within them: otherwise so
 * many bytes are needed to read on, and `length` may be 0 because it has not come yet.
 */
export function parseFrame({ frameLength }: MessageHeader, sequence: number, bytes: Bytes): ParsedFrame {
  const number = (at: number, length = 4) => toNumber(bytes.subarray(at, at + length))
  const [kind, ivAt, lengthBytes] = !frameLength
    ? (['Single Block', 0, 8] as const)
    : number(0) === finalMark
      ? (['Final Frame', 8, 4] as const)
      : (['Frame', 4, 0] as const)
  const lengthAt = ivAt + 12
  const start = lengthAt + lengthBytes
  let length = 0
  if (bytes.length >= start) {
    length = lengthBytes ? number(lengthAt, lengthBytes) : frameLength
    if ((ivAt && number(ivAt - 4) !== sequence) || length > (frameLength || maxUnframedBytes)) {
      throw failure('malformedMessage', `frame ${sequence}`)
    }
  }
  const end = start + length + 16
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
    const number = u32(sequence)
    const head = [number, new Uint8Array(8), number]
    return [
      joinBytes(isFinal ? [u32(finalMark), ...head, u32(length)] : head),
      seal({ kind: isFinal ? 'Final Frame' : 'Frame', sequence, length, data }),
    ]
  }
}
