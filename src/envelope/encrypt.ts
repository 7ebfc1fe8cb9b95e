import { finalOverhead, frameOverhead, frameSealer } from './frames'
import type { MessageHeader } from './header'
import { inLanes } from './in-lanes'
import { type ByteSource, toBytes } from './numbers'
import { type EncryptOptions, sealHeader } from './sealing'

export interface Encrypted {
  readonly message: Bytes
  readonly header: MessageHeader
}

/**
 * Seals bytes into one message of the AWS Encryption SDK. Frames are sealed as they stand in `plaintext`, which must not
 * change meanwhile. Throws EnvelopeError: `invalidOption`, `invalidContext`, `suiteAgainstPolicy`;
 * then `keyringFailed`, `tooManyDataKeys`, `unsupportedByRuntime`.
 */
export async function encrypt(plaintext: ByteSource, options: EncryptOptions): Promise<Encrypted> {
  const bytes = toBytes(plaintext)
  const { header, headerBytes, key, signer } = await sealHeader(options, bytes.length)
  const { frameLength } = header
  // As a stream writes it, which does not know its end: the final frame is the first that is not full, or is empty.
  const count = Math.floor(bytes.length / frameLength) + 1
  const stride = frameLength + frameOverhead
  const start = headerBytes.length
  const message = new Uint8Array(start + bytes.length + count * frameOverhead + finalOverhead)
  message.set(headerBytes)
  const seal = frameSealer(key, header)
  await inLanes(new Array(count).keys(), async (i) => {
    const part = bytes.subarray(i * frameLength, (i + 1) * frameLength)
    const [head, sealed] = seal(i + 1, part, i + 1 === count)
    message.set(head, start + i * stride)
    message.set(await sealed, start + i * stride + head.length)
  })
  return { message: signer ? await signer.sign(message) : message, header }
}
