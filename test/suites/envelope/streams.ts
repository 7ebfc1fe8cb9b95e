import * as fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import { concatBytes } from '../../../src/codec/bytes'
import {
  type DecryptStreamOptions,
  decrypt,
  decryptStream,
  type EncryptStreamOptions,
  EnvelopeError,
  ecdsa,
  encrypt,
  encryptStream,
  forbidEncryptAllowDecrypt,
  inspect,
  type Keyring,
  requireEncryptRequireDecrypt,
} from '../../../src/envelope'
import { writeByHand } from './by-hand'
import { aesKeyring, openKeyring, random } from './helpers'
import { cut, type Duplex, run, through } from './streaming'

const keyring = aesKeyring()
/** A keyring that never answers. */
const never: Keyring = { wrap: () => new Promise(() => undefined), unwrap: () => new Promise(() => undefined) }
/** Lets everything happen that can happen without a timer: a turn of the macrotask queue, several times. */
const turns = async () => {
  for (let i = 0; i < 5; i++) await new Promise((resolve) => setTimeout(resolve, 2))
}

export function streamSuite(): void {
  it.each([0, 1, 15, 16, 17, 32, 33, 100])('writes what encrypt writes: %i bytes in frames of 16', async (length) => {
    const plaintext = random(length)
    const stream = encryptStream({ keyring, frameLength: 16 })
    const message = await through(stream, plaintext, 7)
    const whole = await encrypt(plaintext, { keyring, frameLength: 16 })
    expect(message).toHaveLength(whole.message.length)
    const opened = await decrypt(message, { keyring })
    expect(opened.plaintext).toEqual(plaintext)
    expect(await stream.header).toEqual(opened.header)
  })

  it('property: any chunks in, the same out', async () => {
    const lengths = fc.array(fc.integer({ min: 1, max: 90 }), { minLength: 1, maxLength: 5 })
    const any = fc.record({
      length: fc.integer({ min: 0, max: 400 }),
      frameLength: fc.integer({ min: 1, max: 80 }),
      writing: lengths,
      reading: lengths,
      suite: fc.constantFrom(0x0078, 0x0178, 0x0478),
    })
    await fc.assert(
      fc.asyncProperty(any, async ({ length, frameLength, writing, reading, suite }) => {
        const plaintext = random(length)
        const commitmentPolicy = suite < 0x0400 ? forbidEncryptAllowDecrypt : requireEncryptRequireDecrypt
        const options = { keyring, commitmentPolicy } as const
        const message = await through(encryptStream({ ...options, frameLength, suite }), plaintext, ...writing)
        expect(await through(decryptStream(options), message, ...reading)).toEqual(plaintext)
      }),
      { numRuns: 60 },
    )
  })

  it('carries a chunk of many frames, and empty chunks', async () => {
    const plaintext = random(3_000_000)
    const { out: message } = await run(encryptStream({ keyring, frameLength: 4096 }), [new Uint8Array(0), plaintext])
    const { out, error } = await run(decryptStream({ keyring }), [message, new Uint8Array(0)])
    expect(error).toBeUndefined()
    expect(out.length === plaintext.length && out.every((byte, i) => byte === plaintext[i])).toBe(true)
  })

  it('respects the offset of a view, and keeps a copy of what waits for the rest of its frame', async () => {
    const buffer = random(100)
    const sent = buffer.slice(10, 60)
    const stream = encryptStream({ keyring, frameLength: 64 })
    const { writable, readable } = stream as unknown as Duplex
    const reading = (async () => {
      const reader = readable.getReader()
      const parts: Uint8Array[] = []
      for (let next = await reader.read(); !next.done; next = await reader.read())
        if (next.value) parts.push(next.value)
      return concatBytes(...parts)
    })()
    const writer = writable.getWriter()
    await writer.write(buffer.subarray(10, 60))
    buffer.fill(0)
    await writer.close()
    expect((await decrypt(await reading, { keyring })).plaintext).toEqual(sent)
  })

  it('opens bodies without frames', async () => {
    const dataKey = random(32)
    const body = random(5000)
    const message = await writeByHand({ suite: 0x0478, dataKey, body, frameLength: 0 })
    expect(await through(decryptStream({ keyring: openKeyring(dataKey) }), message, 333)).toEqual(body)
    const limited = decryptStream({ keyring: openKeyring(dataKey), maxHeldBytes: 4999 })
    expect((await run(limited, cut(message, 333))).error).toMatchObject({ code: 'tooLarge' })
  })

  it.each([7, 300])('holds back a frame as long as maxHeldBytes, and none longer, in chunks of %i', async (chunk) => {
    const plaintext = random(200)
    const { message } = await encrypt(plaintext, { keyring, frameLength: 100 })
    expect(await through(decryptStream({ keyring, maxHeldBytes: 100 }), message, chunk)).toEqual(plaintext)
    expect((await run(decryptStream({ keyring, maxHeldBytes: 99 }), cut(message, chunk))).error).toMatchObject({
      code: 'tooLarge',
    })
  })

  it('gives a frame out as soon as it is whole, and the header when its tag holds', async () => {
    const plaintext = random(40)
    const { message } = await encrypt(plaintext, { keyring, frameLength: 16 })
    const { headerBytes } = inspect(message)
    const stream = decryptStream({ keyring })
    const writer = (stream as unknown as Duplex).writable.getWriter()
    const reader = (stream as unknown as Duplex).readable.getReader()
    let seen = false
    void stream.header.then(() => {
      seen = true
    })
    const first = writer.write(message.subarray(0, headerBytes - 1))
    const firstRead = reader.read()
    await first
    await turns()
    expect(seen).toBe(false)
    await writer.write(message.subarray(headerBytes - 1, headerBytes + 48))
    expect((await stream.header).suite).toBe(0x0478)
    expect((await firstRead).value).toEqual(plaintext.subarray(0, 16))
    const rest = writer.write(message.subarray(headerBytes + 48)).then(() => writer.close())
    // Short frames that came together are given out together.
    expect((await reader.read()).value).toEqual(plaintext.subarray(16))
    expect((await reader.read()).done).toBe(true)
    await rest
  })

  it('waits for its reader', async () => {
    const stream = encryptStream({ keyring, frameLength: 1024 })
    const writer = (stream as unknown as Duplex).writable.getWriter()
    let written = 0
    const writing = (async () => {
      for (let i = 0; i < 1000; i++) {
        await writer.write(new Uint8Array(10_000))
        written += 10_000
      }
      await writer.close()
    })()
    await turns()
    await turns()
    // The queues on both sides hold 512 KiB, and a chunk or some frames more than that.
    expect(written).toBeLessThan(1_500_000)
    const reader = (stream as unknown as Duplex).readable.getReader()
    let read = 0
    for (let next = await reader.read(); !next.done; next = await reader.read()) read += next.value?.length ?? 0
    await writing
    expect(read).toBeGreaterThan(10_000_000)
  })

  it('works a long chunk off as its reader reads', async () => {
    const plaintext = new Uint8Array(8_000_000)
    const { message } = await encrypt(plaintext, { keyring, frameLength: 50_000 })
    const ways = [
      ['encrypt', encryptStream({ keyring, frameLength: 50_000 }), plaintext, message.length],
      ['decrypt', decryptStream({ keyring }), message, plaintext.length],
    ] as const
    for (const [use, stream, bytes, length] of ways) {
      const calls = vi.spyOn(crypto.subtle, use)
      try {
        const writer = (stream as unknown as Duplex).writable.getWriter()
        const writing = writer.write(bytes).then(() => writer.close())
        await stream.header
        await turns()
        await turns()
        // 512 KiB in the queue, as much under way, and a frame more of each.
        const begun = calls.mock.calls.reduce((sum, [, , data]) => sum + data.byteLength, 0)
        expect(begun).toBeGreaterThan(0)
        expect(begun).toBeLessThan(2 * 0x80000 + 2 * 50_100)
        const reader = (stream as unknown as Duplex).readable.getReader()
        let read = 0
        for (let next = await reader.read(); !next.done; next = await reader.read()) read += next.value?.length ?? 0
        await writing
        expect(read).toBe(length)
      } finally {
        calls.mockRestore()
      }
    }
  })

  it('begins few calls at once, however short the frames are', async () => {
    const calls = vi.spyOn(crypto.subtle, 'encrypt')
    try {
      const stream = encryptStream({ keyring, frameLength: 1 })
      const writer = (stream as unknown as Duplex).writable.getWriter()
      const writing = writer.write(new Uint8Array(100_000)).catch((error: unknown) => error)
      await stream.header
      await Promise.resolve()
      const reason = new Error('enough')
      await stream.readable.cancel(reason)
      expect(await writing).toBe(reason)
      expect(calls.mock.calls.length).toBeLessThan(3000)
    } finally {
      calls.mockRestore()
    }
  })

  const failures: [string, () => unknown, string][] = [
    [
      'a keyring that fails',
      () => encryptStream({ keyring: { ...keyring, wrap: () => Promise.reject(new Error('no')) } }),
      'keyringFailed',
    ],
    [
      'a reserved context key',
      () => encryptStream({ keyring, encryptionContext: { 'aws-crypto-a': 'b' } }),
      'invalidContext',
    ],
    ['more than was announced', () => encryptStream({ keyring, plaintextBytes: 99 }), 'tooLarge'],
    ['no message', () => decryptStream({ keyring }), 'malformedMessage'],
  ]
  it.each(failures)('fails, header and all, for %s', async (_, make, code) => {
    const stream = make() as { header: Promise<unknown> }
    const { error } = await run(stream, [new Uint8Array(100)])
    expect(error).toMatchObject({ code })
    if (code !== 'tooLarge') await expect(stream.header).rejects.toMatchObject({ code })
  })

  it('writes no signed message', () => {
    const make = (options: Partial<EncryptStreamOptions>) => () =>
      encryptStream({ keyring, signatures: ecdsa, ...options })
    expect(make({ suite: 0x0578 })).toThrow(EnvelopeError)
    expect(make({ suite: 0x0378, commitmentPolicy: forbidEncryptAllowDecrypt })).toThrow(
      'a stream writes no signed message',
    )
    expect(make({ suite: 0x0378 })).toThrow('suiteAgainstPolicy')
  })

  it('fails, header and all, when either end is given up', async () => {
    const reason = new Error('enough')
    for (const cancelled of [decryptStream({ keyring }), encryptStream({ keyring: never })]) {
      await cancelled.readable.cancel(reason)
      await expect(cancelled.header).rejects.toBe(reason)
      const writer = (cancelled as unknown as Duplex).writable.getWriter()
      await expect(writer.write(new Uint8Array(1))).rejects.toBe(reason)
    }
    const aborted = decryptStream({ keyring })
    await (aborted.writable as unknown as { abort(reason: unknown): Promise<void> }).abort(reason)
    await expect(aborted.header).rejects.toBe(reason)
    await expect((aborted as unknown as Duplex).readable.getReader().read()).rejects.toBe(reason)
  })

  it('stops when its reader does, with frames under way', async () => {
    const stream = encryptStream({ keyring, frameLength: 1024 })
    const writer = (stream as unknown as Duplex).writable.getWriter()
    const writing = writer.write(random(4_000_000)).catch((error: unknown) => error)
    await stream.header
    const reason = new Error('enough')
    await stream.readable.cancel(reason)
    expect(await writing).toBe(reason)
    await turns()
  })

  describe('a signed message', () => {
    const plaintext = random(2000)
    const signed = async () =>
      (await encrypt(plaintext, { keyring, suite: 0x0578, frameLength: 100, signatures: ecdsa })).message
    const open = (options: Partial<DecryptStreamOptions> = {}) =>
      decryptStream({ keyring, signatures: ecdsa, ...options })

    it('comes out once its signature holds', async () => {
      const message = await signed()
      const stream = open()
      expect(await through(stream, message, 77)).toEqual(plaintext)
      expect((await stream.header).suite).toBe(0x0578)
    })

    it('does not come out at all when it does not', async () => {
      const message = await signed()
      message[message.length - 1] = (message[message.length - 1] as number) ^ 1
      const { out, error } = await run(open(), cut(message, 77))
      expect(error).toMatchObject({ code: 'signatureNotAuthentic' })
      expect(out).toHaveLength(0)
    })

    it('is held back up to a limit', async () => {
      const message = await signed()
      expect(await through(open({ maxHeldBytes: message.length }), message, 77)).toEqual(plaintext)
      const { out, error } = await run(open({ maxHeldBytes: message.length - 1 }), cut(message, 77))
      expect(error).toMatchObject({ code: 'tooLarge' })
      expect(out).toHaveLength(0)
    })
  })

  it('keeps to a limit of plaintext', async () => {
    const { message } = await encrypt(random(1000), { keyring, frameLength: 64 })
    expect(await through(decryptStream({ keyring, maxBodyBytes: 1000 }), message, 100)).toHaveLength(1000)
    expect((await run(decryptStream({ keyring, maxBodyBytes: 999 }), [message])).error).toMatchObject({
      code: 'tooLarge',
    })
  })

  it('reads a header that comes byte by byte, with a long context', async () => {
    const encryptionContext = Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`key ${i}`, `value ${i}`]))
    const { message } = await encrypt(random(10), { keyring, encryptionContext })
    const stream = decryptStream({ keyring })
    expect(await through(stream, message, 1)).toHaveLength(10)
    expect((await stream.header).encryptionContext).toEqual(encryptionContext)
  })
}
