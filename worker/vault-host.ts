import { createSoftwareProvider } from '../software'
import { createSqlStorage, type SqlStorage } from '../src/adapters/durable-object/storage'
import { createImport, type RootCrypto } from '../src/adapters/webcrypto'
import { partitionOf } from '../src/codec/arn'
import { EntryCopies } from '../src/identity/entry-copies'
import { keyDueAtMs } from '../src/keys/collections'
import type { Kms } from '../src/operations/kms'
import type { Change } from '../src/ports/storage'
import { type Maintained, rewrapMaterials, settleDue } from '../src/service/maintenance'
import { deliverOutbox, dropReceipts } from '../src/service/outbox'
import { requireSameRoots } from '../src/service/root-checks'
import { archiveTo } from './archive'
import { requireConfig } from './config'
import { principalLookup } from './directories'
import type { Env } from './env'
import { describeFault, report } from './log'
import { ServiceClock } from './service-clock'
import { directoryStub, plainResult, type VaultName, vaultStub } from './stubs'
import { vaultCrypto } from './vault-crypto'

/** How soon an alarm comes again when there is more to do than one turn does. */
const nextTurnMs = 20
/** How often the audit log is looked after when nothing else wakes the object. */
const careMs = 3_600_000
/** How long work that has failed is left alone. */
export const faultRestMs = 60_000

/** Everything inside one Vault object: the composed service and its physical work. */
export interface VaultHost {
  readonly kms: Maintained
  readonly storage: SqlStorage
  readonly crypto: RootCrypto
  readonly clock: ServiceClock
  readonly copies: EntryCopies
  /** One turn of physical work; schedules the next one. */
  work(): Promise<void>
  /** Makes the next turn come at once. */
  workSoon(): Promise<void>
}

export async function openVaultHost(
  ctx: DurableObjectState,
  env: Env,
  home: VaultName,
  inFlight: () => number,
): Promise<VaultHost> {
  const config = requireConfig(env)
  const crypto = await vaultCrypto(config, home)
  const sql = createSqlStorage(ctx.storage, {
    audit: {
      days: config.audit.days,
      bytes: config.audit.bytes,
      archive: env.AUDIT && archiveTo(env.AUDIT, home),
      onArchiveError: (error) => report(describeFault(error)),
    },
    now: () => Date.now(),
    inFlight,
  })
  await requireSameRoots(sql, await crypto.checkValues())
  const clock = await ServiceClock.open(sql)
  const alarm = await Alarm.open(ctx)

  /** Whatever moves a key's due time moves the alarm. */
  const storage: SqlStorage = {
    ...sql,
    async commit(commit) {
      const committed = await sql.commit(commit)
      if (committed) {
        for (const change of commit.changes) {
          const dueAtMs = dueOf(change)
          if (dueAtMs !== undefined) await alarm.atLatest(dueAtMs - clock.offsetMs)
        }
      }
      return committed
    },
  }

  const copies = new EntryCopies(
    async (principal) => {
      if (principal.kind === 'service') return undefined
      if (principal.kind !== 'root') {
        return plainResult(await directoryStub(env, principal.accountId).findEntry(principal, home))
      }
      const accessKeyId = principal.session?.issuerAccessKeyId ?? principal.accessKeyId
      const isRoot = config.rootUsers.get(accessKeyId)?.accountId === principal.accountId
      return isRoot ? { version: Number.MAX_SAFE_INTEGER, policies: {} } : undefined
    },
    () => Date.now(),
  )
  const kms: Kms = {
    home: { partition: partitionOf(home.region), ...home },
    storage,
    crypto,
    import: createImport({ software: config.softwareCrypto ? createSoftwareProvider() : undefined }),
    clock,
    identity: { ...principalLookup(env, config), findEntry: (principal) => copies.findEntry(principal) },
    governance: config.governance,
    outbox: true,
    report,
  }
  const maintained = { ...kms, storage }
  const settling: Step = { run: () => settleDue(maintained), restsUntilMs: 0 }
  const delivering: Step = {
    run: () => deliverOutbox(maintained, (to, id, message) => vaultStub(env, to).take(to, id, message)),
    restsUntilMs: 0,
  }
  const steps: readonly Step[] = [
    settling,
    delivering,
    { run: () => rewrapMaterials(maintained, crypto), restsUntilMs: 0 },
    { run: () => sql.maintainAudit(), restsUntilMs: 0 },
    { run: () => dropReceipts(maintained), restsUntilMs: 0 },
  ]

  /** A step that fails rests for a while and keeps the others from nothing. */
  async function work(): Promise<void> {
    alarm.fired()
    let nextMs = Date.now() + careMs
    for (const step of steps) {
      if (step.restsUntilMs <= Date.now()) {
        try {
          if (await step.run()) nextMs = 0
        } catch (fault) {
          report(describeFault(fault))
          step.restsUntilMs = Date.now() + faultRestMs
        }
      }
      if (step.restsUntilMs > Date.now()) nextMs = Math.min(nextMs, step.restsUntilMs)
    }
    if (settling.restsUntilMs <= Date.now()) nextMs = Math.min(nextMs, await nextDueWallMs('key'))
    if (delivering.restsUntilMs <= Date.now()) nextMs = Math.min(nextMs, await nextDueWallMs('outbox'))
    await alarm.atLatest(Math.max(nextMs, Date.now() + nextTurnMs))
  }

  const nextDueWallMs = async (collection: 'key' | 'outbox') =>
    ((await sql.nextDueMs(collection)) ?? Number.POSITIVE_INFINITY) - clock.offsetMs
  const workSoon = () => alarm.atLatest(Date.now())
  // A root key that came, went or changed places since the last start leaves rows for the first turn. And an object that
  // has ended between a commit and its alarm, or whose alarm failed too often, gets a new one here.
  const toRewrap = (await sql.listSealedByOthers('material', crypto.primaryRootId, 1)).length > 0
  const nextDueMs = Math.min(await nextDueWallMs('key'), await nextDueWallMs('outbox'))
  await alarm.atLatest(toRewrap ? Date.now() : Math.min(Date.now() + careMs, nextDueMs))
  return { kms: maintained, storage, crypto, clock, copies, work, workSoon }
}

/** When a change wants the object to wake. */
function dueOf(change: Change): number | undefined {
  if (!change.value) return undefined
  if (change.collection === 'key') return keyDueAtMs(change.value)
  return change.collection === 'outbox' ? change.value.dueAtMs : undefined
}

/** One kind of physical work. `run` answers whether there is more to do. */
interface Step {
  run(): Promise<boolean>
  /** Wall clock, ms. */
  restsUntilMs: number
}

/** The object's one alarm, which only ever moves forward in time by firing. */
class Alarm {
  private constructor(
    private readonly storage: DurableObjectStorage,
    private atMs: number,
  ) {}

  static async open(ctx: DurableObjectState): Promise<Alarm> {
    return new Alarm(ctx.storage, (await ctx.storage.getAlarm()) ?? Number.POSITIVE_INFINITY)
  }

  async atLatest(ms: number): Promise<void> {
    if (ms >= this.atMs) return
    await this.storage.setAlarm(Math.max(ms, Date.now()))
    this.atMs = ms
  }

  fired(): void {
    this.atMs = Number.POSITIVE_INFINITY
  }
}
