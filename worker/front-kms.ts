import { createRemoteStorage } from '../src/adapters/remote/storage'
import { createImport, type RootCrypto } from '../src/adapters/webcrypto'
import { partitionOf } from '../src/codec/arn'
import { LruMap } from '../src/codec/lru'
import { EntryCopies } from '../src/identity/entry-copies'
import type { CollectionName } from '../src/keys/collections'
import type { Kms } from '../src/operations/kms'
import type { Principal } from '../src/policy/principal'
import type { Append, ListQuery, Row, StoragePort } from '../src/ports/storage'
import { requireSameRoots } from '../src/service/root-checks'
import { AuditOutbox } from './audit-outbox'
import { type Config, requireConfig } from './config'
import { principalLookup } from './directories'
import type { Env } from './env'
import { refusalOf } from './faults'
import type { FrontPlace } from './front-routing'
import { describeFault, report } from './log'
import { perEnv } from './per-env'
import { plainResult, type VaultName, vaultStub } from './stubs'
import { vaultCrypto } from './vault-crypto'

/** An isolate has 128 MiB for everything: so many accounts and Regions at once, and of each so much. */
const maxVaults = 16
const maxLeases = { rows: 10_000, bytes: 3 * 1024 * 1024 }
const maxHandles = 1_024

/** The service of one account and Region as this isolate runs it, over the Vault's store. */
export interface FrontKms {
  readonly kms: Kms
  /** Before each call: whatever may be waited for once, or once per lease. */
  prepare(): Promise<void>
  /** After each call: the sending of waiting audit records, for waitUntil; undefined when there is nothing to do. */
  send(): Promise<void> | undefined
}

/** Two ways to run one account and Region, with the same handles. */
type Fronts = { readonly [P in FrontPlace]: FrontKms }

interface Isolate {
  readonly vaults: LruMap<string, Fronts>
  /** Of every Vault that has been served: records must not go with a Vault that others have pushed out. */
  readonly outboxes: Map<string, AuditOutbox>
}

const isolateOf = perEnv((): Isolate => ({ vaults: new LruMap(maxVaults), outboxes: new Map() }))

export async function frontKms(env: Env, home: VaultName, place: FrontPlace): Promise<FrontKms> {
  const { vaults, outboxes } = isolateOf(env)
  const name = `${home.accountId}:${home.region}`
  const known = vaults.get(name)
  if (known) return known[place]
  const config = requireConfig(env)
  const crypto = await vaultCrypto(config, { ...home, handleCacheSize: maxHandles })
  // Another request may have been faster while this one waited.
  let made = vaults.get(name)
  if (!made) {
    const remote = new RemoteVault(env, home, principalLookup(env, config))
    const outbox = outboxOf(outboxes, name, (appends) => vaultStub(env, home).append(home, appends))
    made = {
      leased: createLeased(remote, config, crypto, outbox),
      fresh: createFresh(remote, config, crypto),
    }
  }
  vaults.set(name, made)
  return made[place]
}

/** Empty outboxes of others are let go here, so that there are never many more than Vaults. */
function outboxOf(
  outboxes: Map<string, AuditOutbox>,
  name: string,
  send: (appends: readonly Append[]) => Promise<void>,
): AuditOutbox {
  const known = outboxes.get(name)
  if (known) return known
  if (outboxes.size >= 2 * maxVaults) {
    for (const [other, outbox] of outboxes) if (outbox.size === 0) outboxes.delete(other)
  }
  const made = new AuditOutbox(send, (fault) => report(describeFault(fault)))
  outboxes.set(name, made)
  return made
}

/** The Vault's store by RPC. Every question makes its own stub: none may outlive its request. Throws KmsError alone. */
class RemoteVault {
  constructor(
    private readonly env: Env,
    readonly home: VaultName,
    readonly lookup: ReturnType<typeof principalLookup>,
  ) {}

  async ask<T>(question: (vault: ReturnType<typeof vaultStub>, home: VaultName) => Promise<T>): Promise<T> {
    try {
      return plainResult(await question(vaultStub(this.env, this.home), this.home))
    } catch (fault) {
      throw refusalOf(fault)
    }
  }

  readonly storage: StoragePort = {
    read: <C extends CollectionName>(collection: C, id: string) =>
      this.ask((vault, home) => vault.read(home, collection, id)) as Promise<Row<C> | undefined>,
    list: <C extends CollectionName>(collection: C, query: ListQuery) =>
      this.ask((vault, home) => vault.list(home, collection, query)) as Promise<Row<C>[]>,
    commit: (commit) => this.ask((vault, home) => vault.commit(home, commit)),
    lastUse: (keyId) => this.ask((vault, home) => vault.lastUse(home, keyId)),
    readAudit: (query) => this.ask((vault, home) => vault.readAudit(home, query)),
  }

  readonly append = (appends: readonly Append[]) => this.ask((vault, home) => vault.append(home, appends))
  readonly findEntry = (principal: Principal) => this.ask((vault, home) => vault.findEntry(home, principal))
  readonly clockOffsetMs = () => this.ask((vault, home) => vault.clockOffsetMs(home))
}

/** Decides by what was true less than a lease ago; its audit records may follow the answer. */
function createLeased(
  remote: RemoteVault,
  { leaseMs, strictAudit, clockControl, governance }: Config,
  crypto: RootCrypto,
  outbox: AuditOutbox,
): FrontKms {
  const clock = new FrontClock(remote.clockOffsetMs, clockControl ? leaseMs : Number.POSITIVE_INFINITY)
  const copies = new EntryCopies(remote.findEntry, () => Date.now(), leaseMs)
  const append = async (appends: readonly Append[]) => {
    if (strictAudit || !outbox.take(appends)) await remote.append(appends)
  }
  return {
    kms: {
      home: { partition: partitionOf(remote.home.region), ...remote.home },
      storage: createRemoteStorage(remote.storage, {
        leaseMs,
        now: () => Date.now(),
        maxRows: maxLeases.rows,
        maxBytes: maxLeases.bytes,
        append,
      }),
      crypto,
      clock,
      identity: {
        ...remote.lookup,
        findEntry: (principal) => copies.findEntry(principal),
      },
      governance,
      outbox: true,
      report,
    },
    prepare: () => clock.follow(),
    send: () => outbox.flush(),
  }
}

/**
 * Keeps nothing that can change: the Vault is asked for every row and for the caller, and checks all of it at the one
 * commit, which has the audit record in it. Like a call that runs in the Vault, but for the thread.
 */
function createFresh(remote: RemoteVault, { clockControl, governance }: Config, crypto: RootCrypto): FrontKms {
  const clock = new FrontClock(remote.clockOffsetMs, clockControl ? 0 : Number.POSITIVE_INFINITY)
  let rootsChecked = false
  return {
    kms: {
      home: { partition: partitionOf(remote.home.region), ...remote.home },
      storage: createRemoteStorage(remote.storage, {
        leaseMs: 0,
        now: () => Date.now(),
        maxRows: 0,
        append: remote.append,
      }),
      crypto,
      // Wrapping keys alone are made here, which needs no software provider; ImportKeyMaterial runs in the Vault.
      import: createImport(),
      clock,
      identity: { ...remote.lookup, findEntry: remote.findEntry },
      governance,
      outbox: true,
      report,
    },
    async prepare() {
      // What is sealed here must open there: a root key with the right id and other bytes is noticed before its use.
      if (!rootsChecked) await requireSameRoots(remote.storage, await crypto.checkValues())
      rootsChecked = true
      await clock.follow()
    },
    send: () => undefined,
  }
}

/** The Vault's clocks, as far as this isolate was told. The offset only grows, and only clock control makes it grow. */
class FrontClock {
  private offsetMs = 0
  private goodUntilMs = Number.NEGATIVE_INFINITY

  /** `keepMs`: how long an offset is used, counted from before it was asked for; infinite without clock control. */
  constructor(
    private readonly ask: () => Promise<number>,
    private readonly keepMs: number,
  ) {}

  wallMs(): number {
    return Date.now()
  }

  serviceMs(): number {
    return Date.now() + this.offsetMs
  }

  async follow(): Promise<void> {
    const now = Date.now()
    if (this.keepMs > 0 && now < this.goodUntilMs) return
    this.offsetMs = Math.max(this.offsetMs, await this.ask())
    this.goodUntilMs = Math.max(this.goodUntilMs, now + this.keepMs)
  }
}
