import type { Directory } from './directory'
import type { Env } from './env'
import { locationHint } from './regions'
import type { Vault } from './vault'

/** Whose Vault: one account in one Region. */
export interface VaultName {
  readonly accountId: string
  readonly region: string
}

/** A new stub for each use: one that has failed stays broken, and none may outlive its request. */
export function vaultStub(env: Env, { accountId, region }: VaultName): Methods<Vault> {
  const hint = locationHint(region)
  const id = env.VAULT.idFromName(`${accountId}:${region}`)
  return env.VAULT.get(id, hint ? { locationHint: hint } : {}) as unknown as Methods<Vault>
}

export const directoryStub = (env: Env, accountId: string): Methods<Directory> =>
  env.DIRECTORY.get(env.DIRECTORY.idFromName(accountId)) as unknown as Methods<Directory>

/** What RPC shows of an object: its methods, all of which take and give plain data. */
type Methods<T> = { readonly [M in keyof T as T[M] extends (...args: never[]) => Promise<unknown> ? M : never]: T[M] }

/**
 * The plain data of an RPC result. The runtime ties the result itself to the request that asked, so that whatever is kept
 * for other requests must not be it.
 */
export function plainResult<T>(result: T): T {
  if (typeof result !== 'object' || result === null) return result
  return (Array.isArray(result) ? [...result] : Object.fromEntries(Object.entries(result))) as T
}
