import { describe, expect, it } from 'vitest'
import { createSoftwareProvider } from '../../software'
import { createRootCrypto, importRootKeys, type RootCrypto } from '../../src/adapters/webcrypto'
import { decryptGcm } from '../../src/adapters/webcrypto/aes-gcm'
import { decodeBase64, decodeBase64Url, decodeHex, encodeBase64, encodeHex, encodeUtf8 } from '../../src/codec/bytes'
import { encodeBlobPrefix } from '../../src/codec/ciphertext-blob'
import { rootIdOf } from '../../src/codec/wrapped-material'
import type { StoredMaterial } from '../../src/keys/records'
import type { MaterialBinding, TokenPurpose } from '../../src/ports/crypto'
import vectors from '../vectors/formats.json'
import { account, bindingOf, contextOf, newKey, openSymmetric, region, secretBinding, spoiled } from './boundary'
import { watchCrypto } from './crypto-watch'

const rootText = (id: string, first: number) =>
  `${id}:${encodeBase64(Uint8Array.from({ length: 32 }, (_, i) => first + i))}`

export const newRoot = (id: string) => `${id}:${encodeBase64(crypto.getRandomValues(new Uint8Array(32)))}`

export const rootCrypto = async (spec: string, other: Partial<Parameters<typeof createRootCrypto>[0]> = {}) =>
  createRootCrypto({ roots: await importRootKeys(spec), accountId: account, region, ...other })

/** Two boundaries over the same root keys. */
export const rootPair = async (...given: Parameters<typeof rootCrypto>) =>
  [await rootCrypto(...given), await rootCrypto(...given)] as const

const keyId = '1234abcd-12ab-34cd-56ef-1234567890ab'
const binding = bindingOf(keyId)
const hex = (text: string) => decodeHex(text) as Bytes

const wrapped = (stored: StoredMaterial) => {
  if (stored.form !== 'wrapped') throw new Error('not wrapped')
  return stored
}
const withBytes = (stored: StoredMaterial, bytes: Bytes): StoredMaterial => ({
  ...wrapped(stored),
  bytes: encodeBase64(bytes),
})
const bytesOf = (stored: StoredMaterial) => decodeBase64(wrapped(stored).bytes) as Bytes

/** What holds where material rests as bytes under root keys: vectors, binding, change of root keys. */
export function rootCryptoSuite(): void {
  const vectorPort = () =>
    rootCrypto(
      Object.entries(vectors.roots)
        .map(([id, key]) => `${id}:${key}`)
        .join(','),
    )
  const bindingOfVector = (given: (typeof vectors.materials)[number]): MaterialBinding => ({
    ...bindingOf(given.keyId),
    keyArn: given.keyArn,
  })

  describe('vectors of another implementation', () => {
    it('check values', async () => {
      const values = await (await vectorPort()).checkValues()
      expect(Object.fromEntries(values)).toEqual(
        Object.fromEntries(vectors.derived.map(({ rootId, checkValue }) => [rootId, checkValue])),
      )
    })

    it.each(vectors.materials)('material and blobs of $keyId', async (given) => {
      const port = await vectorPort()
      const stored: StoredMaterial = { form: 'wrapped', rootId: given.rootId, bytes: given.wrapped }
      const handle = await openSymmetric(port, { stored, materialId: given.materialId }, bindingOfVector(given))
      expect(given.blobs.length).toBe(3)
      for (const { context, plaintext, blob } of given.blobs) {
        const aad = contextOf(context as unknown as Record<string, string>)
        expect(encodeHex((await handle.open(hex(blob), aad)) as Bytes)).toBe(plaintext)
      }
    })

    it('pair with its copy for the software provider', async () => {
      const { pair } = vectors
      const port = await rootCrypto(`2026-11:${vectors.roots['2026-11']}`, { software: createSoftwareProvider() })
      const { rootId, wrapped: bytes, software, materialId } = pair
      const place = {
        keyId: pair.keyId,
        keyArn: pair.keyArn,
        keySpec: 'ECC_NIST_P256',
        keyUsage: 'SIGN_VERIFY',
      } as const
      const stored: StoredMaterial = { form: 'wrapped', rootId, bytes, software }
      const handle = await port.openMaterial({ stored, materialId, publicKey: hex(pair.publicKey) }, place)
      if (handle.kind !== 'signing') throw new Error('not a signing handle')
      const message = hex(pair.message)
      const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', message))
      const algorithm = 'ECDSA_SHA_256'
      const [whole, hashed] = [
        { algorithm, messageType: 'RAW', message },
        { algorithm, messageType: 'DIGEST', message: digest },
      ] as const
      for (const toSign of [whole, hashed]) {
        expect(await handle.verify(toSign, hex(pair.signature))).toBe(true)
        expect(await handle.verify(whole, await handle.sign(toSign))).toBe(true)
      }
    })

    it('secret access key', async () => {
      const port = await vectorPort()
      const { rootId, wrapped: bytes, date, dateKey, ...bound } = vectors.secret
      const key = await port.openSecret({ form: 'wrapped', rootId, bytes }, bound)
      expect(encodeHex(new Uint8Array(await crypto.subtle.sign('HMAC', key, encodeUtf8(date))))).toBe(dateKey)
    })

    it.each(vectors.tokens)('token: $purpose', async ({ purpose, binding: bound, token, value }) => {
      const bytes = decodeBase64Url(token) as Bytes
      const opened = await (await vectorPort()).openToken(purpose as TokenPurpose, hex(bound), bytes)
      expect(encodeHex(opened as Bytes)).toBe(value)
    })
  })

  describe('wrapped material', () => {
    const places: [string, Partial<MaterialBinding>][] = [
      ['another ARN', { keyArn: binding.keyArn.replace(region, 'us-east-1') }],
      ['another key of the account', { keyArn: bindingOf(crypto.randomUUID()).keyArn }],
    ]
    it.each(places)('moved to %s does not open, even when it was open before', async (_, change) => {
      const port = await rootCrypto(newRoot('a'))
      const { stored, materialId } = await port.createMaterial(binding)
      await port.openMaterial({ stored, materialId }, binding)
      await expect(port.openMaterial({ stored, materialId }, { ...binding, ...change })).rejects.toThrow('do not open')
    })

    it('under another material id does not open', async () => {
      const port = await rootCrypto(newRoot('a'))
      const [one, two] = [await port.createMaterial(binding), await port.createMaterial(binding)]
      await expect(port.openMaterial({ stored: one.stored, materialId: two.materialId }, binding)).rejects.toThrow(
        'do not open',
      )
      await expect(port.openMaterial({ stored: one.stored, materialId: 'zz' }, binding)).rejects.toThrow(
        '64 hexadecimal digits',
      )
    })

    it('of another account or Region does not open', async () => {
      const root = newRoot('a')
      const { stored, materialId } = await (await rootCrypto(root)).createMaterial(binding)
      for (const other of [{ accountId: '444455556666' }, { region: 'eu-west-1' }]) {
        const port = await rootCrypto(root, other)
        await expect(port.openMaterial({ stored, materialId }, binding)).rejects.toThrow('do not open')
      }
    })

    it('spoiled does not open, and the error shows nothing of it', async () => {
      const root = newRoot('a')
      const { stored, materialId } = await (await rootCrypto(root)).createMaterial(binding)
      const port = await rootCrypto(root)
      for (const [what, bytes] of spoiled(bytesOf(stored))) {
        const opening = port.openMaterial({ stored: withBytes(stored, bytes), materialId }, binding)
        const problem = await opening.then(
          () => `${what} opened`,
          (error: Error) => error.message,
        )
        expect(problem).toMatch(
          /^(wrapped bytes do not open|stored bytes are not wrapped|no root key with the id \S{1,32} is)/,
        )
      }
    })

    it('in native form is refused', async () => {
      const port = await rootCrypto(newRoot('a'))
      const opening = port.openMaterial({ stored: { form: 'native', keys: {} }, materialId: 'ab'.repeat(32) }, binding)
      await expect(opening).rejects.toThrow('not wrapped material')
    })

    it('is unwrapped once per place while the bounded cache holds its handle', async () => {
      const root = newRoot('a')
      const maker = await rootCrypto(root)
      const born = [
        await maker.createMaterial(binding),
        await maker.createMaterial(binding),
        await maker.createMaterial(binding),
      ]
      const port = await rootCrypto(root, { handleCacheSize: 2 })
      const unwraps = async (...order: number[]) => {
        const { calls } = await watchCrypto(async () => {
          for (const i of order) {
            const { stored, materialId } = born[i] as (typeof born)[number]
            await port.openMaterial({ stored, materialId }, binding)
          }
        })
        return calls.filter((call) => call === 'unwrapKey').length
      }
      expect(await unwraps(0, 0, 1, 0, 1)).toBe(2)
      expect(await unwraps(2)).toBe(1)
      expect(await unwraps(2, 1)).toBe(0)
      expect(await unwraps(0)).toBe(1)
    })
  })

  describe('secret access keys', () => {
    it('moved to another row do not open', async () => {
      const port = await rootCrypto(newRoot('a'))
      const stored = await port.wrapSecret('wJalrXUtnFEMI/K7MDENG', secretBinding)
      for (const change of [{ accessKeyId: 'AKIAI44QH8DHBEXAMPLE' }, { userId: 'AIDAOTHEROTHEROTHER00' }]) {
        await expect(port.openSecret(stored, { ...secretBinding, ...change })).rejects.toThrow('do not open')
      }
      // Wrapped by the same key, but key material and not a secret.
      const { stored: material } = await port.createMaterial(binding)
      await expect(port.openSecret(material, secretBinding)).rejects.toThrow('do not open')
    })
  })

  describe('change of root keys', () => {
    const sealWith = async (port: RootCrypto) => {
      const { stored, materialId } = await port.createMaterial(binding)
      const handle = await openSymmetric(port, { stored, materialId }, binding)
      const prefix = encodeBlobPrefix({ accountId: account, keyId, materialId })
      return { stored, materialId, blob: await handle.seal(prefix, contextOf(), encodeUtf8('x')) }
    }

    it('the first seals, all open; rewrapped, everything opens without the old one', async () => {
      const [old, next] = [newRoot('old'), newRoot('next')]
      const before = await rootCrypto(old)
      const { stored, materialId, blob } = await sealWith(before)
      const secret = await before.wrapSecret('wJalrXUtnFEMI/K7MDENG', secretBinding)
      const token = await before.sealToken('session', encodeUtf8('b'), encodeUtf8('v'))

      const both = await rootCrypto(`${next},${old}`)
      expect(both.primaryRootId).toBe('next')
      const handle = await openSymmetric(both, { stored, materialId }, binding)
      expect(await handle.open(blob, contextOf())).toEqual(encodeUtf8('x'))
      expect(await both.openToken('session', encodeUtf8('b'), token)).toEqual(encodeUtf8('v'))
      expect(wrapped((await sealWith(both)).stored).rootId).toBe('next')

      const moved = (await both.rewrap({ stored, materialId }, binding)) as StoredMaterial
      const movedSecret = (await both.rewrapSecret(secret, secretBinding)) as StoredMaterial
      for (const now of [moved, movedSecret]) {
        expect([wrapped(now).rootId, rootIdOf(bytesOf(now))]).toEqual(['next', 'next'])
      }
      expect(await both.rewrap({ stored: moved, materialId }, binding)).toBeUndefined()
      expect(await both.rewrapSecret(movedSecret, secretBinding)).toBeUndefined()

      const after = await rootCrypto(next)
      const reopened = await openSymmetric(after, { stored: moved, materialId }, binding)
      expect(await reopened.open(blob, contextOf())).toEqual(encodeUtf8('x'))
      expect((await after.openSecret(movedSecret, secretBinding)).extractable).toBe(false)
      await expect(after.openMaterial({ stored, materialId }, bindingOf(keyId.replace('1', '2')))).rejects.toThrow(
        'no root key with the id old is configured',
      )
      expect(await after.openToken('session', encodeUtf8('b'), token)).toBeUndefined()
    })

    it('rewrapping writes the bytes it read, and nothing else stays extractable', async () => {
      const [old, next] = [newRoot('old'), newRoot('next')]
      const { stored, materialId } = await sealWith(await rootCrypto(old))
      const both = await rootCrypto(`${next},${old}`)
      const { keys } = await watchCrypto(() => both.rewrap({ stored, materialId }, binding))
      expect(keys.filter(({ key }) => key.extractable).map(({ call }) => call)).toEqual(['unwrapKey'])
      await expect(both.rewrap({ stored, materialId }, bindingOf(crypto.randomUUID()))).rejects.toThrow('do not open')
    })

    it('a mistyped root key has another check value and opens nothing', async () => {
      const right = await rootCrypto(rootText('a', 1))
      const mistyped = await rootCrypto(rootText('a', 2))
      const { stored, materialId } = await sealWith(right)
      expect((await right.checkValues()).get('a')).not.toBe((await mistyped.checkValues()).get('a'))
      await expect(mistyped.openMaterial({ stored, materialId }, binding)).rejects.toThrow('do not open')
    })

    it('check values differ per root, account and Region, and stay', async () => {
      const spec = [rootText('a', 1), rootText('b', 2)].join(',')
      const all: string[] = []
      for (const other of [{}, { accountId: '444455556666' }, { region: 'us-east-1' }]) {
        all.push(...(await (await rootCrypto(spec, other)).checkValues()).values())
      }
      expect(new Set(all).size).toBe(6)
      expect([...(await (await rootCrypto(spec)).checkValues()).values()]).toEqual(all.slice(0, 2))
    })
  })

  describe('errors', () => {
    it('that are no failure to open are thrown, not taken for wrong bytes', async () => {
      const key = (await crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, false, ['encrypt'])) as CryptoKey
      const parameters = { iv: new Uint8Array(12), additionalData: new Uint8Array(0) }
      await expect(decryptGcm(key, parameters, new Uint8Array(32))).rejects.toThrow()
    })
  })

  describe('roots', () => {
    it('are non-extractable', async () => {
      const { keys } = await importRootKeys(newRoot('a'))
      for (const key of keys.values()) {
        expect(key.extractable).toBe(false)
        await expect(crypto.subtle.exportKey('raw', key)).rejects.toThrow()
      }
    })

    it('the account KEK can only wrap and unwrap', async () => {
      const port = await rootCrypto(newRoot('a'))
      const { keys } = await watchCrypto(() => newKey(port))
      const keks = keys.filter(({ call }) => call === 'deriveKey').map(({ key }) => [...key.usages].sort())
      expect(keks).toEqual([['unwrapKey', 'wrapKey']])
    })
  })
}
