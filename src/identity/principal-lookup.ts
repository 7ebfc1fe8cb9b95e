import { accountOfArn } from '../policy/pins'
import type { IdentityPort } from '../ports/identity'

type Lookup = Pick<IdentityPort, 'resolvePrincipals' | 'principalArns'>

/** What one account's Directory answers of itself. */
export interface AccountLookup {
  resolvePrincipals(arns: readonly string[]): Promise<Readonly<Record<string, string | null>>>
  principalArns(uniqueIds: readonly string[]): Promise<Readonly<Record<string, string>>>
}

/** Asks the Directory of each account that is named, and of those alone that this service keeps. */
export function createPrincipalLookup(parts: {
  isKept(accountId: string): boolean
  directory(accountId: string): AccountLookup
}): Lookup {
  const merged = async <T>(answers: Promise<Readonly<Record<string, T>>>[]) =>
    Object.fromEntries((await Promise.all(answers)).flatMap((answer) => Object.entries(answer)))
  return {
    resolvePrincipals(arns) {
      const byAccount = new Map<string, string[]>()
      for (const arn of arns) {
        const accountId = accountOfArn(arn)
        if (parts.isKept(accountId)) byAccount.set(accountId, [...(byAccount.get(accountId) ?? []), arn])
      }
      return merged([...byAccount].map(([accountId, named]) => parts.directory(accountId).resolvePrincipals(named)))
    },
    principalArns(uniqueIds, accountIds) {
      const kept = [...new Set(accountIds)].filter((accountId) => parts.isKept(accountId))
      return merged(
        uniqueIds.length ? kept.map((accountId) => parts.directory(accountId).principalArns(uniqueIds)) : [],
      )
    },
  }
}
