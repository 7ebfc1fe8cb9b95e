import { compiledPolicy } from './compile'
import { type Principal, principalArn, principalUserId, roleArn, userArn } from './principal'
import type { CallerFacts, CallerPolicies, Policy, PolicyKind } from './types'

/** What an account's configuration says of its callers. */
export interface Organization {
  readonly orgId?: string
  readonly orgPaths?: readonly string[]
}

/** A principal as policies see it. `tags`: of the user or role behind it and of its session, merged. */
export function callerFacts(
  principal: Principal,
  tags?: Readonly<Record<string, string>>,
  { orgId, orgPaths }: Organization = {},
): CallerFacts {
  const session = 'session' in principal ? principal.session : undefined
  return {
    kind: principal.kind,
    arn: principalArn(principal),
    accountId: principal.accountId,
    userId: principalUserId(principal),
    ...behind(principal),
    ...(tags ? { tags } : {}),
    ...(orgId === undefined ? {} : { orgId }),
    ...(orgPaths === undefined ? {} : { orgPaths }),
    // No second factor can be shown here, which policies read as `false` in temporary credentials.
    ...(session ? { tokenIssuedAtMs: session.issuedAtMs, mfa: false } : {}),
    ...(session?.sourceIdentity === undefined ? {} : { sourceIdentity: session.sourceIdentity }),
    ...(session?.federatedProvider === undefined ? {} : { federatedProvider: session.federatedProvider }),
  }
}

function behind(principal: Principal): Pick<CallerFacts, 'parentArn' | 'uniqueId' | 'userName'> {
  switch (principal.kind) {
    case 'user':
      return { uniqueId: principal.userId, userName: principal.userName }
    case 'role-session':
      return { uniqueId: principal.roleId, parentArn: roleArn(principal) }
    case 'federated-user': {
      const { accountId, issuer } = principal
      return issuer ? { uniqueId: issuer.userId, parentArn: userArn({ accountId, ...issuer }) } : {}
    }
    case 'root':
    case 'service':
      return {}
  }
}

/** The documents of one caller, as its Directory keeps them (CallerEntry). */
interface CallerDocuments {
  readonly policies: Readonly<Record<string, string>>
  readonly boundary?: string
  readonly sessionPolicies?: readonly string[]
}

const compiled = new WeakMap<CallerDocuments, CallerPolicies>()

/** The caller's documents, compiled once for each copy of its entry. */
export function callerPolicies(documents: CallerDocuments): CallerPolicies {
  let policies = compiled.get(documents)
  if (!policies) {
    policies = compileDocuments(documents)
    compiled.set(documents, policies)
  }
  return policies
}

const compileDocuments = ({ policies, boundary, sessionPolicies }: CallerDocuments): CallerPolicies => ({
  identity: Object.entries(policies).map(([name, text]) => compile('identity', name, text)),
  ...(boundary === undefined ? {} : { boundary: compile('boundary', 'permissions boundary', boundary) }),
  ...(sessionPolicies
    ? { session: sessionPolicies.map((text, index) => compile('session', `session policy ${index + 1}`, text)) }
    : {}),
})

const compile = (kind: PolicyKind, name: string, text: string): Policy => compiledPolicy(text, { kind, name })
