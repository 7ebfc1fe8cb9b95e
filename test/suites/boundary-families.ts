import { describe, expect, it } from 'vitest'
import { decodeBase64, encodeBase64, encodeHex, encodeUtf8 } from '../../src/codec/bytes'
import type { StoredMaterial } from '../../src/keys/records'
import type { KeySpec, KeyUsageType, SigningAlgorithmSpec } from '../../src/model/generated/types'
import type { BornMaterial, CryptoPort, KeyHandle, MaterialBinding, ToSign } from '../../src/ports/crypto'
import { account, region } from './boundary'
import { watchCrypto } from './crypto-watch'

export interface FamilyCase {
  readonly keySpec: KeySpec
  readonly keyUsage: KeyUsageType
  /** Of keys that sign or encrypt. */
  readonly algorithms?: readonly string[]
  /** Bytes of a MAC, an agreed secret, a KEM ciphertext, or a signature of one length. */
  readonly bytes?: number
  /** Not in every runtime. */
  readonly modern?: true
}

const rsaSigning = ['PKCS1_V1_5', 'PSS'].flatMap((padding) => [256, 384, 512].map((n) => `RSASSA_${padding}_SHA_${n}`))

export const familyCases: readonly FamilyCase[] = [
  ...[256, 384, 512].map(
    (bits): FamilyCase => ({
      keySpec: `HMAC_${bits}` as KeySpec,
      keyUsage: 'GENERATE_VERIFY_MAC',
      bytes: bits / 8,
    }),
  ),
  ...[2048, 3072, 4096].flatMap((bits): FamilyCase[] => [
    {
      keySpec: `RSA_${bits}` as KeySpec,
      keyUsage: 'ENCRYPT_DECRYPT',
      algorithms: ['RSAES_OAEP_SHA_1', 'RSAES_OAEP_SHA_256'],
      bytes: bits / 8,
    },
    { keySpec: `RSA_${bits}` as KeySpec, keyUsage: 'SIGN_VERIFY', algorithms: rsaSigning, bytes: bits / 8 },
  ]),
  ...([256, 384, 521] as const).flatMap((bits): FamilyCase[] => [
    {
      keySpec: `ECC_NIST_P${bits}`,
      keyUsage: 'SIGN_VERIFY',
      algorithms: [`ECDSA_SHA_${bits === 521 ? 512 : bits}`],
    },
    { keySpec: `ECC_NIST_P${bits}`, keyUsage: 'KEY_AGREEMENT', bytes: Math.ceil(bits / 8) },
  ]),
  { keySpec: 'ECC_NIST_EDWARDS25519', keyUsage: 'SIGN_VERIFY', algorithms: ['ED25519_SHA_512'], bytes: 64 },
  ...([44, 65, 87] as const).map(
    (level, i): FamilyCase => ({
      keySpec: `ML_DSA_${level}`,
      keyUsage: 'SIGN_VERIFY',
      algorithms: ['ML_DSA_SHAKE_256'],
      bytes: [2420, 3309, 4627][i] as number,
      modern: true,
    }),
  ),
  ...([512, 768, 1024] as const).map(
    (level, i): FamilyCase => ({
      keySpec: `ML_KEM_${level}`,
      keyUsage: 'ENCAPSULATE_DECAPSULATE',
      bytes: [768, 1088, 1568][i] as number,
      modern: true,
    }),
  ),
]

export const familyBinding = (keySpec: KeySpec, keyUsage: KeyUsageType): MaterialBinding => {
  const keyId = crypto.randomUUID()
  return { keyArn: `arn:aws:kms:${region}:${account}:key/${keyId}`, keyId, keySpec, keyUsage }
}

type Kind = KeyHandle['kind']

export function ofKind<K extends Kind>(handle: KeyHandle, kind: K): Extract<KeyHandle, { kind: K }> {
  if (handle.kind !== kind) throw new Error(`a ${handle.kind} handle`)
  return handle as Extract<KeyHandle, { kind: K }>
}

const kinds: Readonly<Record<KeyUsageType, Kind>> = {
  ENCRYPT_DECRYPT: 'cipher',
  SIGN_VERIFY: 'signing',
  GENERATE_VERIFY_MAC: 'mac',
  KEY_AGREEMENT: 'agreement',
  ENCAPSULATE_DECAPSULATE: 'encapsulation',
}

export const message = encodeUtf8('an example message')

export const flipped = (bytes: Bytes, at: number): Bytes => {
  const changed = bytes.slice()
  const index = at < 0 ? bytes.length + at : at
  changed[index] = (changed[index] as number) ^ 1
  return changed
}

export const raw = (algorithm: string): ToSign => ({
  algorithm: algorithm as SigningAlgorithmSpec,
  messageType: 'RAW',
  message,
})

/** What the handle does, against another handle of the same key and one of a stranger's. */
async function roundTrip(handle: KeyHandle, other: KeyHandle, given: FamilyCase, stranger: KeyHandle): Promise<void> {
  if (handle.kind === 'mac') {
    const mac = await handle.generate(message)
    expect(mac.length).toBe(given.bytes)
    const verifiers = [ofKind(other, 'mac'), handle]
    for (const verifier of verifiers) expect(await verifier.verify(message, mac)).toBe(true)
    for (const wrong of [flipped(mac, 0), flipped(mac, -1), mac.slice(1), new Uint8Array(0)]) {
      expect(await handle.verify(message, wrong)).toBe(false)
    }
    expect(await ofKind(stranger, 'mac').verify(message, mac)).toBe(false)
  } else if (handle.kind === 'signing') {
    for (const algorithm of given.algorithms ?? []) {
      const toSign = raw(algorithm)
      const signature = await handle.sign(toSign)
      if (given.bytes) expect(signature.length).toBe(given.bytes)
      expect(await ofKind(other, 'signing').verify(toSign, signature), algorithm).toBe(true)
      expect(await handle.verify({ ...toSign, message: flipped(message, 3) }, signature)).toBe(false)
      expect(await ofKind(stranger, 'signing').verify(toSign, signature)).toBe(false)
      const wrong = [0, 1, 5, signature.length >> 1, -1].map((at) => flipped(signature, at))
      const lengths = [new Uint8Array(0), signature.slice(1), signature.slice(0, -1), new Uint8Array([...signature, 0])]
      for (const bytes of [...wrong, ...lengths, new Uint8Array(signature.length), new Uint8Array(6144)]) {
        expect(await handle.verify(toSign, bytes), `${algorithm} ${encodeHex(bytes.slice(0, 4))}`).toBe(false)
      }
    }
  } else if (handle.kind === 'cipher') {
    for (const algorithm of ['RSAES_OAEP_SHA_1', 'RSAES_OAEP_SHA_256'] as const) {
      const longest = (given.bytes as number) - (algorithm === 'RSAES_OAEP_SHA_1' ? 42 : 66)
      for (const plaintext of [message, new Uint8Array(longest).fill(7)]) {
        const ciphertext = await handle.encrypt(algorithm, plaintext)
        expect(ciphertext.length).toBe(given.bytes)
        expect(await ofKind(other, 'cipher').decrypt(algorithm, ciphertext)).toEqual(plaintext)
        expect(await ofKind(stranger, 'cipher').decrypt(algorithm, ciphertext)).toBeUndefined()
        const wrong = [flipped(ciphertext, 9), flipped(ciphertext, -1), ciphertext.slice(1), new Uint8Array(0)]
        for (const bytes of [...wrong, new Uint8Array(ciphertext.length).fill(0xff)]) {
          expect(await handle.decrypt(algorithm, bytes)).toBeUndefined()
        }
        const others = { RSAES_OAEP_SHA_1: 'RSAES_OAEP_SHA_256', RSAES_OAEP_SHA_256: 'RSAES_OAEP_SHA_1' } as const
        expect(await handle.decrypt(others[algorithm], ciphertext)).toBeUndefined()
      }
    }
  } else if (handle.kind === 'encapsulation') {
    const { sharedSecret, ciphertext } = await handle.encapsulate()
    expect([sharedSecret.length, ciphertext.length]).toEqual([32, given.bytes])
    expect(await ofKind(other, 'encapsulation').decapsulate(ciphertext)).toEqual(sharedSecret)
    for (const bytes of [ciphertext.slice(1), new Uint8Array(0), new Uint8Array([...ciphertext, 0])]) {
      expect(await handle.decapsulate(bytes)).toBeUndefined()
    }
    // Implicit rejection (FIPS 203, section 6.3): another secret, and the same one each time.
    const rejected = await handle.decapsulate(flipped(ciphertext, 0))
    expect([rejected?.length, encodeHex(rejected as Bytes) === encodeHex(sharedSecret)]).toEqual([32, false])
    expect(await handle.decapsulate(flipped(ciphertext, 0))).toEqual(rejected)
    expect(await ofKind(stranger, 'encapsulation').decapsulate(ciphertext)).not.toEqual(sharedSecret)
  } else {
    throw new Error(`no round trip for ${handle.kind}`)
  }
}

async function agree(one: [BornMaterial, KeyHandle], two: [BornMaterial, KeyHandle], bytes: number): Promise<void> {
  const [ours, theirs] = [ofKind(one[1], 'agreement'), ofKind(two[1], 'agreement')]
  const [our, their] = [one[0].publicKey as Bytes, two[0].publicKey as Bytes]
  const secret = await ours.derive(their)
  expect(secret?.length).toBe(bytes)
  expect(await theirs.derive(our)).toEqual(secret)
  expect(await ours.derive(our)).not.toEqual(secret)
  const offCurve = flipped(their, -1)
  const wrong = [offCurve, their.slice(0, -1), new Uint8Array([...their, 0]), flipped(their, 5), new Uint8Array(0)]
  const infinity = their.slice().fill(0, their.length - 2 * bytes)
  for (const peer of [...wrong, infinity, new Uint8Array(their.length)]) expect(await ours.derive(peer)).toBeUndefined()
}

export interface MadeKey {
  readonly binding: MaterialBinding
  readonly born: BornMaterial
}

export async function makeFamilyKey(port: CryptoPort, given: FamilyCase): Promise<MadeKey> {
  const binding = familyBinding(given.keySpec, given.keyUsage)
  return { binding, born: await port.createMaterial(binding) }
}

/** Wrapped and software bytes with one bit changed; native material has none. */
export function spoiledStored(stored: StoredMaterial): StoredMaterial | undefined {
  if (stored.form === 'native') return undefined
  const bytes = decodeBase64(stored.bytes) as Bytes
  return { ...stored, bytes: encodeBase64(flipped(bytes, bytes.length >> 1)) }
}

/**
 * Each family of keys, in every form of the boundary. `make` gives two boundaries over the same roots or key store, so
 * that the second opens what the first made without its cache.
 */
export function boundaryFamilySuite(
  name: string,
  make: () => Promise<readonly [CryptoPort, CryptoPort]>,
  cases: readonly FamilyCase[] = familyCases,
): void {
  describe.each(cases)(`${name}: $keySpec $keyUsage`, (given) => {
    it('works, binds, and lets nothing out', { timeout: 120_000 }, async ({ skip }) => {
      const [port, later] = await make()
      const { keySpec, keyUsage } = given
      const supported = port.supports(keySpec, keyUsage)
      if (!given.modern) expect(supported).toBe(true)
      if (!supported) {
        await expect(makeFamilyKey(port, given)).rejects.toMatchObject({ code: 'UnsupportedOperationException' })
        return skip('the runtime has no such algorithm')
      }

      let made: MadeKey | undefined
      const { keys } = await watchCrypto(async () => {
        made = await makeFamilyKey(port, given)
        await later.openMaterial(made.born, made.binding)
      })
      const { binding, born } = made as MadeKey
      for (const { call, key } of keys) if (key.extractable && key.type !== 'public') expect(call).toBe('generateKey')
      expect(born.materialId).toMatch(/^[0-9a-f]{64}$/)
      expect(born.publicKey === undefined).toBe(given.keyUsage === 'GENERATE_VERIFY_MAC')

      const handle = await port.openMaterial(born, binding)
      const other = await later.openMaterial(born, binding)
      expect([handle.kind, other.kind]).toEqual([kinds[keyUsage], kinds[keyUsage]])
      expect(JSON.stringify(handle)).toBe(`{"kind":"${handle.kind}"}`)

      const stranger = await makeFamilyKey(port, given)
      const strange = await port.openMaterial(stranger.born, stranger.binding)
      expect(stranger.born.materialId).not.toBe(born.materialId)
      if (keyUsage === 'KEY_AGREEMENT') await agree([born, handle], [stranger.born, strange], given.bytes as number)
      else await roundTrip(handle, other, given, strange)

      await refusals(later, { binding, born }, stranger)
    })
  })
}

/** Everything that must not open, by a boundary without a cached handle for it. */
async function refusals(port: CryptoPort, { binding, born }: MadeKey, stranger: MadeKey): Promise<void> {
  const elsewhere = familyBinding(binding.keySpec, binding.keyUsage)
  if (born.stored.form === 'native') {
    if (stranger.born.publicKey) {
      const swapped = { ...born, publicKey: stranger.born.publicKey }
      await expect(port.openMaterial(swapped, binding)).rejects.toThrow('another public key')
    }
    await expect(port.openMaterial({ ...born, stored: { form: 'native', keys: {} } }, binding)).rejects.toThrow(
      'has no',
    )
    return
  }
  await expect(port.openMaterial(born, elsewhere)).rejects.toThrow('do not open')
  await expect(port.openMaterial({ ...born, materialId: 'ab'.repeat(32) }, binding)).rejects.toThrow('do not open')
  await expect(port.openMaterial({ ...stranger.born, stored: born.stored }, stranger.binding)).rejects.toThrow(
    'do not open',
  )
  const spoiled = spoiledStored(stranger.born.stored) as StoredMaterial
  await expect(port.openMaterial({ ...stranger.born, stored: spoiled }, stranger.binding)).rejects.toThrow(
    'do not open',
  )
  const swapped = { ...stranger.born, ...(born.publicKey ? { publicKey: born.publicKey } : {}) }
  if (born.publicKey) await expect(port.openMaterial(swapped, stranger.binding)).rejects.toThrow('do not open')
}
