import { expect, it } from 'vitest'
import { encodeHex, encodeUtf8 } from '../../../src/codec/bytes'
import {
  type ClaimedCredential,
  deriveSigningKey,
  importSecret,
  type SigningKey,
  SigningKeyCache,
} from '../../../src/identity/sigv4'
import { long } from './helpers'

const credential: ClaimedCredential = { accessKeyId: 'AKID', date: '20261124', region: 'us-east-1', service: 'kms' }
const keyOf = async (accessKeyId: string): Promise<SigningKey> => ({
  key: await deriveSigningKey(await importSecret('s'), credential),
  principal: { kind: 'root', accountId: '111122223333', accessKeyId },
})

it('every part of a credential is part of its name', async () => {
  const cache = new SigningKeyCache()
  const stored = await keyOf('AKID')
  await cache.store(credential, stored)
  expect(await cache.find(credential, 0)).toBe(stored)
  const others: Partial<ClaimedCredential>[] = [
    { accessKeyId: 'AKIE' },
    { date: '20261125' },
    { region: 'us-east-2' },
    { service: 'sts' },
    { sessionToken: '' },
    { sessionToken: 't' },
  ]
  for (const other of others) expect(await cache.find({ ...credential, ...other }, 0)).toBeUndefined()
})

it('forgets the least recently used key, and never holds more than its limit', async () => {
  const cache = new SigningKeyCache(2)
  const stored = await keyOf('AKID')
  const named = (accessKeyId: string) => ({ ...credential, accessKeyId })
  await cache.store(named('a'), stored)
  await cache.store(named('b'), stored)
  await cache.find(named('a'), 0)
  await cache.store(named('c'), stored)
  expect(cache.size).toBe(2)
  expect(await cache.find(named('b'), 0)).toBeUndefined()
  expect(await cache.find(named('a'), 0)).toBe(stored)
})

it('ends with the session', async () => {
  const cache = new SigningKeyCache()
  const session = { ...credential, sessionToken: 't' }
  await cache.store(session, await keyOf('AKID'), 1000)
  expect(await cache.find(session, 999)).toBeDefined()
  expect(await cache.find(session, 1000)).toBeUndefined()
  expect(cache.size).toBe(0)
})

it('a derived key cannot leave, and is the key of the AWS documentation', async () => {
  const scope = { date: '20150830', region: 'us-east-1', service: 'iam' }
  const key = await deriveSigningKey(await importSecret(long.secretAccessKey), scope)
  expect(key.extractable).toBe(false)
  await expect(crypto.subtle.exportKey('raw', key)).rejects.toThrow()
  // AWS General Reference, derive a signing key: kSigning for this secret and scope.
  const documented = 'c4afb1cc5771d871763a393e44b703571b55cc28424d1a5e86da6ed3c154a4b9'
  const raw = Uint8Array.from(documented.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16))
  const reference = await crypto.subtle.importKey('raw', raw, { name: 'HMAC', hash: 'SHA-256' }, false, ['sign'])
  const mac = async (with_: CryptoKey) =>
    encodeHex(new Uint8Array(await crypto.subtle.sign('HMAC', with_, encodeUtf8('x'))))
  expect(await mac(key)).toBe(await mac(reference))
})
