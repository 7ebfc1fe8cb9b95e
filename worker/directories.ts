import { createPrincipalLookup } from '../src/identity/principal-lookup'
import type { IdentityPort } from '../src/ports/identity'
import type { Config } from './config'
import type { Env } from './env'
import { directoryStub, plainResult } from './stubs'

/** Who the names in policies and grants are, from the Directories of the configured accounts. */
export const principalLookup = (env: Env, config: Config): Pick<IdentityPort, 'resolvePrincipals' | 'principalArns'> =>
  createPrincipalLookup({
    isKept: (accountId) => config.accounts.has(accountId),
    directory: (accountId) => ({
      resolvePrincipals: async (arns) =>
        plainResult(await directoryStub(env, accountId).resolvePrincipals(accountId, arns)),
      principalArns: async (ids) => plainResult(await directoryStub(env, accountId).principalArns(accountId, ids)),
    }),
  })
