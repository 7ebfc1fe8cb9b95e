import type { DataKeyOptions } from './header'
import { toNumber } from './numbers'
import { policyOf } from './policies'
import type { SuiteOptions } from './suites'

/**
 * How long a header is, read off as it comes: asks for so many bytes from its beginning, and for more, until it returns
 * the length. What cannot be a header, or has too many data keys, is as long as it has been read: readHeader says what is
 * wrong with it. Each step goes over two bytes at most, however often it is asked.
 */
export function* headerLength(options: DataKeyOptions & SuiteOptions): Generator<number, number, Bytes> {
  const { maxEncryptedDataKeys = 16 } = options
  let at = 1
  let bytes = yield 4
  function* field(): Generator<number, void, Bytes> {
    bytes = yield at + 2
    at += 2 + toNumber(bytes.subarray(at, at + 2))
  }
  const format = policyOf(options).find(({ version }) => version === bytes[0])
  if (!format) return 4
  const [messageIdBytes, type, reserved, commitmentBytes, ivBytes] = format.layout
  // Version, type, suite, message id.
  at = 1 + type.length + 2 + messageIdBytes
  yield* field()
  bytes = yield at + 2
  const keys = toNumber(bytes.subarray(at, at + 2))
  at += 2
  if (!(keys <= maxEncryptedDataKeys)) return at
  for (let fields = 3 * keys; fields > 0; fields--) yield* field()
  // Content type, frame length, and what else the format has; tag.
  return at + 1 + reserved.length + 4 + commitmentBytes + ivBytes + 16
}
