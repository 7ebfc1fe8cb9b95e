import { failure } from './errors'
import { frameCipher, type ParsedFrame, parseFrame } from './frames'
import { type MessageHeader, readHeader } from './header'
import { inLanes } from './in-lanes'
import { type ByteSource, toBytes } from './numbers'
import { type OpenOptions, openHeader } from './opening'
import { requireSignatures } from './policies'

export interface DecryptOptions extends OpenOptions {
  /** The most plaintext to make; without it what the message holds. */
  readonly maxBodyBytes?: number
}

export interface Decrypted {
  readonly plaintext: Bytes
  /** Authentic, with the pairs that are stored. */
  readonly header: MessageHeader
}

/**
 * Opens one message of the AWS Encryption SDK, of either version and any suite that the policy lets through. The whole
 * message is looked over before a keyring is asked; nothing is given out before commitment, header tag, signature and
 * every frame hold. `message` must not change meanwhile. Throws EnvelopeError.
 */
export async function decrypt(message: ByteSource, options: DecryptOptions): Promise<Decrypted> {
  const { maxBodyBytes = Infinity, signatures } = options
  const bytes = toBytes(message)
  const serialized = readHeader(bytes, options)
  const { header, suite, end } = serialized
  requireSignatures(suite, options)

  const body = bytes.subarray(end)
  let plaintextBytes = 0
  let at = end
  for (const frame of framesOf(header, body)) {
    plaintextBytes += frame.length
    if (plaintextBytes > maxBodyBytes) throw failure('tooLarge', 'body')
    at += frame.end
  }
  // A suite with a curve would not have been let through without `signatures`.
  const verify = signatures?.readFooter(suite.curve, header, bytes, at)
  if (!verify && at < bytes.length) throw failure('trailingBytes')

  const key = await openHeader(serialized, options)
  await verify?.()
  const plaintext = new Uint8Array(plaintextBytes)
  const open = frameCipher('decrypt', key, header)
  await inLanes(framesOf(header, body), async (frame) => {
    plaintext.set(await open(frame), (frame.sequence - 1) * header.frameLength)
  })
  return { plaintext, header }
}

function* framesOf(header: MessageHeader, bytes: Bytes): Generator<ParsedFrame> {
  for (let sequence = 1; ; sequence++) {
    const frame = parseFrame(header, sequence, bytes)
    if (frame.end > bytes.length) throw failure('messageTruncated')
    yield frame
    if (frame.kind !== 'Frame') return
    bytes = bytes.subarray(frame.end)
  }
}
