import { DurableObject } from 'cloudflare:workers'
import { handleCloudTrail } from '../src/audit'
import { decodeBase64Url, encodeBase64Url, encodeUtf8 } from '../src/codec/bytes'
import { encodeError, encodeOutput } from '../src/codec/encode'
import type { CollectionName } from '../src/keys/collections'
import type { OutboxMessage } from '../src/keys/grant-records'
import { internal } from '../src/model/errors'
import type { CallRequest } from '../src/operations/kms'
import type { Principal, SignedPrincipal } from '../src/policy/principal'
import type { Append, Commit, ListQuery } from '../src/ports/storage'
import { type AllowedCaller, requireAllowed } from '../src/service/allowed'
import { takeMessage } from '../src/service/outbox'
import { perform } from '../src/service/perform'
import type { Env } from './env'
import { describeFault, report } from './log'
import { type Describe, type ManagementRequest, type Manager, manage, type VaultAnswer } from './manage'
import { directoryStub, plainResult, type VaultName } from './stubs'
import { faultRestMs, openVaultHost, type VaultHost } from './vault-host'

/** An authenticated KMS call as the front hands it over. */
export type VaultCall = Omit<CallRequest, 'body'> & { readonly json: string }

/** Who asks, and how. */
export type SignedCaller = AllowedCaller & { readonly principal: SignedPrincipal }

const homeKey = 'home'

/** One account in one Region: keys, aliases, tags, policies, audit. A doorway: it composes the service and calls it. */
export class Vault extends DurableObject<Env> {
  private opening: Promise<VaultHost> | undefined
  private inFlight = 0

  /** One KMS call, decided, done and on record before the answer. */
  async answer(home: VaultName, { json, ...call }: VaultCall): Promise<VaultAnswer> {
    return this.during(async () => {
      const { kms } = await this.host(home)
      const result = await perform(kms, { ...call, body: { json } })
      if (result.ok) return { status: 200, body: encodeOutput(call.operation, result.output) }
      return { ...encodeError(result.error), errorType: result.error.code }
    })
  }

  /** CloudTrail's LookupEvents over this Vault's own log. */
  async cloudTrail(home: VaultName, caller: SignedCaller, target: string, json: string): Promise<VaultAnswer> {
    return this.during(async () => {
      const { kms, storage, crypto } = await this.host(home)
      const binding = encodeUtf8(`LookupEvents ${caller.principal.accountId}`)
      return handleCloudTrail(target, json, {
        home,
        readAudit: (query) => storage.readAudit(query),
        sealToken: async (bytes) => encodeBase64Url(await crypto.sealToken('marker', binding, bytes)),
        openToken: async (token) => {
          const bytes = decodeBase64Url(token)
          return bytes && crypto.openToken('marker', binding, bytes)
        },
        authorize: (action) => requireAllowed(kms, caller, action),
      })
    })
  }

  // ---- the store, for a front that computes by itself ----

  async findEntry(home: VaultName, principal: Principal) {
    return this.during(async () => (await this.host(home)).kms.identity.findEntry(principal))
  }

  async read(home: VaultName, collection: CollectionName, id: string) {
    return this.during(async () => (await this.host(home)).storage.read(collection, id))
  }

  async list(home: VaultName, collection: CollectionName, query: ListQuery) {
    return this.during(async () => (await this.host(home)).storage.list(collection, query))
  }

  async commit(home: VaultName, commit: Commit): Promise<boolean> {
    return this.during(async () => (await this.host(home)).storage.commit(commit))
  }

  async append(home: VaultName, appends: readonly Append[]): Promise<void> {
    await this.during(async () => (await this.host(home)).storage.commit({ reads: [], changes: [], appends }))
  }

  /** A message of another Vault's outbox; taken once, however often it comes. */
  async take(home: VaultName, id: string, message: OutboxMessage): Promise<void> {
    await this.during(async () => takeMessage((await this.host(home)).kms, id, message))
  }

  async lastUse(home: VaultName, keyId: string) {
    return this.during(async () => (await this.host(home)).storage.lastUse(keyId))
  }

  async readAudit(home: VaultName, query: { readonly before?: number; readonly limit: number }) {
    return this.during(async () => (await this.host(home)).storage.readAudit(query))
  }

  async clockOffsetMs(home: VaultName): Promise<number> {
    return this.during(async () => (await this.host(home)).clock.offsetMs)
  }

  // ---- identity ----

  /** The Directory's word that entries older than this version are outdated. */
  async dropEntries(home: VaultName, version: number): Promise<void> {
    if (this.opening) (await this.host(home)).copies.drop(version)
  }

  // ---- management; the front has checked the signature, this checks the permission ----

  /** One management action as its route names it. */
  async manage(home: VaultName, manager: Manager, request: ManagementRequest): Promise<VaultAnswer> {
    const describe: Describe = async (arn) =>
      plainResult(await directoryStub(this.env, home.accountId).describePrincipal(home.accountId, arn))
    return this.during(async () => manage(await this.host(home), manager, request, describe))
  }

  // ---- life of the object ----

  override async alarm(): Promise<void> {
    const home = await this.ctx.storage.get<VaultName>(homeKey)
    if (!home) return
    try {
      await (await this.host(home)).work()
    } catch (fault) {
      // Thrown, the runtime would come back a few times and then never again.
      report(describeFault(fault))
      await this.ctx.storage.setAlarm(Date.now() + faultRestMs)
    }
  }

  /** The composed service, made at the first call. A failure (a wrong root key) is tried again by the next one. */
  private host(home: VaultName): Promise<VaultHost> {
    this.opening ??= this.open(home).catch((error) => {
      this.opening = undefined
      throw error
    })
    return this.opening
  }

  private async open(home: VaultName): Promise<VaultHost> {
    const known = await this.ctx.storage.get<VaultName>(homeKey)
    const host = await openVaultHost(this.ctx, this.env, home, () => this.inFlight)
    if (!known) await this.ctx.storage.put(homeKey, home)
    return host
  }

  /** Counts calls under way, which tells a lone call from a crowd. What is thrown is told in the log alone. */
  private async during<T>(work: () => Promise<T>): Promise<T> {
    this.inFlight++
    try {
      return await work()
    } catch (fault) {
      report(describeFault(fault))
      throw internal()
    } finally {
      this.inFlight--
    }
  }
}
