import { deleteDB } from 'idb'
import { afterAll } from 'vitest'
import { type IndexedDbStorage, openIndexedDbStorage } from '../../src/adapters/indexeddb/storage'
import { createNativeCrypto, createNativeKeyring } from '../../src/adapters/webcrypto'
import { behaviour } from '../suites/behaviour'
import { accountId, composeKms, region, startMs } from '../suites/compose'

const opened = new Map<string, IndexedDbStorage>()

afterAll(async () => {
  for (const [name, storage] of opened) {
    storage.close()
    await deleteDB(name)
  }
})

behaviour(
  'IndexedDB and native keys',
  async (wrapCrypto) => {
    const name = `behaviour-${crypto.randomUUID()}`
    const storage = await openIndexedDbStorage(name, { now: () => startMs })
    opened.set(name, storage)
    const native = createNativeCrypto({ keyring: await createNativeKeyring(), accountId, region })
    return composeKms(storage, wrapCrypto, native)
  },
  { properties: 20, sequences: 10, fuzz: 5, digests: false },
)
