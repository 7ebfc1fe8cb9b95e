import { byteQueue } from './byte-queue'
import { type DecryptOptions, decrypt } from './decrypt'
import { failure } from './errors'
import { frameCipher, parseFrame } from './frames'
import { readHeader, type SerializedHeader } from './header'
import { headerLength } from './header-length'
import { type MessageStream, messageStream, type StreamOutput, type StreamWork } from './message-stream'
import { openHeader } from './opening'
import { requireSignatures } from './policies'

export interface DecryptStreamOptions extends DecryptOptions {
  /**
   * The most to hold back at once, 64 MiB unless given: a frame, a body that is not framed, or a signed message, which
   * is held back whole. Beyond it the stream fails with `tooLarge`.
   */
  readonly maxHeldBytes?: number
}

/**
 * One message in, plaintext out. A frame comes out when its tag holds; the whole is genuine only when the stream ends
 * without an error, since a message can be cut off between two frames. A signed message is read only with `signatures`,
 * and nothing of it comes out before the signature holds. Fails with the errors of decrypt.
 */
export function decryptStream(options: DecryptStreamOptions): MessageStream {
  return messageStream((output) => {
    const queue = byteQueue()
    const length = headerLength(options)
    let wanted = length.next()
    let body: StreamWork | undefined
    const begin = async (serialized: SerializedHeader) => {
      const { curve } = requireSignatures(serialized.suite, options)
      body = curve
        ? heldBack(queue.take(serialized.end), options, output)
        : await frameByFrame(serialized, options, output)
    }
    return {
      write(bytes) {
        if (body) return body.write(bytes)
        const part = bytes.subarray(0, pieceBytes)
        queue.push(part)
        while (queue.length >= wanted.value && !wanted.done) wanted = length.next(queue.view())
        if (queue.length < wanted.value) return part.length
        const serialized = readHeader(queue.view(), options)
        // What comes after the header in this part is given again.
        const taken = part.length - (queue.length - serialized.end)
        return begin(serialized).then(() => taken)
      },
      async end() {
        if (!body) throw failure('messageTruncated')
        await body.end()
      },
    }
  })
}

/** As much of a chunk is looked at for the header at once. */
const pieceBytes = 0x10000

const maxHeld = ({ maxHeldBytes = 0x4000000 }: DecryptStreamOptions) => maxHeldBytes

/** A signed message is kept until it is complete, and opened as a whole. */
function heldBack(headerBytes: Bytes, options: DecryptStreamOptions, output: StreamOutput): StreamWork {
  const queue = byteQueue()
  queue.push(headerBytes)
  return {
    write(bytes) {
      if (queue.length + bytes.length > maxHeld(options)) throw failure('tooLarge', 'maxHeldBytes')
      queue.push(bytes)
      return bytes.length
    },
    async end() {
      const { plaintext, header } = await decrypt(queue.take(), options)
      output.header(header)
      output.give(undefined, Promise.resolve(plaintext), plaintext.length)
    },
  }
}

async function frameByFrame(
  serialized: SerializedHeader,
  options: DecryptStreamOptions,
  output: StreamOutput,
): Promise<StreamWork> {
  const { header } = serialized
  const open = frameCipher('decrypt', await openHeader(serialized, options), header)
  output.header(header)
  /** The beginning of a frame that did not come in one piece. */
  const held = byteQueue()
  let wanted = 0
  const { maxBodyBytes = Infinity } = options
  const maxBytes = Math.min(maxBodyBytes, maxHeld(options))
  let sequence = 1
  let isComplete = false
  let total = 0
  return {
    write(bytes) {
      let rest = bytes
      while (rest.length && output.hasRoom()) {
        if (isComplete) throw failure('trailingBytes')
        if (held.length) {
          const missing = rest.subarray(0, wanted - held.length)
          held.push(missing)
          rest = rest.subarray(missing.length)
          if (held.length < wanted) break
        }
        const bytesNow = held.length ? held.view() : rest
        const frame = parseFrame(header, sequence, bytesNow)
        if (frame.length > maxBytes) throw failure('tooLarge', 'frame')
        if (frame.end > bytesNow.length) {
          wanted = frame.end
          if (held.length) continue
          held.push(rest)
          return bytes.length
        }
        total += frame.length
        if (total > maxBodyBytes) throw failure('tooLarge', 'body')
        output.give(undefined, open(frame), frame.length)
        sequence++
        isComplete = frame.kind !== 'Frame'
        if (held.length) held.take()
        else rest = rest.subarray(frame.end)
      }
      return bytes.length - rest.length
    },
    async end() {
      // What comes before the end is given out, and then the error is known.
      await output.settled()
      if (!isComplete) throw failure('messageTruncated')
    },
  }
}
