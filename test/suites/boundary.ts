import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { concatBytes, encodeHex, encodeUtf8 } from '../../src/codec/bytes'
import { blobLayout, decodeBlobHeader, encodeBlobPrefix } from '../../src/codec/ciphertext-blob'
import { crc32 } from '../../src/codec/crc32'
import { encodeEncryptionContext } from '../../src/codec/encryption-context'
import { tokenLayout } from '../../src/codec/token'
import type {
  CryptoPort,
  MaterialBinding,
  RestingMaterial,
  SecretPort,
  SymmetricHandle,
  TokenPurpose,
} from '../../src/ports/crypto'
import { watchCrypto } from './crypto-watch'

export type Boundary = CryptoPort & SecretPort

export const account = '111122223333'
export const region = 'eu-central-1'

export const bindingOf = (keyId: string): MaterialBinding => ({
  keyArn: `arn:aws:kms:${region}:${account}:key/${keyId}`,
  keyId,
  keySpec: 'SYMMETRIC_DEFAULT',
  keyUsage: 'ENCRYPT_DECRYPT',
})

export const secretBinding = { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', userId: 'AIDACKCEVSQ6C2EXAMPLE' }

export interface OpenKey {
  readonly materialId: string
  readonly prefix: Bytes
  readonly handle: SymmetricHandle
}

export async function openSymmetric(
  port: CryptoPort,
  material: RestingMaterial,
  binding: MaterialBinding,
): Promise<SymmetricHandle> {
  const handle = await port.openMaterial(material, binding)
  if (handle.kind !== 'symmetric') throw new Error('not a symmetric handle')
  return handle
}

/** A new key with its opened material. */
export async function newKey(port: CryptoPort, keyId: string = crypto.randomUUID()): Promise<OpenKey> {
  const binding = bindingOf(keyId)
  const { materialId, stored } = await port.createMaterial(binding)
  const prefix = encodeBlobPrefix({ accountId: account, keyId, materialId })
  return { materialId, prefix, handle: await openSymmetric(port, { stored, materialId }, binding) }
}

export const contextOf = (context?: Record<string, string>) => encodeEncryptionContext(context) as Bytes

/** Every value that differs from `bytes` in one bit, every beginning of it, and it with one byte more. */
export function* spoiled(bytes: Bytes): Generator<readonly [what: string, bytes: Bytes]> {
  for (let bit = 0; bit < bytes.length * 8; bit++) {
    const changed = bytes.slice()
    changed[bit >> 3] = (changed[bit >> 3] as number) ^ (1 << (bit & 7))
    yield [`bit ${bit}`, changed]
  }
  for (let length = 0; length < bytes.length; length++) yield [`${length} bytes`, bytes.slice(0, length)]
  yield ['one byte more', concatBytes(bytes, Uint8Array.of(0))]
}

/** The names of those that opened. */
async function opened(
  candidates: Iterable<readonly [string, Bytes]>,
  open: (bytes: Bytes) => Promise<Bytes | undefined>,
): Promise<string[]> {
  const names: string[] = []
  for (const [what, bytes] of candidates) if (await open(bytes)) names.push(what)
  return names
}

/** What holds for the boundary in every form. `make` gives a boundary with nothing in common with the one before. */
export function boundarySuite(name: string, make: () => Promise<Boundary>): void {
  describe(`${name}: ciphertext blobs`, () => {
    it('open to what was sealed', async () => {
      const { handle, prefix } = await newKey(await make())
      const plaintexts = fc.uint8Array({ maxLength: 300 })
      const contexts = fc.dictionary(fc.string({ unit: 'grapheme', maxLength: 20 }), fc.string({ unit: 'grapheme' }))
      await fc.assert(
        fc.asyncProperty(plaintexts, contexts, async (plaintext, context) => {
          const aad = contextOf(context)
          const blob = await handle.seal(prefix, aad, new Uint8Array(plaintext))
          expect(blob.length).toBe(plaintext.length + blobLayout.overheadBytes)
          expect(await handle.open(blob, aad)).toEqual(new Uint8Array(plaintext))
        }),
        { numRuns: 60 },
      )
    })

    it('name their key and its material', async () => {
      for (const keyId of [crypto.randomUUID(), 'mrk-0123456789abcdef0123456789abcdef']) {
        const { handle, prefix, materialId } = await newKey(await make(), keyId)
        const blob = await handle.seal(prefix, contextOf(), encodeUtf8('x'))
        expect(decodeBlobHeader(blob)).toEqual({ accountId: account, keyId, materialId })
      }
    })

    it('do not open with any bit changed, any part missing or anything added', async () => {
      const { handle, prefix } = await newKey(await make())
      const context = contextOf({ a: 'b' })
      const blob = await handle.seal(prefix, context, encodeUtf8('attack'))
      expect(await opened(spoiled(blob), (bytes) => handle.open(bytes, context))).toEqual([])
      expect(await handle.open(blob, context)).toEqual(encodeUtf8('attack'))
    })

    it('do not open with a name changed and the check made to match: the tag covers both', async () => {
      const { handle, prefix } = await newKey(await make())
      const blob = await handle.seal(prefix, contextOf(), encodeUtf8('attack'))
      for (const at of [6, 7, 8, 23]) {
        const forged = blob.slice()
        forged[at] = (forged[at] as number) ^ 1
        new DataView(forged.buffer).setUint32(56, crc32(forged, 56))
        expect(decodeBlobHeader(forged)).toBeDefined()
        expect(await handle.open(forged, contextOf())).toBeUndefined()
      }
    })

    const others: (Record<string, string> | undefined)[] = [
      undefined,
      { a: 'bc' },
      { ab: 'C' },
      { AB: 'c' },
      { ab: 'c', d: '' },
      { ab: 'c ' },
    ]
    it.each(others.map((context) => ({ context })))('do not open with the context $context', async ({ context }) => {
      const { handle, prefix } = await newKey(await make())
      const blob = await handle.seal(prefix, contextOf({ ab: 'c' }), encodeUtf8('x'))
      expect(await handle.open(blob, contextOf(context))).toBeUndefined()
      expect(await handle.open(blob, contextOf({ ab: 'c' }))).toEqual(encodeUtf8('x'))
    })

    it('do not open under another key, or under other material of the same key', async () => {
      const port = await make()
      const keyId = crypto.randomUUID()
      const [first, rotated, other] = [await newKey(port, keyId), await newKey(port, keyId), await newKey(port)]
      const blob = await first.handle.seal(first.prefix, contextOf(), encodeUtf8('x'))
      for (const key of [rotated, other]) {
        expect(await key.handle.open(blob, contextOf())).toBeUndefined()
        // The rest of the blob under the header of that other key, which is the one that would be tried.
        const moved = concatBytes(key.prefix, blob.subarray(blobLayout.prefixBytes))
        expect(await key.handle.open(moved, contextOf())).toBeUndefined()
      }
    })

    it('are never alike: salt and IV are new each time', async () => {
      const { handle, prefix } = await newKey(await make())
      const salts = new Set<string>()
      const ivs = new Set<string>()
      const bodies = new Set<string>()
      for (let i = 0; i < 100; i++) {
        const blob = await handle.seal(prefix, contextOf(), encodeUtf8('the same plaintext'))
        salts.add(encodeHex(blob.subarray(60, 76)))
        ivs.add(encodeHex(blob.subarray(76, 88)))
        bodies.add(encodeHex(blob.subarray(88)))
      }
      expect([salts.size, ivs.size, bodies.size]).toEqual([100, 100, 100])
    })

    it('hold up to 6,040 bytes, of which an API caller has 4,096', async () => {
      const { handle, prefix } = await newKey(await make())
      const longest = new Uint8Array(blobLayout.maxPlaintextBytes).fill(7)
      const blob = await handle.seal(prefix, contextOf(), longest)
      expect(blob.length).toBe(6144)
      expect(await handle.open(blob, contextOf())).toEqual(longest)
      await expect(handle.seal(prefix, contextOf(), new Uint8Array(6041))).rejects.toThrow(RangeError)
    })

    it('are not made under the prefix of other material', async () => {
      const port = await make()
      const [one, other] = [await newKey(port), await newKey(port)]
      await expect(one.handle.seal(other.prefix, contextOf(), encodeUtf8('x'))).rejects.toThrow(RangeError)
      await expect(one.handle.seal(one.prefix.subarray(1), contextOf(), encodeUtf8('x'))).rejects.toThrow(RangeError)
    })

    it('cost one derivation, one cipher call and one draw of 28 random bytes', async () => {
      const { handle, prefix } = await newKey(await make())
      let blob: Bytes = new Uint8Array(0)
      const sealing = await watchCrypto(async () => {
        blob = await handle.seal(prefix, contextOf({ a: 'b' }), encodeUtf8('x'))
      })
      expect([sealing.calls, sealing.randomBytes]).toEqual([['deriveKey', 'encrypt'], [28]])
      const opening = await watchCrypto(() => handle.open(blob, contextOf({ a: 'b' })))
      expect([opening.calls, opening.randomBytes]).toEqual([['deriveKey', 'decrypt'], []])
    })
  })

  describe(`${name}: tokens`, () => {
    const purposes: TokenPurpose[] = ['marker', 'session', 'grant-token', 'import-token']
    const binding = encodeUtf8('ListKeys')
    const value = encodeUtf8('the next key')

    it.each(purposes)('%s opens for its purpose and binding alone', async (purpose) => {
      const port = await make()
      const token = await port.sealToken(purpose, binding, value)
      expect(await port.openToken(purpose, binding, token)).toEqual(value)
      for (const other of purposes) {
        if (other !== purpose) expect(await port.openToken(other, binding, token)).toBeUndefined()
      }
      expect(await port.openToken(purpose, encodeUtf8('ListAliases'), token)).toBeUndefined()
      expect(await (await make()).openToken(purpose, binding, token)).toBeUndefined()
    })

    it('do not open when spoiled', async () => {
      const port = await make()
      const token = await port.sealToken('marker', binding, value)
      expect(await opened(spoiled(token), (bytes) => port.openToken('marker', binding, bytes))).toEqual([])
    })

    it('are bounded', async () => {
      const port = await make()
      await expect(port.sealToken('session', binding, new Uint8Array(tokenLayout.maxBytes))).rejects.toThrow(RangeError)
      const long = await port.sealToken('session', binding, new Uint8Array(6000))
      expect(long.length).toBeLessThanOrEqual(tokenLayout.maxBytes)
      expect(await port.openToken('session', binding, long)).toEqual(new Uint8Array(6000))
      expect(await port.openToken('session', binding, new Uint8Array(1 << 20).fill(1))).toBeUndefined()
    })
  })

  describe(`${name}: keys`, () => {
    it('leave the boundary by no way: each is extractable at birth or never', async () => {
      const port = await make()
      const { keys } = await watchCrypto(async () => {
        const { handle, prefix } = await newKey(port)
        await handle.open(await handle.seal(prefix, contextOf(), encodeUtf8('x')), contextOf())
        await port.openToken('marker', prefix, await port.sealToken('marker', prefix, prefix))
        await port.openSecret(await port.wrapSecret('wJalrXUtnFEMI/K7MDENG', secretBinding), secretBinding)
      })
      expect(keys.length).toBeGreaterThan(8)
      const atBirth = keys.filter(({ key }) => key.extractable)
      expect(
        atBirth
          .filter(({ call, key }) => call !== 'generateKey' || key.algorithm.name !== 'HMAC')
          .map(({ call }) => call),
      ).toEqual(name === 'native' ? [] : ['importKey'])
      for (const { key } of keys) {
        if (key.extractable) continue
        await expect(crypto.subtle.exportKey('raw', key)).rejects.toThrow()
        await expect(crypto.subtle.exportKey('jwk', key)).rejects.toThrow()
      }
    })

    it('handles have two functions and nothing else', async () => {
      const { handle } = await newKey(await make())
      expect(Object.keys(handle).sort()).toEqual(['kind', 'open', 'seal'])
      expect(JSON.stringify(handle)).toBe('{"kind":"symmetric"}')
    })

    it('other specs are refused', async () => {
      const port = await make()
      expect(port.supports('SYMMETRIC_DEFAULT', 'ENCRYPT_DECRYPT')).toBe(true)
      expect(port.supports('SYMMETRIC_DEFAULT', 'SIGN_VERIFY')).toBe(false)
      expect(port.supports('SM2', 'SIGN_VERIFY')).toBe(false)
      const binding: MaterialBinding = { ...bindingOf(crypto.randomUUID()), keySpec: 'SM2', keyUsage: 'SIGN_VERIFY' }
      await expect(port.createMaterial(binding)).rejects.toMatchObject({ code: 'UnsupportedOperationException' })
    })

    it('random bytes are as many as asked for, and new', () =>
      make().then((port) => {
        expect([0, 1, 32, 1024].map((length) => port.random(length).length)).toEqual([0, 1, 32, 1024])
        expect(port.random(32)).not.toEqual(port.random(32))
      }))
  })

  describe(`${name}: secret access keys`, () => {
    const secret = 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY'

    it('rest wrapped and sign as SigV4 begins', async () => {
      const port = await make()
      const key = await port.openSecret(await port.wrapSecret(secret, secretBinding), secretBinding)
      expect([key.extractable, key.usages]).toEqual([false, ['sign']])
      const data = encodeUtf8('20261125')
      const raw = encodeUtf8(`AWS4${secret}`)
      const bare = await crypto.subtle.importKey('raw', raw, { name: 'HMAC', hash: 'SHA-256' }, false, ['sign'])
      const [ours, expected] = [
        await crypto.subtle.sign('HMAC', key, data),
        await crypto.subtle.sign('HMAC', bare, data),
      ]
      expect(new Uint8Array(ours)).toEqual(new Uint8Array(expected))
    })

    it.each(['', 'short', 'x'.repeat(129), 'with a space in it', 'nicht-ASCII-üüüüüüü'])('refuses %j', async (text) => {
      const refusal = (await make()).wrapSecret(text, secretBinding)
      await expect(refusal).rejects.toThrow(new RangeError('a secret access key has another form'))
    })
  })
}
