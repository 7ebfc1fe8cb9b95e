/**
 * The work of bench/envelope.mjs, on Web standards alone: the same code runs in Node, in workerd and in Chromium. Frames
 * of 64 KiB. Every way goes over the same 32 MiB again and again, so that none of them has its data at hand in a cache.
 */
export const frameLength = 65_536
const poolBytes = 2 ** 25

export async function envelopeWays({ encryptStream, decryptStream, rawAes }) {
  const keyring = rawAes({ namespace: 'bench', name: 'key', key: new Uint8Array(32).fill(7) })
  const pool = new Uint8Array(poolBytes)
  for (let at = 0; at < poolBytes; at += 65_536) crypto.getRandomValues(pool.subarray(at, at + 65_536))
  const key = await crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, false, ['encrypt', 'decrypt'])
  const aes = { name: 'AES-GCM', iv: new Uint8Array(12), additionalData: new Uint8Array(80) }
  const frames = Array.from({ length: poolBytes / frameLength }, (_, i) =>
    pool.subarray(i * frameLength, (i + 1) * frameLength),
  )
  const sealed = await Promise.all(frames.map((frame) => crypto.subtle.encrypt(aes, key, frame)))

  /** Bare calls. */
  const bare = (use, data) => async (mebibytes, inFlight) => {
    const calls = (mebibytes * 2 ** 20) / frameLength
    let next = 0
    const lane = async () => {
      while (next < calls) await crypto.subtle[use](aes, key, data[next++ % data.length])
    }
    await Promise.all(Array.from({ length: inFlight }, lane))
  }
  /** A source that gives its chunks when they are asked for. */
  const source = (bytes, total, chunkBytes) => {
    let given = 0
    return new ReadableStream({
      pull(to) {
        if (given >= total) return to.close()
        const at = given % bytes.length
        const chunk = bytes.subarray(at, at + chunkBytes)
        given += chunk.length
        to.enqueue(chunk)
      },
    })
  }
  const drain = async (stream, see) => {
    const reader = stream.getReader()
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return
      see?.(value)
    }
  }
  const parts = []
  await drain(source(pool, poolBytes, 2 ** 20).pipeThrough(encryptStream({ keyring, frameLength })), (part) =>
    parts.push(part),
  )
  const message = new Uint8Array(await new Blob(parts).arrayBuffer())

  const piped = (readable, stream) => readable.pipeThrough(stream)
  const from = (readable, stream) => stream.from(readable)
  const encrypt = (join, mebibytes, chunkBytes) =>
    drain(join(source(pool, mebibytes * 2 ** 20, chunkBytes), encryptStream({ keyring, frameLength })))
  /** Messages of 32 MiB, one after the other. */
  const decrypt = async (join, mebibytes, chunkBytes) => {
    for (let done = 0; done < mebibytes * 2 ** 20; done += poolBytes) {
      await drain(join(source(message, message.length, chunkBytes), decryptStream({ keyring })))
    }
  }

  return {
    message,
    pool,
    bareEncrypt: bare('encrypt', frames),
    bareDecrypt: bare('decrypt', sealed),
    encrypt: (mebibytes, chunkBytes) => encrypt(piped, mebibytes, chunkBytes),
    encryptFrom: (mebibytes, chunkBytes) => encrypt(from, mebibytes, chunkBytes),
    decrypt: (mebibytes, chunkBytes) => decrypt(piped, mebibytes, chunkBytes),
    decryptFrom: (mebibytes, chunkBytes) => decrypt(from, mebibytes, chunkBytes),
    /** One message through both; `see` is called for every chunk that comes out. */
    both: (mebibytes, see) =>
      drain(
        source(pool, mebibytes * 2 ** 20, frameLength)
          .pipeThrough(encryptStream({ keyring, frameLength }))
          .pipeThrough(decryptStream({ keyring })),
        see,
      ),
  }
}
