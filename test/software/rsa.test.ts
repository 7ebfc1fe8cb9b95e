import { generateKeyPairSync } from 'node:crypto'
import { sha256 } from '@noble/hashes/sha2.js'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { inverse, mod, power, randomBelow, toOctets } from '../../software/big-integers'
import { privateKeyOf } from '../../software/key-files'
import { encodePss, isPss } from '../../software/rsa-padding'
import { encodeDer, readDer, readSequence, readUnsigned, toInteger } from '../../src/codec/der'
import { rsaAlgorithm } from '../../src/codec/key-algorithms'
import { encodeRsaSpki } from '../../src/codec/spki'
import { flip, randomBytes, signingKey, toSign, verifier } from '../suites/software-keys'

const newRsa = (modulusLength: number, publicExponent = 65537) => {
  const pair = generateKeyPairSync('rsa', {
    modulusLength,
    publicExponent,
    privateKeyEncoding: { format: 'der', type: 'pkcs8' },
    publicKeyEncoding: { format: 'der', type: 'spki' },
  })
  return { pkcs8: new Uint8Array(pair.privateKey), spki: new Uint8Array(pair.publicKey) }
}

const rsa = newRsa(2048)
const digest = toSign('RSASSA_PKCS1_V1_5_SHA_256', 'DIGEST', randomBytes(32))

/** The integers of RSAPrivateKey in its order. */
const fields = ['version', 'n', 'e', 'd', 'p', 'q', 'dP', 'dQ', 'qInv']

/** One of them, as a view into the file. */
const fieldOf = (pkcs8: Bytes, name: string) =>
  readUnsigned(readSequence(privateKeyOf(rsaAlgorithm, pkcs8))?.[fields.indexOf(name)]) as Bytes

describe('a damaged key', () => {
  it.each(fields.filter((name) => name !== 'd'))('with another %s signs nothing', async (name) => {
    for (const bit of name === 'e' || name === 'version' ? [0, 1, 7] : [0, 1, 100, 511, 1000]) {
      const pkcs8 = rsa.pkcs8.slice()
      const integer = fieldOf(pkcs8, name)
      const at = integer.length - 1 - (bit >> 3)
      integer[at] = (integer[at] as number) ^ (1 << (bit & 7))
      const { handle, opened } = signingKey('RSA_2048', pkcs8, rsa.spki)
      await expect(handle.sign(digest)).rejects.toThrow(/^(no such RSA key|an RSA signature failed its own check)$/)
      expect(opened.map((bytes) => bytes.every((byte) => byte === 0))).toEqual([true])
    }
  })

  it('of another length or family signs nothing', async () => {
    const other = newRsa(3072)
    await expect(signingKey('RSA_2048', other.pkcs8, other.spki).handle.sign(digest)).rejects.toThrow('no such RSA key')
    await expect(verifier('RSA_2048', other.spki).verify(digest, randomBytes(256))).rejects.toThrow('no such RSA key')
    const { handle } = signingKey('ECC_NIST_P256', rsa.pkcs8, rsa.spki)
    const asked = toSign('ECDSA_SHA_256', 'DIGEST', randomBytes(32))
    await expect(handle.sign(asked)).rejects.toThrow('a key of another algorithm')
  })

  it('with a public exponent of 1 verifies nothing', async () => {
    const spki = encodeRsaSpki(fieldOf(rsa.pkcs8, 'n'), Uint8Array.of(1))
    await expect(verifier('RSA_2048', spki).verify(digest, randomBytes(256))).rejects.toThrow('no such RSA key')
  })
})

describe('signatures', () => {
  it('of PKCS1 are determined, though each is made with other blinding', async () => {
    const { handle } = signingKey('RSA_2048', rsa.pkcs8, rsa.spki)
    expect(await handle.sign(digest)).toEqual(await handle.sign(digest))
  })

  it('with a public exponent of 3', async () => {
    const { pkcs8, spki } = newRsa(2048, 3)
    const { handle } = signingKey('RSA_2048', pkcs8, spki)
    expect(await handle.verify(digest, await handle.sign(digest))).toBe(true)
  })

  it('that are no residue are refused', async () => {
    const { handle } = signingKey('RSA_2048', rsa.pkcs8, rsa.spki)
    const modulus = toInteger(fieldOf(rsa.pkcs8, 'n'))
    let [signed, residue] = [digest, modulus]
    while (residue + modulus >= 1n << 2048n) {
      signed = { ...digest, message: randomBytes(32) }
      residue = toInteger(await handle.sign(signed))
    }
    expect(await handle.verify(signed, toOctets(residue, 256))).toBe(true)
    expect(await handle.verify(signed, toOctets(residue + modulus, 256))).toBe(false)
    expect(await handle.verify(signed, new Uint8Array(256).fill(0xff))).toBe(false)
    expect(await handle.verify(signed, new Uint8Array(256))).toBe(false)
  })

  it.each(['ECDSA_SHA_256', 'ML_DSA_SHAKE_256'] as const)('of %s are none of RSA', async (algorithm) => {
    const { handle } = signingKey('RSA_2048', rsa.pkcs8, rsa.spki)
    await expect(handle.sign(toSign(algorithm, 'DIGEST', randomBytes(32)))).rejects.toMatchObject({
      code: 'UnsupportedOperationException',
    })
  })
})

describe('EMSA-PSS', () => {
  it.each([2047, 2048, 2041, 2042])('of %i bits: no bit may differ', (bits) => {
    const [hashed, salt] = [randomBytes(32), randomBytes(32)]
    const encoded = encodePss(hashed, salt, bits, sha256)
    expect(encoded.length).toBe(Math.ceil(bits / 8))
    expect(isPss(hashed, encoded, bits, sha256)).toBe(true)
    for (let bit = 0; bit < encoded.length * 8; bit++) {
      if (isPss(hashed, flip(encoded, bit), bits, sha256)) expect.fail(`bit ${bit} makes no difference`)
    }
    expect(isPss(hashed, encoded.subarray(1), bits, sha256)).toBe(false)
  })
})

describe('integers', () => {
  const natural = fc.bigInt({ min: 0n, max: 1n << 300n })
  const odd = fc.bigInt({ min: 1n, max: 1n << 200n }).map((n) => 2n * n + 1n)

  it('powers are those of repeated multiplication', () => {
    fc.assert(
      fc.property(natural, fc.integer({ min: 0, max: 300 }), odd, (base, exponent, modulus) => {
        let expected = 1n
        for (let i = 0; i < exponent; i++) expected = (expected * base) % modulus
        expect(power(base, BigInt(exponent), modulus)).toBe(expected)
      }),
    )
  })

  it('inverses multiply to 1, where there are any', () => {
    const gcd = (a: bigint, b: bigint): bigint => (b === 0n ? a : gcd(b, a % b))
    fc.assert(
      fc.property(natural, odd, (integer, modulus) => {
        const found = inverse(integer, modulus)
        if (gcd(integer, modulus) !== 1n) expect(found).toBeUndefined()
        else expect(mod(integer * (found as bigint), modulus)).toBe(1n)
      }),
    )
  })

  it('go into octets and back', () => {
    fc.assert(fc.property(natural, (integer) => toInteger(toOctets(integer, 40)) === integer))
    expect(() => toOctets(256n, 1)).toThrow(RangeError)
  })

  it('are drawn from 1 to below the end', () => {
    const drawn = new Set(Array.from({ length: 200 }, () => randomBelow(4n)))
    expect(drawn).toEqual(new Set([1n, 2n, 3n]))
  })
})

describe('DER', () => {
  const sample = fc.oneof(
    fc.uint8Array({ maxLength: 300 }),
    fc.tuple(fc.nat(15_000), fc.nat(255)).map(([at, byte]) => rsa.pkcs8.with(at % rsa.pkcs8.length, byte)),
  )

  it('is read in its one form or not at all', () => {
    let read = 0
    fc.assert(
      fc.property(sample, (sampled) => {
        const bytes = new Uint8Array(sampled)
        const elements = readDer(bytes)
        if (!elements) return
        read++
        const again = elements.flatMap(({ tag, contents }) => [...encodeDer(tag, contents)])
        expect(Uint8Array.from(again)).toEqual(bytes)
      }),
      { numRuns: 500 },
    )
    expect(read).toBeGreaterThan(20)
  })
})
