import { describe, expect, it } from 'vitest'
import { createMemoryStorage } from '../../src/adapters/memory/storage'
import { createRootCrypto, importRootKeys } from '../../src/adapters/webcrypto'
import { encodeUtf8 } from '../../src/codec/bytes'
import { encodeAccessKeyId } from '../../src/identity/access-key-id'
import { DirectoryService } from '../../src/identity/directory'
import type { Principal } from '../../src/policy/principal'

const accountId = '111122223333'
const accessKeyId = encodeAccessKeyId(accountId, Uint8Array.of(1, 2, 3, 4, 5))
const secretAccessKey = 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY'
const allow = JSON.stringify({ Statement: { Effect: 'Allow', Action: '*', Resource: '*' } })
const rootKey = (id: string, letter: string) => `${id}:${btoa(letter.repeat(32))}`

async function open(roots = rootKey('a', 'a'), storage = createMemoryStorage()) {
  const crypto = createRootCrypto({ roots: await importRootKeys(roots), accountId, region: 'directory' })
  const dropped: number[] = []
  const dropCopies = async (version: number) => void dropped.push(version)
  const directory = new DirectoryService({ accountId, storage, crypto, wallMs: () => 1, dropCopies })
  return { directory, storage, crypto, dropped }
}

const alice = { userName: 'alice', path: '/team/', policies: { p: allow }, accessKey: { accessKeyId, secretAccessKey } }

describe('the Directory', () => {
  it('finds a user by access key, with a secret that signs and cannot be read', async () => {
    const { directory, crypto: boundary, storage } = await open()
    const { userId } = await directory.createUser(alice)
    expect(userId).toMatch(/^AIDA[A-Z2-7]{17}$/)
    const found = await directory.findAccessKey(accessKeyId)
    const principal: Principal = { kind: 'user', accountId, accessKeyId, userId, userName: 'alice', path: '/team/' }
    expect(found?.principal).toEqual(principal)
    if (!found) throw new Error('not found')
    const key = await boundary.openSecret(found.secret, { accessKeyId, userId })
    expect(key.extractable).toBe(false)
    const recipe = { name: 'HMAC', hash: 'SHA-256' }
    const other = await crypto.subtle.importKey('raw', encodeUtf8(`AWS4${secretAccessKey}`), recipe, false, ['sign'])
    const sign = async (by: CryptoKey) => new Uint8Array(await crypto.subtle.sign('HMAC', by, encodeUtf8('20261124')))
    expect(await sign(key)).toEqual(await sign(other))
    await expect(boundary.openSecret(found.secret, { accessKeyId, userId: 'AIDAOTHER' })).rejects.toThrow()
    expect(JSON.stringify(await storage.list('accessKey', { limit: 9 }))).not.toContain(secretAccessKey)
    expect(await directory.findEntry(principal)).toEqual({
      version: 1,
      policies: { 'policy p of user alice': allow },
    })
  })

  it('knows nobody else', async () => {
    const { directory } = await open()
    const { userId } = await directory.createUser(alice)
    const principal = { kind: 'user', accountId, accessKeyId, userId, userName: 'alice', path: '/team/' } as const
    expect(await directory.findEntry({ ...principal, userId: 'AIDAFORMER' })).toBeUndefined()
    expect(await directory.findEntry({ ...principal, accessKeyId: `${accessKeyId.slice(0, -1)}A` })).toBeUndefined()
    expect(await directory.findEntry({ kind: 'root', accountId, accessKeyId })).toBeUndefined()
    expect(await directory.findAccessKey('AKIAUNKNOWN')).toBeUndefined()
  })

  it('raises its version with every write, and answers after the copies are gone', async () => {
    const { directory, dropped } = await open()
    const { userId } = await directory.createUser(alice)
    await directory.putUserPolicies(userId, {})
    await directory.setAccessKeyActive(accessKeyId, false)
    expect(await directory.findAccessKey(accessKeyId)).toBeUndefined()
    const principal = { kind: 'user', accountId, accessKeyId, userId, userName: 'alice', path: '/team/' } as const
    expect(await directory.findEntry(principal)).toBeUndefined()
    await directory.setAccessKeyActive(accessKeyId, true)
    expect(dropped).toEqual([1, 2, 3, 4])
    expect(await directory.findEntry(principal)).toEqual({ version: 4, policies: {} })
  })

  it('refuses what it could not keep to, and writes nothing then', async () => {
    const { directory, storage, dropped } = await open()
    const foreign = encodeAccessKeyId('444455556666', new Uint8Array(5))
    const condition = JSON.stringify({
      Statement: { Effect: 'Allow', Action: '*', Resource: '*', Condition: { X: {} } },
    })
    const refusals: [input: Parameters<typeof directory.createUser>[0], code: string][] = [
      [{ ...alice, policies: { p: condition } }, 'MalformedPolicyDocumentException'],
      [{ ...alice, policies: { p: 'x' } }, 'MalformedPolicyDocumentException'],
      [{ ...alice, accessKey: { accessKeyId: foreign, secretAccessKey } }, 'ValidationException'],
    ]
    for (const [input, code] of refusals) await expect(directory.createUser(input)).rejects.toMatchObject({ code })
    await expect(directory.putUserPolicies('AIDA', {})).rejects.toMatchObject({ code: 'NotFoundException' })
    await expect(directory.setAccessKeyActive(accessKeyId, false)).rejects.toMatchObject({ code: 'NotFoundException' })
    expect(await storage.list('user', { limit: 9 })).toEqual([])
    expect(dropped).toEqual([])
    await directory.createUser(alice)
    await expect(directory.createUser({ ...alice, userName: 'bob' })).rejects.toMatchObject({
      code: 'AlreadyExistsException',
    })
  })

  it('loses no write to another one', async () => {
    const { directory } = await open()
    const users = await Promise.all(
      Array.from({ length: 10 }, (_, i) => {
        const id = encodeAccessKeyId(accountId, Uint8Array.of(i, 0, 0, 0, 0))
        return directory.createUser({ ...alice, userName: `u${i}`, accessKey: { accessKeyId: id, secretAccessKey } })
      }),
    )
    await Promise.all(users.map(({ userId }) => directory.putUserPolicies(userId, {})))
    expect(await directory.version()).toBe(20)
  })

  it('moves its secrets to a new root key, and then needs the old one no more', async () => {
    const storage = createMemoryStorage()
    const { userId } = await (await open(rootKey('a', 'a'), storage)).directory.createUser(alice)
    const both = await open(`${rootKey('b', 'b')},${rootKey('a', 'a')}`, storage)
    expect(await both.directory.rewrapSecrets('b')).toBe(false)
    const alone = await open(rootKey('b', 'b'), storage)
    const found = await alone.directory.findAccessKey(accessKeyId)
    if (!found) throw new Error('not found')
    expect((await alone.crypto.openSecret(found.secret, { accessKeyId, userId })).usages).toEqual(['sign'])
  })
})
