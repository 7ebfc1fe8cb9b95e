import { createHash, createPrivateKey, createPublicKey, decapsulate, encapsulate, sign, verify } from 'node:crypto'
import { ed25519, ed25519ph } from '@noble/curves/ed25519.js'
import { secp256k1 } from '@noble/curves/secp256k1.js'
import { keccak_256 } from '@noble/hashes/sha3.js'
import { describe, expect, it } from 'vitest'
import { concatBytes, decodeHex, encodeHex, encodeUtf8 } from '../../src/codec/bytes'
import { curves, ed25519Algorithm } from '../../src/codec/key-algorithms'
import { encodeEcPkcs8, encodePkcs8 } from '../../src/codec/pkcs8'
import { encodeEcSpki, encodeEd25519Spki } from '../../src/codec/spki'
import type { KeySpec } from '../../src/model/generated/types'
import { newEncapsulationKey, newSigningKey, randomBytes, signingKey, toSign, verifier } from '../suites/software-keys'

const hex = (text: string) => decodeHex(text) as Bytes
const message = encodeUtf8('attack at dawn')

describe('Ed25519ph', () => {
  const seed = hex('833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42')

  it('of the library is that of RFC 8032 section 7.3', () => {
    expect(encodeHex(ed25519ph.sign(encodeUtf8('abc'), seed))).toBe(
      '98a70222f0b8121aa9d30f813d683f809e462b469c7ff87639499bb94e6dae41' +
        '31f85042463c2a355a2003d062adf5aaa10b8c61e636062aaad11c2a26083406',
    )
  })

  it('hashes the supplied digest once more: the equation of RFC 8032 section 5.1.7', async () => {
    const point = ed25519.getPublicKey(seed)
    const pkcs8 = encodePkcs8(ed25519Algorithm, concatBytes(Uint8Array.of(4, 32), seed))
    const { handle } = signingKey('ECC_NIST_EDWARDS25519', pkcs8, encodeEd25519Spki(point))
    const digest = randomBytes(64)
    const signature = await handle.sign(toSign('ED25519_PH_SHA_512', 'DIGEST', digest))

    const dom2 = concatBytes(encodeUtf8('SigEd25519 no Ed25519 collisions'), Uint8Array.of(1, 0))
    const sha512 = (...parts: Uint8Array[]) =>
      new Uint8Array(
        createHash('sha512')
          .update(concatBytes(...parts))
          .digest(),
      )
    const littleEndian = (bytes: Uint8Array) => BigInt(`0x${encodeHex(bytes.toReversed())}`)
    const { Point } = ed25519
    const [r, s] = [signature.subarray(0, 32), littleEndian(signature.subarray(32))]
    const k = littleEndian(sha512(dom2, r, point, sha512(digest))) % Point.Fn.ORDER
    const right = Point.fromBytes(r).add(Point.fromBytes(point).multiply(k))
    expect(Point.BASE.multiply(s).equals(right)).toBe(true)
  })
})

describe('Ed25519', () => {
  // Under the neutral point, R and s of nothing satisfy the equation for every message.
  const neutral = concatBytes(Uint8Array.of(1), new Uint8Array(31))
  const forged = concatBytes(neutral, new Uint8Array(32))

  it.each([toSign('ED25519_SHA_512', 'RAW', message), toSign('ED25519_PH_SHA_512', 'DIGEST', randomBytes(64))])(
    '$algorithm takes no public key of small order',
    async (signed) => {
      const handle = verifier('ECC_NIST_EDWARDS25519', encodeEd25519Spki(neutral))
      expect(await handle.verify(signed, forged)).toBe(false)
    },
  )
})

describe('Ethereum', () => {
  const addressOf = (point: Uint8Array) => `0x${encodeHex(keccak_256(point.subarray(1)).subarray(12))}`

  it('recovers the address of the key from a signature over a digest', async () => {
    // The key and the address of EIP-155's example.
    const scalar = new Uint8Array(32).fill(0x46)
    const point = secp256k1.getPublicKey(scalar, false)
    expect(addressOf(point)).toBe('0x9d8a62f656a8d1615c1294fd71e9cfb3e4855a4f')
    const pkcs8 = encodeEcPkcs8(curves.ECC_SECG_P256K1, scalar, point)
    const { handle } = signingKey('ECC_SECG_P256K1', pkcs8, encodeEcSpki(curves.ECC_SECG_P256K1, point))

    const digest = keccak_256(
      concatBytes(encodeUtf8(`\x19Ethereum Signed Message:\n${message.length}`), message),
    ) as Bytes
    for (let i = 0; i < 8; i++) {
      const der = await handle.sign(toSign('ECDSA_SHA_256', 'DIGEST', digest))
      const signature = secp256k1.Signature.fromBytes(der, 'der')
      expect(signature.hasHighS()).toBe(false)
      const addresses = [0, 1].map((bit) =>
        addressOf(signature.addRecoveryBit(bit).recoverPublicKey(digest).toBytes(false)),
      )
      expect(addresses).toContain('0x9d8a62f656a8d1615c1294fd71e9cfb3e4855a4f')
    }
  })

  it('signatures with a high s verify as well', async () => {
    const { handle } = await newSigningKey('ECC_SECG_P256K1')
    const signed = toSign('ECDSA_SHA_256', 'RAW', message)
    const { r, s } = secp256k1.Signature.fromBytes(await handle.sign(signed), 'der')
    const high = new secp256k1.Signature(r, secp256k1.Point.Fn.ORDER - s)
    expect(high.hasHighS()).toBe(true)
    expect(await handle.verify(signed, high.toBytes('der') as Bytes)).toBe(true)
  })
})

describe("Node's OpenSSL", () => {
  const keysOf = ({ material, publicKey }: { material: Bytes; publicKey: Bytes | undefined }) => ({
    privateKey: createPrivateKey({ key: Buffer.from(material), format: 'der', type: 'pkcs8' }),
    publicKey: createPublicKey({ key: Buffer.from(publicKey as Bytes), format: 'der', type: 'spki' }),
  })
  const shake256 = (bytes: Bytes) => new Uint8Array(createHash('shake256', { outputLength: 64 }).update(bytes).digest())

  it.each<KeySpec>(['ML_DSA_44', 'ML_DSA_65', 'ML_DSA_87'])('%s both ways, over messages and μ', async (keySpec) => {
    const key = await newSigningKey(keySpec)
    const theirs = keysOf(key)
    expect(new Uint8Array(createPublicKey(theirs.privateKey).export({ format: 'der', type: 'spki' }))).toEqual(
      key.publicKey,
    )
    expect(theirs.privateKey.export({ format: 'der', type: 'pkcs8' }).length).toBeGreaterThanOrEqual(
      key.material.length,
    )

    const raw = toSign('ML_DSA_SHAKE_256', 'RAW', message)
    const publicKeyHash = shake256((key.publicKey as Bytes).slice(22))
    const mu = toSign(
      'ML_DSA_SHAKE_256',
      'EXTERNAL_MU',
      shake256(concatBytes(publicKeyHash, Uint8Array.of(0, 0), message)),
    )
    for (const signed of [raw, mu]) {
      expect(verify(null, message, theirs.publicKey, await key.handle.sign(signed))).toBe(true)
      expect(await key.handle.verify(signed, new Uint8Array(sign(null, message, theirs.privateKey)))).toBe(true)
    }
  })

  it.each<KeySpec>(['ML_KEM_512', 'ML_KEM_768', 'ML_KEM_1024'])('%s both ways', async (keySpec) => {
    const key = await newEncapsulationKey(keySpec)
    const theirs = keysOf(key)
    const { sharedKey, ciphertext } = encapsulate(theirs.publicKey)
    expect(await key.handle.decapsulate(new Uint8Array(ciphertext))).toEqual(new Uint8Array(sharedKey))
    const ours = await key.handle.encapsulate()
    expect(new Uint8Array(decapsulate(theirs.privateKey, ours.ciphertext))).toEqual(ours.sharedSecret)
    // Implicit rejection gives the same 32 bytes on both sides.
    const wrong = ours.ciphertext.fill(7, 0, 9)
    expect(await key.handle.decapsulate(wrong)).toEqual(new Uint8Array(decapsulate(theirs.privateKey, wrong)))
  })
})
