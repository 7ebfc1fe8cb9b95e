import { describe, expect, it } from 'vitest'
import { encodeUtf8 } from '../../../src/codec/bytes'
import { must, newKey, type Open } from './harness'
import { outside, type Scheme, scalarsOf, schemes } from './outside'

export function tokens(open: Open): void {
  describe('JSON Web Tokens', () => {
    const jwtAlgorithms = {
      RS256: 'RSASSA_PKCS1_V1_5_SHA_256',
      PS256: 'RSASSA_PSS_SHA_256',
      ES256: 'ECDSA_SHA_256',
      EdDSA: 'ED25519_SHA_512',
    }
    it.each(Object.entries(jwtAlgorithms))(
      'signed as %s verify against a JWK of the public key',
      async (alg, algorithm) => {
        const kms = await open()
        const scheme = schemes.find((one) => one.algorithm === algorithm) as Scheme
        const { KeyId } = await newKey(kms, { KeySpec: scheme.keySpec, KeyUsage: 'SIGN_VERIFY' })
        const { PublicKey } = await must(kms, 'GetPublicKey', { KeyId })
        const base64url = (part: Bytes) =>
          btoa(String.fromCharCode(...part))
            .replace(/\+/g, '-')
            .replace(/\//g, '_')
            .replace(/=+$/, '')
        const text = (value: object) => base64url(encodeUtf8(JSON.stringify(value)))
        const signed = `${text({ alg, typ: 'JWT', kid: KeyId })}.${text({ sub: 'alice', iat: 1 })}`
        const input = encodeUtf8(signed)
        const { Signature } = await must(kms, 'Sign', { KeyId, SigningAlgorithm: scheme.algorithm, Message: input })
        const form = scheme.fieldBytes ? scalarsOf(Signature, scheme.fieldBytes) : Signature
        const token = `${signed}.${base64url(form)}`

        // As a relying party: it has the token and the JWK.
        const jwk = await outside.exportKey(
          'jwk',
          await outside.importKey('spki', PublicKey, scheme.key, true, ['verify']),
        )
        const key = await outside.importKey('jwk', jwk, scheme.key, false, ['verify'])
        const [head, body, tail = ''] = token.split('.')
        const signature = Uint8Array.from(atob(tail.replace(/-/g, '+').replace(/_/g, '/')), (char) =>
          char.charCodeAt(0),
        )
        const check = (claims: string) => outside.verify(scheme.use, key, signature, encodeUtf8(claims))
        expect(await check(`${head}.${body}`)).toBe(true)
        expect(await check(`${head}.${text({ sub: 'mallory', iat: 1 })}`)).toBe(false)
      },
    )
  })
}
