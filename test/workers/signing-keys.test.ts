import { afterEach, describe, expect, it, vi } from 'vitest'
import { createRootCrypto, importRootKeys } from '../../src/adapters/webcrypto'
import { encodeUtf8 } from '../../src/codec/bytes'
import { encodeAccessKeyId } from '../../src/identity/access-key-id'
import { sealSessionToken, type TemporaryPrincipal } from '../../src/identity/session-token'
import { type ClaimedCredential, deriveSigningKey, importSecret } from '../../src/identity/sigv4'
import type { Env } from '../../worker/env'
import { findSigningKey } from '../../worker/signing-keys'
import { env, otherRoot, root, watched } from './front-door'

afterEach(() => {
  vi.useRealTimers()
})

const hour = 3_600_000
const scope = { date: '20261124', region: 'us-east-1', service: 'kms' }
const newId = (accountId = root.accountId, prefix: 'AKIA' | 'ASIA' = 'ASIA') =>
  encodeAccessKeyId(accountId, crypto.getRandomValues(new Uint8Array(5)), prefix)

/** An isolate that can ask no object: a token is all that it has. */
const alone = (changes: Partial<Env> = {}): Env => ({
  ...env,
  DIRECTORY: watched(env.DIRECTORY, () => expect.unreachable('a Directory was asked')),
  ...changes,
})

const session = (expiresAtMs = Date.now() + hour) => ({ issuedAtMs: Date.now(), expiresAtMs })
const roleSession = (accessKeyId = newId(), accountId = root.accountId, expiresAtMs?: number): TemporaryPrincipal => ({
  kind: 'role-session',
  accountId,
  accessKeyId,
  roleId: 'AROAX',
  roleName: 'x',
  path: '/',
  sessionName: 's',
  session: session(expiresAtMs),
})

const secretAccessKey = 'a secret of forty characters, as at AWS.'
interface SealedBy {
  readonly keys?: string
  readonly accountId?: string
  readonly region?: string
}
async function seal(principal: TemporaryPrincipal, by: SealedBy = {}): Promise<ClaimedCredential> {
  const { keys = env.KMS_ROOT_KEYS ?? '', accountId = principal.accountId, region = 'directory' } = by
  const boundary = createRootCrypto({ roots: await importRootKeys(keys), accountId, region })
  const sessionToken = await sealSessionToken(boundary, { principal, secretAccessKey })
  return { ...scope, accessKeyId: principal.accessKeyId, sessionToken }
}

const invalid = { refused: 'invalid-token' }

describe('temporary credentials', () => {
  it('are known by their token alone', async () => {
    const principal = roleSession()
    const found = await findSigningKey(alone(), await seal(principal))
    if ('refused' in found) return expect.unreachable(found.refused)
    expect(found.principal).toEqual(principal)
    const own = await deriveSigningKey(await importSecret(secretAccessKey), scope)
    const mac = await crypto.subtle.sign('HMAC', own, encodeUtf8('text'))
    expect(await crypto.subtle.verify('HMAC', found.key, mac, encodeUtf8('text'))).toBe(true)
    expect([found.key.extractable, own.extractable]).toEqual([false, false])
  })

  it('are kept for their token: a second use opens nothing', async () => {
    const here = alone()
    const credential = await seal(roleSession())
    const first = await findSigningKey(here, credential)
    const deriving = vi.spyOn(crypto.subtle, 'deriveKey')
    expect(await findSigningKey(here, credential)).toBe(first)
    expect(deriving).not.toHaveBeenCalled()
    deriving.mockRestore()
  })

  it('that are kept serve no other token with the same access key id', async () => {
    const here = alone()
    const credential = await seal(roleSession())
    expect(await findSigningKey(here, credential)).toHaveProperty('key')
    const sessionToken = credential.sessionToken as string
    const forged = [
      '',
      'x',
      sessionToken.slice(0, -1),
      `${sessionToken}A`,
      sessionToken.replace(/.$/, (last) => (last === 'A' ? 'B' : 'A')),
      (await seal(roleSession())).sessionToken as string,
    ]
    for (const token of forged) {
      expect(await findSigningKey(here, { ...credential, sessionToken: token })).toEqual(invalid)
    }
    const { sessionToken: _, ...bare } = credential
    expect(await findSigningKey(here, bare)).toEqual({ refused: 'unknown-key' })
    expect(await findSigningKey(here, credential)).toHaveProperty('key')
  })

  it('of one account, two tokens with one access key id: each is itself', async () => {
    const here = alone()
    const accessKeyId = newId()
    for (const sessionName of ['one', 'two', 'one']) {
      const principal = { ...roleSession(accessKeyId), sessionName } as TemporaryPrincipal
      expect(await findSigningKey(here, await seal(principal))).toMatchObject({ principal: { sessionName } })
    }
  })

  const other = otherRoot.accountId
  const nobody = '777788889999'
  const strangeRoot = `test:${btoa('another root key, also 32 bytes!')}`
  const rows: [string, () => Promise<ClaimedCredential>][] = [
    ['another root key under the same id', () => seal(roleSession(), { keys: strangeRoot })],
    ['another account', () => seal(roleSession(), { accountId: other })],
    ['a Region', () => seal(roleSession(), { region: 'us-east-1' })],
    ['an account that is not kept here', () => seal(roleSession(newId(nobody), nobody))],
    ['this account for another one', () => seal(roleSession(newId(other)), { accountId: other })],
    ['a long-term access key', () => seal(roleSession(newId(root.accountId, 'AKIA')))],
    ['a root access key', async () => ({ ...(await seal(roleSession())), accessKeyId: root.accessKeyId })],
    ['another access key', async () => ({ ...(await seal(roleSession())), accessKeyId: newId() })],
  ]
  it.each(rows)('sealed for %s are refused', async (_name, credential) => {
    expect(await findSigningKey(alone(), await credential())).toEqual(invalid)
  })

  it('expire, kept or not', async () => {
    const here = alone()
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() })
    const credential = await seal(roleSession(newId(), root.accountId, Date.now() + hour))
    vi.setSystemTime(Date.now() + hour - 1)
    expect(await findSigningKey(here, credential)).toHaveProperty('key')
    vi.setSystemTime(Date.now() + 1)
    expect(await findSigningKey(here, credential)).toEqual({ refused: 'expired-token' })
    expect(await findSigningKey(alone(), credential)).toEqual({ refused: 'expired-token' })
    const { sessionToken } = await seal(roleSession(newId(), root.accountId, 0), { keys: strangeRoot })
    expect(await findSigningKey(here, { ...credential, sessionToken: sessionToken as string })).toEqual(invalid)
  })

  it('of the root user end with the key that made them', async () => {
    const { accountId } = root
    const kinds = (issuerAccessKeyId?: string): TemporaryPrincipal[] => {
      const made = { ...session(), ...(issuerAccessKeyId ? { issuerAccessKeyId } : {}) }
      return [
        { kind: 'root', accountId, accessKeyId: newId(), session: made },
        { kind: 'federated-user', accountId, accessKeyId: newId(), name: 'bob', session: made },
      ]
    }
    for (const principal of kinds(root.accessKeyId)) {
      const credential = await seal(principal)
      expect(await findSigningKey(alone(), credential)).toHaveProperty('key')
      const KMS_ACCOUNTS = JSON.stringify({ [accountId]: { accessKeyId: 'AKIANEXTROOTKEY00001', secretAccessKey } })
      expect(await findSigningKey(alone({ KMS_ACCOUNTS }), credential)).toEqual(invalid)
    }
    for (const principal of [...kinds(otherRoot.accessKeyId), ...kinds('AKIANOBODY'), ...kinds()]) {
      expect(await findSigningKey(alone(), await seal(principal))).toEqual(invalid)
    }
  })
})
