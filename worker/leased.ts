import { createRemoteStorage } from '../src/adapters/remote/storage'
import { partitionOf } from '../src/codec/arn'
import { LruMap } from '../src/codec/lru'
import { EntryCopies } from '../src/identity/entry-copies'
import type { CollectionName } from '../src/keys/collections'
import type { OperationName } from '../src/model/operations'
import type { Kms } from '../src/operations/kms'
import type { Append, ListQuery, Row, StoragePort } from '../src/ports/storage'
import { AuditOutbox } from './audit-outbox'
import { type Config, requireConfig } from './config'
import type { Env } from './env'
import { refusalOf } from './faults'
import { describeFault, report } from './log'
import { perEnv } from './per-env'
import { plainResult, type VaultName, vaultStub } from './stubs'
import { vaultCrypto } from './vault-crypto'

/** What runs in the Worker's isolate under a lease: the cryptographic operations and GetPublicKey. */
const dataPlane: ReadonlySet<OperationName> = new Set<OperationName>([
  'Decapsulate',
  'Decrypt',
  'DeriveSharedSecret',
  'Encapsulate',
  'Encrypt',
  'GenerateDataKey',
  'GenerateDataKeyPair',
  'GenerateDataKeyPairWithoutPlaintext',
  'GenerateDataKeyWithoutPlaintext',
  'GenerateMac',
  'GenerateRandom',
  'GetPublicKey',
  'ReEncrypt',
  'Sign',
  'Verify',
  'VerifyMac',
])

export const isDataPlane = (operation: OperationName) => dataPlane.has(operation)

/** An isolate has 128 MiB for everything: so many accounts and Regions at once, and of each so much. */
const maxVaults = 16
const maxLeases = { rows: 10_000, bytes: 3 * 1024 * 1024 }
const maxHandles = 1_024

/** One account and Region as this isolate serves it. */
export interface LeasedVault {
  readonly kms: Kms
  /** Before each call: whatever may be waited for once per lease. */
  prepare(): Promise<void>
  /** After each call: the sending of waiting audit records, for waitUntil; undefined when somebody else does it. */
  send(): Promise<void> | undefined
}

interface Isolate {
  readonly vaults: LruMap<string, LeasedVault>
  /** Of every Vault that has been served: records must not go with a Vault that others have pushed out. */
  readonly outboxes: Map<string, AuditOutbox>
}

const isolateOf = perEnv((): Isolate => ({ vaults: new LruMap(maxVaults), outboxes: new Map() }))

export async function leasedVault(env: Env, home: VaultName): Promise<LeasedVault> {
  const { vaults, outboxes } = isolateOf(env)
  const name = `${home.accountId}:${home.region}`
  const known = vaults.get(name)
  if (known) return known
  const config = requireConfig(env)
  const crypto = await vaultCrypto(config, { ...home, handleCacheSize: maxHandles })
  // Another request may have been faster while this one waited.
  const made =
    vaults.get(name) ??
    createLeasedVault(env, config, home, {
      crypto,
      outbox: outboxOf(outboxes, name, (appends) => vaultStub(env, home).append(home, appends)),
    })
  vaults.set(name, made)
  return made
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

function createLeasedVault(
  env: Env,
  { leaseMs, strictAudit, clockControl }: Config,
  home: VaultName,
  { crypto, outbox }: { readonly crypto: Kms['crypto']; readonly outbox: AuditOutbox },
): LeasedVault {
  /** Every use makes its own stub: none may outlive its request. Throws KmsError alone. */
  async function ask<T>(question: (vault: ReturnType<typeof vaultStub>) => Promise<T>): Promise<T> {
    try {
      return plainResult(await question(vaultStub(env, home)))
    } catch (fault) {
      throw refusalOf(fault)
    }
  }

  async function append(appends: readonly Append[]): Promise<void> {
    if (!strictAudit && outbox.take(appends)) return
    await ask((vault) => vault.append(home, appends))
  }

  const remote: StoragePort = {
    read: <C extends CollectionName>(collection: C, id: string) =>
      ask((vault) => vault.read(home, collection, id)) as Promise<Row<C> | undefined>,
    list: <C extends CollectionName>(collection: C, query: ListQuery) =>
      ask((vault) => vault.list(home, collection, query)) as Promise<Row<C>[]>,
    commit: (commit) => ask((vault) => vault.commit(home, commit)),
    lastUse: (keyId) => ask((vault) => vault.lastUse(home, keyId)),
    readAudit: (query) => ask((vault) => vault.readAudit(home, query)),
  }

  const clock = { offsetMs: 0, goodUntilMs: 0 }
  const kms: Kms = {
    home: { partition: partitionOf(home.region), ...home },
    storage: createRemoteStorage(remote, {
      leaseMs,
      now: () => Date.now(),
      maxRows: maxLeases.rows,
      maxBytes: maxLeases.bytes,
      append,
    }),
    crypto,
    clock: { wallMs: () => Date.now(), serviceMs: () => Date.now() + clock.offsetMs },
    identity: new EntryCopies(
      (principal) => ask((vault) => vault.findEntry(home, principal)),
      () => Date.now(),
      leaseMs,
    ),
    report,
  }
  return {
    kms,
    async prepare() {
      const now = Date.now()
      if (now < clock.goodUntilMs) return
      const offsetMs = await ask((vault) => vault.clockOffsetMs(home))
      // The offset only grows, and only clock control makes it grow: without it, what it once was stays.
      clock.offsetMs = Math.max(clock.offsetMs, offsetMs)
      clock.goodUntilMs = Math.max(clock.goodUntilMs, clockControl ? now + leaseMs : Number.POSITIVE_INFINITY)
    },
    send: () => outbox.flush(),
  }
}
