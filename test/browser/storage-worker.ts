import { openIndexedDbStorage } from '../../src/adapters/indexeddb/storage'
import { increment, sampleNowMs } from '../suites/storage-samples'

export interface WorkerOrder {
  readonly name: string
  readonly times: number
  /** When to begin, ms: all begin together. */
  readonly startMs: number
}

/** Another thread over the same database: counts up as often as it is told, then says how many tries that took. */
self.onmessage = async ({ data: { name, times, startMs } }: MessageEvent<WorkerOrder>) => {
  const store = await openIndexedDbStorage(name, { now: () => sampleNowMs })
  await new Promise((resolve) => setTimeout(resolve, startMs - Date.now()))
  let tries = 0
  for (let i = 0; i < times; i++) tries += await increment(store, 'counter', async () => undefined)
  store.close()
  self.postMessage(tries)
}
