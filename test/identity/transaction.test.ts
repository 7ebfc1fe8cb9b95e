import { describe, expect, it } from 'vitest'
import { createMemoryStorage } from '../../src/adapters/memory/storage'
import { Transaction } from '../../src/identity/transaction'
import { openAccount } from './iam/helpers'

const setting = (value: string) => ({ name: 's', value })

describe('a transaction', () => {
  it('sees its own changes and stages them with the versions that it read', async () => {
    const storage = createMemoryStorage()
    const tx = new Transaction(storage)
    expect(await tx.find('setting', 's')).toBeUndefined()
    tx.put('setting', 's', setting('a'))
    tx.put('setting', 's', setting('b'))
    expect(await tx.find('setting', 's')).toEqual(setting('b'))
    expect(tx.changes).toEqual([{ collection: 'setting', id: 's', version: 0, value: setting('b') }])
    expect(await storage.read('setting', 's')).toBeUndefined()
  })

  it('that makes a row and deletes it again changes nothing', async () => {
    const tx = new Transaction(createMemoryStorage())
    await tx.find('setting', 's')
    tx.put('setting', 's', setting('a'))
    tx.put('setting', 's', null)
    expect(await tx.find('setting', 's')).toBeUndefined()
    expect(tx.changes).toEqual([])
  })

  it('refuses to write a row that it has not looked for', () => {
    const tx = new Transaction(createMemoryStorage())
    expect(() => tx.put('setting', 's', setting('a'))).toThrow('before it was read')
  })

  it('runs again on what another one has written meanwhile', async () => {
    const { directory, dropped } = await openAccount()
    let runs = 0
    const add = (letter: string, meanwhile?: () => Promise<unknown>) =>
      directory.transact(async (tx) => {
        runs++
        const known = (await tx.find('setting', 's'))?.value ?? ''
        if (runs === 1) await meanwhile?.()
        tx.put('setting', 's', setting(known + letter))
        return known
      })
    expect(await add('a', () => add('b'))).toBe('b')
    expect([runs, dropped]).toEqual([3, [1, 2]])
    expect(await directory.reader.find('setting', 's')).toEqual(setting('ba'))
  })

  it('that puts nothing writes nothing', async () => {
    const { directory, dropped } = await openAccount()
    expect(await directory.transact(async (tx) => tx.find('setting', 's'))).toBeUndefined()
    expect([dropped, await directory.version()]).toEqual([[], 0])
  })
})
