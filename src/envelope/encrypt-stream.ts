import { byteQueue } from './byte-queue'
import { failure } from './errors'
import { frameOverhead, frameSealer, maxFrames } from './frames'
import type { Signatures } from './materials'
import { type MessageStream, messageStream } from './message-stream'
import { suiteToWrite } from './policies'
import { type EncryptOptions, sealHeader } from './sealing'

export interface EncryptStreamOptions extends EncryptOptions {
  /** The most plaintext that will come, if that is known: without it a cache in front of the keyring is not used. */
  readonly plaintextBytes?: number
}

/** So that a signed suite is refused for what it is, with and without the option. */
const anySignatures = {} as Signatures

/**
 * Plaintext in, one message out. The keyring is asked at once. Throws `invalidOption` for a signed suite: WebCrypto signs
 * whole messages only. The stream fails with the errors of encrypt, and `tooLarge` over 2^32 - 1 frames or over
 * `plaintextBytes`. Memory: a few frames, at most 4 MiB of them or one, whichever is more.
 */
export function encryptStream(options: EncryptStreamOptions): MessageStream {
  const { plaintextBytes, plaintextBytes: most = Infinity } = options
  if (suiteToWrite({ ...options, signatures: anySignatures }).curve) {
    throw failure('invalidOption', 'suite: a stream writes no signed message')
  }
  return messageStream((output) => {
    /** Less than a frame. */
    const held = byteQueue()
    let frameLength = 0
    let sealer: ReturnType<typeof frameSealer>
    let sequence = 0
    let total = 0
    const seal = (plaintext: Bytes, isFinal: boolean) => {
      if (++sequence >= maxFrames && !isFinal) throw failure('tooLarge', 'number of frames')
      output.give(...sealer(sequence, plaintext, isFinal), plaintext.length + frameOverhead)
    }
    return {
      async start() {
        const { headerBytes, header, key } = await sealHeader(options, plaintextBytes)
        frameLength = header.frameLength
        sealer = frameSealer(key, header)
        output.give(undefined, Promise.resolve(headerBytes), headerBytes.length)
        output.header(header)
      },
      write(bytes) {
        if (total + bytes.length > most) throw failure('tooLarge', 'plaintextBytes')
        let at = 0
        // A full frame goes at once, as it stands: whether it is the last is not known, and where it was, an empty final
        // frame comes after it.
        while (output.hasRoom() && held.length + bytes.length - at >= frameLength) {
          const from = at
          at += frameLength - held.length
          const part = bytes.subarray(from, at)
          if (held.length) held.push(part)
          seal(held.length ? held.take() : part, false)
        }
        if (held.length + bytes.length - at < frameLength) {
          held.push(bytes.subarray(at))
          at = bytes.length
        }
        total += at
        return at
      },
      async end() {
        seal(held.take(), true)
      },
    }
  })
}
