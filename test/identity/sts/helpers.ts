import { createRootCrypto, importRootKeys } from '../../../src/adapters/webcrypto'
import type { QueryInput, QueryOutput } from '../../../src/identity/query-types'
import { openSessionToken, type TemporaryCredential } from '../../../src/identity/session-token'
import { createSts, type StsParts, type StsRole } from '../../../src/identity/sts/service'
import type { OidcProvider } from '../../../src/identity/sts/web-identity'
import type { RoleSessionPrincipal, Session, SignedPrincipal, UserPrincipal } from '../../../src/policy/principal'
import type { CallerEntry } from '../../../src/ports/identity'

export const accountId = '111122223333'
export const otherAccount = '444455556666'
export const nowMs = Date.UTC(2026, 10, 24, 9, 0, 0)
export const roleArn = `arn:aws:iam::${accountId}:role/ci/deployer`

export const document = (...statements: object[]) => JSON.stringify({ Version: '2012-10-17', Statement: statements })
export const allow = (action: unknown, more: object = {}) => ({
  Effect: 'Allow',
  Action: action,
  Resource: '*',
  ...more,
})
export const deny = (action: unknown, more: object = {}) => ({ ...allow(action, more), Effect: 'Deny' })
/** A statement of a trust policy: it has no Resource. */
export const trust = (principal: unknown, action: unknown = 'sts:AssumeRole', more: object = {}) => ({
  Effect: 'Allow',
  Principal: principal,
  Action: action,
  ...more,
})

export const user = (userName = 'alice', account = accountId): UserPrincipal => ({
  kind: 'user',
  accountId: account,
  accessKeyId: 'AKIADHPWNEHFAEAQCAIB',
  userId: `AIDA${userName.toUpperCase()}`,
  userName,
  path: '/',
})
export const root = (account = accountId): SignedPrincipal => ({
  kind: 'root',
  accountId: account,
  accessKeyId: 'AKIAROOTEXAMPLE00001',
})
export const roleSession = (
  roleName = 'builder',
  session: Partial<Session> = {},
  account = accountId,
): RoleSessionPrincipal => ({
  kind: 'role-session',
  accountId: account,
  accessKeyId: 'ASIADHPWNEHFAEAQCAIB',
  roleId: `AROA${roleName.toUpperCase()}`,
  roleName,
  path: '/',
  sessionName: 'job',
  session: { issuedAtMs: nowMs, expiresAtMs: nowMs + 3_600_000, ...session },
})
export const federated = (issuer = 'alice'): SignedPrincipal => ({
  kind: 'federated-user',
  accountId,
  accessKeyId: 'ASIADHPWNEHFAEAQCAIB',
  name: 'bob',
  issuer: { userId: `AIDA${issuer.toUpperCase()}`, userName: issuer, path: '/' },
  session: { issuedAtMs: nowMs, expiresAtMs: nowMs + 3_600_000, issuerAccessKeyId: 'AKIADHPWNEHFAEAQCAIB' },
})

/** A Directory's part in STS, over plain values. */
export interface World {
  readonly role: Partial<StsRole>
  /** What every caller has; undefined: callers are gone. */
  readonly entry?: Omit<CallerEntry, 'version'> | undefined
  readonly providers: readonly OidcProvider[]
  readonly managed: Readonly<Record<string, string>>
  readonly parts: Partial<StsParts>
}

const rootKeys = `a:${btoa('an example root key, 32 bytes ok')}`
export const directoryCrypto = async (account = accountId) =>
  createRootCrypto({ roots: await importRootKeys(rootKeys), accountId: account, region: 'directory' })

export async function sts(world: Partial<World> = {}) {
  const crypto = await directoryCrypto()
  const role: StsRole = {
    roleId: 'AROADEPLOYER',
    roleName: 'deployer',
    path: '/ci/',
    trustPolicy: document(trust({ AWS: accountId })),
    trustPins: {},
    maxSessionSeconds: 3600,
    ...world.role,
  }
  const entry = 'entry' in world ? world.entry : { policies: {} }
  const service = createSts({
    accountId,
    crypto,
    wallMs: () => nowMs,
    findEntry: async () => entry && { version: 1, ...entry },
    findRole: async (name) => (name.toLowerCase() === role.roleName.toLowerCase() ? role : undefined),
    findManagedPolicy: async (arn) => world.managed?.[arn],
    findProvider: async (url) => world.providers?.find((provider) => provider.url === url),
    fetchJwks: () => Promise.reject(new Error('no fetch was expected')),
    ...world.parts,
  })
  return {
    answer: (action: string, principal: SignedPrincipal | undefined, input: QueryInput = {}) =>
      service.answer({ action, principal, input, region: 'us-east-1', sourceIp: '192.0.2.1', userAgent: 'test/1' }),
    /** What the token of an answer holds. */
    async open(answer: QueryOutput): Promise<TemporaryCredential> {
      const { AccessKeyId, SecretAccessKey, SessionToken } = answer.Credentials as Record<string, string>
      const opened = await openSessionToken(crypto, SessionToken as string, AccessKeyId as string)
      if (opened?.secretAccessKey !== SecretAccessKey) throw new Error('the token has another secret')
      return opened as TemporaryCredential
    },
  }
}

/** `AccessDenied 403: text`, or `ok`. */
export const outcome = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'ok',
    (error) => `${error.code}${error.status ? ` ${error.status}` : ''}: ${error.message}`,
  )
