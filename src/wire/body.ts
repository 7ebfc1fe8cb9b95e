import { concatBytes } from '../codec/bytes'

export const maxBodyBytes = 1024 * 1024

/**
 * The body, or undefined when it is larger than `maxBytes`: by its declared length before a byte is read, else as soon
 * as one byte too many has come. Throws what the stream throws when the client goes away.
 *
 * A declared length is the framing of HTTP, so such a body is read in one piece, which is cheaper; a length that was
 * only claimed (chunked bodies have none in workerd, a Request made by hand may) is checked afterwards.
 */
export async function readBody(
  request: Request,
  maxBytes = maxBodyBytes,
  declared = request.headers.get('content-length'),
): Promise<Bytes | undefined> {
  const length = declared !== null && /^\d{1,15}$/.test(declared) ? Number(declared) : undefined
  if (length !== undefined && length > maxBytes) return undefined
  // A browser that shows no stream (Firefox) is read in one piece too.
  if (length === undefined && request.body) return collect(request.body, maxBytes)
  const bytes = new Uint8Array(await request.arrayBuffer())
  return bytes.length > maxBytes ? undefined : bytes
}

async function collect(stream: ReadableStream<Uint8Array>, maxBytes: number): Promise<Bytes | undefined> {
  const reader = stream.getReader()
  const chunks: Uint8Array[] = []
  let length = 0
  for (;;) {
    const { done, value } = await reader.read()
    if (done) break
    length += value.length
    if (length > maxBytes) {
      await reader.cancel()
      return undefined
    }
    chunks.push(value)
  }
  return concatBytes(...chunks)
}
