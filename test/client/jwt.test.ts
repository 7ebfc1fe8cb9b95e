import { Hono } from 'hono'
import { createLocalJWKSet, errors, jwtVerify } from 'jose'
import { beforeAll, describe, expect, it } from 'vitest'
import { createMemoryStorage } from '../../src/adapters/memory/storage'
import { type JwtAlgorithm, jwks, kmsJwtSigner } from '../../src/client'
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
    const { id } = await newKey('ECC_SECG_P256K1')
    await expect(jwks({ kms, keyIds: [id] })).rejects.toThrow(RangeError)
  })
})
