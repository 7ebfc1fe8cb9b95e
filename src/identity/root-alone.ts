import type { RootPrincipal } from '../policy/principal'
import type { IdentityPort } from '../ports/identity'

/** A home without users and roles: one root user, and nobody else whom a policy could name. */
export const rootAlone = (isRoot: (principal: RootPrincipal) => boolean): IdentityPort => ({
  async findEntry(principal) {
    return principal.kind === 'root' && isRoot(principal) ? { version: 1, policies: {} } : undefined
  },
  async resolvePrincipals(arns) {
    return Object.fromEntries(arns.map((arn) => [arn, null]))
  },
  async principalArns() {
    return {}
  },
})
