import type { CollectionName, Collections } from '../keys/collections'
import type { Change, ListQuery, Row, StoragePort } from '../ports/storage'

/** Reading rows by value. */
export interface Reader {
  find<C extends CollectionName>(collection: C, id: string): Promise<Collections[C] | undefined>
  /** Rows as they are stored: a transaction's own changes are not in it. */
  list<C extends CollectionName>(collection: C, query: ListQuery): Promise<Row<C>[]>
}

export const storageReader = (storage: StoragePort): Reader => ({
  find: async (collection, id) => (await storage.read(collection, id))?.value,
  list: (collection, query) => storage.list(collection, query),
})

/** Reads and the changes that come of them, to be committed together. Sees its own changes by `find`. */
export class Transaction implements Reader {
  private readonly versions = new Map<string, number>()
  private readonly staged = new Map<string, Change>()

  constructor(private readonly storage: StoragePort) {}

  async find<C extends CollectionName>(collection: C, id: string): Promise<Collections[C] | undefined> {
    const key = `${collection}/${id}`
    const staged = this.staged.get(key)
    if (staged) return (staged.value as Collections[C] | null) ?? undefined
    const row = await this.storage.read(collection, id)
    this.versions.set(key, row?.version ?? 0)
    return row?.value
  }

  list<C extends CollectionName>(collection: C, query: ListQuery): Promise<Row<C>[]> {
    return this.storage.list(collection, query)
  }

  /** Null deletes the row, which must be there. Throws for a row that `find` has not looked for. */
  put<C extends CollectionName>(collection: C, id: string, value: Collections[C] | null): void {
    const key = `${collection}/${id}`
    const version = this.versions.get(key)
    if (version === undefined) throw new Error(`a row of ${collection} is written before it was read`)
    // The value belongs to its collection, which the union of all changes no longer shows.
    this.staged.set(key, { collection, id, version, value } as Change)
  }

  /** What has been staged; a row that was made and deleted again is no change. */
  get changes(): readonly Change[] {
    return [...this.staged.values()].filter(({ version, value }) => version !== 0 || value !== null)
  }
}
