import { DurableObject } from 'cloudflare:workers'
import { createSqlStorage, type SqlStorage } from '../src/adapters/durable-object/storage'
import { createRootCrypto } from '../src/adapters/webcrypto'
import { CopyHolders } from '../src/identity/copy-holders'
import { DirectoryService, type FoundAccessKey, type NewUser } from '../src/identity/directory'
import { internal, KmsError } from '../src/model/errors'
import type { Principal } from '../src/policy/principal'
import type { CallerEntry } from '../src/ports/identity'
import { requireSameRoots } from '../src/service/root-checks'
import { requireConfig } from './config'
import type { Env } from './env'
import { describeFault, report } from './log'
import { rootsOf } from './roots'
import { type VaultName, vaultStub } from './stubs'

interface DirectoryHost {
  readonly service: DirectoryService
  readonly storage: SqlStorage
  /** The Vaults that may be deciding by a copy of an entry. */
  readonly holders: CopyHolders<VaultName>
  readonly primaryRootId: string
}

const accountKey = 'account'
/** The Directory has no Region; its keys are derived under this word. */
export const directoryRegion = 'directory'
const nextTurnMs = 20
/** How long work that has failed is left alone. */
const faultRestMs = 60_000
const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))

/** The IAM users of one account. A doorway: the rules are in src/identity. */
export class Directory extends DurableObject<Env> {
  private opening: Promise<DirectoryHost> | undefined
  private inFlight = 0

  async findAccessKey(accountId: string, accessKeyId: string): Promise<FoundAccessKey | undefined> {
    return this.during(async () => (await this.host(accountId)).service.findAccessKey(accessKeyId))
  }

  /** The caller's entry; a Vault that asks is told when its copy is outdated. */
  async findEntry(principal: Principal, holder?: VaultName): Promise<CallerEntry | undefined> {
    return this.during(async () => {
      const { service, holders } = await this.host(principal.accountId)
      if (holder) holders.register(`${holder.accountId}:${holder.region}`, holder)
      return service.findEntry(principal)
    })
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
      const { service, primaryRootId } = await this.host(accountId)
      if (await service.rewrapSecrets(primaryRootId)) await this.ctx.storage.setAlarm(Date.now() + nextTurnMs)
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
    if ((await storage.listSealedByOthers('accessKey', crypto.primaryRootId, 1)).length) {
      await this.ctx.storage.setAlarm(Date.now())
    }
    const service = new DirectoryService({
      accountId,
      storage,
      crypto,
      wallMs: () => Date.now(),
      dropCopies: (version) => holders.dropAll(version),
    })
    return { service, storage, holders, primaryRootId: crypto.primaryRootId }
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
