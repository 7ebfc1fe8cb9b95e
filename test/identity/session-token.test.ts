import fc from 'fast-check'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { createRootCrypto, importRootKeys } from '../../src/adapters/webcrypto'
import { decodeBase64Url, decodeHex, encodeBase64Url, encodeUtf8 } from '../../src/codec/bytes'
import {
  maxSessionTokenChars,
  openSessionToken,
  packedPolicySize,
  sealSessionToken,
  type TemporaryCredential,
  type TemporaryPrincipal,
} from '../../src/identity/session-token'
import type { Session } from '../../src/policy/principal'
import vectors from '../vectors/formats.json'

const accountId = '111122223333'
const accessKeyId = 'ASIADHPWNEHFAEAQCAIB'
const root = (fill: number) => btoa(String.fromCharCode(...new Uint8Array(32).fill(fill)))
const directory = async (keys = `a:${root(1)}`, account = accountId, region = 'directory') =>
  createRootCrypto({ roots: await importRootKeys(keys), accountId: account, region })

const credential = (session: Partial<Session> = {}): TemporaryCredential => ({
  principal: {
    kind: 'role-session',
    accountId,
    accessKeyId,
    roleId: 'AROADBQP57FF2AEXAMPLE',
    roleName: 'deployer',
    path: '/',
    sessionName: 'build-17',
    session: { issuedAtMs: 1_795_683_600_000, expiresAtMs: 1_795_687_200_000, ...session },
  },
  secretAccessKey: 'x'.repeat(40),
})

const document = JSON.stringify({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Action: 'kms:*', Resource: '*' }],
})

afterEach(() => vi.restoreAllMocks())

describe('a session token', () => {
  const sessions: [string, Partial<Session>][] = [
    ['of the bare session', {}],
    [
      'with everything',
      {
        issuerAccessKeyId: 'AKIADHPWNEHFAEAQCAIB',
        policies: [document, document],
        policyArns: ['arn:aws:iam::aws:policy/AdministratorAccess'],
        tags: { team: 'blé', '1': '', __proto__x: 'y' },
        transitiveTagKeys: ['team'],
        sourceIdentity: 'alice',
        federatedProvider: `arn:aws:iam::${accountId}:oidc-provider/idp.example.com`,
      },
    ],
  ]
  it.each(sessions)('%s opens to what was sealed', async (_name, session) => {
    const crypto = await directory()
    const token = await sealSessionToken(crypto, credential(session))
    expect(token).toMatch(/^[A-Za-z0-9_-]+$/)
    expect(await openSessionToken(crypto, token, accessKeyId)).toEqual(credential(session))
  })

  const principals: TemporaryPrincipal[] = [
    { kind: 'root', accountId, accessKeyId, session: { issuedAtMs: 1, expiresAtMs: 2 } },
    {
      kind: 'user',
      accountId,
      accessKeyId,
      userId: 'AIDAX',
      userName: 'a',
      path: '/',
      session: { issuedAtMs: 1, expiresAtMs: 2 },
    },
    { kind: 'federated-user', accountId, accessKeyId, name: 'bob', session: { issuedAtMs: 1, expiresAtMs: 2 } },
  ]
  it.each(principals)('of kind $kind', async (principal) => {
    const crypto = await directory()
    const token = await sealSessionToken(crypto, { principal, secretAccessKey: 's' })
    expect(await openSessionToken(crypto, token, accessKeyId)).toEqual({ principal, secretAccessKey: 's' })
  })

  it('keeps a policy as a value: white space goes, nothing else', async () => {
    const crypto = await directory()
    const spaced = JSON.stringify(JSON.parse(document), null, 4)
    const token = await sealSessionToken(crypto, credential({ policies: [spaced] }))
    expect((await openSessionToken(crypto, token, accessKeyId))?.principal.session.policies).toEqual([document])
  })

  it('is the one of another implementation', async () => {
    const { salt, iv, principal, secretAccessKey, token } = vectors.sessionToken
    const keys = Object.entries(vectors.roots).map(([id, key]) => `${id}:${key}`)
    const given = { principal, secretAccessKey } as unknown as TemporaryCredential
    const port = await directory(keys.sort().join(','))
    expect(await openSessionToken(port, token, accessKeyId)).toEqual(given)
    const random = decodeHex(salt + iv) as Bytes
    vi.spyOn(crypto, 'getRandomValues').mockImplementation((target) => {
      ;(target as unknown as Uint8Array).set(random)
      return target
    })
    expect(await sealSessionToken(port, given)).toBe(token)
  })
})

describe('what is no session token', () => {
  it('opens nowhere but in its own account, Directory, root key and access key id', async () => {
    const token = await sealSessionToken(await directory(), credential())
    const places: [string, Awaited<ReturnType<typeof directory>>, string][] = [
      ['another root key of the same id', await directory(`a:${root(2)}`), accessKeyId],
      ['root keys without that id', await directory(`b:${root(1)}`), accessKeyId],
      ['another account', await directory(undefined, '444455556666'), accessKeyId],
      ['a Region', await directory(undefined, accountId, 'us-east-1'), accessKeyId],
      ['another access key id', await directory(), 'ASIADHPWNEHFAEAQCAIC'],
      ['the id of a long-term key', await directory(), 'AKIADHPWNEHFAEAQCAIB'],
      ['no access key id', await directory(), ''],
    ]
    for (const [name, crypto, id] of places)
      expect([name, await openSessionToken(crypto, token, id)]).toEqual([name, undefined])
    const both = await directory(`b:${root(2)},a:${root(1)}`)
    expect(await openSessionToken(both, token, accessKeyId)).toEqual(credential())
  })

  it('a token of another purpose, or one whose content names another key', async () => {
    const crypto = await directory()
    const binding = encodeUtf8(accessKeyId)
    const text = JSON.stringify({ ...credential() })
    const value = (version: number, json: string) => new Uint8Array([version, ...encodeUtf8(json)])
    const seal = async (purpose: 'session' | 'marker', bytes: Bytes) =>
      encodeBase64Url(await crypto.sealToken(purpose, binding, bytes))
    expect(await openSessionToken(crypto, await seal('session', value(1, text)), accessKeyId)).toEqual(credential())
    const others: [string, string][] = [
      ['purpose', await seal('marker', value(1, text))],
      ['version', await seal('session', value(2, text))],
      ['nothing', await seal('session', new Uint8Array(0))],
      ['no JSON', await seal('session', value(1, '{'))],
      ['no UTF-8', await seal('session', new Uint8Array([1, 0xff]))],
      ['null', await seal('session', value(1, 'null'))],
      ['no secret', await seal('session', value(1, JSON.stringify({ principal: credential().principal })))],
      ['no session', await seal('session', value(1, text.replace('"session"', '"other"')))],
      ['no times', await seal('session', value(1, text.replace('1795687200000', '"soon"')))],
      ['another key', await seal('session', value(1, text.replace(accessKeyId, 'ASIADHPWNEHFAEAQCAIC')))],
    ]
    for (const [name, token] of others) {
      expect([name, await openSessionToken(crypto, token, accessKeyId)]).toEqual([name, undefined])
    }
  })

  it('any bit changed, any length cut, anything added', async () => {
    const crypto = await directory()
    const token = await sealSessionToken(crypto, credential())
    const bytes = decodeBase64Url(token) as Bytes
    for (let i = 0; i < bytes.length; i += 7) {
      const flipped = Uint8Array.from(bytes)
      flipped[i] = (flipped[i] as number) ^ (1 << (i % 8))
      expect(await openSessionToken(crypto, encodeBase64Url(flipped), accessKeyId)).toBeUndefined()
    }
    for (let length = 0; length < token.length; length += 11) {
      expect(await openSessionToken(crypto, token.slice(0, length), accessKeyId)).toBeUndefined()
    }
    for (const more of ['A', 'AAAA', '=', ' ', '\n', '.', '+', '%']) {
      expect(await openSessionToken(crypto, token + more, accessKeyId)).toBeUndefined()
      expect(await openSessionToken(crypto, more + token, accessKeyId)).toBeUndefined()
    }
  })

  it('any text', async () => {
    const crypto = await directory()
    const texts = fc.oneof(fc.string(), fc.base64String({ maxLength: 6000 }), fc.string({ unit: 'grapheme' }))
    await fc.assert(
      fc.asyncProperty(texts, async (text) => (await openSessionToken(crypto, text, accessKeyId)) === undefined),
    )
  })

  it('is not decoded when it is too long', async () => {
    const openToken = vi.fn()
    expect(await openSessionToken({ openToken }, 'A'.repeat(maxSessionTokenChars + 1), accessKeyId)).toBeUndefined()
    expect(openToken).not.toHaveBeenCalled()
    await openSessionToken({ openToken }, 'A'.repeat(maxSessionTokenChars), accessKeyId)
    expect(openToken).toHaveBeenCalledOnce()
  })
})

describe('size', () => {
  const tags = (length: number) => ({ tags: { a: 'x'.repeat(length) } })

  it('4,096 characters fit, more are PackedPolicyTooLarge', async () => {
    const crypto = await directory()
    let [fits, fails] = [0, 8000]
    while (fails - fits > 1) {
      const middle = (fits + fails) >> 1
      const token = await sealSessionToken(crypto, credential(tags(middle))).catch((error) => {
        expect(error).toMatchObject({ code: 'PackedPolicyTooLarge', status: 400 })
        return undefined
      })
      if (token === undefined) fails = middle
      else fits = middle
    }
    const longest = await sealSessionToken(crypto, credential(tags(fits)))
    expect(longest.length).toBeGreaterThan(maxSessionTokenChars - 4)
    expect(longest.length).toBeLessThanOrEqual(maxSessionTokenChars)
    expect(packedPolicySize(credential(tags(fits)))).toBeLessThanOrEqual(102)
    expect(packedPolicySize(credential(tags(fits)))).toBeGreaterThan(97)
  })

  it('has room for the longest session policy, full of quotes', async () => {
    const action = (i: number) => `"kms:Action${i}"`
    let policy = ''
    for (let n = 1; ; n++) {
      const list = Array.from({ length: n }, (_, i) => action(i)).join(',')
      const next = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":[${list}],"Resource":"*"}]}`
      if (next.length > 2048) break
      policy = next
    }
    const full = credential({ policies: [policy], sourceIdentity: 'x'.repeat(64) })
    expect((await sealSessionToken(await directory(), full)).length).toBeLessThanOrEqual(maxSessionTokenChars)
    expect(packedPolicySize(full)).toBeLessThanOrEqual(100)
  })

  it('is told in percent, and not at all without policies and tags', () => {
    expect(packedPolicySize(credential({ sourceIdentity: 'a', issuerAccessKeyId: 'b' }))).toBeUndefined()
    expect(packedPolicySize(credential({ tags: { a: '' } }))).toBe(1)
    expect(packedPolicySize(credential({ policies: [document] }))).toBe(4)
  })
})
