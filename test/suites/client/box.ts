import { beforeAll, describe, expect, it } from 'vitest'
import { type BoxOptions, kmsBox } from '../../../src/client'
import { decodeUtf8, encodeBase64Url, encodeUtf8 } from '../../../src/codec/bytes'
import { EnvelopeError, type EnvelopeErrorCode, inspect } from '../../../src/envelope'

/** One way to reach a KMS, and how to make a key there. */
export interface Transport {
  readonly kms: BoxOptions['kms']
  /** The ARN of a new symmetric key. */
  newKey(): Promise<string>
}

const secret = encodeUtf8('card 4242')
const context = { tenant: '7' }

async function codeOf(work: Promise<unknown>): Promise<EnvelopeErrorCode | undefined> {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  if (error === undefined || error instanceof EnvelopeError) return error?.code
  throw new Error('another kind of error', { cause: error })
}

/** Pieces of `bytes` that do not follow frames. */
const piecesOf = (bytes: Uint8Array): ReadableStream<Uint8Array> =>
  new ReadableStream({
    start(controller) {
      for (let at = 0; at < bytes.length; at += 10_007) controller.enqueue(bytes.slice(at, at + 10_007))
      controller.close()
    },
  })

async function collect(stream: ReadableStream<Uint8Array>): Promise<Bytes> {
  return new Uint8Array(await new Response(stream as ReadableStream<never>).arrayBuffer())
}

/** kmsBox over one transport; all transports pass the same. */
export function boxSuite(open: () => Promise<Transport>): void {
  let transport: Transport
  let keyId: string
  beforeAll(async () => {
    transport = await open()
    keyId = await transport.newKey()
  })
  const newBox = (more: Partial<BoxOptions> = {}) => kmsBox({ kms: transport.kms, keyId, context, ...more })

  describe('seal and open', () => {
    it('give back bytes and text', async () => {
      const box = newBox()
      const message = await box.seal(secret, { order: '9' })
      expect(inspect(message)).toMatchObject({ suite: 0x0478, encryptionContext: { tenant: '7', order: '9' } })
      expect(await box.open(message, { order: '9' })).toEqual(secret)
      expect(decodeUtf8(await box.open(await box.seal('ü'), {}))).toBe('ü')
      expect(await box.open(await box.seal(new Uint8Array(0)))).toEqual(new Uint8Array(0))
    })

    it('open in another box of the same key', async () => {
      expect(await newBox().open(await newBox().seal(secret))).toEqual(secret)
      expect(await newBox({ caching: false }).open(await newBox({ caching: false }).seal(secret))).toEqual(secret)
    })

    const contexts: [string, Record<string, string> | undefined, EnvelopeErrorCode][] = [
      ['without the pair', undefined, 'invalidContext'],
      ['with another value', { order: '8' }, 'invalidContext'],
      ['with another name', { Order: '9' }, 'invalidContext'],
      ['with a pair too many', { order: '9', more: 'x' }, 'noDataKeyOpened'],
      ['with another value for a pair of the box', { order: '9', tenant: '8' }, 'invalidContext'],
    ]
    it.each(contexts)('%s: refused', async (_, given, code) => {
      const box = newBox()
      const message = await box.seal(secret, { order: '9' })
      expect(await codeOf(box.open(message, given))).toBe(code)
    })

    it('say no to the tenant next door, whose box has the same key', async () => {
      const message = await newBox().seal(secret)
      expect(await codeOf(newBox({ context: { tenant: '8' } }).open(message))).toBe('invalidContext')
      expect(await codeOf(newBox({ context: {} }).open(message))).toBe('invalidContext')
      expect(await codeOf(newBox().seal(secret, { tenant: '8' }))).toBe('invalidContext')
    })

    it('refuse what was changed, cut, or never was a message', async () => {
      const box = newBox()
      const message = await box.seal(secret)
      const spoilt = message.slice()
      spoilt[spoilt.length - 20] = (spoilt[spoilt.length - 20] ?? 0) ^ 1
      expect(await codeOf(box.open(spoilt))).toBe('frameNotAuthentic')
      expect(await codeOf(box.open(message.subarray(0, -1)))).toBe('messageTruncated')
      expect(await codeOf(box.open(secret))).toBe('malformedMessage')
    })
  })

  describe('keys', () => {
    it('another key opens nothing', async () => {
      const message = await newBox().seal(secret)
      const other = newBox({ keyId: await transport.newKey() })
      expect(await codeOf(other.open(message))).toBe('noDataKeyOpened')
    })

    it('discovery opens what any key sealed, within its filter', async () => {
      const other = await transport.newKey()
      const message = await newBox({ keyId: other }).seal(secret)
      const [, , , , accountId = ''] = other.split(':')
      expect(await newBox({ discovery: true }).open(message)).toEqual(secret)
      expect(await newBox({ discovery: { accountIds: [accountId] } }).open(message)).toEqual(secret)
      const elsewhere = newBox({ discovery: { accountIds: ['000000000000'] } })
      expect(await codeOf(elsewhere.open(message))).toBe('noDataKeyOpened')
    })

    it('must be ARNs, but for discovery', async () => {
      const id = keyId.split('/')[1] ?? ''
      expect(() => newBox({ keyId: id })).toThrow('keyId')
      const box = newBox({ keyId: id, discovery: true })
      expect(await box.open(await box.seal(secret))).toEqual(secret)
    })

    it('that are not there are the reason of the error', async () => {
      const gone = keyId.replace(/[0-9a-f]{12}$/, '0123456789ab')
      const error = await newBox({ keyId: gone })
        .seal(secret)
        .catch((thrown: unknown) => thrown)
      expect(error).toMatchObject({ code: 'keyringFailed', reasons: [{ error: { name: 'NotFoundException' } }] })
    })
  })

  describe('caching', () => {
    it('uses a data key again for the same pairs, both ways', async () => {
      const box = newBox()
      const messages = [await box.seal(secret), await box.seal(secret), await box.seal(secret, { order: '9' })]
      expect(box.counters).toEqual({ hits: 1, misses: 2, bypasses: 0, evictions: 0 })
      await box.open(messages[0] as Bytes)
      await box.open(messages[1] as Bytes)
      expect(box.counters).toMatchObject({ hits: 2, misses: 3 })
    })

    it('keeps to its limits', async () => {
      const box = newBox({ caching: { maxMessages: 2 } })
      for (let i = 0; i < 4; i++) await box.seal(secret)
      expect(box.counters).toMatchObject({ hits: 2, misses: 2, evictions: 1 })
    })

    it('can be switched off', async () => {
      const box = newBox({ caching: false })
      await box.open(await box.seal(secret))
      expect(box.counters).toEqual({ hits: 0, misses: 0, bypasses: 0, evictions: 0 })
    })
  })

  describe('streams', () => {
    const file = encodeUtf8('0123456789abcdef'.repeat(12_500))

    it('give back what went in, and read what seal wrote', async () => {
      const box = newBox()
      const sealing = box.sealStream({ context: { name: 'a' }, plaintextBytes: file.length })
      const message = await collect(piecesOf(file).pipeThrough(sealing))
      expect((await sealing.header).encryptionContext).toEqual({ tenant: '7', name: 'a' })
      expect(await box.open(message, { name: 'a' })).toEqual(file)
      const sealed = await box.seal(file)
      expect(await collect(piecesOf(sealed).pipeThrough(box.openStream()))).toEqual(file)
    })

    it('of another context let nothing out', async () => {
      const box = newBox()
      const message = await box.seal(file, { name: 'a' })
      for (const given of [undefined, { name: 'b' }, { name: 'a', more: 'x' }]) {
        const chunks: Uint8Array[] = []
        const reading = piecesOf(message)
          .pipeThrough(box.openStream(given))
          .pipeTo(new WritableStream<Uint8Array>({ write: (chunk) => void chunks.push(chunk) }))
        expect(await codeOf(reading)).toMatch(/invalidContext|noDataKeyOpened/)
        expect(chunks).toEqual([])
      }
    })
  })

  describe('fields', () => {
    const values = [
      'text',
      '',
      'ü',
      42,
      -0.5,
      true,
      false,
      null,
      { a: [1, 'b'] },
      ['x'],
      Uint8Array.of(0, 255),
    ] as const

    it.each([undefined, { keyPer: 'row' }, { keyPer: 'column' }] as const)(
      'keep value and type: %o',
      async (options) => {
        const email = newBox().field('users', 'email', options)
        for (const value of values) {
          const text = await email.encrypt(value, { rowId: 7 })
          expect(text).toMatch(/^[A-Za-z0-9_-]+$/)
          expect(await email.decrypt(text, { rowId: '7' })).toEqual(value)
          expect(await email.decrypt(text, { rowId: 7n })).toEqual(value)
        }
      },
    )

    it.each(['row', 'column'] as const)('open in their own place alone: a key per %s', async (keyPer) => {
      const box = newBox()
      const text = await box.field('users', 'email', { keyPer }).encrypt('a@example.com', { rowId: 7 })
      const at = (table: string, column: string, rowId: number, per = keyPer) =>
        codeOf(box.field(table, column, { keyPer: per }).decrypt(text, { rowId }))
      expect(await at('users', 'email', 7)).toBeUndefined()
      expect(await at('users', 'email', 8)).toBe('invalidContext')
      expect(await at('users', 'phone', 7)).toBe('invalidContext')
      expect(await at('admins', 'email', 7)).toBe('invalidContext')
      const otherWay = keyPer === 'row' ? 'column' : 'row'
      expect(await at('users', 'email', 7, otherWay)).toMatch(/invalidContext|noDataKeyOpened/)
      const other = newBox({ context: { tenant: '8' } }).field('users', 'email', { keyPer })
      expect(await codeOf(other.decrypt(text, { rowId: 7 }))).toBe('invalidContext')
    })

    it('show the row to KMS, or share a data key', async () => {
      for (const [keyPer, expected] of [
        ['row', { misses: 3 }],
        ['column', { misses: 1, hits: 2 }],
      ] as const) {
        const box = newBox()
        const email = box.field('users', 'email', { keyPer })
        for (const rowId of [1, 2, 3]) await email.encrypt('x', { rowId })
        expect(box.counters).toMatchObject(expected)
      }
    })

    it('are no values: refused', async () => {
      const email = newBox().field('users', 'email')
      for (const value of [undefined, Number.NaN, () => 1]) {
        await expect(email.encrypt(value as never, { rowId: 7 })).rejects.toBeInstanceOf(TypeError)
      }
      expect(await codeOf(email.decrypt('no base64!', { rowId: 7 }))).toBe('malformedMessage')
      for (const bare of ['x', '', '\u0001{', '\u0001\u0000']) {
        const message = await newBox().seal(bare, { table: 'users', column: 'email', row: '7' })
        expect(await codeOf(email.decrypt(encodeBase64Url(message), { rowId: 7 }))).toBe('malformedMessage')
      }
      const shared = newBox().field('users', 'email', { keyPer: 'column' })
      for (const bare of ['', 'x', '\u0000\u0001', '\u0000\u00018']) {
        const message = await newBox().seal(bare, { table: 'users', column: 'email' })
        expect(await codeOf(shared.decrypt(encodeBase64Url(message), { rowId: 7 }))).toBe('invalidContext')
      }
      for (const field of [email, shared]) {
        expect(await codeOf(field.encrypt('x', { rowId: '\ud800' }))).toBe('invalidContext')
      }
    })
  })
}
