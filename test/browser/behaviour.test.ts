import { deleteDB } from 'idb'
import { describe, onTestFinished } from 'vitest'
import { createSoftwareProvider } from '../../software'
import { openIndexedDbStorage } from '../../src/adapters/indexeddb/storage'
import { type AgreedSoftware, createNativeCrypto, createNativeKeyring } from '../../src/adapters/webcrypto'
import { behaviour } from '../suites/behaviour'
import type { Open } from '../suites/behaviour/harness'
import { kem } from '../suites/behaviour/kem'
import { keyPairs } from '../suites/behaviour/key-pairs'
import { macs } from '../suites/behaviour/macs'
import { signing } from '../suites/behaviour/signing'
import { specs } from '../suites/behaviour/specs'
import { accountId, composeKms, region, startMs } from '../suites/compose'

const openWith =
  (software?: AgreedSoftware): Open =>
  async (wrapCrypto, place) => {
    const name = `behaviour-${crypto.randomUUID()}`
    const storage = await openIndexedDbStorage(name, { now: () => startMs })
    // At once: every call takes longer the more databases are open.
    onTestFinished(async () => {
      storage.close()
      await deleteDB(name)
    })
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
