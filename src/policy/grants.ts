import { pinnedLevel } from './pins'
import type { CallerFacts, GrantFacts } from './types'

type Pairs = Readonly<Record<string, string>>

/** How a grant names a principal: itself, the role of the session, or its whole account, which delegates only. */
export type GrantLevel = 'direct' | 'role' | 'account'

/** Why a grant does not allow something. `Permission`: who is limited by policies is not allowed enough by them. */
export type GrantMismatch = 'Operations' | 'Grantee' | 'EncryptionContext' | 'SourceArn' | 'ChildGrant' | 'Permission'

/** What a grant is asked for. */
export interface GrantQuestion {
  readonly caller: CallerFacts
  /** The name that the grant must hold; null where no grant can allow. */
  readonly grantOperation: string | null
  readonly encryptionContext?: Pairs
  /** Value of `aws:SourceArn`; asked only by grants that constrain it. */
  sourceArn(): string | undefined
  /** CreateGrant: the grant to be, which must stay inside this one. */
  readonly childGrant?: GrantFacts
}

/** Operations whose own encryption context a constraint does not look at; those of CreateGrant bind the child instead. */
const contextFree: ReadonlySet<string> = new Set(['DescribeKey', 'RetireGrant', 'CreateGrant'])

/**
 * What keeps one grant, alone, from allowing the operation to the caller; undefined when nothing does. The level of the
 * grantee is `granteeLevel`'s to say. Source: KMS developer guide, grants; docs/behaviour.md, authorization.
 */
export function grantMismatch(grant: GrantFacts, question: GrantQuestion): GrantMismatch | undefined {
  const { grantOperation } = question
  if (grantOperation === null || !grant.operations.includes(grantOperation)) return 'Operations'
  if (!granteeLevel(grant, question.caller)) return 'Grantee'
  if (!contextFree.has(grantOperation) && !contextFits(grant, question.encryptionContext)) return 'EncryptionContext'
  const sourceArn = grantOperation === 'RetireGrant' ? undefined : grant.constraints?.SourceArn
  if (sourceArn !== undefined && question.sourceArn() !== sourceArn) return 'SourceArn'
  if (grantOperation === 'CreateGrant' && !(question.childGrant && childFits(grant, question.childGrant))) {
    return 'ChildGrant'
  }
  return undefined
}

/** Whether one grant, alone, covers the operation and names the caller. */
export const grantAllows = (grant: GrantFacts, question: GrantQuestion): boolean =>
  grantMismatch(grant, question) === undefined

/** How the grant names the caller as grantee; undefined when it does not. */
export const granteeLevel = (grant: GrantFacts, caller: CallerFacts): GrantLevel | undefined =>
  levelOf(grant.granteePrincipal, grant.granteeServicePrincipal, grant, caller)

/** How the grant names the caller as the one who may retire it. */
export const retiringLevel = (grant: GrantFacts, caller: CallerFacts): GrantLevel | undefined =>
  levelOf(grant.retiringPrincipal, grant.retiringServicePrincipal, grant, caller)

function levelOf(
  principal: string | undefined,
  service: string | undefined,
  { pins }: GrantFacts,
  caller: CallerFacts,
): GrantLevel | undefined {
  if (caller.kind === 'anonymous') return undefined
  if (caller.kind === 'service') return service !== undefined && service === caller.arn ? 'direct' : undefined
  if (principal === undefined) return undefined
  const pin = pins && Object.hasOwn(pins, principal) ? pins[principal] : undefined
  if (pin !== undefined) {
    const level = pinnedLevel(principal, pin, caller)
    // What a federated user's issuer was granted is the issuer's alone.
    return level === 'parent' ? undefined : level
  }
  if (principal === caller.arn) return 'direct'
  if (caller.kind === 'role-session' && principal === caller.parentArn) return 'role'
  return isRootOf(principal, caller.accountId) ? 'account' : undefined
}

/** Whether an ARN is that of the account's root. */
export const isRootOf = (arn: string | undefined, accountId: string | null): boolean =>
  accountId !== null && arn !== undefined && rootArn.exec(arn)?.[1] === accountId

const rootArn = /^arn:[a-z0-9-]+:iam::([0-9]{12}):root$/

/** Whether an encryption context meets the constraints of a grant; an absent one is empty. */
function contextFits({ constraints }: GrantFacts, context: Pairs = {}): boolean {
  const { EncryptionContextEquals: equals, EncryptionContextSubset: subset } = constraints ?? {}
  return (!equals || samePairs(equals, context)) && (!subset || includesPairs(context, subset))
}

/**
 * Whether whatever the child would allow, its parent allows: operations are a subset, and constraints at least as tight.
 * Source: KMS developer guide, granting CreateGrant permission.
 */
export function childFits(parent: GrantFacts, child: GrantFacts): boolean {
  if (!child.operations.every((operation) => parent.operations.includes(operation))) return false
  const { EncryptionContextEquals: equals, EncryptionContextSubset: subset, SourceArn } = parent.constraints ?? {}
  const own = child.constraints ?? {}
  if (SourceArn !== undefined && own.SourceArn !== SourceArn) return false
  if (equals && !(own.EncryptionContextEquals && samePairs(own.EncryptionContextEquals, equals))) return false
  // A constraint without pairs asks for nothing.
  if (!subset || !Object.keys(subset).length) return true
  const tight = [own.EncryptionContextEquals, own.EncryptionContextSubset]
  return tight.some((pairs) => pairs !== undefined && includesPairs(pairs, subset))
}

const includesPairs = (all: Pairs, some: Pairs): boolean =>
  Object.entries(some).every(([name, value]) => Object.hasOwn(all, name) && all[name] === value)

const samePairs = (one: Pairs, other: Pairs): boolean => includesPairs(one, other) && includesPairs(other, one)
