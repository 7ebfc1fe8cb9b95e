import { deleteDB } from 'idb'
import { afterAll, describe } from 'vitest'
import { createSoftwareProvider } from '../../software'
import { type IndexedDbStorage, openIndexedDbStorage } from '../../src/adapters/indexeddb/storage'
import { type AgreedSoftware, createNativeCrypto, createNativeKeyring } from '../../src/adapters/webcrypto'
import { behaviour } from '../suites/behaviour'
import type { Open } from '../suites/behaviour/harness'
import { kem } from '../suites/behaviour/kem'
import { keyPairs } from '../suites/behaviour/key-pairs'
import { macs } from '../suites/behaviour/macs'
import { signing } from '../suites/behaviour/signing'
import { specs } from '../suites/behaviour/specs'
import { accountId, composeKms, region, startMs } from '../suites/compose'

const opened = new Map<string, IndexedDbStorage>()

afterAll(async () => {
  for (const [name, storage] of opened) {
    storage.close()
    await deleteDB(name)
  }
})

const openWith =
  (software?: AgreedSoftware): Open =>
  async (wrapCrypto, place) => {
    const name = `behaviour-${crypto.randomUUID()}`
    const storage = await openIndexedDbStorage(name, { now: () => startMs })
    opened.set(name, storage)
    const home = { accountId: place?.accountId ?? accountId, region }
    const native = createNativeCrypto({ keyring: await createNativeKeyring(), ...home, software })
    return composeKms(storage, wrapCrypto, native, place)
  }

behaviour('IndexedDB and native keys', openWith(), { properties: 20, sequences: 10, fuzz: 5, digests: false })

// What software changes; all else is the same code over the same store.
describe('behaviour: IndexedDB and software by agreement', () => {
  const open = openWith({ provider: createSoftwareProvider(), agreed: () => true })
  specs(open)
  signing(open, true)
  macs(open)
  kem(open)
  keyPairs(open)
})
