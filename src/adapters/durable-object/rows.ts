import type { CollectionName, Collections, RowIndex } from '../../keys/collections'
import type { Change, ListQuery, Row } from '../../ports/storage'
import { indexOfChange, requireFits } from '../shared/pending'
import { rowKey } from '../shared/plan'
import { type CacheLimits, deepFreeze, entryOverheadBytes, RowCache } from '../shared/row-cache'

/** A change in the form that the table keeps: JSON text, or null to delete. */
export interface SqlChange {
  readonly collection: CollectionName
  readonly id: string
  readonly version: number
  readonly value: string | null
  readonly index: RowIndex
}

/** Throws a TypeError for a value that JSON would not give back, a RangeError for one too large for a row. */
export function takeChange(change: Change): SqlChange {
  const { collection, id, version } = change
  if (change.value === null) return { collection, id, version, value: null, index: {} }
  requireJson(change.value)
  const value = JSON.stringify(change.value)
  requireFits(value, 'row')
  return { collection, id, version, value, index: indexOfChange(change) }
}

function requireJson(value: unknown): void {
  if (typeof value === 'number' ? Number.isFinite(value) : typeof value === 'string' || typeof value === 'boolean')
    return
  if (value === null || value === undefined) return
  if (Array.isArray(value)) {
    value.forEach(requireJson)
    return
  }
  const prototype = typeof value === 'object' ? Object.getPrototypeOf(value) : undefined
  if (prototype !== Object.prototype && prototype !== null) {
    throw new TypeError('A row of this store holds plain JSON only: no keys, bytes or dates')
  }
  Object.values(value as object).forEach(requireJson)
}

type StoredRow = { id: string; version: number; value: string }

/**
 * The rows of every collection, with a bounded cache of parsed ones. The cache is exact because this object is the only
 * writer of its database and `remember` is called after a write has succeeded only. Values are frozen: one copy serves
 * every reader. Ids are ASCII, so that SQLite's byte order is the order of code units.
 */
export class RowTable {
  readonly #sql: SqlStorage
  readonly #cache: RowCache<Row<CollectionName>>

  constructor(sql: SqlStorage, cache: CacheLimits) {
    this.#sql = sql
    this.#cache = new RowCache(cache)
  }

  get cached(): CacheLimits {
    return { rows: this.#cache.size, bytes: this.#cache.bytes }
  }

  /** From memory where the row was seen before, else from the table. */
  find<C extends CollectionName>(collection: C, id: string): Row<C> | undefined {
    const key = rowKey(collection, id)
    const cached = this.#cache.get(key)
    if (cached) return cached.row as Row<C> | undefined
    const stored = this.#sql
      .exec<StoredRow>('SELECT id, version, value FROM rows WHERE collection = ? AND id = ?', collection, id)
      .toArray()[0]
    const row = stored && parseRow<C>(stored)
    this.#cache.set(key, { row: row as Row<CollectionName> | undefined, bytes: sizeOf(id, stored?.value) })
    return row
  }

  /** Inside a transaction. */
  write(change: SqlChange, nextVersion: number): void {
    if (change.value === null) {
      this.#sql.exec('DELETE FROM rows WHERE collection = ? AND id = ?', change.collection, change.id)
      return
    }
    this.#sql.exec(
      'INSERT OR REPLACE INTO rows (collection, id, version, owner, due, sealed_by, value) VALUES (?, ?, ?, ?, ?, ?, ?)',
      change.collection,
      change.id,
      nextVersion,
      change.index.owner ?? null,
      change.index.dueAtMs ?? null,
      change.index.sealedBy ?? null,
      change.value,
    )
  }

  /** After the transaction. */
  remember(change: SqlChange, nextVersion: number): void {
    const { collection, id, value } = change
    const row = value === null ? undefined : parseRow<CollectionName>({ id, version: nextVersion, value })
    this.#cache.set(rowKey(collection, id), { row, bytes: sizeOf(id, value) })
  }

  list<C extends CollectionName>(collection: C, { owner, after, limit }: ListQuery): Row<C>[] {
    const past = after ?? ''
    // '' is no id, so that `id > ''` is every row.
    if (owner === undefined)
      return this.#rows('rows', 'collection = ? AND id > ? ORDER BY id LIMIT ?', collection, past, limit)
    // The planner knows no figures and, for the order, would walk the whole collection along its primary key.
    const from = 'rows INDEXED BY rows_by_owner'
    return this.#rows(
      from,
      'collection = ? AND owner = ? AND id > ? ORDER BY id LIMIT ?',
      collection,
      owner,
      past,
      limit,
    )
  }

  listDue<C extends CollectionName>(collection: C, nowMs: number, limit: number): Row<C>[] {
    const from = 'rows INDEXED BY rows_by_due'
    return this.#rows(from, 'collection = ? AND due <= ? ORDER BY due, id LIMIT ?', collection, nowMs, limit)
  }

  nextDueMs(collection: CollectionName): number | undefined {
    const sql = 'SELECT due FROM rows WHERE collection = ? AND due IS NOT NULL ORDER BY due LIMIT 1'
    return this.#sql.exec<{ due: number }>(sql, collection).toArray()[0]?.due
  }

  /** Root by root along the index, so that a step of a long rewrap costs no more than the rows that it takes. */
  listSealedByOthers<C extends CollectionName>(collection: C, rootId: string, limit: number): Row<C>[] {
    const from = 'rows INDEXED BY rows_by_root'
    return this.#rootIds(collection)
      .filter((other) => other !== rootId)
      .flatMap((other) =>
        this.#rows<C>(from, 'collection = ? AND sealed_by = ? ORDER BY id LIMIT ?', collection, other, limit),
      )
      .sort((a, b) => (a.id < b.id ? -1 : 1))
      .slice(0, limit)
  }

  countSealed(collection: CollectionName): Map<string, number> {
    const sql = 'SELECT count(*) AS count FROM rows WHERE collection = ? AND sealed_by = ?'
    return new Map(
      this.#rootIds(collection).map((rootId) => [
        rootId,
        this.#sql.exec<{ count: number }>(sql, collection, rootId).one().count,
      ]),
    )
  }

  #rootIds(collection: CollectionName): string[] {
    const rootIds: string[] = []
    const sql = 'SELECT min(sealed_by) AS root FROM rows WHERE collection = ? AND sealed_by > ?'
    for (let last: string | null = ''; ; rootIds.push(last)) {
      last = this.#sql.exec<{ root: string | null }>(sql, collection, last).one().root
      if (last === null) return rootIds
    }
  }

  #rows<C extends CollectionName>(from: string, where: string, ...bindings: (string | number)[]): Row<C>[] {
    const cursor = this.#sql.exec<StoredRow>(`SELECT id, version, value FROM ${from} WHERE ${where}`, ...bindings)
    return cursor.toArray().map(parseRow<C>)
  }
}

const parseRow = <C extends CollectionName>({ id, version, value }: StoredRow): Row<C> =>
  deepFreeze({ id, version, value: JSON.parse(value) as Collections[C] })

const sizeOf = (id: string, value: string | null | undefined): number =>
  entryOverheadBytes + 2 * id.length + 2 * (value?.length ?? 0)
