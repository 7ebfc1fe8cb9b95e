import fc from 'fast-check'
import { expect } from 'vitest'
import { type CollectionName, type Collections, type RowIndex, rowIndex } from '../../src/keys/collections'
import type { Change, Commit, MaintenancePort, ReadMark, StoragePort } from '../../src/ports/storage'
import { dueKey, keyRecord, materialRecord } from './storage-samples'

type Store = StoragePort & MaintenancePort
type ModelRow = { version: number; value: Collections[CollectionName]; index: RowIndex }
type Model = Map<string, ModelRow>

const collections = ['key', 'material'] as const
const ids = ['a', 'b', 'c', 'd', 'e']
const nameOf = ({ collection, id }: Pick<ReadMark, 'collection' | 'id'>) => `${collection}/${id}`

const mark = fc.record({
  collection: fc.constantFrom(...collections),
  id: fc.constantFrom(...ids),
  /** Added to the version that the model knows: mostly right. */
  off: fc.oneof({ weight: 8, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.constantFrom(-1, 1) }),
})
const write = fc.record({ mark, kind: fc.constantFrom('plain', 'due', 'delete'), owner: fc.nat(2), at: fc.nat(4) })
const commitStep = fc.record({
  kind: fc.constant('commit' as const),
  reads: fc.array(mark, { maxLength: 2 }),
  writes: fc.uniqueArray(write, { maxLength: 3, selector: (w) => nameOf(w.mark) }),
})
const lookStep = fc.record({
  kind: fc.constant('look' as const),
  collection: fc.constantFrom(...collections),
  owner: fc.option(fc.nat(2), { nil: undefined }),
  after: fc.option(fc.constantFrom(...ids, '', 'zz'), { nil: undefined }),
  limit: fc.integer({ min: 1, max: 4 }),
  at: fc.nat(5),
})

type Value<A> = A extends fc.Arbitrary<infer T> ? T : never
type Write = Value<typeof write>
type Look = Value<typeof lookStep>

function toChange(model: Model, { mark: { collection, id, off }, kind, owner, at }: Write): Change {
  const version = Math.max(0, (model.get(nameOf({ collection, id }))?.version ?? 0) + off)
  if (kind === 'delete') return { collection, id, version, value: null }
  if (collection === 'key') return { collection, id, version, value: kind === 'due' ? dueKey(id, at) : keyRecord(id) }
  return { collection, id, version, value: materialRecord(`o${owner}`, id, `r${at}`) }
}

function apply(model: Model, commit: Commit): boolean {
  const marks: ReadMark[] = [...commit.reads, ...commit.changes]
  if (marks.some((m) => (model.get(nameOf(m))?.version ?? 0) !== m.version)) return false
  for (const change of commit.changes) {
    if (change.value === null) model.delete(nameOf(change))
    else {
      const indexOf = rowIndex[change.collection] as (value: Collections[CollectionName]) => RowIndex
      model.set(nameOf(change), { version: change.version + 1, value: change.value, index: indexOf(change.value) })
    }
  }
  return true
}

async function look(store: Store, model: Model, step: Look): Promise<void> {
  const { collection, limit, at } = step
  const rows = [...model]
    .filter(([name]) => name.startsWith(`${collection}/`))
    .map(([name, row]) => ({ id: name.slice(collection.length + 1), ...row }))
    .sort((a, b) => (a.id < b.id ? -1 : 1))
  const plain = (wanted: typeof rows) =>
    wanted.slice(0, limit).map(({ id, version, value }) => ({ id, version, value }))
  const owner = step.owner === undefined ? undefined : `o${step.owner}`
  const query = { limit, ...(owner && { owner }), ...(step.after !== undefined && { after: step.after }) }
  expect(await store.list(collection, query)).toEqual(
    plain(rows.filter((r) => (!owner || r.index.owner === owner) && r.id > (step.after ?? ''))),
  )
  const due = rows
    .filter((row) => row.index.dueAtMs !== undefined)
    .sort((a, b) => (a.index.dueAtMs as number) - (b.index.dueAtMs as number))
  expect(await store.nextDueMs(collection)).toBe(due[0]?.index.dueAtMs)
  expect(await store.listDue(collection, at, limit)).toEqual(
    plain(due.filter((r) => (r.index.dueAtMs as number) <= at)),
  )
  const sealed = rows.filter((row) => row.index.sealedBy !== undefined)
  expect(await store.listSealedByOthers(collection, `r${at}`, limit)).toEqual(
    plain(sealed.filter((row) => row.index.sealedBy !== `r${at}`)),
  )
  const counts = new Map<string, number>()
  for (const row of sealed)
    counts.set(row.index.sealedBy as string, (counts.get(row.index.sealedBy as string) ?? 0) + 1)
  expect(new Map(await store.countSealed(collection))).toEqual(counts)
  for (const id of ids) {
    const row = model.get(nameOf({ collection, id }))
    expect(await store.read(collection, id)).toEqual(row && { id, version: row.version, value: row.value })
  }
}

/** Random commits and look-ups against the store and against a plain Map: they never disagree. */
export async function checkStorageModel(open: () => Promise<Store>): Promise<void> {
  const steps = fc.array(fc.oneof({ weight: 3, arbitrary: commitStep }, { weight: 2, arbitrary: lookStep }), {
    minLength: 5,
    maxLength: 30,
  })
  await fc.assert(
    fc.asyncProperty(steps, async (list) => {
      const store = await open()
      const model: Model = new Map()
      for (const step of list) {
        if (step.kind === 'look') await look(store, model, step)
        else {
          const reads = step.reads.map(({ collection, id, off }) => ({
            collection,
            id,
            version: Math.max(0, (model.get(nameOf({ collection, id }))?.version ?? 0) + off),
          }))
          const commit = { reads, changes: step.writes.map((w) => toChange(model, w)), appends: [] }
          expect(await store.commit(commit)).toBe(apply(model, commit))
        }
      }
    }),
    { numRuns: 25 },
  )
}
