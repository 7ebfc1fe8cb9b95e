import { toNumber } from './numbers'

/**
 * How long a header is, read off as it comes: asks for so many bytes from its beginning, and for more, until it returns
 * the length. What cannot be a header, or has more data keys than `maxKeys`, is as long as it has been read: readHeader
 * says what is wrong with it. Each step goes over two bytes at most, however often it is asked.
 */
export function* headerLength(maxKeys: number): Generator<number, number, Bytes> {
  let at = 1
  let bytes = yield 4
  function* field(): Generator<number, void, Bytes> {
    bytes = yield at + 2
    at += 2 + toNumber(bytes.subarray(at, at + 2))
  }
  const version = bytes[0]
  if (version !== 1 && version !== 2) return 4
  // Type in version 1, suite, message id.
  at = version === 1 ? 20 : 35
  yield* field()
  bytes = yield at + 2
  const keys = toNumber(bytes.subarray(at, at + 2))
  at += 2
  if (keys > maxKeys) return at
  for (let fields = 3 * keys; fields > 0; fields--) yield* field()
  // Content type, frame length, and what else the version has; tag.
  return at + (version === 1 ? 1 + 4 + 1 + 4 + 12 : 1 + 4 + 32) + 16
}
