import { concatBytes, decodeUtf8 } from '../../../src/codec/bytes'

/** The files of a zip archive by their names: stored or deflated, no ZIP64 (PKWARE APPNOTE 6.3, sections 4.3.7, 4.3.12). */
export async function readZip(archive: Bytes): Promise<Map<string, Bytes>> {
  const view = new DataView(archive.buffer, archive.byteOffset, archive.byteLength)
  // The end record has a comment of any length behind it; nobody writes one.
  const end = archive.length - 22
  if (end < 0 || view.getUint32(end, true) !== 0x06054b50) throw new Error('not a zip archive without comment')
  const files = new Map<string, Bytes>()
  let at = view.getUint32(end + 16, true)
  for (let left = view.getUint16(end + 10, true); left > 0; left--) {
    if (view.getUint32(at, true) !== 0x02014b50) throw new Error('a damaged zip archive')
    const method = view.getUint16(at + 10, true)
    const packedBytes = view.getUint32(at + 20, true)
    const [nameBytes, extraBytes, commentBytes] = [28, 30, 32].map((offset) => view.getUint16(at + offset, true))
    const local = view.getUint32(at + 42, true)
    const name = decodeUtf8(archive.subarray(at + 46, at + 46 + (nameBytes ?? 0)))
    const dataAt = local + 30 + view.getUint16(local + 26, true) + view.getUint16(local + 28, true)
    const packed = archive.subarray(dataAt, dataAt + packedBytes)
    if (!name.endsWith('/')) files.set(name, method === 0 ? packed : await inflate(packed, method))
    at += 46 + (nameBytes ?? 0) + (extraBytes ?? 0) + (commentBytes ?? 0)
  }
  return files
}

async function inflate(packed: Bytes, method: number): Promise<Bytes> {
  if (method !== 8) throw new Error(`compression method ${method}`)
  const inflated = new Response(packed).body?.pipeThrough(new DecompressionStream('deflate-raw') as never)
  return concatBytes(new Uint8Array(await new Response(inflated as never).arrayBuffer()))
}
