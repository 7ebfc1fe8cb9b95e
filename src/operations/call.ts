import { formatKeyArn } from '../codec/arn'
import { materialRowId } from '../keys/collections'
import type { KeyRecord } from '../keys/records'
import { dryRunSucceeded, invalidGrantToken, unknownCaller } from '../model/errors'
import type { KeyLastUsageTrackingOperation } from '../model/generated/types'
import { accessDenied, decide } from '../policy/decision'
import type { Principal } from '../policy/principal'
import type { KeyHandle } from '../ports/crypto'
import type { CallerEntry } from '../ports/identity'
import type { CallRequest, Kms } from './kms'
import { type HandleOf, requireKind, restingMaterial } from './material'
import { bindingOf, WorkingSet } from './working-set'

/** One run of one call: a working set with a caller, and what the audit will say of it. */
export class Call extends WorkingSet {
  readonly principal: Principal
  readonly eventId: string
  private policies: CallerEntry['policies'] = {}
  /** ARNs of the audit record's `resources`, in CloudTrail's order. */
  resources: string[] = []
  /** The material that was used, where the answer does not name it. */
  materialId: string | undefined
  /** What decided, in words. */
  decision: string | undefined

  constructor(
    kms: Kms,
    readonly request: CallRequest,
  ) {
    super(kms)
    this.principal = request.principal
    this.eventId = this.newUuid()
  }

  /** UnrecognizedClientException unless the caller still is somebody. Comes before every decision. */
  async requireCaller(): Promise<void> {
    const entry = await this.kms.identity.findEntry(this.principal)
    if (!entry) throw unknownCaller()
    this.policies = entry.policies
  }

  /**
   * AccessDeniedException unless the caller may do this to the key. There are no grants yet, so that every grant token is
   * InvalidGrantTokenException.
   */
  authorize(key: KeyRecord, action: string = this.request.operation, grantTokens?: readonly string[]): void {
    if (grantTokens?.length) throw invalidGrantToken()
    this.judge(action, key.arn, { accountId: key.accountId, keyPolicy: key.policy })
  }

  /** The same for an alias ARN, or `*` for operations without a resource: identity policies alone decide. */
  authorizeResource(resource: string, action: string = this.request.operation): void {
    this.judge(action, resource, { accountId: this.kms.home.accountId })
  }

  private judge(action: string, resource: string, owner: { accountId: string; keyPolicy?: string }): void {
    const question = { principal: this.principal, policies: this.policies, action: `kms:${action}`, resource, owner }
    const decision = decide(question)
    this.decision = decision.by
    if (!decision.allowed) throw accessDenied(question, decision)
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
