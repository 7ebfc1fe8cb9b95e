import { expect, it } from 'vitest'
import { createMemoryStorage } from '../../src/adapters/memory/storage'
import { createRootCrypto, importRootKeys } from '../../src/adapters/webcrypto'
import { ownedKey } from '../../src/operations/owned-keys'
import { rewrapMaterials } from '../../src/service/maintenance'
import { accountId, composeKms, region } from '../suites/compose'

const oldRoot = `old:${btoa('an example root key, 32 bytes ok')}`
const newRoot = `new:${btoa('another root key, 32 bytes, ok..')}`
const cryptoOf = async (roots: string) => createRootCrypto({ accountId, region, roots: await importRootKeys(roots) })

it('owned keys outlive the root key that sealed them first', async () => {
  const storage = createMemoryStorage()
  const before = await composeKms(storage, undefined, await cryptoOf(oldRoot))
  const blob = await ownedKey(before, 's3').seal(Uint8Array.of(1, 2, 3), { a: 'b' })
  expect([...(await storage.countSealed('material'))]).toEqual([['old', 1]])

  const both = await cryptoOf(`${newRoot},${oldRoot}`)
  expect(await rewrapMaterials(await composeKms(storage, undefined, both), both)).toBe(false)
  expect([...(await storage.countSealed('material'))]).toEqual([['new', 1]])

  const after = await composeKms(storage, undefined, await cryptoOf(newRoot))
  expect(await ownedKey(after, 's3').open(blob, { a: 'b' })).toEqual(Uint8Array.of(1, 2, 3))
})
