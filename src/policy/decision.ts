import { Evaluation, type Permission } from './evaluation'
import type { GrantMismatch } from './grants'
import type { DecidedBy, Decision, GrantFacts, MatchLevel, PolicyKind, Question } from './types'

export type { Decision, Question } from './types'

/** One step of a decision, as explanations show it. */
export interface Step {
  readonly step: 'explicit deny' | 'service control policies' | 'key policy' | 'identity' | 'grants' | 'retire'
  readonly outcome: 'passed' | 'allowed' | 'denied' | 'not enough'
  readonly by: readonly DecidedBy[]
}

/** Told of what a decision goes through; explanations alone listen. */
export interface Listener {
  step(step: Step): void
  grant(grant: GrantFacts, mismatch: GrantMismatch | undefined): void
}

/**
 * Whether the caller passes one check: an explicit deny first, then service control policies, then what the kind of
 * check asks for. Pure: no clock, no I/O. Source: IAM policy evaluation logic; KMS developer guide, key policies, grants
 * and cross-account access; docs/behaviour.md, authorization.
 */
export function decide(question: Question, listener?: Listener): Decision {
  return new Deciding(new Evaluation(question), listener).decide()
}

/** A caller of another account than the key's. Services belong to none, and are no outsiders anywhere. */
export const isOutsider = ({ caller, key }: Question): boolean =>
  key !== undefined && caller.kind !== 'service' && caller.accountId !== key.accountId

const phrases: Readonly<Record<PolicyKind, string>> = {
  scp: 'service control policy',
  rcp: 'resource control policy',
  boundary: 'permissions boundary',
  session: 'session policy',
  identity: 'identity-based policy',
  key: 'resource-based policy',
  trust: 'resource-based policy',
}

class Deciding {
  private readonly question: Question

  constructor(
    private readonly evaluation: Evaluation,
    private readonly listener: Listener | undefined,
  ) {
    this.question = evaluation.question
  }

  decide(): Decision {
    const denying = this.evaluation.deny()
    if (denying) {
      this.tell('explicit deny', 'denied', [denying])
      const article = denying.policyKind === 'identity' ? 'an' : 'a'
      const because = `with an explicit deny in ${article} ${phrases[denying.policyKind]}`
      return { allowed: false, denial: 'explicit', by: [denying], because }
    }
    this.tell('explicit deny', 'passed')
    const { check, policies } = this.question
    if (policies.scp) {
      const passes = this.evaluation.scpAllow()
      this.tell('service control policies', passes ? 'passed' : 'not enough')
      if (!passes) return this.refuse('scp')
    }
    if (check.decidedBy === 'iam') return this.decideByIdentity()
    return check.decidedBy === 'grant' ? this.decideRetirement() : this.decideOnKey()
  }

  private decideByIdentity(): Decision {
    const { caller, check, resource } = this.question
    // Aliases and retiring principals of another account are nobody's to use or list.
    const accountId = check.action.startsWith('kms:') ? /^arn:[^:]*:[^:]*:[^:]*:([0-9]{12}):/.exec(resource)?.[1] : null
    if (accountId && accountId !== caller.accountId && !check.crossAccount) {
      this.tell('identity', 'not enough', [missing('cross-account')])
      return this.refuse('identity', 'cross-account')
    }
    return this.decideByPermission()
  }

  private decideByPermission(): Decision {
    const permission = this.evaluation.permission()
    this.tell('identity', permission.ok ? 'allowed' : 'not enough', reasons(permission))
    return permission.ok ? { allowed: true, by: permission.by } : this.refuse(permission.missing)
  }

  private decideOnKey(): Decision {
    const { caller, check, key } = this.question
    if (!key || caller.kind === 'anonymous') return this.refuse('key')
    const outside = isOutsider(this.question)
    if (outside && !check.crossAccount) {
      this.tell('key policy', 'not enough', [missing('cross-account')])
      return this.refuse('key', 'cross-account')
    }
    const levels = this.evaluation.keyPolicyLevels()
    const permission = outside ? this.bothSides(levels) : this.ownSide(levels)
    this.tell('key policy', permission.ok ? 'allowed' : 'not enough', reasons(permission, levels.values()))
    if (permission.ok) return { allowed: true, by: permission.by }
    return this.decideByGrants(key.grants ?? []) ?? this.refuse(permission.missing)
  }

  /** Caller and key of one account: the key policy allows by itself, or lets identity policies count. */
  private ownSide(levels: ReadonlyMap<MatchLevel, DecidedBy>): Permission {
    const direct = levels.get('direct')
    if (direct) return { ok: true, by: [direct] }
    let limits: Permission = { ok: false, missing: 'key' }
    if (this.question.caller.kind === 'service') return limits
    const behind = levels.get('role') ?? levels.get('parent')
    if (behind) {
      limits = this.evaluation.limits()
      if (limits.ok) return { ok: true, by: [behind, ...limits.by] }
    }
    const delegation = levels.get('account')
    if (!delegation) return limits
    const permission = this.evaluation.permission()
    return permission.ok ? { ok: true, by: [delegation, ...permission.by] } : permission
  }

  /** A caller of another account: the key policy must let it in, and its own account must allow it too. */
  private bothSides(levels: ReadonlyMap<MatchLevel, DecidedBy>): Permission {
    const [admitting] = levels.values()
    if (!admitting) return { ok: false, missing: 'key' }
    const permission = this.evaluation.permission()
    return permission.ok ? { ok: true, by: [admitting, ...permission.by] } : permission
  }

  /** One grant must allow everything by itself; grants do not add up. */
  private decideByGrants(grants: readonly GrantFacts[]): Decision | undefined {
    for (const grant of grants) {
      const mismatch = this.evaluation.grantMismatch(grant)
      this.listener?.grant(grant, mismatch)
      if (mismatch) continue
      const by: readonly DecidedBy[] = [{ kind: 'grant', grantId: grant.grantId }]
      this.tell('grants', 'allowed', by)
      return { allowed: true, by }
    }
    this.tell('grants', 'not enough')
    return undefined
  }

  /** RetireGrant: the grant itself names who may, and three accounts may let their own people. */
  private decideRetirement(): Decision {
    const { retiredGrant: grant } = this.question
    if (grant && this.evaluation.mayRetire(grant)) {
      const by: readonly DecidedBy[] = [{ kind: 'grant', grantId: grant.grantId }]
      this.tell('retire', 'allowed', by)
      return { allowed: true, by }
    }
    if (!grant || !this.evaluation.accountMayRetire(grant)) {
      this.tell('retire', 'not enough', [missing('grant')])
      return this.refuse('identity', 'grant')
    }
    this.tell('retire', 'passed', [{ kind: 'rule', rule: 'account of the grant' }])
    return this.decideByPermission()
  }

  private refuse(lacking: PolicyKind, reported: PolicyKind | 'grant' | 'cross-account' = lacking): Decision {
    const because = `because no ${phrases[lacking]} allows the ${this.question.check.action} action`
    return { allowed: false, denial: 'implicit', by: [missing(reported)], because }
  }

  private tell(step: Step['step'], outcome: Step['outcome'], by: readonly DecidedBy[] = []): void {
    this.listener?.step({ step, outcome, by })
  }
}

const missing = (policyKind: PolicyKind | 'grant' | 'cross-account'): DecidedBy => ({ kind: 'missing', policyKind })

/** What allowed; else what helped so far, and what lacks. */
const reasons = (permission: Permission, sofar: Iterable<DecidedBy> = []): readonly DecidedBy[] =>
  permission.ok ? permission.by : [...sofar, missing(permission.missing)]
