import { type GrantLevel, type GrantMismatch, granteeLevel, grantMismatch, isRootOf, retiringLevel } from './grants'
import type {
  Asked,
  ConditionContext,
  DecidedBy,
  GrantFacts,
  MatchLevel,
  Policy,
  PolicyKind,
  Question,
  Statement,
} from './types'

/** What allows, or the kind of policy that would have to. */
export type Permission =
  | { readonly ok: true; readonly by: readonly DecidedBy[] }
  | { readonly ok: false; readonly missing: PolicyKind }

export type StatementName = Extract<DecidedBy, { readonly kind: 'statement' }>

/**
 * What policies and grants say about one question, each by itself; `decide` puts it together. The context is made at
 * most once. Source: IAM policy evaluation logic; docs/behaviour.md, authorization.
 */
export class Evaluation {
  readonly asked: Asked
  private context: ConditionContext | undefined
  private found: Permission | undefined

  constructor(readonly question: Question) {
    this.asked = {
      action: question.check.action,
      resource: question.resource,
      caller: question.caller,
      context: () => {
        this.context ??= question.context()
        return this.context
      },
    }
  }

  /**
   * The first Deny, kind by kind in the order in which AWS's texts would name them. RetireGrant minds neither key
   * policies nor RCPs; service control policies do not bind services.
   */
  deny(): StatementName | undefined {
    const { policies, check, key, caller } = this.question
    const onKey = check.decidedBy === 'key' ? key : undefined
    return (
      (policies.scp && caller.kind !== 'service' ? this.first('Deny', policies.scp.flat()) : undefined) ??
      this.first('Deny', onKey?.rcp ?? []) ??
      (policies.boundary && this.first('Deny', [policies.boundary])) ??
      this.first('Deny', policies.session ?? []) ??
      this.first('Deny', policies.identity) ??
      (onKey && this.first('Deny', [onKey.policy]))
    )
  }

  /** Whether each level of service control policies allows. */
  scpAllow(): boolean {
    const { policies, caller } = this.question
    return caller.kind === 'service' || !policies.scp || policies.scp.every((level) => this.first('Allow', level))
  }

  /** The levels at which the key policy allows, each with the first statement that does; `direct` alone where there is one. */
  keyPolicyLevels(): ReadonlyMap<MatchLevel, StatementName> {
    const levels = new Map<MatchLevel, StatementName>()
    const policy = this.question.key?.policy
    for (const statement of policy?.statements ?? []) {
      if (statement.effect !== 'Allow') continue
      const level = this.levelOf(statement)
      if (policy && level && !levels.has(level)) levels.set(level, named(policy, statement))
      if (level === 'direct') break
    }
    return levels
  }

  /** What identity policies allow inside boundary and session policies; the root user needs none. */
  permission(): Permission {
    this.found ??= this.findPermission()
    return this.found
  }

  /** Boundary and session policies, those that exist; a federated user has nothing without a session policy. */
  limits(): Permission {
    const { caller, policies } = this.question
    const by: DecidedBy[] = []
    if (policies.boundary) {
      const allowing = this.first('Allow', [policies.boundary])
      if (!allowing) return { ok: false, missing: 'boundary' }
      by.push(allowing)
    }
    const session = policies.session ?? []
    if (caller.kind === 'federated-user' && !session.length) return { ok: false, missing: 'session' }
    if (session.length) {
      const allowing = this.first('Allow', session)
      if (!allowing) return { ok: false, missing: 'session' }
      by.push(allowing)
    }
    return { ok: true, by }
  }

  /**
   * What keeps a grant from allowing. Policies limit a grantee as they do under a key policy: one who is named itself not
   * at all, a session of a named role by its limits, and the people of a named account need an identity policy.
   */
  grantMismatch(grant: GrantFacts): GrantMismatch | undefined {
    const { caller, check, encryptionContext, childGrant } = this.question
    const mismatch = grantMismatch(grant, {
      caller,
      grantOperation: check.grantOperation,
      ...(encryptionContext ? { encryptionContext } : {}),
      sourceArn: () => single(this.asked.context().get('aws:sourcearn')),
      ...(childGrant ? { childGrant } : {}),
    })
    if (mismatch) return mismatch
    return this.isGrantee(granteeLevel(grant, caller)) ? undefined : 'Permission'
  }

  /** Whether the grant names the caller as the one who retires it, or as a grantee who may. */
  mayRetire(grant: GrantFacts): boolean {
    const { caller } = this.question
    const isNamed = (level: GrantLevel | undefined) => level === 'direct' || level === 'role'
    return (
      isNamed(retiringLevel(grant, caller)) ||
      (grant.operations.includes('RetireGrant') && isNamed(granteeLevel(grant, caller)))
    )
  }

  /** Whether the caller's account made the grant, owns the key, or is named as retiring principal. */
  accountMayRetire(grant: GrantFacts): boolean {
    const { caller, key } = this.question
    if (caller.accountId === null) return false
    return (
      caller.accountId === key?.accountId ||
      isRootOf(grant.issuingAccount, caller.accountId) ||
      isRootOf(grant.retiringPrincipal, caller.accountId)
    )
  }

  /** Whether the key's own side lets the caller in, by its policy or a grant, and does not deny. */
  keySideAdmits(): boolean {
    const { check, key, retiredGrant, caller } = this.question
    if (!key || caller.kind === 'anonymous') return false
    if (check.decidedBy === 'grant') {
      return retiredGrant !== undefined && (this.mayRetire(retiredGrant) || this.accountMayRetire(retiredGrant))
    }
    if (!check.crossAccount || this.first('Deny', [...(key.rcp ?? []), key.policy])) return false
    return this.keyPolicyLevels().size > 0 || (key.grants ?? []).some((grant) => !this.grantMismatch(grant))
  }

  /** The first statement of an effect that names the caller at whatever level and applies. */
  private first(effect: 'Allow' | 'Deny', policies: readonly Policy[]): StatementName | undefined {
    for (const policy of policies) {
      for (const statement of policy.statements) {
        if (statement.effect === effect && this.levelOf(statement)) return named(policy, statement)
      }
    }
    return undefined
  }

  /** The level at which a statement that applies names the caller. */
  private levelOf(statement: Statement): MatchLevel | undefined {
    const level = statement.level(this.question.caller)
    return level && statement.applies(this.asked) ? level : undefined
  }

  private findPermission(): Permission {
    const { caller, policies } = this.question
    if (caller.kind === 'service' || caller.kind === 'anonymous') return { ok: false, missing: 'identity' }
    if (caller.kind === 'root') return { ok: true, by: [{ kind: 'rule', rule: 'root user' }] }
    const limits = this.limits()
    if (!limits.ok) return limits
    const { parentArn, accountId } = caller
    // Vouched for by the root user, who has no policies and needs none.
    const isOfRoot = caller.kind === 'federated-user' && (parentArn === undefined || isRootOf(parentArn, accountId))
    const allowing: DecidedBy | undefined = isOfRoot
      ? { kind: 'rule', rule: 'federated by the root user' }
      : this.first('Allow', policies.identity)
    return allowing ? { ok: true, by: [allowing, ...limits.by] } : { ok: false, missing: 'identity' }
  }

  private isGrantee(level: GrantLevel | undefined): boolean {
    if (level === 'role') return this.limits().ok
    return level === 'direct' || (level === 'account' && this.permission().ok)
  }
}

const named = (policy: Policy, { sid, index }: Statement): StatementName => ({
  kind: 'statement',
  policyKind: policy.kind,
  policy: policy.name,
  statement: sid || String(index),
})

const single = (value: string | readonly string[] | undefined): string | undefined =>
  typeof value === 'string' ? value : undefined
