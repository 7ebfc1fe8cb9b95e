import { expect, it } from 'vitest'
import {
  type CachingOptions,
  cachingMaterials,
  decrypt,
  EnvelopeError,
  ecdsa,
  encrypt,
  encryptStream,
  forbidEncryptAllowDecrypt,
  type Keyring,
  materialsCache,
  requireEncryptAllowDecrypt,
} from '../../../src/envelope'
import { aesKeyring, random } from './helpers'
import { through } from './streaming'

/** A keyring that counts, behind a cache over a clock that stands still until it is moved. */
function setUp(options: Partial<CachingOptions> = {}) {
  const inner = aesKeyring()
  const calls = { wrap: 0, unwrap: 0 }
  const counted: Keyring = {
    wrap: (request) => {
      calls.wrap++
      return inner.wrap(request)
    },
    unwrap: (request) => {
      calls.unwrap++
      return inner.unwrap(request)
    },
  }
  const clock = { ms: 1_000_000 }
  const keyring = cachingMaterials({ keyring: counted, maxAgeMs: 1000, capacity: 10, now: () => clock.ms, ...options })
  const seal = async (encryptionContext: Record<string, string> = {}, length = 10, more: object = {}) =>
    encrypt(random(length), { keyring, encryptionContext, ...more })
  return { calls, clock, keyring, seal, inner }
}

export function cachingSuite(): void {
  it('makes one data key for many messages, each of which has its own key', async () => {
    const { calls, keyring, seal, inner } = setUp()
    const messages = [await seal(), await seal(), await seal()]
    expect(calls.wrap).toBe(1)
    expect(keyring.counters).toEqual({ hits: 2, misses: 1, bypasses: 0, evictions: 0 })
    expect(new Set(messages.map(({ header }) => header.messageId.join())).size).toBe(3)
    expect(new Set(messages.map(({ header }) => header.encryptedDataKeys[0]?.ciphertext.join())).size).toBe(1)
    for (const { message } of messages) {
      expect((await decrypt(message, { keyring: inner })).plaintext).toHaveLength(10)
      expect((await decrypt(message, { keyring })).plaintext).toHaveLength(10)
    }
    expect(calls.unwrap).toBe(1)
  })

  it('keeps contexts, suites and signed messages apart', async () => {
    const { calls, keyring, seal } = setUp()
    await seal({ a: 'b' })
    await seal({ a: 'c' })
    await seal({ a: 'b' })
    expect(calls.wrap).toBe(2)
    const signed = { suite: 0x0578, signatures: ecdsa }
    const { message } = await seal({ a: 'b' }, 10, signed)
    const again = await seal({ a: 'b' }, 10, signed)
    expect(calls.wrap).toBe(3)
    for (const each of [message, again.message]) {
      expect((await decrypt(each, { keyring, signatures: ecdsa })).plaintext).toHaveLength(10)
    }
  })

  it('counts messages: 3 per key make 3 keys for 7', async () => {
    const { calls, seal } = setUp({ maxMessages: 3 })
    for (let i = 0; i < 7; i++) await seal()
    expect(calls.wrap).toBe(3)
  })

  it('counts bytes; a message over the limit has a key of its own', async () => {
    const { calls, keyring, seal } = setUp({ maxBytes: 25 })
    await seal({}, 10)
    await seal({}, 15)
    expect(calls.wrap).toBe(1)
    await seal({}, 1)
    expect(calls.wrap).toBe(2)
    expect(keyring.counters.evictions).toBe(1)
    await seal({}, 26)
    await seal({}, 26)
    expect(calls.wrap).toBe(4)
  })

  it('forgets by age, for writing and for reading', async () => {
    const { calls, clock, keyring, seal } = setUp()
    const { message } = await seal()
    await decrypt(message, { keyring })
    clock.ms += 999
    await seal()
    await decrypt(message, { keyring })
    expect(calls).toEqual({ wrap: 1, unwrap: 1 })
    clock.ms += 1
    await seal()
    await decrypt(message, { keyring })
    expect(calls).toEqual({ wrap: 2, unwrap: 2 })
    expect(keyring.counters.evictions).toBe(2)
  })

  it('forgets what was used least recently', async () => {
    const { calls, seal } = setUp({ capacity: 2 })
    await seal({ k: '1' })
    await seal({ k: '2' })
    await seal({ k: '1' })
    await seal({ k: '3' })
    await seal({ k: '1' })
    expect(calls.wrap).toBe(3)
    await seal({ k: '2' })
    expect(calls.wrap).toBe(4)
  })

  it('is bypassed by streams of unknown length and suites without key derivation', async () => {
    const { calls, keyring, seal } = setUp()
    await through(encryptStream({ keyring }), random(100), 10)
    await through(encryptStream({ keyring }), random(100), 10)
    expect(calls.wrap).toBe(2)
    await through(encryptStream({ keyring, plaintextBytes: 100 }), random(100), 10)
    await through(encryptStream({ keyring, plaintextBytes: 100 }), random(100), 10)
    expect(calls.wrap).toBe(3)
    const plain = { suite: 0x0078, commitmentPolicy: forbidEncryptAllowDecrypt } as const
    const { message } = await seal({}, 10, plain)
    await seal({}, 10, plain)
    expect(calls.wrap).toBe(5)
    await decrypt(message, { keyring, commitmentPolicy: requireEncryptAllowDecrypt })
    await decrypt(message, { keyring, commitmentPolicy: requireEncryptAllowDecrypt })
    expect(calls.unwrap).toBe(2)
    expect(keyring.counters).toMatchObject({ hits: 1, misses: 1, bypasses: 6 })
  })

  it('keeps no failure', async () => {
    const inner = aesKeyring()
    let fails = true
    const keyring = cachingMaterials({
      keyring: { ...inner, wrap: (request) => (fails ? Promise.reject(new Error('no')) : inner.wrap(request)) },
      maxAgeMs: 1000,
      capacity: 1,
    })
    await expect(encrypt(random(1), { keyring })).rejects.toMatchObject({ code: 'keyringFailed' })
    fails = false
    await encrypt(random(1), { keyring })
  })

  it('is shared by name alone', async () => {
    const capacity = materialsCache(10)
    const [a, b, c] = [setUp({ capacity, partition: 'x' }), setUp({ capacity, partition: 'x' }), setUp({ capacity })]
    await a.seal()
    await b.seal()
    await c.seal()
    expect([a.calls.wrap, b.calls.wrap, c.calls.wrap]).toEqual([1, 0, 1])
  })

  it('holds keys that cannot be read', async () => {
    const capacity = materialsCache(10)
    const { seal } = setUp({ capacity })
    await seal()
    const [entry] = capacity.entries.values()
    expect(entry?.encrypt?.dataKey).toMatchObject({ extractable: false, algorithm: { name: 'HKDF' } })
  })

  const bad: [string, Partial<CachingOptions>][] = [
    ['no age', { maxAgeMs: 0 }],
    ['no number as age', { maxAgeMs: Number.NaN }],
    ['no messages', { maxMessages: 0 }],
    ['too many messages', { maxMessages: 2 ** 32 + 1 }],
    ['no bytes', { maxBytes: 0 }],
    ['no capacity', { capacity: 0 }],
  ]
  it.each(bad)('refuses %s', (_, options) => {
    expect(() => setUp(options)).toThrow(EnvelopeError)
  })
}
