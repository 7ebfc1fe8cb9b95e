import { openDB } from 'idb'
import { boundarySuite } from '../suites/boundary'
import { nativeCrypto, nativeCryptoSuite } from '../suites/native-crypto'
import { newRoot, rootCrypto, rootCryptoSuite } from '../suites/root-crypto'

/** There and back through a database of its own. */
async function throughIndexedDb<T>(value: T): Promise<T> {
  const database = await openDB(`boundary-${crypto.randomUUID()}`, 1, {
    upgrade: (opened) => void opened.createObjectStore('values'),
  })
  await database.put('values', value, 'value')
  const stored = (await database.get('values', 'value')) as T
  database.close()
  return stored
}

boundarySuite('native', nativeCrypto)
boundarySuite('wrapped', () => rootCrypto(newRoot('a')))
rootCryptoSuite()
nativeCryptoSuite(throughIndexedDb)
