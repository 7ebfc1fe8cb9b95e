import { createRootCrypto } from '../src/adapters/webcrypto'
import { decodeAccessKeyId } from '../src/identity/access-key-id'
import { openSessionToken } from '../src/identity/session-token'
import {
  type ClaimedCredential,
  deriveSigningKey,
  importSecret,
  SigningKeyCache,
  type SigningKeyResult,
  type VerifiedSignature,
} from '../src/identity/sigv4'
import type { SignedPrincipal } from '../src/policy/principal'
import { type Config, requireConfig } from './config'
import { directoryRegion } from './directory'
import type { Env } from './env'
import { perEnv } from './per-env'
import { rootsOf } from './roots'
import { directoryStub, plainResult } from './stubs'

/** How long a user's key is kept with its name. */
const principalLifeMs = 60_000

/** One per isolate: settled keys alone, bounded. */
const cacheOf = perEnv(() => new SigningKeyCache())

/**
 * The derived key of a claimed credential: of a configured root user, of an IAM user whose account is in the access key
 * id, or of temporary credentials, whose sealed token holds all that is needed. Accounts that are not configured are
 * refused before any object is touched. A cached key outlives its access key; that the key, the role or the user behind
 * a session still counts is read from the caller's Directory entry at every decision. Entries of the cache are of one
 * token: another token with the same access key id finds nothing there.
 */
export async function findSigningKey(env: Env, credential: ClaimedCredential): Promise<SigningKeyResult> {
  const cache = cacheOf(env)
  const known = await cache.find(credential, Date.now())
  if (known) return known
  const { sessionToken } = credential
  if (sessionToken !== undefined) return findTemporary(env, credential, sessionToken)
  const found = await findSecret(env, credential.accessKeyId)
  if (!found) return { refused: 'unknown-key' }
  const signingKey = { key: await deriveSigningKey(found.secret, credential), principal: found.principal }
  // A user may get another name, by which its policies are found: the principal here must not be an old one for long.
  await cache.store(credential, signingKey, found.principal.kind === 'user' ? Date.now() + principalLifeMs : undefined)
  return signingKey
}

/**
 * Asks `answer` for the caller as the signature names it, and once more if nobody goes by that name: a user may have been
 * renamed since the signing key was cached. A name and path that still are the same are not asked twice.
 */
export async function answerAs<T>(
  env: Env,
  credential: VerifiedSignature,
  answer: (principal: SignedPrincipal) => Promise<T>,
  isUnknown: (answer: T) => boolean,
): Promise<T> {
  const { principal } = credential
  const first = await answer(principal)
  if (!isUnknown(first) || principal.kind !== 'user' || principal.session) return first
  const found = await findSecret(env, credential.accessKeyId)
  if (found?.principal.kind !== 'user') return first
  const { userId, userName, path } = found.principal
  if (userId !== principal.userId || (userName === principal.userName && path === principal.path)) return first
  const key = await deriveSigningKey(found.secret, credential)
  await cacheOf(env).store(credential, { key, principal: found.principal })
  return answer(found.principal)
}

async function findSecret(env: Env, accessKeyId: string) {
  const config = requireConfig(env)
  const root = config.rootUsers.get(accessKeyId)
  if (root) {
    const { accountId, secretAccessKey } = root
    return { secret: await importSecret(secretAccessKey), principal: { kind: 'root', accountId, accessKeyId } } as const
  }
  const accountId = decodeAccessKeyId(accessKeyId)
  if (accountId === undefined || !config.accounts.has(accountId)) return undefined
  const found = plainResult(await directoryStub(env, accountId).findAccessKey(accountId, accessKeyId))
  if (!found) return undefined
  const crypto = await directoryCrypto(config, accountId)
  const secret = await crypto.openSecret(found.secret, { accessKeyId, userId: found.principal.userId })
  return { secret, principal: found.principal }
}

async function findTemporary(env: Env, credential: ClaimedCredential, token: string): Promise<SigningKeyResult> {
  const config = requireConfig(env)
  const { accessKeyId } = credential
  const accountId = decodeAccessKeyId(accessKeyId, 'ASIA')
  if (accountId === undefined || !config.accounts.has(accountId)) return { refused: 'invalid-token' }
  const opened = await openSessionToken(await directoryCrypto(config, accountId), token, accessKeyId)
  if (opened?.principal.accountId !== accountId || !hasRootKey(config, opened.principal)) {
    return { refused: 'invalid-token' }
  }
  const { principal, secretAccessKey } = opened
  const { expiresAtMs } = principal.session
  if (expiresAtMs <= Date.now()) return { refused: 'expired-token' }
  const signingKey = { key: await deriveSigningKey(await importSecret(secretAccessKey), credential), principal }
  await cacheOf(env).store(credential, signingKey, expiresAtMs)
  return signingKey
}

/** A session that the root user made ends when the key that made it leaves the configuration, which alone knows of it. */
function hasRootKey(config: Config, principal: SignedPrincipal): boolean {
  const isOfRoot = principal.kind === 'root' || (principal.kind === 'federated-user' && !principal.issuer)
  if (!isOfRoot) return true
  const issuer = principal.session?.issuerAccessKeyId
  return issuer !== undefined && config.rootUsers.get(issuer)?.accountId === principal.accountId
}

/** What the account's Directory seals with. */
const directoryCrypto = async (config: Config, accountId: string) =>
  createRootCrypto({ roots: await rootsOf(config), accountId, region: directoryRegion })
