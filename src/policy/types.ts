/** What the policy engine speaks of. Plain data and pure functions; docs/behaviour.md, authorization. */

/** Where a document stands, which decides what it may hold and how it counts. */
export type PolicyKind = 'key' | 'identity' | 'boundary' | 'session' | 'scp' | 'rcp' | 'trust'

/** The caller as policies see it. */
export interface CallerFacts {
  readonly kind: 'root' | 'user' | 'role-session' | 'federated-user' | 'service' | 'anonymous'
  /** The caller's own ARN; the name of a service; empty for an anonymous caller. */
  readonly arn: string
  /** Null for services and anonymous callers. */
  readonly accountId: string | null
  /** The role of a session, the user who vouches for a federated user. */
  readonly parentArn?: string
  /** The unique id of the user, or of the role or user behind the session: what stored policies pin names to. */
  readonly uniqueId?: string
  /** Value of `aws:userid`. */
  readonly userId: string
  /** Users alone: the name without path. */
  readonly userName?: string
  /** Tags of the principal and of the session, merged. */
  readonly tags?: Readonly<Record<string, string>>
  readonly orgId?: string
  readonly orgPaths?: readonly string[]
  /** Of temporary credentials, ms. */
  readonly tokenIssuedAtMs?: number
  /** Of temporary credentials. */
  readonly mfa?: boolean
  readonly sourceIdentity?: string
  readonly federatedProvider?: string
}

/**
 * Condition keys of one check, by lower-case name (`kms:viaservice`, `kms:encryptioncontext:department`); a multi-valued
 * key has a list. A key that the request does not produce is absent.
 */
export type ConditionContext = ReadonlyMap<string, string | readonly string[]>

/** One thing that a statement is asked about. `context` is made when a condition or a variable first needs it. */
export interface Asked {
  /** `kms:Encrypt`, in AWS's spelling. */
  readonly action: string
  /** ARN of a key, an alias or an identity, or `*` for operations without a resource. */
  readonly resource: string
  readonly caller: CallerFacts
  context(): ConditionContext
}

/** How strongly Principal names the caller, strongest first (authorization: what a Principal value matches). */
export type MatchLevel = 'direct' | 'role' | 'parent' | 'account'

/** Why a statement does not apply; what explain shows. */
export interface Mismatch {
  readonly element: 'Principal' | 'Action' | 'Resource' | 'Condition'
  /** The condition that does not hold: `StringEquals kms:ViaService`. */
  readonly condition?: string
}

/** One statement, compiled. */
export interface Statement {
  readonly index: number
  readonly sid?: string
  readonly effect: 'Allow' | 'Deny'
  /** Undefined: the statement does not name the caller. A statement without Principal names everybody directly. */
  level(caller: CallerFacts): MatchLevel | undefined
  /** Action, Resource and Condition; Principal is asked by `level`. */
  applies(asked: Asked): boolean
  /** The first element that keeps the statement from applying, Principal included; undefined when it applies. */
  mismatch(asked: Asked): Mismatch | undefined
}

/** One document, compiled once. */
export interface Policy {
  readonly kind: PolicyKind
  /** How explanations name it: `key policy`, `policy Read of user alice`, an ARN. */
  readonly name: string
  readonly statements: readonly Statement[]
  /** Lower-case names of all condition keys that conditions and variables speak of; prefixes end with `/` or `:`. */
  readonly usedKeys: ReadonlySet<string>
}

/** Everything that limits or allows a caller besides the resource's own policy. */
export interface CallerPolicies {
  /** Of the user with its groups, or of the role. */
  readonly identity: readonly Policy[]
  readonly boundary?: Policy
  /** One of them must allow, inline and managed ones alike; absent when the session was made without any. */
  readonly session?: readonly Policy[]
  /** Service control policies of the caller's account by level, organisation root first; each level must allow. */
  readonly scp?: readonly (readonly Policy[])[]
}

/** A grant as decisions see it. */
export interface GrantFacts {
  readonly grantId: string
  readonly granteePrincipal?: string
  readonly granteeServicePrincipal?: string
  readonly retiringPrincipal?: string
  readonly retiringServicePrincipal?: string
  readonly operations: readonly string[]
  readonly constraints?: {
    readonly EncryptionContextEquals?: Readonly<Record<string, string>>
    readonly EncryptionContextSubset?: Readonly<Record<string, string>>
    readonly SourceArn?: string
  }
  /** Root ARN of the account that created it. */
  readonly issuingAccount: string
  /** Unique ids of the users and roles that were named, by ARN; another principal of that name gets nothing. */
  readonly pins?: Readonly<Record<string, string>>
}

/** One check of an operation: a row of the permissions table. */
export interface Check {
  /** `kms:ReEncryptFrom` and the like. */
  readonly action: string
  /** `key`: the key policy first. `iam`: identity policies alone. `grant`: the grant itself (RetireGrant). */
  readonly decidedBy: 'key' | 'iam' | 'grant'
  /** The name that a grant must hold; null where no grant can allow. */
  readonly grantOperation: string | null
  /** Whether a caller of another account may pass at all. */
  readonly crossAccount: boolean
}

/** What a decision is about. */
export interface Question {
  readonly caller: CallerFacts
  readonly policies: CallerPolicies
  readonly check: Check
  readonly resource: string
  /** Absent for checks without a key. */
  readonly key?: {
    readonly accountId: string
    readonly policy: Policy
    /** Resource control policies of the key's account; none for AWS managed keys. */
    readonly rcp?: readonly Policy[]
    /** Grants on the key that may name the caller; others are no harm. */
    readonly grants?: readonly GrantFacts[]
  }
  /** The context that grant constraints are compared with: the request's, or the one of this half of ReEncrypt. */
  readonly encryptionContext?: Readonly<Record<string, string>>
  /** Only CreateGrant: what the new grant would be. A permission from a parent grant alone binds it. */
  readonly childGrant?: GrantFacts
  /** Only RetireGrant: the grant that is to go. */
  readonly retiredGrant?: GrantFacts
  context(): ConditionContext
}

/** What decided. */
export type DecidedBy =
  | { readonly kind: 'statement'; readonly policyKind: PolicyKind; readonly policy: string; readonly statement: string }
  | { readonly kind: 'grant'; readonly grantId: string }
  /** The root user of the account, the retiring principal, and the like: a rule that needs no statement. */
  | { readonly kind: 'rule'; readonly rule: string }
  /** Nothing allowed: the kind of policy that lacks an Allow. */
  | { readonly kind: 'missing'; readonly policyKind: PolicyKind | 'grant' | 'cross-account' }

/** The answer, with what decided. `because` continues the text of AccessDeniedException. */
export type Decision =
  | { readonly allowed: true; readonly by: readonly DecidedBy[] }
  | {
      readonly allowed: false
      readonly denial: 'explicit' | 'implicit'
      readonly by: readonly DecidedBy[]
      readonly because: string
    }
