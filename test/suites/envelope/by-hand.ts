import { concatBytes, encodeUtf8 } from '../../../src/codec/bytes'
import { random } from './helpers'

const number = (value: number, bytes: number): Bytes =>
  Uint8Array.from({ length: bytes }, (_, i) => Math.floor(value / 256 ** (bytes - 1 - i)) % 256)

async function gcm(key: CryptoKey, iv: Bytes, additionalData: Bytes, plaintext: Bytes): Promise<Bytes> {
  return new Uint8Array(await crypto.subtle.encrypt({ name: 'AES-GCM', iv, additionalData }, key, plaintext))
}

/** Suites of 256 bits without signature, and how each makes the message key. */
const derivations: Readonly<Record<number, (dataKey: Bytes, messageId: Bytes) => Promise<CryptoKey>>> = {
  120: (dataKey) => crypto.subtle.importKey('raw', dataKey, 'AES-GCM', false, ['encrypt']),
  376: (dataKey, messageId) =>
    derive(dataKey, 'SHA-256', new Uint8Array(32), concatBytes(Uint8Array.of(1, 0x78), messageId)),
  1144: (dataKey, messageId) =>
    derive(dataKey, 'SHA-512', messageId, concatBytes(Uint8Array.of(4, 0x78), encodeUtf8('DERIVEKEY'))),
}

async function derive(dataKey: Bytes, hash: string, salt: Bytes, info: Bytes): Promise<CryptoKey> {
  const hkdf = await crypto.subtle.importKey('raw', dataKey, 'HKDF', false, ['deriveBits'])
  const bits = await crypto.subtle.deriveBits({ name: 'HKDF', hash, salt, info }, hkdf, 256)
  return crypto.subtle.importKey('raw', bits, 'AES-GCM', false, ['encrypt'])
}

export interface HandMade {
  /** 0x0078, 0x0178 or 0x0478. */
  readonly suite: number
  readonly dataKey: Bytes
  readonly body: Bytes
  /** 0: not framed. */
  readonly frameLength: number
  /** Serialized encryption context without its length. */
  readonly context?: Bytes
  /** Encrypted data keys with their number in front; one that openKeyring takes unless given. */
  readonly dataKeys?: Bytes
}

/**
 * A message put together without the library: header and body straight from the specification, so that what the library
 * itself never writes can be read, bodies without frames above all. A framed body ends in an empty final frame where the
 * plaintext ends with a frame.
 */
export async function writeByHand(parts: HandMade): Promise<Bytes> {
  const { suite, dataKey, body, frameLength, context = new Uint8Array(0) } = parts
  const isFirst = suite < 0x0400
  const messageId = random(isFirst ? 16 : 32)
  const key = await derivations[suite]?.(dataKey, messageId)
  if (!key) throw new Error('not a suite of this helper')
  const dataKeys =
    parts.dataKeys ??
    concatBytes(number(1, 2), number(5, 2), encodeUtf8('tests'), number(0, 2), number(1, 2), number(0, 1))
  const contentType = frameLength ? 2 : 1
  const commitment = async () => {
    const hkdf = await crypto.subtle.importKey('raw', dataKey, 'HKDF', false, ['deriveBits'])
    const algorithm = { name: 'HKDF', hash: 'SHA-512', salt: messageId, info: encodeUtf8('COMMITKEY') }
    return new Uint8Array(await crypto.subtle.deriveBits(algorithm, hkdf, 256))
  }
  const header = concatBytes(
    Uint8Array.from(isFirst ? [1, 0x80] : [2]),
    number(suite, 2),
    messageId,
    number(context.length, 2),
    context,
    dataKeys,
    Uint8Array.from(isFirst ? [contentType, 0, 0, 0, 0, 12] : [contentType]),
    number(frameLength, 4),
    isFirst ? new Uint8Array(0) : await commitment(),
  )
  // A reader takes the IV that is there.
  const headerIv = isFirst ? random(12) : new Uint8Array(12)
  const tag = await gcm(key, headerIv, header, new Uint8Array(0))
  const frame = async (
    kind: string,
    sequence: number,
    plaintext: Bytes,
    head: readonly Bytes[],
    mark: Bytes[] = [],
  ) => {
    const iv = number(sequence, 12)
    const text = encodeUtf8(`AWSKMSEncryptionClient ${kind}`)
    const aad = concatBytes(messageId, text, number(sequence, 4), number(plaintext.length, 8))
    return concatBytes(
      ...mark,
      ...head,
      iv,
      ...(kind === 'Frame' ? [] : [length(kind, plaintext)]),
      await gcm(key, iv, aad, plaintext),
    )
  }
  const frames: Bytes[] = []
  if (frameLength === 0) {
    frames.push(await frame('Single Block', 1, body, []))
  } else {
    let sequence = 1
    let at = 0
    for (; at + frameLength <= body.length; at += frameLength, sequence++) {
      frames.push(await frame('Frame', sequence, body.subarray(at, at + frameLength), [number(sequence, 4)]))
    }
    frames.push(await frame('Final Frame', sequence, body.subarray(at), [number(sequence, 4)], [number(0xffffffff, 4)]))
  }
  return concatBytes(header, isFirst ? headerIv : new Uint8Array(0), tag, ...frames)
}

const length = (kind: string, plaintext: Bytes) => number(plaintext.length, kind === 'Single Block' ? 8 : 4)
