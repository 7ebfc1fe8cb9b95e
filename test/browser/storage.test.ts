import { deleteDB, openDB } from 'idb'
import { afterAll, describe, expect, it } from 'vitest'
import { upgrades } from '../../src/adapters/indexeddb/schema'
import {
  type IndexedDbOptions,
  type IndexedDbStorage,
  openIndexedDbStorage,
} from '../../src/adapters/indexeddb/storage'
import { verifyChain } from '../../src/codec/audit-chain'
import type { MaterialRecord } from '../../src/keys/records'
import { storageContract, wholeAudit } from '../suites/storage-contract'
import {
  appendOnly,
  change,
  commitOf,
  entryAppend,
  increment,
  sampleNowMs,
  settingChange,
  useAppend,
  useRecord,
} from '../suites/storage-samples'
import type { WorkerOrder } from './storage-worker'

let names = 0
const opened = new Map<IndexedDbStorage, string>()

async function open(name = `kms-test-${names++}-${crypto.randomUUID()}`, options: IndexedDbOptions = {}) {
  const store = await openIndexedDbStorage(name, { now: () => sampleNowMs, ...options })
  opened.set(store, name)
  return store
}
const nameOf = (store: unknown) => opened.get(store as IndexedDbStorage) as string

async function reopen(store: unknown) {
  ;(store as IndexedDbStorage).close()
  return open(nameOf(store))
}

afterAll(async () => {
  for (const store of opened.keys()) store.close()
  for (const name of new Set(opened.values())) await deleteDB(name)
})

storageContract('IndexedDB', () => open(), reopen)

/** A thread with a connection and an event loop of its own, as another page has. */
async function inWorker(order: WorkerOrder): Promise<number> {
  const worker = new Worker(new URL('./storage-worker.ts', import.meta.url), { type: 'module' })
  try {
    return await new Promise((resolve, reject) => {
      worker.onmessage = ({ data }: MessageEvent<number>) => resolve(data)
      worker.onerror = (event) => reject(new Error(event.message))
      worker.postMessage(order)
    })
  } finally {
    worker.terminate()
  }
}

describe('two at once', () => {
  it('connections of one page lose no update and keep one chain', async () => {
    const one = await open()
    const two = await open(nameOf(one))
    const tries = await Promise.all(Array.from({ length: 40 }, (_, i) => increment(i % 2 ? one : two, 'counter')))
    expect((await one.read('setting', 'counter'))?.version).toBe(40)
    expect(tries.reduce((sum, count) => sum + count)).toBeGreaterThan(40)
    const batches = await wholeAudit(two, 50)
    expect(await verifyChain(batches)).toBeUndefined()
    expect(batches.flatMap((batch) => batch.entries).length).toBe(40)
  })

  it('a page and two workers lose no update and keep one chain', async () => {
    const store = await open()
    const order = { name: nameOf(store), times: 30, startMs: Date.now() + 500 }
    const here = async () => {
      await new Promise((resolve) => setTimeout(resolve, order.startMs - Date.now()))
      let tries = 0
      for (let i = 0; i < order.times; i++) tries += await increment(store, 'counter', async () => undefined)
      return tries
    }
    const tries = await Promise.all([here(), inWorker(order), inWorker(order)])
    expect(await store.read('setting', 'counter')).toMatchObject({ version: 90, value: { value: '90' } })
    // Without a single conflict they never met.
    expect(tries.reduce((sum, count) => sum + count)).toBeGreaterThan(90)
    expect(await verifyChain(await wholeAudit(store, 50))).toBeUndefined()
  }, 30_000)

  it('appends never conflict, whoever makes them', async () => {
    const one = await open()
    const two = await open(nameOf(one))
    const answers = await Promise.all(
      Array.from({ length: 30 }, (_, i) =>
        (i % 2 ? one : two).commit(appendOnly(entryAppend(`e${i}`), useAppend(useRecord('k', i)))),
      ),
    )
    expect(answers.every((answer) => answer)).toBe(true)
    const batches = await wholeAudit(one)
    expect(await verifyChain(batches)).toBeUndefined()
    expect(new Set(batches.flatMap((b) => b.entries.map((e) => e.eventId))).size).toBe(30)
    expect((await two.lastUse('k'))?.atMs).toBe(29)
  })

  it('sees at once what the other wrote', async () => {
    const one = await open()
    const two = await open(nameOf(one))
    await one.commit(change(settingChange('a', 0, 'a1')))
    expect((await two.read('setting', 'a'))?.value.value).toBe('a1')
    expect(await two.commit(change(settingChange('a', 0, 'x')))).toBe(false)
  })
})

describe('native keys', () => {
  const record = (keys: Record<string, CryptoKey>): MaterialRecord => ({
    keyId: 'k',
    materialId: 'm',
    sequence: 0,
    createdAtMs: 1,
    stored: { form: 'native', keys },
  })
  const readKeys = async (store: IndexedDbStorage) => {
    const stored = (await store.read('material', 'm'))?.value.stored
    return stored?.form === 'native' ? stored.keys : {}
  }

  it('are stored, opened again, used, and never exported', async () => {
    const aes = await crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, false, ['encrypt', 'decrypt'])
    const pair = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, false, ['sign', 'verify'])
    const iv = crypto.getRandomValues(new Uint8Array(12))
    const sealed = await crypto.subtle.encrypt({ name: 'AES-GCM', iv }, aes, new TextEncoder().encode('secret'))
    const store = await open()
    const value = record({ 'AES-GCM': aes, ECDSA: pair.privateKey })
    expect(await store.commit(change({ collection: 'material', id: 'm', version: 0, value }))).toBe(true)

    const again = await reopen(store)
    const keys = await readKeys(again)
    const key = keys['AES-GCM'] as CryptoKey
    const plain = await crypto.subtle.decrypt({ name: 'AES-GCM', iv }, key, sealed)
    expect(new TextDecoder().decode(plain)).toBe('secret')
    const signature = await crypto.subtle.sign({ name: 'ECDSA', hash: 'SHA-256' }, keys.ECDSA as CryptoKey, iv)
    expect(await crypto.subtle.verify({ name: 'ECDSA', hash: 'SHA-256' }, pair.publicKey, signature, iv)).toBe(true)
    for (const stored of Object.values(keys)) {
      expect(stored.extractable).toBe(false)
      for (const format of ['raw', 'jwk', 'pkcs8'] as const) {
        await expect(crypto.subtle.exportKey(format, stored)).rejects.toThrow()
      }
    }
    expect((await again.countSealed('material')).size).toBe(0)
  })

  it('what cannot be cloned is refused before anything is written', async () => {
    const store = await open()
    const value = record({ bad: (() => undefined) as unknown as CryptoKey })
    const commit = commitOf({
      changes: [settingChange('a', 0, 'x'), { collection: 'material', id: 'm', version: 0, value }],
      appends: [entryAppend('e')],
    })
    await expect(store.commit(commit)).rejects.toThrow(DOMException)
    expect(await store.read('setting', 'a')).toBeUndefined()
    expect(await store.readAudit({ limit: 1 })).toEqual([])
    expect(await store.commit(change(settingChange('a', 0, 'x')))).toBe(true)
  })
})

describe('faults', () => {
  it.each(['put', 'add'] as const)('a %s that throws halfway leaves nothing', async (method) => {
    const store = await open()
    const original = IDBObjectStore.prototype[method]
    let left = 1
    IDBObjectStore.prototype[method] = function (this: IDBObjectStore, ...parameters: [unknown, IDBValidKey?]) {
      if ((method === 'add' || this.name === 'rows') && left-- <= (method === 'add' ? 1 : 0)) {
        throw new DOMException('injected fault', 'DataError')
      }
      return original.apply(this, parameters)
    }
    const commit = commitOf({
      changes: [settingChange('a', 0, 'x'), settingChange('b', 0, 'x')],
      appends: [entryAppend('e'), useAppend(useRecord('k', 1))],
    })
    try {
      await expect(store.commit(commit)).rejects.toThrow('injected fault')
    } finally {
      IDBObjectStore.prototype[method] = original
    }
    expect(await store.list('setting', { limit: 5 })).toEqual([])
    expect(await store.readAudit({ limit: 1 })).toEqual([])
    expect(await store.lastUse('k')).toBeUndefined()
    expect(await store.commit(commit)).toBe(true)
    expect(await verifyChain(await wholeAudit(store))).toBeUndefined()
  })
})

describe('audit retention', () => {
  it('a log past its bytes never stops a commit and keeps the newest', async () => {
    const limits = { days: 90, bytes: 6000 }
    const name = nameOf(await open())
    const store = await open(name, { audit: limits })
    for (let i = 0; i < 65; i++) expect(await store.commit(appendOnly(entryAppend(`e${i}`)))).toBe(true)
    const batches = await wholeAudit(store, 50)
    const first = batches[0]?.sequence as number
    // Looked at before every sixteenth group; the 65th has just been written.
    expect(JSON.stringify(batches.map((batch) => batch.entries)).length).toBeLessThan(6500)
    expect(first).toBeGreaterThan(30)
    expect(batches.flatMap((b) => b.entries.map((e) => e.eventId))).toEqual(
      Array.from({ length: 66 - first }, (_, i) => `e${first - 1 + i}`),
    )
    const db = await openDB(name)
    const dropped = await db.get('auditHead', 'dropped')
    db.close()
    expect(dropped).toMatchObject({ sequence: first - 1, totalEntries: first - 1 })
    expect(await verifyChain(batches, dropped)).toBeUndefined()
  })
})

describe('versions', () => {
  it.each(upgrades.map((_, version) => version).filter((version) => version > 0))(
    'comes from version %i to the newest, rows kept',
    async (version) => {
      const name = `kms-test-upgrade-${crypto.randomUUID()}`
      const old = await openDB(name, version, {
        upgrade: (db, _old, _new, tx) => {
          for (const step of upgrades.slice(0, version)) step(db as never, tx as never)
        },
      })
      await old.put('rows', { collection: 'setting', id: 'a', version: 7, value: { name: 'a', value: 'kept' } })
      old.close()
      const store = await open(name)
      expect(await store.read('setting', 'a')).toEqual({ id: 'a', version: 7, value: { name: 'a', value: 'kept' } })
      expect(await store.commit(appendOnly(entryAppend('e')))).toBe(true)
    },
  )

  it('lets go when another page needs a newer version, and says so', async () => {
    const store = await open()
    const newer = await openDB(nameOf(store), upgrades.length + 1)
    await expect(store.read('setting', 'a')).rejects.toThrow('newer version')
    await expect(store.commit(commitOf({}))).rejects.toThrow('newer version')
    newer.close()
    await expect(open(nameOf(store))).rejects.toMatchObject({ name: 'VersionError' })
  })

  it('waits for a page that holds an older version, and tells', async () => {
    const name = `kms-test-blocked-${crypto.randomUUID()}`
    const old = await openDB(name, 1, { upgrade: (db, _old, _new, tx) => upgrades[0]?.(db as never, tx as never) })
    let blocked = 0
    const store = await open(name, {
      onBlocked: () => {
        blocked += 1
        old.close()
      },
    })
    expect(blocked).toBe(1)
    expect(await store.commit(appendOnly(entryAppend('e')))).toBe(true)
  })

  it('a store that was closed rejects', async () => {
    const store = await open()
    store.close()
    await expect(store.read('setting', 'a')).rejects.toThrow('closed')
  })
})
