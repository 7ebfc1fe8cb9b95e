import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, it } from 'vitest'
import { decryptStream, encryptStream } from '../../src/envelope'
import { aesKeyring } from '../suites/envelope/helpers'

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

/** What is in use: the heap and all buffers, after what is not in use has been collected. RSS has the garbage too. */
async function usedBytes(): Promise<number> {
  // Buffers are freed by a task of their own after a collection.
  for (let i = 0; i < 2; i++) {
    collect()
    await new Promise((resolve) => setTimeout(resolve))
  }
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

it('carries 1 GiB through both streams within 32 MiB', async () => {
  const keyring = aesKeyring()
  const chunk = new Uint8Array(2 ** 20).fill(7)
  const carry = async (mebibytes: number, see?: () => Promise<void>) => {
    let left = mebibytes
    const source = new ReadableStream<Uint8Array>({
      pull: (to) => {
        if (left-- > 0) to.enqueue(chunk)
        else to.close()
      },
    })
    const reader = source.pipeThrough(encryptStream({ keyring })).pipeThrough(decryptStream({ keyring })).getReader()
    let bytes = 0
    let seenAt = 0
    for (let next = await reader.read(); !next.done; next = await reader.read()) {
      bytes += next.value.length
      if (bytes - seenAt < 2 ** 26) continue
      seenAt = bytes
      await see?.()
    }
    return bytes
  }
  await carry(16)
  const idle = await usedBytes()
  const used: number[] = []
  const bytes = await carry(1024, async () => {
    used.push(await usedBytes())
  })
  expect(bytes).toBe(2 ** 30)
  expect(used.length).toBeGreaterThan(10)
  expect(Math.max(...used) - idle).toBeLessThan(2 ** 25)
}, 120_000)
