import { createHmac } from 'node:crypto'
import { exportJWK, exportSPKI, generateKeyPair, SignJWT } from 'jose'
import { describe, expect, it, vi } from 'vitest'
import { providerUnreachable } from '../../../src/identity/sts/errors'
import type { StsParts } from '../../../src/identity/sts/service'
import type { Jwk } from '../../../src/identity/sts/web-identity'
import { outcome } from './helpers'
import {
  algorithms,
  assume,
  base64Url,
  claims,
  issuer,
  keys,
  noKey,
  notAJwt,
  notVerified,
  pairs,
  provider,
  sign,
  world,
  wrongAlgorithm,
} from './id-tokens'

describe('attacks on the signature', () => {
  it('no algorithm', async () => {
    const token = await sign()
    const [, payload, signature] = token.split('.')
    for (const alg of ['none', 'None', 'NONE', '', 'constructor']) {
      for (const end of ['', signature]) {
        expect(await outcome(assume(`${base64Url({ alg, kid: 'RS256' })}.${payload}.${end}`))).toBe(wrongAlgorithm)
      }
    }
    expect(await outcome(assume(`${base64Url({ kid: 'RS256' })}.${payload}.${signature}`))).toBe(wrongAlgorithm)
  })

  it('HS256 with the public key, or with the secret of the set, for a secret', async () => {
    const spki = await exportSPKI(pairs.get('RS256')?.publicKey as CryptoKey)
    for (const [kid, secret] of [
      ['RS256', spki],
      ['RS256', JSON.stringify(keys[0])],
      ['oct', 'secret'],
    ] as const) {
      const signed = `${base64Url({ alg: 'HS256', kid })}.${base64Url(claims)}`
      const mac = createHmac('sha256', secret).update(signed).digest('base64url')
      expect(await outcome(assume(`${signed}.${mac}`))).toBe(wrongAlgorithm)
    }
  })

  it.each(['PS256', 'ES384'])('%s, which is not taken', async (alg) => {
    expect(await outcome(assume(await sign(claims, alg)))).toBe(wrongAlgorithm)
  })

  it('the algorithm of another key', async () => {
    for (const alg of algorithms) {
      for (const kid of [...algorithms, 'oct', 'unknown', 'ES384'].filter((other) => other !== alg)) {
        expect(await outcome(assume(await sign(claims, alg, { kid })))).toBe(noKey)
      }
    }
  })

  it('another key under a known id', async () => {
    for (const alg of algorithms) {
      const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true })
      expect(await outcome(assume(await sign(claims, alg, {}, privateKey)))).toBe(notVerified)
      const jwk = await exportJWK(publicKey)
      expect(
        await outcome(assume(await sign(claims, alg, { jwk, jku: 'https://evil.example.com/jwks' }, privateKey))),
      ).toBe(notVerified)
    }
  })

  it('changed claims, changed signatures', async () => {
    for (const alg of algorithms) {
      const [header, payload, signature = ''] = (await sign(claims, alg)).split('.')
      const changed = base64Url({ ...claims, sub: 'admin' })
      expect(await outcome(assume(`${header}.${changed}.${signature}`))).toBe(notVerified)
      expect(await outcome(assume(`${header}.${payload}.`))).toBe(notVerified)
      expect(await outcome(assume(`${header}.${payload}.${base64Url('x'.repeat(64))}`))).toBe(notVerified)
      expect(await outcome(assume(`${header}.${payload}.${Buffer.alloc(64).toString('base64url')}`))).toBe(notVerified)
      expect(await outcome(assume(`${header}.${payload}.${signature.slice(0, -4)}`))).toBe(notVerified)
    }
  })

  it('extensions that nobody understands', async () => {
    const signed = (header: object) => `${base64Url({ alg: 'RS256', kid: 'RS256', ...header })}.${base64Url(claims)}`
    const bySelf = async (text: string) => {
      const key = pairs.get('RS256')?.privateKey as CryptoKey
      const signature = await crypto.subtle.sign('RSASSA-PKCS1-v1_5', key, Buffer.from(text))
      return `${text}.${Buffer.from(signature).toString('base64url')}`
    }
    expect(await outcome(assume(await bySelf(signed({}))))).toBe('ok')
    expect(await outcome(assume(await bySelf(signed({ crit: ['x'], x: 1 }))))).toBe(notVerified)
    expect(await outcome(assume(await bySelf(signed({ crit: ['b64'], b64: false }))))).toBe(notVerified)
  })

  it.each([
    ['one word', 'aaaa'],
    ['two parts', `${base64Url({ alg: 'RS256' })}.${base64Url(claims)}`],
    ['four parts', `${base64Url({ alg: 'RS256' })}.${base64Url(claims)}.AA.AA`],
    ['an encrypted token', `${base64Url({ alg: 'RSA-OAEP', enc: 'A256GCM' })}.AA.AA.AA.AA`],
    ['a list for a header', `${base64Url([])}.${base64Url(claims)}.AA`],
    ['text for claims', `${base64Url({ alg: 'RS256' })}.${base64Url('"x"')}.AA`],
    ['a key id that is no text', `${base64Url({ alg: 'RS256', kid: 1 })}.${base64Url(claims)}.AA`],
    ['padding', `${base64Url({ alg: 'RS256' })}=.${base64Url(claims)}.AA`],
  ])('%s is no JWT', async (_name, token) => {
    expect(await outcome(assume(token))).toBe(notAJwt)
  })

  it('a token over 20,000 characters is not looked at, and not told back', async () => {
    expect(await outcome(assume('a'.repeat(20_001)))).toBe(
      "ValidationError 400: 1 validation error detected: Value '...' at 'webIdentityToken' failed to satisfy constraint: Member must have length less than or equal to 20000",
    )
  })

  it('a weak RSA key is not used', async () => {
    const { generateKeyPairSync } = await import('node:crypto')
    const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 1024 })
    const jwks = JSON.stringify({ keys: [{ ...publicKey.export({ format: 'jwk' }), kid: 'RS256' }] })
    expect(await outcome(assume(await sign(), world({ providers: [provider({ jwks })] })))).toBe(notVerified)
  })
})

describe('keys', () => {
  const fetching = (...answers: readonly (readonly Jwk[] | Error)[]) => {
    const given = [...answers]
    const fetchJwks = vi.fn<StsParts['fetchJwks']>(async () => {
      const next = given.shift()
      if (!next) throw new Error('fetched too often')
      if (next instanceof Error) throw next
      return { keys: next as readonly Jwk[] }
    })
    return { fetchJwks, world: world({ providers: [provider({ jwks: undefined })], parts: { fetchJwks } }) }
  }

  it('are fetched from the issuer that is registered', async () => {
    const { fetchJwks, world } = fetching(keys)
    expect(await outcome(assume(await sign(), world))).toBe('ok')
    expect(fetchJwks.mock.calls).toEqual([[issuer]])
  })
  it('are asked for once more for an unknown key id', async () => {
    const { fetchJwks, world } = fetching([], keys)
    expect(await outcome(assume(await sign(), world))).toBe('ok')
    expect(fetchJwks.mock.calls).toEqual([[issuer], [issuer, { unknownKid: true }]])
    expect(await outcome(assume(await sign(), fetching([], []).world))).toBe(noKey)
  })
  it('are not fetched for an unknown issuer, another algorithm or something else', async () => {
    const { fetchJwks, world } = fetching()
    const tokens = [await sign({ ...claims, iss: 'https://evil.example.com' }), await sign(claims, 'PS256'), 'aaaa']
    for (const token of tokens) expect(await outcome(assume(token, world))).toContain('InvalidIdentityToken')
    expect(fetchJwks).not.toHaveBeenCalled()
  })
  it('that cannot be fetched', async () => {
    expect(await outcome(assume(await sign(), fetching(providerUnreachable()).world))).toBe(
      'IDPCommunicationError 400: The identity provider could not be reached for the keys that verify its tokens.',
    )
  })
  it('that are pinned are the only ones', async () => {
    const jwks = JSON.stringify({ keys: keys.filter(({ kid }) => kid !== 'RS256') })
    expect(await outcome(assume(await sign(), world({ providers: [provider({ jwks })] })))).toBe(noKey)
    for (const broken of ['', '{', '[]', '{"keys":{}}', 'null']) {
      expect(await outcome(assume(await sign(), world({ providers: [provider({ jwks: broken })] })))).toBe(noKey)
    }
  })
  it('without a key id, one that fits may serve, two may not', async () => {
    const token = await new SignJWT(claims)
      .setProtectedHeader({ alg: 'ES256' })
      .sign(pairs.get('ES256')?.privateKey as CryptoKey)
    expect(await outcome(assume(token))).toBe('ok')
    const another = { ...(await exportJWK((await generateKeyPair('ES256')).publicKey)), kid: 'more' }
    const jwks = JSON.stringify({ keys: [...keys, another] })
    expect(await outcome(assume(token, world({ providers: [provider({ jwks })] })))).toBe(noKey)
  })
  it.each([
    ['for encryption', { use: 'enc' }],
    ['of another algorithm', { alg: 'RS512' }],
    ['of another operation', { key_ops: ['encrypt'] }],
  ])('%s are not used', async (_name, more) => {
    const jwks = JSON.stringify({ keys: keys.map((key) => ({ ...key, ...more })) })
    expect(await outcome(assume(await sign(), world({ providers: [provider({ jwks })] })))).toBe(noKey)
  })
})
