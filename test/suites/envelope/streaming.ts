import { concatBytes } from '../../../src/codec/bytes'

/** Both ends of a stream, as every runtime's types have them. */
export interface Duplex {
  readonly writable: { getWriter(): { write(chunk: Uint8Array): Promise<void>; close(): Promise<void> } }
  readonly readable: {
    getReader(): { read(): Promise<{ done: boolean; value?: Uint8Array | undefined }> }
  }
}

/** Pieces of a length, the last one shorter; a list of lengths is used in turn. */
export function cut(bytes: Bytes, ...lengths: readonly number[]): Bytes[] {
  const pieces: Bytes[] = []
  for (let at = 0, i = 0; at < bytes.length; i++) {
    const length = Math.max(1, lengths[i % lengths.length] ?? 1)
    pieces.push(bytes.subarray(at, at + length))
    at += length
  }
  return pieces
}

/** What came out of a stream before it ended, and with which error it ended, if with one. */
export async function run(stream: unknown, chunks: readonly Uint8Array[]): Promise<{ out: Bytes; error?: unknown }> {
  const { writable, readable } = stream as Duplex
  const writer = writable.getWriter()
  const writing = (async () => {
    for (const chunk of chunks) await writer.write(chunk)
    await writer.close()
  })()
  // The readable side fails with the same error.
  writing.catch(() => undefined)
  const reader = readable.getReader()
  const parts: Uint8Array[] = []
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) break
      if (value) parts.push(value)
    }
    await writing
    return { out: concatBytes(...parts) }
  } catch (error) {
    return { out: concatBytes(...parts), error }
  }
}

/** The bytes through a stream, in chunks of these lengths. Throws what the stream fails with. */
export async function through(stream: unknown, bytes: Bytes, ...lengths: readonly number[]): Promise<Bytes> {
  const { out, error } = await run(stream, cut(bytes, ...lengths))
  if (error !== undefined) throw error instanceof Error ? error : new Error('failed with no error', { cause: error })
  return out
}
