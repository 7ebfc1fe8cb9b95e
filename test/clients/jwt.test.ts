import * as kms from '@aws-sdk/client-kms'
import { p256 } from '@noble/curves/nist.js'
import { secp256k1 } from '@noble/curves/secp256k1.js'
import { errors, importJWK, type JWTPayload, jwtVerify } from 'jose'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { httpKms, jwks, kmsJwtSigner } from '../../src/client'
import { modes, region, rootUser } from './server'
import { bytes, type Home, newKeyId, openHome, publicKeyOf } from './shell'

const issuer = 'https://issuer.example'
const audience = 'https://relying.example'
const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')

/** JWS has r and s side by side (RFC 7518 section 3.4), KMS answers in DER. */
const joseForm = (alg: string, signature: Buffer) =>
  alg === 'ES256' ? p256.Signature.fromBytes(Uint8Array.from(signature), 'der').toBytes('compact') : signature

/** Tokens that the AWS SDK had signed, read by jose, which knows of nothing but the token and the JWK. */
describe.each(modes)('JSON Web Tokens and jose, $mode', ({ leaseSeconds }) => {
  let home: Home
  beforeAll(async () => {
    home = await openHome(leaseSeconds)
  })
  afterAll(() => home.close())

  it.each([
    ['ES256', 'ECC_NIST_P256', 'ECDSA_SHA_256'],
    ['RS256', 'RSA_2048', 'RSASSA_PKCS1_V1_5_SHA_256'],
    ['PS256', 'RSA_2048', 'RSASSA_PSS_SHA_256'],
    ['EdDSA', 'ECC_NIST_EDWARDS25519', 'ED25519_SHA_512'],
  ] as const)('%s with a key of %s', async (alg, KeySpec, SigningAlgorithm) => {
    const { client } = home
    const newKey = () => newKeyId(client, { KeySpec, KeyUsage: 'SIGN_VERIFY' })
    const jwkOf = async (KeyId: string) => {
      const { PublicKey } = await client.send(new kms.GetPublicKeyCommand({ KeyId }))
      const jwk = publicKeyOf(bytes(PublicKey)).export({ format: 'jwk' })
      return importJWK({ ...jwk, alg, use: 'sig', kid: KeyId })
    }
    const [KeyId, other] = [await newKey(), await newKey()]
    const [key, otherKey] = [await jwkOf(KeyId), await jwkOf(other)]
    expect('type' in key && key.type).toBe('public')

    const header = { alg, typ: 'JWT', kid: KeyId }
    const now = Math.floor(Date.now() / 1000)
    const sign = async (claims: JWTPayload) => {
      const signed = `${encode(header)}.${encode(claims)}`
      const Message = Buffer.from(signed)
      const { Signature } = await client.send(new kms.SignCommand({ KeyId, SigningAlgorithm, Message }))
      return `${signed}.${Buffer.from(joseForm(alg, bytes(Signature))).toString('base64url')}`
    }
    const claims = { sub: 'alice', iss: issuer, aud: audience, iat: now, exp: now + 600 }
    const token = await sign(claims)
    const wanted = { issuer, audience, algorithms: [alg] }
    const { payload, protectedHeader } = await jwtVerify(token, key, wanted)
    expect({ payload, protectedHeader }).toEqual({ payload: claims, protectedHeader: header })

    const [head, , signature] = token.split('.')
    const forged = `${head}.${encode({ ...claims, sub: 'mallory' })}.${signature}`
    const invalid = errors.JWSSignatureVerificationFailed
    await expect(jwtVerify(forged, key, wanted)).rejects.toBeInstanceOf(invalid)
    await expect(jwtVerify(token, otherKey, wanted)).rejects.toBeInstanceOf(invalid)
    const late = await sign({ ...claims, iat: now - 900, exp: now - 300 })
    await expect(jwtVerify(late, key, wanted)).rejects.toBeInstanceOf(errors.JWTExpired)
  })

  // jose has no ES256K: the token comes from the helper over HTTP, and noble verifies it.
  it('ES256K with a key of ECC_SECG_P256K1, by the JWT helper', async () => {
    const { client } = home
    const keyId = await newKeyId(client, { KeySpec: 'ECC_SECG_P256K1', KeyUsage: 'SIGN_VERIFY' })
    const own = httpKms({ endpoint: home.url, region, credentials: rootUser })
    const token = await kmsJwtSigner({ kms: own, keyId, alg: 'ES256K' }).sign({ sub: 'alice' })
    const { keys } = await jwks({ kms: own, keyIds: [keyId] })
    const { PublicKey } = await client.send(new kms.GetPublicKeyCommand({ KeyId: keyId }))
    const jwk = publicKeyOf(bytes(PublicKey)).export({ format: 'jwk' })
    expect(keys).toEqual([{ ...jwk, alg: 'ES256K', use: 'sig', kid: keyId }])

    const [head, body, signature = ''] = token.split('.')
    const decode = (text = '') => Uint8Array.from(Buffer.from(text, 'base64url'))
    const point = Uint8Array.of(4, ...decode(jwk.x), ...decode(jwk.y))
    const isVerified = (signed: string) => secp256k1.verify(decode(signature), Buffer.from(signed), point)
    expect(isVerified(`${head}.${body}`)).toBe(true)
    expect(isVerified(`${head}.${encode({ sub: 'mallory' })}`)).toBe(false)
  })
})
