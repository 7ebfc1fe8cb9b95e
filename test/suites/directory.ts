import type { FederatedUserPrincipal, Principal, RoleSessionPrincipal, UserPrincipal } from '../../src/policy/principal'
import { principalArn, roleArn } from '../../src/policy/principal'
import type { CallerEntry, IdentityPort } from '../../src/ports/identity'

export const accountId = '111122223333'

export const userPrincipal = (userName: string): UserPrincipal => ({
  kind: 'user',
  accountId,
  accessKeyId: `AKIAUSER${userName.toUpperCase().padEnd(12, 'X')}`,
  userId: `AIDA${userName.toUpperCase().padEnd(17, 'X')}`,
  userName,
  path: '/',
})

/** A session of a role that was assumed a minute before every test clock begins. */
export const sessionPrincipal = (
  roleName: string,
  sessionName: string,
  session: Partial<RoleSessionPrincipal['session']> = {},
): RoleSessionPrincipal => ({
  kind: 'role-session',
  accountId,
  accessKeyId: `ASIAROLE${roleName.toUpperCase().padEnd(12, 'X')}`,
  roleId: `AROA${roleName.toUpperCase().padEnd(17, 'X')}`,
  roleName,
  path: '/',
  sessionName,
  session: { ...sessionTimes, ...session },
})

/** Federated by the user alice. */
export const federatedPrincipal = (name: string, policies?: readonly string[]): FederatedUserPrincipal => {
  const { userId, userName, path, accessKeyId } = userPrincipal('alice')
  const session = { ...sessionTimes, issuerAccessKeyId: accessKeyId, ...(policies ? { policies } : {}) }
  return { kind: 'federated-user', accountId, accessKeyId, name, issuer: { userId, userName, path }, session }
}

const sessionTimes = {
  issuedAtMs: Date.UTC(2026, 10, 24, 11, 59, 0),
  expiresAtMs: Date.UTC(2026, 10, 24, 12, 59, 0),
}

/** The same name, another user or role. */
export function madeAnew<P extends UserPrincipal | RoleSessionPrincipal>(principal: P): P {
  const anew = (id: string) => `${id.slice(0, 4)}2${id.slice(5)}`
  return principal.kind === 'user'
    ? { ...principal, userId: anew(principal.userId) }
    : { ...principal, roleId: anew(principal.roleId) }
}

type Known = UserPrincipal | RoleSessionPrincipal

interface Person {
  /** Of the user, or of the role. */
  readonly arn: string
  /** What the ARN of a session of the role begins with. */
  readonly sessions?: string
  readonly entry: CallerEntry
}

const idOf = (principal: Known) => (principal.kind === 'user' ? principal.userId : principal.roleId)

/** The users and roles of every account in a test. Root users are always there. */
export class TestDirectory implements IdentityPort {
  /** Policies of those who go by userPrincipal(), by user name, of whatever account. */
  readonly users = new Map<string, CallerEntry['policies']>()
  private readonly people = new Map<string, Person>()

  /** A user, or the role of a session. */
  add(principal: Known, entry: Partial<CallerEntry> = {}): void {
    const whole = { version: 1, policies: {}, ...entry }
    const { accountId } = principal
    this.people.set(
      idOf(principal),
      principal.kind === 'user'
        ? { arn: principalArn(principal), entry: whole }
        : {
            arn: roleArn(principal),
            sessions: `arn:aws:sts::${accountId}:assumed-role/${principal.roleName}/`,
            entry: whole,
          },
    )
  }

  remove(principal: Known): void {
    this.people.delete(idOf(principal))
    if (principal.kind === 'user') this.users.delete(principal.userName)
  }

  async findEntry(principal: Principal): Promise<CallerEntry | undefined> {
    if (principal.kind === 'service') return undefined
    const entry = this.entryOf(principal)
    const session = 'session' in principal ? principal.session : undefined
    if (!entry || !session) return entry
    const tags = { ...entry.tags, ...session.tags }
    return { ...entry, tags, ...(session.policies ? { sessionPolicies: session.policies } : {}) }
  }

  private entryOf(principal: Exclude<Principal, { kind: 'service' }>): CallerEntry | undefined {
    switch (principal.kind) {
      case 'root':
        return { version: 1, policies: {} }
      case 'user':
        return this.people.get(principal.userId)?.entry ?? this.namedUser(principal)
      case 'role-session':
        return this.people.get(principal.roleId)?.entry
      case 'federated-user':
        return principal.issuer ? this.people.get(principal.issuer.userId)?.entry : { version: 1, policies: {} }
    }
  }

  private namedUser({ userName, userId }: UserPrincipal): CallerEntry | undefined {
    const policies = userId === userPrincipal(userName).userId ? this.users.get(userName) : undefined
    return policies && { version: 1, policies }
  }

  async resolvePrincipals(arns: readonly string[]): Promise<Record<string, string | null>> {
    const everybody = this.everybody()
    return Object.fromEntries(
      arns.map((arn) => {
        const found = everybody.find(([, person]) => {
          return person.arn === arn || (person.sessions !== undefined && arn.startsWith(person.sessions))
        })
        return [arn, found?.[0] ?? null]
      }),
    )
  }

  async principalArns(uniqueIds: readonly string[], accountIds: readonly string[]): Promise<Record<string, string>> {
    const found = this.everybody().filter(
      ([id, { arn }]) => uniqueIds.includes(id) && accountIds.includes(arn.split(':')[4] ?? ''),
    )
    return Object.fromEntries(found.map(([id, { arn }]) => [id, arn]))
  }

  private everybody(): [string, Pick<Person, 'arn' | 'sessions'>][] {
    const named = [...this.users.keys()].map((name): [string, Pick<Person, 'arn' | 'sessions'>] => {
      const user = userPrincipal(name)
      return [user.userId, { arn: principalArn(user) }]
    })
    return [...this.people, ...named]
  }
}
