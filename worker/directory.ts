import { DurableObject } from 'cloudflare:workers'
import { createSqlStorage, type SqlStorage } from '../src/adapters/durable-object/storage'
import { createRootCrypto, type RootCrypto } from '../src/adapters/webcrypto'
import { CopyHolders } from '../src/identity/copy-holders'
import { DirectoryService, type FoundAccessKey, type NewUser } from '../src/identity/directory'
import { createIamCall, iamActions } from '../src/identity/iam'
import { createPrincipalLookup } from '../src/identity/principal-lookup'
import { QueryError } from '../src/identity/query-error'
import { type StsParts, stsActions } from '../src/identity/sts/service'
import { type ServiceSessionRequest, serviceSession } from '../src/identity/sts/service-session'
import { internal, KmsError, unknownCaller } from '../src/model/errors'
import type { Principal, SignedPrincipal } from '../src/policy/principal'
import type { CallerEntry } from '../src/ports/identity'
import { requireSameRoots } from '../src/service/root-checks'
import { performQuery, type QueryReply, type QueryRequest } from '../src/wire/query'
import { CallRecords, inputOf } from './call-records'
import { type Config, requireConfig } from './config'
import type { Env } from './env'
import { createJwksFetcher } from './guarded-fetch'
import { describeFault, report } from './log'
import { perEnv } from './per-env'
import { rootsOf } from './roots'
import { directoryStub, plainResult, type VaultName, vaultStub } from './stubs'

/** A request of the Query door: who calls, how, and what for. */
export interface DirectoryQuery extends QueryRequest {
  /** Undefined for an unsigned AssumeRoleWithWebIdentity. */
  readonly principal: SignedPrincipal | undefined
  readonly region: string
  readonly sourceIp: string | undefined
  readonly userAgent: string | undefined
  readonly secureTransport: boolean
}

interface DirectoryHost {
  readonly config: Config
  readonly service: DirectoryService
  readonly storage: SqlStorage
  readonly crypto: RootCrypto
  readonly records: CallRecords
  /** The Vaults that may be deciding by a copy of an entry. */
  readonly holders: CopyHolders<VaultName>
}

const accountKey = 'account'
/** The Directory has no Region; its keys are derived under this word. */
export const directoryRegion = 'directory'
const nextTurnMs = 20
/** How long work that has failed is left alone. */
const faultRestMs = 60_000
const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))

const jwksFetcher = perEnv(() => createJwksFetcher({ fetch: (url, init) => fetch(url, init), nowMs: () => Date.now() }))

/** The identities of one account, its IAM and its STS. A doorway: the rules are in src/identity. */
export class Directory extends DurableObject<Env> {
  private opening: Promise<DirectoryHost> | undefined
  private inFlight = 0

  async findAccessKey(accountId: string, accessKeyId: string): Promise<FoundAccessKey | undefined> {
    return this.during(async () => (await this.host(accountId)).service.findAccessKey(accessKeyId))
  }

  /** The caller's entry; a Vault that asks is told when its copy is outdated. */
  async findEntry(principal: SignedPrincipal, holder?: VaultName): Promise<CallerEntry | undefined> {
    return this.during(async () => {
      const { service, holders } = await this.host(principal.accountId)
      if (holder) holders.register(`${holder.accountId}:${holder.region}`, holder)
      const entry = await service.findEntry(principal)
      // Vaults ask again every few seconds while a key is in use.
      if (entry && holder) this.noteUse(service, principal, 'kms', holder.region)
      return entry
    })
  }

  /** The caller is of this account. A change is written together with its record. */
  async iam(accountId: string, query: DirectoryQuery): Promise<QueryReply> {
    return this.during(async () => {
      const { service, crypto, config, records } = await this.host(accountId)
      const { principal } = query
      if (principal?.accountId !== accountId) throw unknownCaller()
      this.noteUse(service, principal, 'iam', query.region)
      const record = records.of(query, inputOf(query))
      let isWritten = false
      const transact: typeof service.transact = async (work) => {
        return service.transact(async (transaction) => {
          const done = await work(transaction)
          // Work that has only read must raise no version: everybody would drop what they know of callers.
          isWritten = transaction.changes.length > 0
          if (!isWritten) return done
          await transaction.find('outbox', record.id)
          transaction.put('outbox', record.id, record.row())
          return done
        })
      }
      const call = createIamCall(
        {
          directory: { accountId, findEntry: (caller) => service.findEntry(caller), transact },
          crypto,
          wallMs: () => Date.now(),
          lookup: this.lookup(service, config),
          governance: config.governance(accountId),
        },
        { ...query, principal },
      )
      const reply = await performQuery(query, iamActions, call, (fault) => report(describeFault(fault)))
      if (!isWritten || reply.error) await records.write(record.row(reply.error))
      await records.deliverSoon()
      return reply
    })
  }

  /** The account is the one that stsAccount names. */
  async sts(accountId: string, query: DirectoryQuery): Promise<QueryReply> {
    return this.during(async () => {
      const { service, crypto, config, records } = await this.host(accountId)
      const { principal, region, sourceIp, userAgent, secureTransport } = query
      if (principal?.accountId === accountId) this.noteUse(service, principal, 'sts', region)
      const parts: StsParts = {
        accountId,
        crypto,
        wallMs: () => Date.now(),
        findEntry: async (caller) =>
          caller.accountId === accountId
            ? service.findEntry(caller)
            : plainResult(await directoryStub(this.env, caller.accountId).findEntry(caller)),
        findRole: (roleName) => service.findRole(roleName),
        findManagedPolicy: (arn) => service.managedPolicyText(arn),
        findProvider: (url) => service.findProvider(url),
        fetchJwks: jwksFetcher(this.env),
        rootKeyAccount: (accessKeyId) => config.rootUsers.get(accessKeyId)?.accountId,
        governance: (of) => config.governance(of),
      }
      const call = { parts, principal, region, sourceIp, userAgent, secureTransport }
      const reply = await performQuery(query, stsActions, call, (fault) => report(describeFault(fault)))
      await records.write(records.of(query, inputOf(query)).row(reply.error))
      await records.deliverSoon()
      return reply
    })
  }

  /**
   * The role that a service of this deployment may work as. A refusal is on record as AssumeRole; what is done in the role
   * has records of its own.
   */
  async serviceSession(accountId: string, requestId: string, request: ServiceSessionRequest) {
    return this.during(async () => {
      const { service, records } = await this.host(accountId)
      const findRole = (roleName: string) => service.findRole(roleName)
      try {
        const parts = { accountId, findRole, wallMs: () => Date.now() }
        return { ok: true, role: await serviceSession(parts, request) } as const
      } catch (refused) {
        if (!(refused instanceof QueryError)) throw refused
        const error = { code: refused.code, message: refused.message }
        const input = { RoleArn: request.roleArn, RoleSessionName: request.sessionName }
        const by = { kind: 'service', accountId: null, service: request.service } as const
        const asked = {
          service: 'sts',
          target: 'AssumeRole',
          requestId,
          principal: by,
          region: request.region,
        } as const
        await records.write(records.of(asked, input).row(error))
        await records.deliverSoon()
        return { ok: false, error } as const
      }
    })
  }

  async resolvePrincipals(accountId: string, arns: readonly string[]) {
    return this.during(async () => (await this.host(accountId)).service.resolvePrincipals(arns))
  }

  async principalArns(accountId: string, uniqueIds: readonly string[]) {
    return this.during(async () => (await this.host(accountId)).service.principalArns(uniqueIds))
  }

  /** For explanations: a principal of the account by ARN, as a caller. */
  async describePrincipal(accountId: string, arn: string) {
    return this.during(async () => (await this.host(accountId)).service.describePrincipal(arn))
  }

  /** Undefined: the keys of the provider are fetched again. False when there is no such provider. */
  async pinJwks(accountId: string, url: string, jwks: string | undefined): Promise<boolean> {
    return this.during(async () => (await this.host(accountId)).service.pinJwks(url, jwks))
  }

  /** Rejects unless root keys and storage work. */
  async ping(accountId: string): Promise<void> {
    await this.during(() => this.host(accountId))
  }

  async createUser(accountId: string, user: NewUser) {
    return this.during(async () => (await this.host(accountId)).service.createUser(user))
  }

  async putUserPolicies(accountId: string, userId: string, policies: Readonly<Record<string, string>>): Promise<void> {
    return this.during(async () => (await this.host(accountId)).service.putUserPolicies(userId, policies))
  }

  async setAccessKeyActive(accountId: string, accessKeyId: string, active: boolean): Promise<void> {
    return this.during(async () => (await this.host(accountId)).service.setAccessKeyActive(accessKeyId, active))
  }

  /** Starts sealing secrets anew under the first root key. */
  async rewrap(accountId: string): Promise<void> {
    await this.during(async () => {
      await this.host(accountId)
      await this.ctx.storage.setAlarm(Date.now())
    })
  }

  /** How many secrets each root key seals. */
  async countSecrets(accountId: string): Promise<Readonly<Record<string, number>>> {
    return this.during(async () =>
      Object.fromEntries(await (await this.host(accountId)).storage.countSealed('accessKey')),
    )
  }

  override async alarm(): Promise<void> {
    const accountId = await this.ctx.storage.get<string>(accountKey)
    if (accountId === undefined) return
    try {
      const { service, crypto, records } = await this.host(accountId)
      const more = await records.deliver()
      if ((await service.rewrapSecrets(crypto.primaryRootId)) || more) {
        await this.ctx.storage.setAlarm(Date.now() + nextTurnMs)
      }
    } catch (fault) {
      // Thrown, the runtime would come back a few times and then never again.
      report(describeFault(fault))
      await this.ctx.storage.setAlarm(Date.now() + faultRestMs)
    }
  }

  private host(accountId: string): Promise<DirectoryHost> {
    this.opening ??= this.open(accountId).catch((error) => {
      this.opening = undefined
      throw error
    })
    return this.opening
  }

  private async open(accountId: string): Promise<DirectoryHost> {
    const config = requireConfig(this.env)
    const crypto = createRootCrypto({ roots: await rootsOf(config), accountId, region: directoryRegion })
    const storage: SqlStorage = createSqlStorage(this.ctx.storage, {
      audit: config.audit,
      inFlight: () => this.inFlight,
    })
    await requireSameRoots(storage, await crypto.checkValues())
    const isNew = (await this.ctx.storage.get(accountKey)) === undefined
    if (isNew) await this.ctx.storage.put(accountKey, accountId)
    const holders = new CopyHolders<VaultName>({
      nowMs: () => Date.now(),
      sleep,
      tell: (vault, version) => vaultStub(this.env, vault).dropEntries(vault, version),
      mayHaveStrangers: !isNew,
    })
    const toDeliver = await storage.nextDueMs('outbox')
    if (toDeliver !== undefined || (await storage.listSealedByOthers('accessKey', crypto.primaryRootId, 1)).length) {
      await this.ctx.storage.setAlarm(Date.now())
    }
    const service = new DirectoryService({
      accountId,
      storage,
      crypto,
      wallMs: () => Date.now(),
      dropCopies: (version) => holders.dropAll(version),
      isRootKey: (accessKeyId) => config.rootUsers.get(accessKeyId)?.accountId === accountId,
    })
    const records = new CallRecords(this.ctx, this.env, config, accountId, storage)
    return { config, service, storage, crypto, records, holders }
  }

  /** This object answers for its own account without asking itself from outside. */
  private lookup(service: DirectoryService, config: Config) {
    return createPrincipalLookup({
      isKept: (accountId) => config.accounts.has(accountId),
      directory: (accountId) =>
        accountId === service.accountId
          ? service
          : {
              resolvePrincipals: async (arns) =>
                plainResult(await directoryStub(this.env, accountId).resolvePrincipals(accountId, arns)),
              principalArns: async (ids) =>
                plainResult(await directoryStub(this.env, accountId).principalArns(accountId, ids)),
            },
    })
  }

  /** Of long-term access keys alone; nobody waits for it. */
  private noteUse(service: DirectoryService, principal: Principal, name: string, region: string): void {
    if (principal.kind !== 'user' || principal.session) return
    const noted = service.noteUse(principal.accessKeyId, name, region)
    this.ctx.waitUntil(noted.catch((fault: unknown) => report(describeFault(fault))))
  }

  /** Counts calls under way. A refusal reaches who asked; what else is thrown is told in the log alone. */
  private async during<T>(work: () => Promise<T>): Promise<T> {
    this.inFlight++
    try {
      return await work()
    } catch (fault) {
      if (fault instanceof KmsError) throw fault
      report(describeFault(fault))
      throw internal()
    } finally {
      this.inFlight--
    }
  }
}
