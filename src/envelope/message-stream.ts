import type { MessageHeader } from './header'
import { joinBytes, toBytes } from './numbers'

/** Both ends of a stream, as `pipeThrough` takes them, a shorter way through it, and the header of its message. */
export type MessageStream = TransformStream<Uint8Array, Uint8Array> & {
  /**
   * Resolves when the header is written, or has been found authentic; rejects when the stream fails or is cancelled
   * before. Needs no handler.
   */
  readonly header: Promise<MessageHeader>
  /**
   * What `source.pipeThrough(this)` gives, without the queue and the promises that a pipe has for every chunk. Throws a
   * TypeError where the source or this stream is in use. What fails here cancels the source.
   */
  from(source: ReadableStream<Uint8Array>): ReadableStream<Uint8Array>
}

/** What the work of a stream gives out. */
export interface StreamOutput {
  header(header: MessageHeader): void
  /** Bytes in the order of these calls, of which the last are still to come: `length` of them. */
  give(head: Bytes | undefined, bytes: Promise<Bytes>, length: number): void
  /** Whether more may be given: otherwise enough is under way, or waits for the reader. */
  hasRoom(): boolean
  /** Resolves when all of them have been given out. */
  settled(): Promise<void>
}

export interface StreamWork {
  start?(): Promise<void>
  /** How many bytes it took: all, or so many that there is no room. They may change once that is known. */
  write(bytes: Bytes): number | Promise<number>
  end(): Promise<void>
}

/** Eight frames of the default length: with less, calls of AES wait for their streams (bench/envelope.mjs). */
const queueBytes = 0x80000
const strategy = { highWaterMark: queueBytes, size: (chunk: Uint8Array) => chunk.byteLength }
/** Shorter frames of one chunk are given out together. */
const batchBytes = 0x8000
/** What a call of AES takes beside its data, roughly, so that short frames do not begin too many of them. */
const callBytes = 0x200

interface Batch {
  readonly parts: Bytes[]
  /** How many of the parts are still to come. */
  waiting: number
  bytes: number
  failed?: { readonly error: unknown }
}

/** As much of the Streams standard as is used here, of which runtimes' types declare different parts. */
interface Controller {
  readonly desiredSize: number | null
  enqueue(chunk: Uint8Array): void
  close(): void
  error(reason: unknown): void
}
interface Source {
  start(controller: Controller): void
  pull(): Promise<void>
  cancel(reason: unknown): void
}
interface Sink {
  start(controller: Pick<Controller, 'error'>): Promise<void> | undefined
  write(chunk: Uint8Array): Promise<void> | undefined
  close(): Promise<void>
  abort(reason: unknown): void
}
type ReadableConstructor = new (source: Source, queue: typeof strategy) => ReadableStream<Uint8Array>
type WritableConstructor = new (sink: Sink, queue: typeof strategy) => WritableStream<Uint8Array>

/**
 * Two streams around some work: queues count bytes, what fails fails both and the header. A pair of its own and not a
 * TransformStream, which has several promises for every chunk and no way to wait for room in the midst of one.
 */
export function messageStream(begin: (output: StreamOutput) => StreamWork): MessageStream {
  const { promise: header, resolve, reject } = Promise.withResolvers<MessageHeader>()
  header.catch(() => undefined) // The stream fails with the same error; who does not ask for the header needs no other.
  let readableEnd: Controller
  let writableEnd: Pick<Controller, 'error'>
  let started: Promise<void> | undefined
  let failed: { readonly error: unknown } | undefined
  const batches: Batch[] = []
  /** The batch that takes more: of the chunk that is being written. */
  let open: Batch | undefined
  let inFlight = 0
  let maxInFlight = queueBytes
  let onRoom: (() => void) | undefined
  let onFull: (() => void) | undefined
  let onSettled: (() => void) | undefined
  let onFailed: ((error: unknown) => void) | undefined

  function fail(error: unknown): void {
    if (failed) return
    failed = { error }
    batches.length = 0
    reject(error)
    readableEnd.error(error)
    writableEnd.error(error)
    onFailed?.(error)
    proceed()
  }
  const hasRoom = () => !!failed || (inFlight < maxInFlight && (readableEnd.desiredSize ?? 0) > 0)
  /** Wakes those who wait for what is so by now. */
  function proceed(): void {
    if (onRoom && hasRoom()) onRoom = void onRoom()
    if (onFull && (failed || (readableEnd.desiredSize ?? 0) <= 0)) onFull = void onFull()
    if (onSettled && !batches.length) onSettled = void onSettled()
  }
  /** Gives out what is ready and has its turn. */
  function flush(): void {
    for (let batch = batches[0]; batch && !failed && (batch.failed || !batch.waiting); batch = batches[0]) {
      if (batch.failed) {
        fail(batch.failed.error)
        return
      }
      batches.shift()
      if (open === batch) open = undefined
      inFlight -= batch.bytes
      // A long frame is not copied for the few bytes before it.
      const chunks = batch.bytes < batchBytes || batch.parts.length > 2 ? [joinBytes(batch.parts)] : batch.parts
      for (const chunk of chunks) if (chunk.length) readableEnd.enqueue(chunk)
    }
    proceed()
  }
  const check = () => {
    if (failed) throw failed.error
  }
  const settled = async () => {
    if (batches.length) await new Promise<void>((done) => (onSettled = done))
    check()
  }
  const work = begin({
    header: resolve,
    give(head, bytes, length) {
      const batch = open ?? { parts: [], waiting: 0, bytes: 0 }
      if (!open) batches.push(batch)
      if (head) batch.parts.push(head)
      const at = batch.parts.push(new Uint8Array(0)) - 1
      batch.waiting++
      batch.bytes += length + callBytes
      inFlight += length + callBytes
      // Eight calls of AES, as far as they take 4 MiB.
      maxInFlight = Math.max(queueBytes, Math.min(8 * length, 0x400000))
      open = batch.bytes < batchBytes ? batch : undefined
      bytes.then(
        (ready) => {
          batch.parts[at] = ready
          if (--batch.waiting === 0) flush()
        },
        (error: unknown) => {
          batch.failed ??= { error }
          flush()
        },
      )
    },
    hasRoom,
    settled,
  })
  const guarded = async (step: () => Promise<void> | undefined) => {
    try {
      await step()
      check()
    } catch (error) {
      fail(error)
      throw error
    }
  }
  /** Works off a chunk as there is room for what it gives; undefined when all of it went at once. */
  function write(bytes: Bytes): Promise<void> | undefined {
    if (!bytes.length) return undefined
    if (!hasRoom()) return new Promise<void>((done) => (onRoom = done)).then(() => write(bytes))
    check()
    const taken = work.write(bytes)
    open = undefined
    if (typeof taken === 'number') return write(bytes.subarray(taken))
    return taken.then((count) => write(bytes.subarray(count)))
  }
  const readable = new (ReadableStream as unknown as ReadableConstructor)(
    {
      start(controller) {
        readableEnd = controller
      },
      // Pending as long as there is room, so that it is not called for every chunk.
      pull() {
        const full = new Promise<void>((done) => (onFull = done))
        proceed()
        return full
      },
      cancel: fail,
    },
    strategy,
  )
  const close = () =>
    guarded(async () => {
      await work.end()
      await settled()
      readableEnd.close()
    })
  const writable = new (WritableStream as unknown as WritableConstructor)(
    {
      start(controller) {
        writableEnd = controller
        started = work.start && guarded(work.start)
        return started
      },
      write(chunk) {
        try {
          const later = write(toBytes(chunk as Bytes))
          return later && guarded(() => later)
        } catch (error) {
          fail(error)
          throw error
        }
      },
      close,
      abort: fail,
    },
    strategy,
  )
  /** One chunk after the other, as a pipe does it. */
  async function carry(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<void> {
    // At once, also while it is waited for; its own error it knows already.
    onFailed = (error) => void reader.cancel(error).catch(() => undefined)
    try {
      check()
      await started
      for (;;) {
        const { done, value } = await reader.read()
        check()
        if (done) break
        const later = write(toBytes(value as Bytes))
        if (later) await later
      }
      await close()
    } catch (error) {
      fail(error)
      // Where it had failed before there was a source.
      onFailed(error)
    }
  }
  const from = (source: ReadableStream<Uint8Array>): ReadableStream<Uint8Array> => {
    writable.getWriter() // Nobody else may write.
    void carry(source.getReader())
    return readable
  }
  return { readable, writable, header, from } as MessageStream
}
