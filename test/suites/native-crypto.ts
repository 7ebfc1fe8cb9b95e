import { describe, expect, it } from 'vitest'
import { createNativeCrypto, createNativeKeyring } from '../../src/adapters/webcrypto'
import { encodeUtf8 } from '../../src/codec/bytes'
import { encodeBlobPrefix } from '../../src/codec/ciphertext-blob'
import type { SoftwareProvider } from '../../src/ports/crypto'
import { account, bindingOf, contextOf, openSymmetric, region, secretBinding } from './boundary'

export const nativeCrypto = async () =>
  createNativeCrypto({ keyring: await createNativeKeyring(), accountId: account, region })

/** Two boundaries over one keyring. */
export async function nativePair(software?: SoftwareProvider) {
  const keyring = await createNativeKeyring()
  const make = () => createNativeCrypto({ keyring, accountId: account, region, software })
  return [make(), make()] as const
}

const keyId = 'mrk-0123456789abcdef0123456789abcdef'
const binding = bindingOf(keyId)

/** What holds where CryptoKeys themselves are stored. `store` is a round trip through the runtime's storage of them. */
export function nativeCryptoSuite(store: <T>(value: T) => Promise<T>): void {
  describe('native material', () => {
    it('is CryptoKeys alone, and works after storage', async () => {
      const keyring = await createNativeKeyring()
      const port = createNativeCrypto({ keyring, accountId: account, region })
      const { materialId, stored } = await port.createMaterial(binding)
      const prefix = encodeBlobPrefix({ accountId: account, keyId, materialId })
      const handle = await openSymmetric(port, { stored, materialId }, binding)
      const blob = await handle.seal(prefix, contextOf({ a: 'b' }), encodeUtf8('x'))
      const token = await port.sealToken('marker', prefix, encodeUtf8('v'))

      const later = createNativeCrypto({ keyring: await store(keyring), accountId: account, region })
      const reopened = await openSymmetric(later, { stored: await store(stored), materialId }, binding)
      expect(await reopened.open(blob, contextOf({ a: 'b' }))).toEqual(encodeUtf8('x'))
      expect(await later.openToken('marker', prefix, token)).toEqual(encodeUtf8('v'))
    })

    it('cannot be exported, before or after storage', async () => {
      const port = await nativeCrypto()
      const { stored } = await port.createMaterial(binding)
      const secret = await port.wrapSecret('wJalrXUtnFEMI/K7MDENG', secretBinding)
      const keys: CryptoKey[] = Object.values(await createNativeKeyring())
      for (const material of [stored, secret, await store(stored), await store(secret)]) {
        if (material.form === 'native') keys.push(...Object.values(material.keys))
      }
      expect(keys.length).toBe(5)
      for (const key of keys) {
        expect(key.extractable).toBe(false)
        await expect(crypto.subtle.exportKey('raw', key)).rejects.toThrow()
      }
    })

    it('under another material id opens no blob of its own', async () => {
      const port = await nativeCrypto()
      const { materialId, stored } = await port.createMaterial(binding)
      const prefix = encodeBlobPrefix({ accountId: account, keyId, materialId })
      const handle = await openSymmetric(port, { stored, materialId }, binding)
      const blob = await handle.seal(prefix, contextOf(), encodeUtf8('x'))
      const misnamed = await openSymmetric(port, { stored, materialId: 'ab'.repeat(32) }, binding)
      expect(await misnamed.open(blob, contextOf())).toBeUndefined()
      expect(await handle.open(blob, contextOf())).toEqual(encodeUtf8('x'))
    })

    it('of another form, another algorithm or extractable is refused', async () => {
      const port = await nativeCrypto()
      const id = 'ab'.repeat(32)
      const hmac = { name: 'HMAC', hash: 'SHA-256' }
      const loose = (await crypto.subtle.generateKey(hmac, true, ['sign'])) as CryptoKey
      const wrapped = { form: 'wrapped', rootId: 'a', bytes: '' } as const
      await expect(port.openMaterial({ stored: wrapped, materialId: id }, binding)).rejects.toThrow('no HKDF key')
      await expect(
        port.openMaterial({ stored: { form: 'native', keys: { HKDF: loose } }, materialId: id }, binding),
      ).rejects.toThrow('no HKDF')
      await expect(port.openSecret({ form: 'native', keys: { HMAC: loose } }, secretBinding)).rejects.toThrow(
        'extractable',
      )
    })
  })
}
