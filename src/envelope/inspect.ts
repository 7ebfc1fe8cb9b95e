import { type MessageHeader, readHeader } from './header'
import { type ByteSource, toBytes } from './numbers'
import { requireEncryptAllowDecrypt } from './policies'

export interface Inspected extends MessageHeader {
  readonly version: 1 | 2
  /** Whether the message commits to its key. */
  readonly isCommitted: boolean
  /** Whether a signature follows the body. */
  readonly isSigned: boolean
  /** Length of the header: where the body begins. */
  readonly headerBytes: number
}

const everything = { maxEncryptedDataKeys: 0xffff, commitmentPolicy: requireEncryptAllowDecrypt }

/**
 * What the header of a message says, without a key: nothing of it is authenticated. The beginning of a message is
 * enough. Throws EnvelopeError as decrypt does.
 */
export function inspect(message: ByteSource): Inspected {
  const { header, suite, end } = readHeader(toBytes(message), everything)
  const { format, curve } = suite
  const { version } = format
  return {
    ...header,
    version,
    isCommitted: version > 1,
    isSigned: curve !== undefined,
    headerBytes: end,
  }
}
