import { evictDurableObject, runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { createSqlStorage, type SqlStorage, type SqlStorageOptions } from '../../src/adapters/durable-object/storage'
import type { Store } from '../suites/storage-contract'
import { sampleNowMs } from '../suites/storage-samples'

/** Limits that no test reaches by accident. */
export const wideLimits = { days: 90, bytes: 2 ** 31 }

export interface HostedStore extends Store {
  /** Runs inside the object, where its storage may be touched. */
  inside<T>(work: (store: SqlStorage, storage: DurableObjectStorage) => T | Promise<T>): Promise<T>
  /** Every SQL text since the store was opened. */
  readonly queries: string[]
  /** SQL texts that match throw instead of running. */
  failOn: RegExp | undefined
}

const namespace = () => (env as unknown as { VAULT: DurableObjectNamespace }).VAULT
let names = 0

/** An object with nothing in it, whatever its class writes when it starts. */
export async function emptyObject(): Promise<DurableObjectStub> {
  const stub = namespace().getByName(`storage-${names++}-${crypto.randomUUID()}`)
  await runInDurableObject(stub, (_, state) => state.storage.deleteAll())
  return stub
}

const stubs = new WeakMap<Store, { stub: DurableObjectStub; options: SqlStorageOptions }>()

/** A store over the object's own SQLite database; each call is a request to the object. */
export async function openHosted(
  options: SqlStorageOptions = { audit: wideLimits },
  to?: DurableObjectStub,
): Promise<HostedStore> {
  const stub = to ?? (await emptyObject())
  const queries: string[] = []
  let opened: SqlStorage | undefined
  const inside = <T>(work: (store: SqlStorage, storage: DurableObjectStorage) => T | Promise<T>): Promise<T> =>
    runInDurableObject(stub, (_, state) => {
      opened ??= createSqlStorage(watched(state.storage), { now: () => sampleNowMs, ...options })
      return work(opened, state.storage)
    })
  const watched = (real: DurableObjectStorage): DurableObjectStorage => {
    const exec = (query: string, ...bindings: unknown[]) => {
      queries.push(query)
      if (hosted.failOn?.test(query)) throw new Error('injected fault')
      return real.sql.exec(query, ...bindings)
    }
    const transactionSync = <T>(work: () => T): T => real.transactionSync(work)
    return { sql: { exec }, transactionSync } as unknown as DurableObjectStorage
  }
  const hosted: HostedStore = {
    inside,
    queries,
    failOn: undefined,
    read: (collection, id) => inside((store) => store.read(collection, id)),
    list: (collection, query) => inside((store) => store.list(collection, query)),
    commit: (commit) => {
      // The object gets the commit only once its turn comes; what the caller sends is what it has now.
      const sent = structuredClone(commit)
      return inside((store) => store.commit(sent))
    },
    lastUse: (keyId) => inside((store) => store.lastUse(keyId)),
    readAudit: (query) => inside((store) => store.readAudit(query)),
    listDue: (collection, nowMs, limit) => inside((store) => store.listDue(collection, nowMs, limit)),
    nextDueMs: (collection) => inside((store) => store.nextDueMs(collection)),
    listSealedByOthers: (collection, rootId, limit) =>
      inside((store) => store.listSealedByOthers(collection, rootId, limit)),
    countSealed: (collection) => inside((store) => store.countSealed(collection)),
  }
  stubs.set(hosted, { stub, options })
  await inside(() => undefined)
  return hosted
}

/** Ends the object and opens its database from a new one. */
export async function reopenHosted(store: Store): Promise<HostedStore> {
  const found = stubs.get(store)
  if (!found) throw new Error('Not a hosted store')
  await evictDurableObject(found.stub)
  return openHosted(found.options, found.stub)
}
