import { formatKeyArn } from '../codec/arn'
import { materialRowId } from '../keys/collections'
import type { KeyRecord } from '../keys/records'
import { dryRunSucceeded, expiredSession, type KmsError, unknownCaller } from '../model/errors'
import type { KeyLastUsageTrackingOperation } from '../model/generated/types'
import { callerFacts, callerPolicies } from '../policy/caller'
import type { CheckedResource } from '../policy/checks'
import { decide } from '../policy/decision'
import { accountOfArn } from '../policy/pins'
import type { Principal } from '../policy/principal'
import { accessDenied, foreignKeyDenied } from '../policy/texts'
import type { CallerFacts, CallerPolicies, Decision } from '../policy/types'
import type { KeyHandle } from '../ports/crypto'
import { type AccessDetails, decideOnKey, keyQuestion, resourceQuestion } from './access'
import type { CallRequest, Kms } from './kms'
import { type HandleOf, requireKind, restingMaterial } from './material'
import { bindingOf, WorkingSet } from './working-set'

/** One check of a call and how it ended. */
export interface Judged {
  /** `kms:Encrypt` and the like. */
  readonly action: string
  readonly resource: string
  readonly decision: Decision
}

/** One run of one call: a working set with a caller, and what the audit will say of it. */
export class Call extends WorkingSet {
  readonly principal: Principal
  readonly eventId: string
  /** The decoded input; condition keys and audit read it. Undefined until it is decoded. */
  input: unknown
  /** The caller as policies see it; set by requireCaller. */
  caller: CallerFacts
  policies: CallerPolicies = { identity: [] }
  /** ARNs of the audit record's `resources`, in CloudTrail's order. */
  resources: string[] = []
  /** The material that was used, where the answer does not name it. */
  materialId: string | undefined
  /** Every check so far, with what decided it. */
  readonly judged: Judged[] = []

  constructor(
    kms: Kms,
    readonly request: CallRequest,
  ) {
    super(kms)
    this.principal = request.principal
    this.caller = callerFacts(request.principal)
    this.eventId = this.newUuid()
  }

  /** Whether the caller belongs to the account of this service; services belong to every account. */
  get isLocal(): boolean {
    return this.principal.kind === 'service' || this.principal.accountId === this.kms.home.accountId
  }

  /** UnrecognizedClientException unless the caller still is somebody, ExpiredTokenException when its session is over. */
  async requireCaller(): Promise<void> {
    if (this.principal.kind === 'service') return
    const entry = await this.kms.identity.findEntry(this.principal)
    if (!entry) throw unknownCaller()
    const session = 'session' in this.principal ? this.principal.session : undefined
    if (session && session.expiresAtMs <= this.kms.clock.wallMs()) throw expiredSession()
    const governance = this.kms.governance?.(this.principal.accountId)
    this.caller = callerFacts(this.principal, entry.tags, governance)
    const policies = callerPolicies(entry)
    this.policies = governance?.scp ? { ...policies, scp: governance.scp } : policies
  }

  /**
   * AccessDeniedException unless the caller may do this to the key: key policy, identity policies, grants. `refusal`
   * takes the place of the usual text where the answer must not tell a foreign caller what is here.
   */
  async authorize(
    key: KeyRecord,
    action: string = this.request.operation,
    details?: AccessDetails & { readonly refusal?: () => KmsError },
  ): Promise<void> {
    const question = await keyQuestion(this, key, action, details)
    const decision = await decideOnKey(this, key, question)
    this.judged.push({ action: question.check.action, resource: key.arn, decision })
    if (decision.allowed) return
    throw !this.isLocal && details?.refusal ? details.refusal() : accessDenied(question, decision)
  }

  /** The same for an alias ARN, or `*`: identity policies alone decide, those of the account that this service keeps. */
  authorizeResource(resource: string, kind: CheckedResource, action: string = this.request.operation): void {
    if (!this.isLocal) throw foreignKeyDenied(this.caller.arn, `kms:${action}`)
    const question = resourceQuestion(this, resource, action, kind)
    const decision = decide(question)
    this.judged.push({ action: question.check.action, resource, decision })
    if (!decision.allowed) throw accessDenied(question, decision)
  }

  /** ListRetirableGrants: on the retiring principal, who must be of the caller's account; a service asks for itself. */
  authorizeRetiring(principal: string): void {
    const { kind, arn, accountId } = this.caller
    const own = kind === 'service' ? principal === arn : accountOfArn(principal) === accountId
    if (!own) throw foreignKeyDenied(arn, 'kms:ListRetirableGrants')
    if (kind !== 'service') this.authorizeResource(principal, 'retiringPrincipalArn')
  }

  /** DryRunOperationException for a call that would have succeeded. */
  stopIfDryRun(input: { readonly DryRun?: boolean | undefined }): void {
    if (input.DryRun) throw dryRunSucceeded()
  }

  /** The handle of one material; undefined when the key has none by that id. The kind is what the key's usage says. */
  async openMaterial<K extends KeyHandle['kind'] = 'symmetric'>(
    key: KeyRecord,
    materialId: string,
    kind: K = 'symmetric' as K,
  ): Promise<HandleOf<K> | undefined> {
    const material = await this.find('material', materialRowId(key.keyId, materialId))
    if (!material) return undefined
    return requireKind(await this.kms.crypto.openMaterial(restingMaterial(material), bindingOf(key)), kind)
  }

  /** The handle of the current material: what encrypts now, or the only one that the key has. */
  async openCurrentMaterial<K extends KeyHandle['kind'] = 'symmetric'>(
    key: KeyRecord,
    kind: K = 'symmetric' as K,
  ): Promise<HandleOf<K>> {
    const id = key.currentMaterialId
    const handle = id === undefined ? undefined : await this.openMaterial(key, id, kind)
    if (!handle) throw new Error('an enabled key has no current material')
    return handle
  }

  /** For GetKeyLastUsage; ReEncrypt counts for both of its keys. */
  recordUse(key: KeyRecord): void {
    const { requestId } = this.request
    const operation = this.request.operation as KeyLastUsageTrackingOperation
    this.append({
      kind: 'use',
      use: { keyId: key.keyId, operation, atMs: this.nowMs, eventId: this.eventId, requestId },
    })
  }

  keyArn(keyId: string): string {
    return formatKeyArn(this.kms.home, keyId)
  }
}
