import { failure } from './errors'
import { frameCipher, isLast, type ParsedFrame, parseFrame } from './frames'
import { type MessageHeader, readHeader, truncated } from './header'
import { inLanes } from './in-lanes'
import { type ByteSource, requireMaxKeys, toBytes } from './numbers'
import { type OpenOptions, openHeader } from './opening'
import { suiteFor } from './suites'

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
  const serialized = readHeader(bytes, requireMaxKeys(options.maxEncryptedDataKeys))
  const { header, suite, end } = serialized
  suiteFor(suite.id, options)

  let plaintextBytes = 0
  let at = end
  for (const frame of framesOf(header, bytes, end)) {
    plaintextBytes += frame.length
    if (plaintextBytes > maxBodyBytes) throw failure('tooLarge', 'body')
    at += frame.end
  }
  // With `signatures`, or the suite would not have been let through.
  const verify = suite.curve && signatures?.readFooter(suite.curve, header, bytes, at)
  if (!verify && at < bytes.length) throw trailing()

  const key = await openHeader(serialized, options)
  await verify?.()
  const plaintext = new Uint8Array(plaintextBytes)
  const open = frameCipher('decrypt', key, header)
  await inLanes(header.frameLength, framesOf(header, bytes, end), async (frame) => {
    plaintext.set(await open(frame), (frame.sequence - 1) * header.frameLength)
  })
  return { plaintext, header }
}

export const trailing = () => failure('trailingBytes')

function* framesOf(header: MessageHeader, bytes: Bytes, at: number): Generator<ParsedFrame> {
  for (let sequence = 1; ; sequence++) {
    const frame = parseFrame(header, sequence, bytes.subarray(at))
    if (typeof frame === 'number') throw truncated()
    at += frame.end
    yield frame
    if (isLast(frame)) return
  }
}
