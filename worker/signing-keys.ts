import { createRootCrypto } from '../src/adapters/webcrypto'
import { decodeAccessKeyId } from '../src/identity/access-key-id'
import {
  type ClaimedCredential,
  deriveSigningKey,
  importSecret,
  SigningKeyCache,
  type SigningKeyResult,
} from '../src/identity/sigv4'
import { requireConfig } from './config'
import { directoryRegion } from './directory'
import type { Env } from './env'
import { perEnv } from './per-env'
import { rootsOf } from './roots'
import { directoryStub, plainResult } from './stubs'

/** One per isolate: settled keys alone, bounded. */
const cacheOf = perEnv(() => new SigningKeyCache())

/**
 * The derived key of a claimed credential: of a configured root user, or of an IAM user whose account is in the access
 * key id. Accounts that are not configured are refused before any object is touched. A cached key outlives its access
 * key; that the key still counts is read from the caller's Directory entry at every decision.
 */
export async function findSigningKey(env: Env, credential: ClaimedCredential): Promise<SigningKeyResult> {
  // Session tokens are not issued yet, so that none can be genuine.
  if (credential.sessionToken !== undefined) return { refused: 'invalid-token' }
  const cache = cacheOf(env)
  const known = await cache.find(credential, Date.now())
  if (known) return known
  const found = await findSecret(env, credential.accessKeyId)
  if (!found) return { refused: 'unknown-key' }
  const signingKey = { key: await deriveSigningKey(found.secret, credential), principal: found.principal }
  await cache.store(credential, signingKey)
  return signingKey
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
  const crypto = createRootCrypto({ roots: await rootsOf(config), accountId, region: directoryRegion })
  const secret = await crypto.openSecret(found.secret, { accessKeyId, userId: found.principal.userId })
  return { secret, principal: found.principal }
}
