import { createPublicKey, verify } from 'node:crypto'
import { secp256k1 } from '@noble/curves/secp256k1.js'
import { Hono } from 'hono'
import { createLocalJWKSet, errors, jwtVerify } from 'jose'
import { beforeAll, describe, expect, it } from 'vitest'
import { createMemoryStorage } from '../../src/adapters/memory/storage'
import { type JwtAlgorithm, jwks, kmsJwtSigner, type PublicJwk } from '../../src/client'
import { encodeEcdsaSignature } from '../../src/codec/ecdsa-signature'
import { curves } from '../../src/codec/key-algorithms'
import { encodeEcSpki } from '../../src/codec/spki'
import type { KeySpec } from '../../src/model/generated/types'
import { type KmsClient, kmsClient } from '../../src/service/client'
import { composeKms, rootPrincipal } from '../suites/compose'

const issuer = 'https://issuer.example'
const audience = 'https://relying.example'
const claims = () => {
  const iat = Math.floor(Date.now() / 1000)
  return { sub: 'alice', iss: issuer, aud: audience, iat, exp: iat + 600 }
}

let kms: KmsClient
beforeAll(async () => {
  kms = kmsClient(await composeKms(createMemoryStorage()), rootPrincipal)
})

async function newKey(spec: KeySpec): Promise<{ readonly id: string; readonly arn: string }> {
  const { KeyMetadata } = await kms.createKey({ KeySpec: spec, KeyUsage: 'SIGN_VERIFY' })
  return { id: KeyMetadata?.KeyId as string, arn: KeyMetadata?.Arn as string }
}
type Jwks = Parameters<typeof createLocalJWKSet>[0]
const keySet = async (...keyIds: Parameters<typeof jwks>[0]['keyIds']) =>
  createLocalJWKSet((await jwks({ kms, keyIds })) as unknown as Jwks)

describe('tokens that jose verifies', () => {
  const rows: [JwtAlgorithm, KeySpec, object][] = [
    ['RS256', 'RSA_2048', { kty: 'RSA', e: 'AQAB' }],
    ['PS256', 'RSA_3072', { kty: 'RSA', e: 'AQAB' }],
    ['ES256', 'ECC_NIST_P256', { kty: 'EC', crv: 'P-256', alg: 'ES256' }],
    ['ES384', 'ECC_NIST_P384', { kty: 'EC', crv: 'P-384', alg: 'ES384' }],
    ['ES512', 'ECC_NIST_P521', { kty: 'EC', crv: 'P-521', alg: 'ES512' }],
    ['EdDSA', 'ECC_NIST_EDWARDS25519', { kty: 'OKP', crv: 'Ed25519', alg: 'EdDSA' }],
  ]
  it.each(rows)('%s with a key of %s', async (alg, spec, members) => {
    const [{ id, arn }, other] = [await newKey(spec), await newKey(spec)]
    const signer = kmsJwtSigner({ kms, keyId: arn, alg })
    const wanted = claims()
    const wants = { issuer, audience, algorithms: [alg] }
    // A signature of ECDSA has another length in DER from time to time.
    for (let i = 0; i < 8; i++) {
      const { payload, protectedHeader } = await jwtVerify(
        await signer.sign(wanted),
        await keySet(other.arn, id),
        wants,
      )
      expect({ payload, protectedHeader }).toEqual({ payload: wanted, protectedHeader: { typ: 'JWT', alg, kid: id } })
    }
    const { keys } = await jwks({ kms, keyIds: [arn] })
    expect(keys).toEqual([expect.objectContaining({ ...members, use: 'sig', kid: id })])
    expect(keys[0]).not.toHaveProperty('d')
    const token = await signer.sign(wanted)
    await expect(jwtVerify(token, await keySet({ keyId: other.arn, kid: id }), wants)).rejects.toBeInstanceOf(
      errors.JWSSignatureVerificationFailed,
    )
    await expect(jwtVerify(token, await keySet(other.arn), wants)).rejects.toBeInstanceOf(errors.JWKSNoMatchingKey)
  })

  it.each([
    ['ES256', 'ECC_NIST_P256'],
    ['PS256', 'RSA_2048'],
  ] as const)('%s, longer than KMS takes in one piece', async (alg, spec) => {
    const { id } = await newKey(spec)
    const long = { ...claims(), scope: 'x'.repeat(5_000) }
    const token = await kmsJwtSigner({ kms, keyId: id, alg }).sign(long)
    expect((await jwtVerify(token, await keySet(id))).payload).toEqual(long)
  })
})

/** WebCrypto, and so jose, has no secp256k1. noble takes only the lower half of s unless told otherwise. */
describe('ES256K', () => {
  const order = curves.ECC_SECG_P256K1.order
  const fromBase64Url = (text = '') => Uint8Array.from(Buffer.from(text, 'base64url'))
  const partsOf = (token: string) => {
    const [head = '', body = '', signature] = token.split('.')
    return { head, body, signed: Buffer.from(`${head}.${body}`), signature: fromBase64Url(signature) }
  }
  const isVerified = ({ signed, signature }: ReturnType<typeof partsOf>, { x, y }: PublicJwk) =>
    secp256k1.verify(signature, signed, Uint8Array.of(4, ...fromBase64Url(x), ...fromBase64Url(y)))
  const number = (value: bigint) => Buffer.from(value.toString(16).padStart(64, '0'), 'hex')
  const signatureOf = (r: bigint, s: bigint) => Uint8Array.from([...number(r), ...number(s)])

  it.each([
    ['short', claims()],
    ['longer than KMS takes in one piece', { ...claims(), scope: 'x'.repeat(5_000) }],
  ])('%s tokens verify with the published key alone', async (_, wanted) => {
    const [{ id, arn }, other] = [await newKey('ECC_SECG_P256K1'), await newKey('ECC_SECG_P256K1')]
    const { keys } = await jwks({ kms, keyIds: [arn, other.arn] })
    const [key, otherKey] = keys as [PublicJwk, PublicJwk]
    const signer = kmsJwtSigner({ kms, keyId: arn, alg: 'ES256K' })
    for (let i = 0; i < 8; i++) {
      const parts = partsOf(await signer.sign(wanted))
      expect(JSON.parse(Buffer.from(parts.head, 'base64url').toString())).toEqual({
        typ: 'JWT',
        alg: 'ES256K',
        kid: id,
      })
      expect(JSON.parse(Buffer.from(parts.body, 'base64url').toString())).toEqual(wanted)
      expect(isVerified(parts, key)).toBe(true)
      expect(isVerified(parts, otherKey)).toBe(false)
      expect(isVerified({ ...parts, signed: Buffer.from(`${parts.head}.${parts.body}x`) }, key)).toBe(false)
      // OpenSSL reads the JWK by itself.
      const imported = createPublicKey({ key: { ...key }, format: 'jwk' })
      expect(verify('sha256', parts.signed, { key: imported, dsaEncoding: 'ieee-p1363' }, parts.signature)).toBe(true)
    }
  })

  it('has the lower half of s, whatever KMS answers', async () => {
    const { id } = await newKey('ECC_SECG_P256K1')
    const high: typeof kms.sign = async (input) => {
      const output = await kms.sign(input)
      const { r, s } = secp256k1.Signature.fromBytes(Uint8Array.from(output.Signature ?? []), 'der')
      return { ...output, Signature: encodeEcdsaSignature(signatureOf(r, s > order / 2n ? s : order - s), 32) }
    }
    const [key] = (await jwks({ kms, keyIds: [id] })).keys as [PublicJwk]
    for (let i = 0; i < 4; i++) {
      const token = await kmsJwtSigner({ kms: { sign: high }, keyId: id, alg: 'ES256K' }).sign(claims())
      expect(isVerified(partsOf(token), key)).toBe(true)
    }
  })

  it.each([
    ['the greatest low s', order / 2n, order / 2n],
    ['the least high s', order / 2n + 1n, order / 2n],
    ['the greatest s', order - 1n, 1n],
    ['an s whose counterpart is short', order - 0x1ff00n, 0x1ff00n],
    ['a short s', 1n, 1n],
  ])('%s', async (_, s, wanted) => {
    const sign = async () => ({ Signature: encodeEcdsaSignature(signatureOf(order - 2n, s), 32) })
    const token = await kmsJwtSigner({ kms: { sign }, keyId: 'k', alg: 'ES256K' }).sign({})
    expect(partsOf(token).signature).toEqual(signatureOf(order - 2n, wanted))
  })

  it('leaves the s of other curves as it is', async () => {
    const sign = async () => ({ Signature: encodeEcdsaSignature(signatureOf(2n, order - 1n), 32) })
    const token = await kmsJwtSigner({ kms: { sign }, keyId: 'k', alg: 'ES256' }).sign({})
    expect(partsOf(token).signature).toEqual(signatureOf(2n, order - 1n))
  })

  it('publishes x and y with the zeros before them', async () => {
    const point = firstPointWithZero()
    const [key] = (await jwks({ kms: answering(encodeEcSpki(curves.ECC_SECG_P256K1, point)), keyIds: ['k'] })).keys
    expect(key).toEqual({
      kty: 'EC',
      crv: 'secp256k1',
      x: Buffer.from(point.subarray(1, 33)).toString('base64url'),
      y: Buffer.from(point.subarray(33)).toString('base64url'),
      alg: 'ES256K',
      use: 'sig',
      kid: 'k',
    })
    expect(fromBase64Url(key?.x)[0]).toBe(0)
  })

  const point = secp256k1.getPublicKey(number(7n), false)
  const spki = encodeEcSpki(curves.ECC_SECG_P256K1, point)
  it.each<[string, Bytes]>([
    ['a compressed point', encodeEcSpki(curves.ECC_SECG_P256K1, secp256k1.getPublicKey(number(7n)))],
    ['another curve', encodeEcSpki(curves.ECC_NIST_P256, point)],
    ['a byte too few', spki.slice(0, -1)],
    ['a byte too many', Uint8Array.of(...spki, 0)],
    ['nothing', new Uint8Array(0)],
  ])('a published key is not %s', async (_, PublicKey) => {
    await expect(jwks({ kms: answering(PublicKey), keyIds: ['k'] })).rejects.toThrow(RangeError)
  })

  /** A KMS whose one key is this one. */
  function answering(PublicKey: Bytes) {
    return { getPublicKey: async () => ({ PublicKey, KeySpec: 'ECC_SECG_P256K1' as const, KeyId: 'k' }) }
  }

  /** Of the multiples of the base point the first whose x begins with a zero byte. */
  function firstPointWithZero() {
    for (let scalar = 1n; ; scalar++) {
      const point = secp256k1.getPublicKey(number(scalar), false)
      if (point[1] === 0) return point
    }
  }
})

describe('kmsJwtSigner', () => {
  it('lets typ and further members be chosen, alg and kid not', async () => {
    const { id } = await newKey('ECC_NIST_P256')
    const signer = kmsJwtSigner({ kms, keyId: id, alg: 'ES256', kid: 'main' })
    const token = await signer.sign(claims(), { typ: 'at+jwt', cty: 'x', alg: 'none', kid: 'other' })
    const { protectedHeader } = await jwtVerify(token, await keySet({ keyId: id, kid: 'main' }))
    expect(protectedHeader).toEqual({ typ: 'at+jwt', cty: 'x', alg: 'ES256', kid: 'main' })
  })

  it('signs by alias under a kid of its own', async () => {
    const { id } = await newKey('ECC_NIST_P256')
    await kms.createAlias({ AliasName: 'alias/tokens', TargetKeyId: id })
    expect(() => kmsJwtSigner({ kms, keyId: 'alias/tokens', alg: 'ES256' })).toThrow(RangeError)
    const token = await kmsJwtSigner({ kms, keyId: 'alias/tokens', alg: 'ES256', kid: id }).sign(claims())
    expect((await jwtVerify(token, await keySet('alias/tokens'))).payload.sub).toBe('alice')
  })

  it('throws what KMS says, and refuses an algorithm that is none', async () => {
    const { id } = await newKey('ECC_NIST_P256')
    const code = 'InvalidKeyUsageException'
    await expect(kmsJwtSigner({ kms, keyId: id, alg: 'RS256' }).sign({})).rejects.toMatchObject({ code })
    for (const alg of ['none', 'HS256', 'toString']) {
      expect(() => kmsJwtSigner({ kms, keyId: id, alg: alg as JwtAlgorithm })).toThrow(RangeError)
    }
  })
})

describe('jwks', () => {
  it('is a route in a few lines', async () => {
    const [old, current] = [await newKey('ECC_NIST_P256'), await newKey('RSA_2048')]
    const app = new Hono()
    app.get('/.well-known/jwks.json', async (c) => {
      const set = await jwks({ kms, keyIds: [old.id, { keyId: current.id, alg: 'PS256' }] })
      return c.json(set, 200, { 'cache-control': 'public, max-age=300' })
    })
    const response = await app.request('/.well-known/jwks.json')
    expect(response.headers.get('cache-control')).toBe('public, max-age=300')
    const set = createLocalJWKSet((await response.json()) as Jwks)
    for (const [{ id }, alg] of [
      [old, 'ES256'],
      [current, 'PS256'],
    ] as const) {
      expect((await jwtVerify(await kmsJwtSigner({ kms, keyId: id, alg }).sign(claims()), set)).payload.sub).toBe(
        'alice',
      )
    }
    const wrongAlg = await kmsJwtSigner({ kms, keyId: current.id, alg: 'RS256' }).sign(claims())
    await expect(jwtVerify(wrongAlg, set)).rejects.toThrow()
  })

  it('refuses keys that sign no tokens', async () => {
    const { id } = await newKey('ML_DSA_44')
    await expect(jwks({ kms, keyIds: [id] })).rejects.toThrow(RangeError)
  })
})
