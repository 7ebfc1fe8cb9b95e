import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { encodeBase64, encodeUtf8 } from '../../../src/codec/bytes'
import {
  requireEncryptAllowDecrypt as allow,
  decrypt,
  type EncryptOptions,
  EnvelopeError,
  type EnvelopeErrorCode,
  ecdsa,
  encrypt,
  forbidEncryptAllowDecrypt as forbid,
  inspect,
  requireEncryptRequireDecrypt as strict,
  type WrapRequest,
} from '../../../src/envelope'
import { writeByHand } from './by-hand'
import { aesKeyring, codeOf, hasAes192, openKeyring, random, refusal } from './helpers'

const keyring = aesKeyring()
const allSuites = [0x0014, 0x0046, 0x0078, 0x0114, 0x0146, 0x0178, 0x0214, 0x0346, 0x0378, 0x0478, 0x0578]
const secret = encodeUtf8('the real payload')

export function messageSuite(): void {
  describe('what is written', () => {
    it.each([0, 1, 15, 16, 17, 31, 32, 33, 160, 1000])('opens again: %i bytes in frames of 16', async (length) => {
      const plaintext = random(length)
      const { message, header } = await encrypt(plaintext, { keyring, frameLength: 16 })
      const opened = await decrypt(message, { keyring })
      expect(opened.plaintext).toEqual(plaintext)
      expect(opened.header).toEqual(header)
      expect(inspect(message)).toEqual({
        ...header,
        version: 2,
        isCommitted: true,
        isSigned: false,
        headerBytes: message.length - (Math.floor(length / 16) + 1) * 32 - 8 - length,
      })
    })

    it.each(allSuites)('opens again: suite %i', async (suite) => {
      const options: EncryptOptions = {
        keyring,
        suite,
        signatures: ecdsa,
        commitmentPolicy: suite < 0x0400 ? forbid : strict,
        encryptionContext: { tenant: 'a' },
      }
      const writing = encrypt(secret, options)
      if ((suite & 0xff) === 0x46 && !(await hasAes192())) {
        expect(await codeOf(writing)).toBe('unsupportedByRuntime')
        return
      }
      const { message, header } = await writing
      expect(header.suite).toBe(suite)
      const opened = await decrypt(message, { keyring, commitmentPolicy: allow, signatures: ecdsa })
      expect(opened.plaintext).toEqual(secret)
      expect(opened.header.encryptionContext).toMatchObject({ tenant: 'a' })
      if (suite >= 0x0400) return
      expect(await codeOf(decrypt(message, { keyring, signatures: ecdsa }))).toBe('suiteAgainstPolicy')
    })

    it('is bound to any text as context, in the order of its bytes', async () => {
      const encryptionContext = {
        Zeta: '1',
        alpha: '2',
        '\u{1f600}': '3',
        '\uff21': '4',
        ['__proto__']: '6',
        '': '7',
      }
      const { message } = await encrypt(secret, { keyring, encryptionContext })
      const { header } = await decrypt(message, { keyring })
      expect(Object.entries(header.encryptionContext)).toEqual([
        ['', '7'],
        ['Zeta', '1'],
        ['__proto__', '6'],
        ['alpha', '2'],
        ['\uff21', '4'],
        ['\u{1f600}', '3'],
      ])
    })

    it('is what a view shows, not what its buffer holds', async () => {
      const buffer = encodeUtf8('SECRET-BEFORE-|the real payload|AFTER')
      const view = buffer.subarray(15, 31)
      const { message } = await encrypt(view, { keyring, frameLength: 5 })
      const shifted = new Uint8Array(message.length + 9)
      shifted.set(message, 7)
      for (const source of [
        shifted.subarray(7, 7 + message.length),
        new DataView(shifted.buffer, 7, message.length),
        message.buffer.slice(0),
      ]) {
        expect((await decrypt(source, { keyring })).plaintext).toEqual(secret)
      }
      expect(
        (await decrypt((await encrypt(new DataView(buffer.buffer, 15, 16), { keyring })).message, { keyring }))
          .plaintext,
      ).toEqual(secret)
      expect((await decrypt((await encrypt(view.slice().buffer, { keyring })).message, { keyring })).plaintext).toEqual(
        secret,
      )
    })

    it('property: open(seal(x)) is x, around the edges of frames', async () => {
      const sizes = fc.integer({ min: 1, max: 70 }).chain((frameLength) =>
        fc.record({
          frameLength: fc.constant(frameLength),
          frames: fc.integer({ min: 0, max: 12 }),
          rest: fc.constantFrom(-1, 0, 1),
          context: fc.dictionary(
            fc.string({ unit: 'grapheme' }).filter((key) => !key.startsWith('aws-crypto-')),
            fc.string({ unit: 'grapheme' }),
          ),
          suite: fc.constantFrom(0x0478, 0x0578),
        }),
      )
      await fc.assert(
        fc.asyncProperty(sizes, async ({ frameLength, frames, rest, context: encryptionContext, suite }) => {
          const plaintext = random(Math.max(0, frames * frameLength + rest))
          const { message } = await encrypt(plaintext, {
            keyring,
            frameLength,
            encryptionContext,
            suite,
            signatures: ecdsa,
          })
          expect((await decrypt(message, { keyring, signatures: ecdsa })).plaintext).toEqual(plaintext)
        }),
        { numRuns: 60 },
      )
    })
  })

  describe('what others write', () => {
    const dataKey = random(32)
    it.each([0x0078, 0x0178, 0x0478])('opens a body without frames: suite %i', async (suite) => {
      for (const length of [0, 1, 5000]) {
        const body = random(length)
        const message = await writeByHand({ suite, dataKey, body, frameLength: 0 })
        const opened = await decrypt(message, { keyring: openKeyring(dataKey), commitmentPolicy: allow })
        expect(opened.plaintext).toEqual(body)
        expect(opened.header.frameLength).toBe(0)
      }
    })

    it.each([0x0078, 0x0178, 0x0478])('opens a full frame before an empty final one: suite %i', async (suite) => {
      const body = random(96)
      const message = await writeByHand({ suite, dataKey, body, frameLength: 32 })
      const opened = await decrypt(message, { keyring: openKeyring(dataKey), commitmentPolicy: allow })
      expect(opened.plaintext).toEqual(body)
    })
  })

  describe('required context', () => {
    const encryptionContext = { tenant: 'a', purpose: 'b' }
    it('is authenticated without being stored', async () => {
      const { message, header } = await encrypt(secret, { keyring, encryptionContext, requiredContext: ['tenant'] })
      expect(header.encryptionContext).toEqual({ purpose: 'b' })
      const open = (requiredContext?: Record<string, string>) =>
        decrypt(message, { keyring, ...(requiredContext && { requiredContext }) })
      expect((await open({ tenant: 'a' })).plaintext).toEqual(secret)
      expect((await open(encryptionContext)).plaintext).toEqual(secret)
      // The raw AES keyring binds the context too, and fails first.
      for (const wrong of [undefined, { tenant: 'b' }, { tenant: 'a', more: 'x' }, {}]) {
        expect(await codeOf(open(wrong))).toBe('noDataKeyOpened')
      }
      expect(await codeOf(open({ tenant: 'a', purpose: 'c' }))).toBe('invalidContext')
    })

    it('is held by the header tag where the keyring binds nothing', async () => {
      const dataKey = random(32)
      const open = openKeyring(dataKey)
      const { message } = await encrypt(secret, { keyring: open, encryptionContext, requiredContext: ['tenant'] })
      expect(await codeOf(decrypt(message, { keyring: open }))).toBe('headerNotAuthentic')
      expect(await codeOf(decrypt(message, { keyring: open, requiredContext: { tenant: 'b' } }))).toBe(
        'headerNotAuthentic',
      )
      expect((await decrypt(message, { keyring: open, requiredContext: { tenant: 'a' } })).plaintext).toEqual(secret)
    })

    it('demands pairs that are stored', async () => {
      const { message } = await encrypt(secret, { keyring, encryptionContext })
      expect((await decrypt(message, { keyring, requiredContext: { tenant: 'a' } })).plaintext).toEqual(secret)
      expect(await codeOf(decrypt(message, { keyring, requiredContext: { tenant: 'b' } }))).toBe('invalidContext')
    })
  })

  const refusals: [string, Partial<EncryptOptions>, EnvelopeErrorCode][] = [
    ['frame length 0', { frameLength: 0 }, 'invalidOption'],
    ['frame length 2^32', { frameLength: 2 ** 32 }, 'invalidOption'],
    ['half a byte', { frameLength: 0.5 }, 'invalidOption'],
    ['no number', { frameLength: Number.NaN }, 'invalidOption'],
    ['unknown suite', { suite: 0x0578 + 1 }, 'suiteAgainstPolicy'],
    ['reserved suite', { suite: 0 }, 'suiteAgainstPolicy'],
    ['suite of another family', { suite: 0x0414 }, 'suiteAgainstPolicy'],
    ['suite that is none under forbid', { suite: 0x0179, commitmentPolicy: forbid }, 'suiteAgainstPolicy'],
    ['uncommitted under the default', { suite: 0x0178 }, 'suiteAgainstPolicy'],
    ['uncommitted under allow', { suite: 0x0378, commitmentPolicy: allow }, 'suiteAgainstPolicy'],
    ['committed under forbid', { suite: 0x0478, commitmentPolicy: forbid }, 'suiteAgainstPolicy'],
    ['signed without ecdsa', { suite: 0x0578 }, 'signaturesOptionNeeded'],
    ['reserved key', { encryptionContext: { 'aws-crypto-x': '' } }, 'invalidContext'],
    ['lone surrogate', { encryptionContext: { a: '\ud800' } }, 'invalidContext'],
    ['lone surrogate in a key', { encryptionContext: { '\udc00': '' } }, 'invalidContext'],
    ['a number as value', { encryptionContext: { a: 1 as unknown as string } }, 'invalidContext'],
    ['a required key that is not there', { requiredContext: ['a'] }, 'invalidContext'],
    ['a required key of every object', { requiredContext: ['toString'] }, 'invalidContext'],
    ['a long value', { encryptionContext: { a: 'x'.repeat(65_536) } }, 'tooLarge'],
    [
      'very many pairs',
      { encryptionContext: Object.fromEntries(Array.from({ length: 300_000 }, (_, i) => [`${i}`, ''])) },
      'tooLarge',
    ],
    ['a long context', { encryptionContext: { a: 'x'.repeat(40_000), b: 'x'.repeat(40_000) } }, 'tooLarge'],
  ]
  it.each(refusals)('does not write: %s', async (_, options, code) => {
    const asked: string[] = []
    const watched = {
      ...keyring,
      wrap(request: WrapRequest) {
        asked.push('wrap')
        return keyring.wrap(request)
      },
    }
    expect(await codeOf(encrypt(secret, { keyring: watched, ...options }))).toBe(code)
    expect(asked).toEqual([])
  })

  it.each([['require-encrypt-require-decrypt'], [[]], [null]])('fails closed for %j as a policy', async (none) => {
    const commitmentPolicy = none as unknown as typeof strict
    await expect(encrypt(secret, { keyring, commitmentPolicy })).rejects.toThrow(TypeError)
    const { message } = await encrypt(secret, { keyring })
    await expect(decrypt(message, { keyring, commitmentPolicy })).rejects.toThrow()
  })

  it('has no data key too many where the maximum is no number', async () => {
    const maxEncryptedDataKeys = Number.NaN
    expect(await codeOf(encrypt(secret, { keyring, maxEncryptedDataKeys }))).toBe('tooManyDataKeys')
    const { message } = await encrypt(secret, { keyring })
    expect(await codeOf(decrypt(message, { keyring, maxEncryptedDataKeys }))).toBe('tooManyDataKeys')
  })

  it('writes no more data keys than the format counts', async () => {
    const many = {
      ...keyring,
      async wrap(request: WrapRequest) {
        const { dataKey, encryptedDataKeys } = await keyring.wrap(request)
        return { dataKey, encryptedDataKeys: Array.from({ length: 65_536 }, () => encryptedDataKeys[0] as never) }
      },
    }
    const maxEncryptedDataKeys = Number.POSITIVE_INFINITY
    expect(await codeOf(encrypt(secret, { keyring: many, maxEncryptedDataKeys }))).toBe('tooManyDataKeys')
  })

  it('writes an uncommitted, unsigned message by default where commitment is forbidden', async () => {
    const { header } = await encrypt(secret, { keyring, commitmentPolicy: forbid })
    expect(header.suite).toBe(0x0178)
  })

  it('takes text for no bytes', async () => {
    await expect(encrypt('text' as unknown as Bytes, { keyring })).rejects.toBeInstanceOf(TypeError)
  })

  it('says that a message is base64', async () => {
    for (const [suite, commitmentPolicy] of [
      [0x0478, strict],
      [0x0578, strict],
      [0x0178, forbid],
    ] as const) {
      const { message } = await encrypt(secret, { keyring, suite, commitmentPolicy, signatures: ecdsa })
      const text = encodeUtf8(encodeBase64(message))
      expect(await codeOf(decrypt(text, { keyring }))).toBe('messageIsBase64')
    }
    expect(await codeOf(decrypt(encodeUtf8('ABCDEFG'), { keyring }))).toBe('malformedMessage')
  })

  it('keeps to a limit of plaintext', async () => {
    const { message } = await encrypt(random(1000), { keyring, frameLength: 64 })
    expect((await decrypt(message, { keyring, maxBodyBytes: 1000 })).plaintext).toHaveLength(1000)
    expect(await codeOf(decrypt(message, { keyring, maxBodyBytes: 999 }))).toBe('tooLarge')
  })

  it('has errors that say what and why', async () => {
    const { message } = await encrypt(secret, { keyring })
    const error = await refusal(decrypt(message, { keyring: aesKeyring('k1', 8) }))
    expect(error).toBeInstanceOf(EnvelopeError)
    expect(error).toMatchObject({ name: 'EnvelopeError', code: 'noDataKeyOpened' })
    expect(error.message).toMatch(/^noDataKeyOpened/)
    expect(error.reasons).toHaveLength(1)
    expect(error.reasons[0]?.key).toMatch(/^tests k1/)
  })
}
