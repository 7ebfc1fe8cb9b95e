import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { concatBytes, encodeUtf8 } from '../../../src/codec/bytes'
import {
  decrypt,
  decryptStream,
  EnvelopeError,
  ecdsa,
  encrypt,
  forbidEncryptAllowDecrypt,
  inspect,
  requireEncryptAllowDecrypt,
  requireEncryptRequireDecrypt,
  type UnwrapRequest,
} from '../../../src/envelope'
import { writeByHand } from './by-hand'
import { aesKeyring, codeOf, openKeyring, random, refusal } from './helpers'
import { cut, run } from './streaming'

const keyring = aesKeyring()
const frameLength = 8
const plaintext = random(20)
const options = { keyring, signatures: ecdsa, commitmentPolicy: requireEncryptAllowDecrypt } as const

/** 3 frames: 8, 8, 4 bytes. */
async function sample(suite: number): Promise<{ message: Bytes; headerBytes: number }> {
  const { message } = await encrypt(plaintext, {
    keyring,
    suite,
    frameLength,
    encryptionContext: { a: 'b' },
    signatures: ecdsa,
    commitmentPolicy: suite < 0x0400 ? forbidEncryptAllowDecrypt : requireEncryptRequireDecrypt,
  })
  return { message, headerBytes: inspect(message).headerBytes }
}

const suites = [0x0078, 0x0178, 0x0478, 0x0578]

/** The outcome of a damaged message, whole and streamed: refused with a known error, and no plaintext but whole good frames. */
async function expectRefused(message: Bytes, goodFrames: number, streamed: boolean): Promise<void> {
  const error = await decrypt(message, options).then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  expect(error).toBeInstanceOf(EnvelopeError)
  if (!streamed) return
  const result = await run(decryptStream(options), [message])
  expect(result.error).toBeInstanceOf(EnvelopeError)
  expect(result.out).toEqual(plaintext.subarray(0, result.out.length))
  expect(result.out.length).toBeLessThanOrEqual(goodFrames * frameLength)
  expect(result.out.length % frameLength === 0 || result.out.length === plaintext.length).toBe(true)
}

export function hostileSuite(): void {
  describe.each(suites)('suite %i', (suite) => {
    it('refuses every flipped bit', async () => {
      const { message, headerBytes } = await sample(suite)
      for (let bit = 0; bit < message.length * 8; bit++) {
        const damaged = message.slice()
        damaged[bit >> 3] = (damaged[bit >> 3] as number) ^ (1 << (bit & 7))
        const frame = Math.min(3, Math.max(0, Math.floor(((bit >> 3) - headerBytes) / (frameLength + 32))))
        await expectRefused(damaged, suite === 0x0578 ? 0 : frame, bit % 11 === 0)
      }
    }, 60_000)

    it('refuses every truncation', async () => {
      const { message } = await sample(suite)
      for (let length = 0; length < message.length; length++) {
        const cutShort = message.subarray(0, length)
        expect(await codeOf(decrypt(cutShort, options))).toBe('messageTruncated')
        const streamed = await run(decryptStream(options), cut(cutShort, 50))
        expect(streamed.error).toMatchObject({ code: 'messageTruncated' })
        expect(streamed.out).toEqual(plaintext.subarray(0, streamed.out.length))
      }
    }, 60_000)

    it('refuses bytes after the end', async () => {
      const { message } = await sample(suite)
      for (const extra of [Uint8Array.of(0), message]) {
        const longer = concatBytes(message, extra)
        expect(await codeOf(decrypt(longer, options))).toBe('trailingBytes')
        expect((await run(decryptStream(options), [longer])).error).toMatchObject({ code: 'trailingBytes' })
        expect((await run(decryptStream(options), [message, extra])).error).toMatchObject({ code: 'trailingBytes' })
      }
    })

    it('refuses frames twice, in another order, left out, and of another message', async () => {
      const { message, headerBytes } = await sample(suite)
      const other = await sample(suite)
      const stride = frameLength + 32
      const frame = (i: number, from = message, at = headerBytes) =>
        from.subarray(at + i * stride, at + Math.min(i + 1, 2) * stride)
      const head = message.subarray(0, headerBytes)
      const end = message.subarray(headerBytes + 2 * stride)
      const bodies: [string, Bytes[], number][] = [
        ['twice', [frame(0), frame(0), frame(1), end], 1],
        ['swapped', [frame(1), frame(0), end], 0],
        ['first left out', [frame(1), end], 0],
        ['second left out', [frame(0), end], 1],
        ['no final frame', [frame(0), frame(1)], 2],
        ['final frame first', [end, frame(0), frame(1)], 0],
        ['two final frames', [frame(0), frame(1), end, end], 3],
        ['only the final frame', [end], 0],
        ['of another message', [frame(0), frame(1, other.message, other.headerBytes), end], 1],
      ]
      for (const [, body, goodFrames] of bodies) await expectRefused(concatBytes(head, ...body), goodFrames, true)
    })
  })

  it('refuses a renumbered frame', async () => {
    const { message, headerBytes } = await sample(0x0478)
    const stride = frameLength + 32
    const swapped = message.slice()
    swapped.set(message.subarray(headerBytes + stride, headerBytes + 2 * stride), headerBytes)
    swapped.set(message.subarray(headerBytes, headerBytes + stride), headerBytes + stride)
    swapped.set([0, 0, 0, 1], headerBytes)
    swapped.set([0, 0, 0, 2], headerBytes + stride)
    expect(await codeOf(decrypt(swapped, options))).toBe('frameNotAuthentic')
    const { out, error } = await run(decryptStream(options), [swapped])
    expect(error).toMatchObject({ code: 'frameNotAuthentic' })
    expect(out).toHaveLength(0)
  })

  it('refuses the body of one signed message under the header of another', async () => {
    const [one, two] = [await sample(0x0578), await sample(0x0578)]
    const mixed = concatBytes(one.message.subarray(0, one.headerBytes), two.message.subarray(two.headerBytes))
    expect(await codeOf(decrypt(mixed, options))).toBe('signatureNotAuthentic')
  })

  it('refuses a data key that the message does not commit to', async () => {
    const { message } = await encrypt(plaintext, { keyring: openKeyring(random(32)) })
    expect(await codeOf(decrypt(message, { keyring: openKeyring(random(32)) }))).toBe('commitmentMismatch')
  })

  it('refuses suites of another version, and unknown ones', async () => {
    const [first, second] = [await sample(0x0178), await sample(0x0478)]
    const withSuite = (message: Bytes, at: number, id: number) => {
      const changed = message.slice()
      changed.set([id >> 8, id & 0xff], at)
      return decrypt(changed, options)
    }
    for (const id of [0x0478, 0x0578, 0x0000, 0x0278]) {
      expect(await codeOf(withSuite(first.message, 2, id))).toBe('unknownSuite')
    }
    for (const id of [0x0014, 0x0178, 0x0378, 0x0000, 0x0278, 0x0678, 0x6700, 0x0470, 0xffff]) {
      expect(await codeOf(withSuite(second.message, 1, id))).toBe('unknownSuite')
    }
    // A signature needs a public key in the context, and the other way round.
    expect(await codeOf(withSuite(second.message, 1, 0x0578))).toBe('malformedMessage')
    expect(await codeOf(withSuite((await sample(0x0578)).message, 1, 0x0478))).toBe('malformedMessage')
  })

  const u16 = (value: number) => [value >> 8, value & 0xff]
  const pair = (key: string, value: string) => [
    ...u16(key.length),
    ...encodeUtf8(key),
    ...u16(value.length),
    ...encodeUtf8(value),
  ]
  const contexts: [string, number[]][] = [
    ['a key twice', [0, 2, ...pair('a', 'b'), ...pair('a', 'c')]],
    ['no pairs', [0, 0]],
    ['fewer pairs than counted', [0, 2, ...pair('a', 'b')]],
    ['more pairs than counted', [0, 1, ...pair('a', 'b'), ...pair('c', 'd')]],
    ['a value past the end', [0, 1, 0, 1, 0x61, 0, 9, 0x62]],
    ['bytes that are not UTF-8', [0, 1, 0, 1, 0xff, 0, 0]],
    ['one byte', [0]],
    ['65,535 pairs', [0xff, 0xff, ...pair('a', 'b')]],
  ]
  it.each(contexts)('refuses a context of %s', async (_, context) => {
    const dataKey = random(32)
    const message = await writeByHand({
      suite: 0x0478,
      dataKey,
      body: plaintext,
      frameLength,
      context: Uint8Array.from(context),
    })
    expect(await codeOf(decrypt(message, { keyring: openKeyring(dataKey) }))).toBe('malformedMessage')
    expect((await run(decryptStream({ keyring: openKeyring(dataKey) }), cut(message, 1))).error).toMatchObject({
      code: 'malformedMessage',
    })
  })

  it('refuses no data key, and more than the limit, before it asks a keyring', async () => {
    const dataKey = random(32)
    const asked: string[] = []
    const open = openKeyring(dataKey)
    const watched = {
      ...open,
      unwrap(request: UnwrapRequest) {
        asked.push('unwrap')
        return open.unwrap(request)
      },
    }
    const edk = [0, 1, 0x78, 0, 0, 0, 1, 0]
    const withKeys = (dataKeys: number[]) =>
      writeByHand({ suite: 0x0478, dataKey, body: plaintext, frameLength, dataKeys: Uint8Array.from(dataKeys) })
    const many = (count: number) => withKeys([...u16(count), ...Array.from({ length: count }, () => edk).flat()])
    expect(await codeOf(decrypt(await withKeys([0, 0]), { keyring: watched }))).toBe('malformedMessage')
    for (const count of [17, 65_535]) {
      const message = await many(count)
      expect(await codeOf(decrypt(message, { keyring: watched }))).toBe('tooManyDataKeys')
      expect((await run(decryptStream({ keyring: watched }), cut(message, 1000))).error).toMatchObject({
        code: 'tooManyDataKeys',
      })
    }
    expect(
      await codeOf(decrypt(await withKeys([0xff, 0xff]), { keyring: watched, maxEncryptedDataKeys: 65_535 })),
    ).toMatch(/malformed|Truncated/)
    expect(asked).toEqual([])
    expect((await decrypt(await many(16), { keyring: watched })).plaintext).toEqual(plaintext)
    expect((await decrypt(await many(17), { keyring: watched, maxEncryptedDataKeys: 17 })).plaintext).toEqual(plaintext)
  })

  it('reads as many pairs and data keys as the format has room for', async () => {
    const dataKey = random(32)
    const pairs = Array.from({ length: 9000 }, (_, i) => [...u16(3), i >> 14, (i >> 7) & 0x7f, i & 0x7f, ...u16(0)])
    const keys = Array.from({ length: 65_535 }, () => [0, 1, 0x78, 0, 0, 0, 1, 0])
    const message = await writeByHand({
      suite: 0x0478,
      dataKey,
      body: plaintext,
      frameLength,
      context: Uint8Array.from([...u16(pairs.length), ...pairs.flat()]),
      dataKeys: Uint8Array.from([0xff, 0xff, ...keys.flat()]),
    })
    const header = inspect(message)
    expect(header.encryptedDataKeys).toHaveLength(65_535)
    expect(Object.keys(header.encryptionContext)).toHaveLength(9000)
    const open = { keyring: openKeyring(dataKey), maxEncryptedDataKeys: 65_535 }
    expect((await decrypt(message, open)).plaintext).toEqual(plaintext)
    expect((await run(decryptStream(open), cut(message, 5000))).out).toEqual(plaintext)
  })

  it('takes no memory for lengths that only stand there', async () => {
    const dataKey = random(32)
    const open = { keyring: openKeyring(dataKey) }
    const whole = await writeByHand({ suite: 0x0478, dataKey, body: plaintext, frameLength: 0xffffffff })
    expect((await decrypt(whole, open)).plaintext).toEqual(plaintext)
    const { headerBytes } = inspect(whole)
    // A regular frame of 4 GiB, of which nothing more comes than its number and IV.
    const regular = concatBytes(whole.subarray(0, headerBytes), Uint8Array.of(0, 0, 0, 1), new Uint8Array(12))
    expect(await codeOf(decrypt(regular, open))).toBe('messageTruncated')
    expect((await run(decryptStream(open), [regular])).error).toMatchObject({ code: 'tooLarge' })
    // A final frame and a body without frames that say the same.
    const long = whole.slice()
    long.set([0xff, 0xff, 0xff, 0xf0], headerBytes + 20)
    expect(await codeOf(decrypt(long, open))).toBe('messageTruncated')
    expect((await run(decryptStream(open), [long])).error).toMatchObject({ code: 'tooLarge' })
    const unframed = await writeByHand({ suite: 0x0478, dataKey, body: plaintext, frameLength: 0 })
    const lengthAt = inspect(unframed).headerBytes + 12
    unframed.set([0, 0, 0, 0x0f, 0xff, 0xff, 0xff, 0xe0], lengthAt)
    expect(await codeOf(decrypt(unframed, open))).toBe('messageTruncated')
    expect((await run(decryptStream(open), [unframed])).error).toMatchObject({ code: 'tooLarge' })
    unframed.set([0, 0, 0, 0x0f, 0xff, 0xff, 0xff, 0xe1], lengthAt)
    expect(await codeOf(decrypt(unframed, open))).toBe('malformedMessage')
    unframed.set(new Uint8Array(8).fill(0xff), lengthAt)
    expect(await codeOf(decrypt(unframed, open))).toBe('malformedMessage')
  })

  it('refuses a final frame longer than a frame', async () => {
    const dataKey = random(32)
    const message = await writeByHand({ suite: 0x0478, dataKey, body: random(9), frameLength: 10 })
    const { headerBytes } = inspect(message)
    message.set([0, 0, 0, 11], headerBytes + 20)
    expect(await codeOf(decrypt(message, { keyring: openKeyring(dataKey) }))).toBe('malformedMessage')
  })

  it('property: any bytes are refused with an EnvelopeError, by every way in', async () => {
    const beginnings = [[], [1, 0x80, 1, 0x78], [2, 4, 0x78], [2, 5, 0x78], [0x41, 0x67]].map((bytes) =>
      Uint8Array.from(bytes),
    )
    const any = fc.tuple(fc.constantFrom(...beginnings), fc.uint8Array({ maxLength: 200 }))
    await fc.assert(
      fc.asyncProperty(any, async ([beginning, rest]) => {
        const message = concatBytes(beginning, rest)
        await refusal(decrypt(message, options))
        const { out, error } = await run(decryptStream(options), cut(message, 9))
        expect(error).toBeInstanceOf(EnvelopeError)
        expect(out).toHaveLength(0)
      }),
      { numRuns: 300 },
    )
  })

  it('refuses a signed message without ecdsa, before it asks a keyring', async () => {
    const { message } = await sample(0x0578)
    const never = { wrap: keyring.wrap, unwrap: () => Promise.reject(new Error('asked')) }
    expect(await codeOf(decrypt(message, { keyring: never }))).toBe('signaturesOptionNeeded')
    expect((await run(decryptStream({ keyring: never }), [message])).error).toMatchObject({
      code: 'signaturesOptionNeeded',
    })
  })
}
