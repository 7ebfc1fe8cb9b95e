import type { CollectionName, Collections } from '../keys/collections'
import type { UseRecord } from '../keys/records'
import type { AuditBatch } from './audit'

/** A row as it was read. Versions begin at 1 and grow by one with every change of the row. */
export interface Row<C extends CollectionName> {
  readonly id: string
  readonly version: number
  readonly value: Collections[C]
}

/** "This is what I saw": version 0 stands for an absent row. */
export interface ReadMark {
  readonly collection: CollectionName
  readonly id: string
  readonly version: number
}

/** A new value of a row, or null to delete it. `version` is the one that it replaces, 0 to create. */
export type Change = {
  [C in CollectionName]: {
    readonly collection: C
    readonly id: string
    readonly version: number
    readonly value: Collections[C] | null
  }
}[CollectionName]

/** Blind writes: they never conflict and never touch the version of a row. */
export type Append =
  /** `json`: an AuditEntry as it is stored; made once where it came about. `wallMs` is the entry's. */
  | { readonly kind: 'audit'; readonly wallMs: number; readonly json: string }
  | { readonly kind: 'use'; readonly use: UseRecord }

export interface Commit {
  readonly reads: readonly ReadMark[]
  readonly changes: readonly Change[]
  readonly appends: readonly Append[]
}

export interface ListQuery {
  /** Only rows of this owner (rowIndex). */
  readonly owner?: string
  /** Only ids after this one, in code unit order. */
  readonly after?: string
  readonly limit: number
}

/**
 * What a home of the service stores. Reads give versioned values; `commit` writes all or nothing and answers false,
 * having written nothing, when any row in `reads` or `changes` has another version now. It answers true only when
 * everything is durable. No transaction stays open between calls. Listings do not take part in conflicts.
 */
export interface StoragePort {
  read<C extends CollectionName>(collection: C, id: string): Promise<Row<C> | undefined>
  /** Ascending by id. */
  list<C extends CollectionName>(collection: C, query: ListQuery): Promise<Row<C>[]>
  commit(commit: Commit): Promise<boolean>
  /** The newest use of a key, as far as this store was told; it goes with the key's row. */
  lastUse(keyId: string): Promise<UseRecord | undefined>
  /** Audit batches, newest first, with a sequence below `before`. */
  readAudit(query: { readonly before?: number; readonly limit: number }): Promise<AuditBatch[]>
}

/** What the physical work by alarm needs besides. */
export interface MaintenancePort {
  /** Rows of a collection whose dueAtMs is at most `nowMs`, soonest first. */
  listDue<C extends CollectionName>(collection: C, nowMs: number, limit: number): Promise<Row<C>[]>
  /** The smallest dueAtMs of the collection. */
  nextDueMs(collection: CollectionName): Promise<number | undefined>
  /** Rows sealed by another root key than this one, ascending by id. */
  listSealedByOthers<C extends CollectionName>(collection: C, rootId: string, limit: number): Promise<Row<C>[]>
  /** How many rows of the collection each root key seals. */
  countSealed(collection: CollectionName): Promise<ReadonlyMap<string, number>>
}
