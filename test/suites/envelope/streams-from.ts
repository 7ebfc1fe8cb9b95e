import { expect, it } from 'vitest'
import { concatBytes } from '../../../src/codec/bytes'
import { decryptStream, encryptStream } from '../../../src/envelope'
import { aesKeyring, random } from './helpers'
import { cut, through } from './streaming'

const keyring = aesKeyring()

/** As much of a readable stream as is used here, of which runtimes' types declare different parts. */
interface Readable {
  getReader(): { read(): Promise<{ done: boolean; value?: Uint8Array | undefined }> }
  cancel(reason: unknown): Promise<void>
}
interface From {
  from(source: unknown): Readable
  readonly header: Promise<unknown>
}

/** A source that gives these chunks as it is asked, and tells how many were taken and why it was cancelled. */
function watchedSource(
  chunks: readonly Bytes[],
  end: (to: ReadableStreamDefaultController) => void = (to) => to.close(),
) {
  const seen: { taken: number; cancelled?: unknown } = { taken: 0 }
  const source = new ReadableStream(
    {
      pull(to: ReadableStreamDefaultController) {
        const chunk = chunks[seen.taken]
        if (!chunk) return end(to)
        seen.taken++
        to.enqueue(chunk)
      },
      cancel(reason: unknown) {
        seen.cancelled = reason
      },
    },
    { highWaterMark: 0 },
  )
  return { seen, source }
}

async function readAll(readable: Readable): Promise<{ out: Bytes; error?: unknown }> {
  const reader = readable.getReader()
  const parts: Uint8Array[] = []
  try {
    for (let next = await reader.read(); !next.done; next = await reader.read()) if (next.value) parts.push(next.value)
    return { out: concatBytes(...parts) }
  } catch (error) {
    return { out: concatBytes(...parts), error }
  }
}

const from = (stream: unknown, source: unknown) => (stream as From).from(source)

/** `from`, the way through a stream without a pipe. */
export function streamsFromSuite(): void {
  it.each([0, 1, 63, 64, 65, 128, 1000])('from a source: %i bytes there and back', async (length) => {
    const plaintext = random(length)
    const { source } = watchedSource(cut(plaintext, 7, 64, 200))
    const { out: message } = await readAll(from(encryptStream({ keyring, frameLength: 64 }), source))
    expect(await through(decryptStream({ keyring }), message, 50)).toEqual(plaintext)
    const back = await readAll(from(decryptStream({ keyring }), watchedSource(cut(message, 33)).source))
    expect(back).toEqual({ out: plaintext })
  })

  it('from a source that fails: what was whole comes out, then its error', async () => {
    const plaintext = random(640)
    const { out: message } = await readAll(
      from(encryptStream({ keyring, frameLength: 64 }), watchedSource([plaintext]).source),
    )
    const reason = new Error('connection lost')
    const { source } = watchedSource([message.subarray(0, message.length - 100)], (to) => to.error(reason))
    const stream = decryptStream({ keyring })
    const { out, error } = await readAll(from(stream, source))
    expect(error).toBe(reason)
    expect(plaintext.subarray(0, out.length)).toEqual(out)
  })

  it('from a source that is cut off: truncated', async () => {
    const { out: message } = await readAll(from(encryptStream({ keyring }), watchedSource([random(100)]).source))
    const { source } = watchedSource([message.subarray(0, -1)])
    expect((await readAll(from(decryptStream({ keyring }), source))).error).toMatchObject({ code: 'messageTruncated' })
  })

  it('cancels the source when a frame is not authentic, and takes no more of it', async () => {
    const { out: message } = await readAll(from(encryptStream({ keyring }), watchedSource([random(2_000_000)]).source))
    message[1000] = (message[1000] as number) ^ 1
    const { source, seen } = watchedSource(cut(message, 10_000))
    const { out, error } = await readAll(from(decryptStream({ keyring }), source))
    expect(error).toMatchObject({ code: 'frameNotAuthentic' })
    expect(out).toHaveLength(0)
    expect(seen.cancelled).toBe(error)
    expect(seen.taken).toBeLessThan(150)
  })

  it('cancels the source with its reader, while it waits for it too', async () => {
    const reason = new Error('enough')
    const waiting = watchedSource([random(10)], () => undefined)
    const stream = encryptStream({ keyring })
    const readable = from(stream, waiting.source)
    await stream.header
    await readable.cancel(reason)
    expect(waiting.seen.cancelled).toBe(reason)
  })

  it('cancels the source when the keyring fails', async () => {
    const { source, seen } = watchedSource([random(10)])
    const failing = { ...keyring, wrap: () => Promise.reject(new Error('no')) }
    const { error } = await readAll(from(encryptStream({ keyring: failing }), source))
    expect(error).toMatchObject({ code: 'keyringFailed' })
    expect(seen).toEqual({ taken: 0, cancelled: error })
  })

  it('cancels the source where it has failed before there was one', async () => {
    const failing = { ...keyring, wrap: () => Promise.reject(new Error('no')) }
    const stream = encryptStream({ keyring: failing })
    const failed = await stream.header.catch((error: unknown) => error)
    const { source, seen } = watchedSource([random(10)])
    expect((await readAll(from(stream, source))).error).toBe(failed)
    expect(seen).toEqual({ taken: 0, cancelled: failed })
  })

  it('takes no more from a source than its reader reads', async () => {
    const { source, seen } = watchedSource(Array.from({ length: 1000 }, () => new Uint8Array(10_000)))
    const stream = encryptStream({ keyring, frameLength: 1024 })
    const readable = from(stream, source)
    await stream.header
    for (let i = 0; i < 2; i++) await new Promise((done) => setTimeout(done, 20))
    // 512 KiB in the queue, as much under way, and a chunk.
    expect(seen.taken).toBeLessThan(150)
    expect((await readAll(readable)).out.length).toBeGreaterThan(10_000_000)
    expect(seen.taken).toBe(1000)
  })

  it('is for one source, and not beside a writer', () => {
    const stream = encryptStream({ keyring })
    from(stream, watchedSource([random(1)]).source)
    expect(() => from(stream, watchedSource([random(1)]).source)).toThrow(TypeError)
    const locked = watchedSource([random(1)]).source
    locked.getReader()
    expect(() => from(encryptStream({ keyring }), locked)).toThrow(TypeError)
  })
}
