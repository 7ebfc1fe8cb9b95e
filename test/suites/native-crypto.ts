import { describe, expect, it } from 'vitest'
import { createSoftwareProvider } from '../../software'
import {
  type AgreedSoftware,
  createNativeCrypto,
  createNativeKeyring,
  type SoftwareRequest,
} from '../../src/adapters/webcrypto'
import { encodeUtf8 } from '../../src/codec/bytes'
import { encodeBlobPrefix } from '../../src/codec/ciphertext-blob'
import type { KeyHandle, SoftwareProvider, ToSign } from '../../src/ports/crypto'
import { account, bindingOf, contextOf, openSymmetric, region, secretBinding } from './boundary'
import { familyBinding, ofKind, raw } from './boundary-families'
import { watchCrypto } from './crypto-watch'

export const nativeCrypto = async () =>
  createNativeCrypto({ keyring: await createNativeKeyring(), accountId: account, region })

/** Agrees to what there would not be otherwise. */
const whereNeeded: AgreedSoftware['agreed'] = ({ otherwise }) => otherwise === 'refused'

/** Two boundaries over one keyring. */
export async function nativePair(provider?: SoftwareProvider, agreed = whereNeeded) {
  const keyring = await createNativeKeyring()
  const software = provider && { provider, agreed }
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

  describe('software by agreement', () => {
    const provider = createSoftwareProvider()
    const digest: ToSign = { ...raw('ECDSA_SHA_256'), messageType: 'DIGEST', message: new Uint8Array(32).fill(7) }
    const unsupported = { code: 'UnsupportedOperationException', message: '' }
    const p256 = () => familyBinding('ECC_NIST_P256', 'SIGN_VERIFY')
    const secp256k1 = () => familyBinding('ECC_SECG_P256K1', 'SIGN_VERIFY')

    /** Boundaries over one keyring, and what their user was asked. `answers` are given in turn; the last one stays. */
    async function asking(...answers: boolean[]) {
      const keyring = await createNativeKeyring()
      const asked: SoftwareRequest[] = []
      const agreed = async (request: SoftwareRequest) => {
        asked.push(request)
        return answers.length > 1 ? (answers.shift() as boolean) : answers[0] === true
      }
      const open = (software?: AgreedSoftware, ring = keyring) =>
        createNativeCrypto({ keyring: ring, accountId: account, region, software })
      return { asked, keyring, open, port: open({ provider, agreed }) }
    }

    const bothSign = async (one: KeyHandle, two: KeyHandle, toSign: ToSign) =>
      expect(await ofKind(two, 'signing').verify(toSign, await ofKind(one, 'signing').sign(toSign))).toBe(true)

    it('is asked for each key that would be readable, and for no other', async () => {
      const { port, asked } = await asking(true)
      const wanted = [
        ['ECC_SECG_P256K1', 'SIGN_VERIFY', 'refused'],
        ['HMAC_224', 'GENERATE_VERIFY_MAC', 'refused'],
        ['ECC_NIST_P256', 'SIGN_VERIFY', 'native'],
        ['ECC_NIST_EDWARDS25519', 'SIGN_VERIFY', 'native'],
        ['RSA_2048', 'SIGN_VERIFY', 'native'],
      ] as const
      for (const [keySpec, keyUsage, otherwise] of wanted) {
        const place = familyBinding(keySpec, keyUsage)
        const { stored } = await port.createMaterial(place)
        expect(stored, keySpec).toMatchObject({ form: 'software', rootId: 'native' })
        expect(asked.splice(0)).toEqual([{ keyArn: place.keyArn, keySpec, keyUsage, otherwise }])
      }
      const never = [
        ['SYMMETRIC_DEFAULT', 'ENCRYPT_DECRYPT'],
        ['HMAC_256', 'GENERATE_VERIFY_MAC'],
        ['ECC_NIST_P256', 'KEY_AGREEMENT'],
        ['RSA_2048', 'ENCRYPT_DECRYPT'],
      ] as const
      for (const [keySpec, keyUsage] of never) {
        const { stored } = await port.createMaterial(familyBinding(keySpec, keyUsage))
        expect(stored.form, keySpec).toBe('native')
      }
      await expect(port.createMaterial(familyBinding('SM2', 'SIGN_VERIFY'))).rejects.toMatchObject(unsupported)
      expect(asked).toEqual([])
    })

    it('signs digests by the provider, messages by keys that nothing can export, also after storage', async () => {
      const { port, keyring, open } = await asking(true)
      const place = p256()
      const born = await port.createMaterial(place)
      const { keys } = await watchCrypto(async () => {
        await ofKind(await port.openMaterial(born, place), 'signing').sign(raw('ECDSA_SHA_256'))
      })
      const secrets = keys.filter(({ key }) => key.type === 'private')
      expect(secrets.length).toBeGreaterThan(0)
      for (const { call, key } of secrets) expect([call, key.extractable]).toEqual(['unwrapKey', false])

      const later = open({ provider, agreed: () => false }, await store(keyring))
      const handles = [await port.openMaterial(born, place), await later.openMaterial(born, place)] as const
      for (const toSign of [digest, raw('ECDSA_SHA_256')]) await bothSign(...handles, toSign)
      const bare = ofKind(await open().openMaterial(born, place), 'signing')
      await bothSign(bare, handles[0], raw('ECDSA_SHA_256'))
      await expect(bare.sign(digest)).rejects.toMatchObject(unsupported)
    })

    it('withheld makes a native key, which stays one, or none', async () => {
      const { port, open, asked } = await asking(false, false, true)
      const place = p256()
      const born = await port.createMaterial(place)
      expect(born.stored.form).toBe('native')
      await expect(port.createMaterial(secp256k1())).rejects.toMatchObject(unsupported)
      expect((await port.createMaterial(secp256k1())).stored.form).toBe('software')
      expect(asked).toHaveLength(3)
      for (const later of [port, open({ provider, agreed: () => true })]) {
        const handle = ofKind(await later.openMaterial(born, place), 'signing')
        await bothSign(handle, handle, raw('ECDSA_SHA_256'))
        await expect(handle.sign(digest)).rejects.toMatchObject(unsupported)
        await expect(handle.verify(digest, new Uint8Array(70))).rejects.toMatchObject(unsupported)
      }
      expect(asked).toHaveLength(3)
    })

    it('goes for material that was brought, which is overwritten in any case', async () => {
      for (const agreed of [true, false]) {
        const { port, asked } = await asking(agreed)
        const { privateKey, publicKey } = await port.generateKeyPair('ECC_NIST_P256')
        const place = p256()
        const born = await port.adoptMaterial(privateKey, publicKey, place)
        expect([born.stored.form, privateKey.every((byte) => byte === 0)]).toEqual([
          agreed ? 'software' : 'native',
          true,
        ])
        const handle = ofKind(await port.openMaterial(born, place), 'signing')
        if (agreed) await bothSign(handle, handle, digest)
        else await expect(handle.sign(digest)).rejects.toMatchObject(unsupported)

        const secret = new Uint8Array(28).fill(5)
        const adopting = port.adoptMaterial(secret, undefined, familyBinding('HMAC_224', 'GENERATE_VERIFY_MAC'))
        if (agreed) expect((await adopting).stored.form).toBe('software')
        else await expect(adopting).rejects.toMatchObject(unsupported)
        expect(secret.every((byte) => byte === 0)).toBe(true)
        expect(asked.map(({ otherwise }) => otherwise)).toEqual(['native', 'refused'])
      }
    })

    it('that cannot be asked for makes nothing', async () => {
      const [port] = await nativePair(provider, () => Promise.reject(new Error('the dialog was closed')))
      await expect(port.createMaterial(p256())).rejects.toThrow('the dialog was closed')
      const secret = new Uint8Array(28).fill(5)
      const adopting = port.adoptMaterial(secret, undefined, familyBinding('HMAC_224', 'GENERATE_VERIFY_MAC'))
      await expect(adopting).rejects.toThrow('the dialog was closed')
      expect(secret.every((byte) => byte === 0)).toBe(true)
    })

    it('is bound to its keyring', async () => {
      const { port } = await asking(true)
      const [stranger] = await nativePair(provider, () => true)
      for (const place of [p256(), secp256k1()]) {
        const born = await port.createMaterial(place)
        await expect(stranger.openMaterial(born, place)).rejects.toThrow('do not open')
      }
    })
  })
}
