import { describe, expect, it } from 'vitest'
import { createSoftwareProvider } from '../../software'
import type { RsaPrivateOperation } from '../../src/adapters/webcrypto'
import { decodeBase64, encodeBase64 } from '../../src/codec/bytes'
import { rootIdOf } from '../../src/codec/wrapped-material'
import type { StoredMaterial } from '../../src/keys/records'
import type { KeySpec, SigningAlgorithmSpec } from '../../src/model/generated/types'
import type { BornMaterial, CryptoPort, KeyHandle, ToSign } from '../../src/ports/crypto'
import { type FamilyCase, familyBinding, flipped, makeFamilyKey, message, ofKind } from './boundary-families'
import { nativePair } from './native-crypto'
import { newRoot, rootCrypto, rootPair } from './root-crypto'

const digestOf = async (algorithm: string): Promise<ToSign> => ({
  algorithm: algorithm as SigningAlgorithmSpec,
  messageType: 'DIGEST',
  message: new Uint8Array(await crypto.subtle.digest(`SHA-${algorithm.slice(-3)}`, message)),
})

const rsa: FamilyCase = {
  keySpec: 'RSA_2048',
  keyUsage: 'SIGN_VERIFY',
  algorithms: ['PKCS1_V1_5', 'PSS'].flatMap((padding) => [256, 384, 512].map((n) => `RSASSA_${padding}_SHA_${n}`)),
}
const copied: readonly FamilyCase[] = [
  ...([256, 384, 521] as const).map(
    (bits): FamilyCase => ({
      keySpec: `ECC_NIST_P${bits}`,
      keyUsage: 'SIGN_VERIFY',
      algorithms: [`ECDSA_SHA_${bits === 521 ? 512 : bits}`],
    }),
  ),
  { keySpec: 'ECC_NIST_EDWARDS25519', keyUsage: 'SIGN_VERIFY', algorithms: ['ED25519_PH_SHA_512'] },
]

const software = createSoftwareProvider()

async function openSigning(port: CryptoPort, given: FamilyCase) {
  const { born, binding } = await makeFamilyKey(port, given)
  return { born, binding, handle: ofKind(await port.openMaterial(born, binding), 'signing') }
}

async function signsDigests(given: FamilyCase, port: CryptoPort, later: CryptoPort): Promise<BornMaterial> {
  const { born, binding, handle } = await openSigning(port, given)
  const reopened = ofKind(await later.openMaterial(born, binding), 'signing')
  for (const algorithm of given.algorithms ?? []) {
    const toSign = await digestOf(algorithm)
    const signature = await handle.sign(toSign)
    expect(await reopened.verify(toSign, signature), algorithm).toBe(true)
    const whole: ToSign = { ...toSign, messageType: 'RAW', message }
    // Both message types meet in the same signature, where the algorithm has both.
    if (algorithm !== 'ED25519_PH_SHA_512') {
      expect(await reopened.verify(whole, signature), algorithm).toBe(true)
      expect(await reopened.verify(toSign, await reopened.sign(whole)), algorithm).toBe(true)
    }
    expect(await handle.verify({ ...toSign, message: flipped(toSign.message, 0) }, signature)).toBe(false)
    const lengths = [new Uint8Array(0), signature.slice(1), new Uint8Array([...signature, 0]), new Uint8Array(6144)]
    for (const bytes of [flipped(signature, -1), new Uint8Array(signature.length).fill(0xff), ...lengths]) {
      expect(await handle.verify(toSign, bytes), algorithm).toBe(false)
    }
  }
  return born
}

/** Message types and key specs that WebCrypto lacks. `rsaPrivate` where the platform has the bare operation. */
export function boundaryDigestSuite(rsaPrivate?: RsaPrivateOperation): void {
  describe('digests', () => {
    it.skipIf(!rsaPrivate)('are signed by native RSA keys without a copy', async () => {
      const ports = await rootPair(newRoot('a'), { rsaPrivate, software })
      const born = await signsDigests(rsa, ...ports)
      expect(Object.keys(born.stored).sort()).toEqual(['bytes', 'form', 'rootId'])
    })

    it('of a faulty RSA operation do not leave', async () => {
      const faulty: RsaPrivateOperation = async (_, block) => flipped(block, 100)
      const { handle } = await openSigning(await rootCrypto(newRoot('a'), { rsaPrivate: faulty }), rsa)
      await expect(handle.sign(await digestOf('RSASSA_PSS_SHA_256'))).rejects.toThrow('does not verify')
    })

    it.each([rsa, ...copied])('are signed by the copy that $keySpec carries', { timeout: 60_000 }, async (given) => {
      const born = await signsDigests(given, ...(await rootPair(newRoot('a'), { software })))
      expect(born.stored).toMatchObject({ form: 'wrapped', software: expect.stringMatching(/^.{40,}$/) })
    })

    it('are unsupported without the provider, and by native keys', async () => {
      for (const port of [await rootCrypto(newRoot('a')), (await nativePair(software))[0]]) {
        for (const given of [rsa, ...copied]) {
          const { handle } = await openSigning(port, given)
          const toSign = await digestOf(given.algorithms?.[0] as string)
          const refused = { code: 'UnsupportedOperationException', message: '' }
          await expect(handle.sign(toSign)).rejects.toMatchObject(refused)
          await expect(handle.verify(toSign, new Uint8Array(64))).rejects.toMatchObject(refused)
        }
      }
    })

    it('μ is signed by the copy of an ML-DSA key', async ({ skip }) => {
      const port = await rootCrypto(newRoot('a'), { software })
      const given: FamilyCase = { keySpec: 'ML_DSA_44', keyUsage: 'SIGN_VERIFY' }
      const { born, handle } = await openSigning(port, given)
      const toSign: ToSign = {
        algorithm: 'ML_DSA_SHAKE_256',
        messageType: 'EXTERNAL_MU',
        message: crypto.getRandomValues(new Uint8Array(64)),
      }
      const signature = await handle.sign(toSign)
      expect([signature.length, await handle.verify(toSign, signature)]).toEqual([2420, true])
      expect(await handle.verify(toSign, flipped(signature, 5))).toBe(false)
      if (born.stored.form === 'software') skip('the runtime has no ML-DSA')
    })
  })

  const lacking: readonly FamilyCase[] = [
    { keySpec: 'HMAC_224', keyUsage: 'GENERATE_VERIFY_MAC' },
    { keySpec: 'ECC_SECG_P256K1', keyUsage: 'SIGN_VERIFY', algorithms: ['ECDSA_SHA_256'] },
    { keySpec: 'ML_KEM_512', keyUsage: 'ENCAPSULATE_DECAPSULATE' },
  ]

  describe.each(lacking)('$keySpec in software', (given) => {
    it('is sealed, opened per call and bound like any other', async () => {
      for (const [port, later] of [await rootPair(newRoot('a'), { software }), await nativePair(software)]) {
        const { keySpec, keyUsage } = given
        expect(port.supports(keySpec, keyUsage)).toBe(true)
        const { born, binding } = await makeFamilyKey(port, given)
        if (keySpec !== 'ML_KEM_512') expect(born.stored.form).toBe('software')
        await works(await port.openMaterial(born, binding), await later.openMaterial(born, binding))
        if (born.stored.form !== 'software') continue
        const elsewhere = familyBinding(keySpec, keyUsage)
        await expect(later.openMaterial(born, elsewhere)).rejects.toThrow('do not open')
        const other = await makeFamilyKey(port, given)
        const swapped = { ...other.born, stored: born.stored }
        await expect(later.openMaterial(swapped, other.binding)).rejects.toThrow('do not open')
        const bytes = encodeBase64(
          flipped(decodeBase64(other.born.stored.form === 'software' ? other.born.stored.bytes : '') as Bytes, -1),
        )
        const spoiled = { ...other.born, stored: { ...born.stored, bytes } }
        await expect(later.openMaterial(spoiled, other.binding)).rejects.toThrow('do not open')
      }
    })

    it('is unsupported without the provider, unless native', async () => {
      for (const port of [await rootCrypto(newRoot('a')), (await nativePair())[0]]) {
        if (port.supports(given.keySpec, given.keyUsage)) continue
        await expect(makeFamilyKey(port, given)).rejects.toMatchObject({ code: 'UnsupportedOperationException' })
      }
    })
  })

  describe('change of root keys', () => {
    const moved: readonly FamilyCase[] = [
      ...lacking,
      copied[0] as FamilyCase,
      rsa,
      { keySpec: 'HMAC_512', keyUsage: 'GENERATE_VERIFY_MAC' },
    ]
    it.each(moved)('moves $keySpec', async (given) => {
      const [old, next] = [newRoot('old'), newRoot('next')]
      const before = await rootCrypto(old, { software })
      const { born, binding } = await makeFamilyKey(before, given)
      const both = await rootCrypto(`${next},${old}`, { software })
      const stored = (await both.rewrap(born, binding)) as StoredMaterial
      if (stored.form === 'native') throw new Error('native')
      expect([stored.form, stored.rootId]).toEqual([born.stored.form, 'next'])
      const texts = stored.form === 'wrapped' && stored.software ? [stored.bytes, stored.software] : [stored.bytes]
      for (const text of texts) expect(rootIdOf(decodeBase64(text) as Bytes)).toBe('next')
      expect(Object.keys(stored).sort()).toEqual(Object.keys(born.stored).sort())
      expect(await both.rewrap({ ...born, stored }, binding)).toBeUndefined()
      await expect(both.rewrap(born, familyBinding(given.keySpec, given.keyUsage))).rejects.toThrow('do not open')
      const after = await rootCrypto(next, { software })
      const [then, now] = [
        await before.openMaterial(born, binding),
        await after.openMaterial({ ...born, stored }, binding),
      ]
      await works(then, now)
      if (texts.length === 2) {
        const toSign = await digestOf(given.algorithms?.[0] as string)
        expect(await ofKind(then, 'signing').verify(toSign, await ofKind(now, 'signing').sign(toSign))).toBe(true)
      }
    })
  })

  describe('material that was brought', () => {
    const secrets: readonly [KeySpec, number][] = [
      ['HMAC_224', 28],
      ['HMAC_256', 32],
      ['HMAC_384', 48],
      ['HMAC_512', 64],
    ]
    it.each(secrets)('%s gives the MACs of its bytes', async (keySpec, length) => {
      for (const [port] of [await rootPair(newRoot('a'), { software }), await nativePair(software)]) {
        const bytes = crypto.getRandomValues(new Uint8Array(length))
        const hash = `SHA-${keySpec.slice(5)}`
        const binding = familyBinding(keySpec, 'GENERATE_VERIFY_MAC')
        const again = await port.adoptMaterial(bytes.slice(), undefined, binding)
        const bare =
          keySpec === 'HMAC_224'
            ? undefined
            : await crypto.subtle.importKey('raw', bytes, { name: 'HMAC', hash }, false, ['sign'])
        const born = await port.adoptMaterial(bytes, undefined, binding)
        expect(bytes.every((byte) => byte === 0)).toBe(true)
        expect(again.materialId).toBe(born.materialId)
        const mac = await ofKind(await port.openMaterial(born, binding), 'mac').generate(message)
        expect(mac.length).toBe(length)
        if (bare) expect(mac).toEqual(new Uint8Array(await crypto.subtle.sign('HMAC', bare, message)))
      }
    })

    it('that is no key is refused, and overwritten', async () => {
      for (const [port] of [await rootPair(newRoot('a')), await nativePair()]) {
        const bytes = crypto.getRandomValues(new Uint8Array(100))
        const adopting = port.adoptMaterial(bytes, bytes.slice(), familyBinding('ECC_NIST_P256', 'SIGN_VERIFY'))
        await expect(adopting).rejects.toThrow()
        const halves = port.adoptMaterial(
          new Uint8Array(32),
          new Uint8Array(91),
          familyBinding('HMAC_256', 'GENERATE_VERIFY_MAC'),
        )
        await expect(halves).rejects.toThrow('a pair alone has a public key')
        expect(bytes.every((byte) => byte === 0)).toBe(true)
      }
    })
  })
}

async function works(one: KeyHandle, two: KeyHandle): Promise<void> {
  if (one.kind === 'mac') {
    expect(await ofKind(two, 'mac').verify(message, await one.generate(message))).toBe(true)
  } else if (one.kind === 'signing') {
    const algorithms = ['ECDSA_SHA_256', 'RSASSA_PKCS1_V1_5_SHA_256'] as const
    for (const algorithm of algorithms) {
      const toSign: ToSign = { algorithm, messageType: 'RAW', message }
      const signature = await one.sign(toSign).catch((error: Error) => error)
      if (signature instanceof Error) continue
      expect(await ofKind(two, 'signing').verify(toSign, signature)).toBe(true)
      return
    }
    throw new Error('nothing was signed')
  } else if (one.kind === 'encapsulation') {
    const { ciphertext, sharedSecret } = await one.encapsulate()
    expect(await ofKind(two, 'encapsulation').decapsulate(ciphertext)).toEqual(sharedSecret)
  } else throw new Error(one.kind)
}
