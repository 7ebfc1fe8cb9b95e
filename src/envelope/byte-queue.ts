/** Bytes that wait for what comes after them, in one buffer, however small the chunks are in which they came. */
export interface ByteQueue {
  readonly length: number
  /** Copies. */
  push(bytes: Uint8Array): void
  /** The oldest `length` bytes, or all: a view that the next push may overwrite. There must be so many. */
  take(length?: number): Bytes
  /** All of them, which stay: a view as that of `take`. */
  view(): Bytes
}

const slackBytes = 0x40000

export function byteQueue(): ByteQueue {
  let buffer = new Uint8Array(0)
  let start = 0
  let end = 0
  return {
    get length() {
      return end - start
    },
    push(bytes) {
      // The same memory again, as soon as it is free: it is at hand, and other memory is not.
      if (start === end) start = end = 0
      if (end + bytes.length > buffer.length) {
        const length = end - start
        const wanted = length + bytes.length
        // Room for more, so that what waits is not moved down for every chunk.
        const next = wanted > buffer.length ? new Uint8Array(wanted + Math.max(wanted, slackBytes)) : buffer
        next.set(buffer.subarray(start, end))
        buffer = next
        start = 0
        end = length
      }
      buffer.set(bytes, end)
      end += bytes.length
    },
    take(length = end - start) {
      start += length
      return buffer.subarray(start - length, start)
    },
    view: () => buffer.subarray(start, end),
  }
}
