import type { DBSchema, IDBPDatabase, IDBPTransaction, StoreNames } from 'idb'
import type { CollectionName } from '../../keys/collections'
import type { UseRecord } from '../../keys/records'
import type { AuditPosition } from '../shared/audit-retention'
import type { ChainedBatch } from '../shared/chain-entries'

/** A row with what it is looked up by as members; an index leaves out rows that lack its member. */
export interface StoredRow {
  readonly collection: CollectionName
  readonly id: string
  readonly version: number
  readonly owner?: string
  readonly due?: number
  readonly sealedBy?: string
  readonly value: unknown
}

export interface StoreSchema extends DBSchema {
  rows: {
    key: [collection: string, id: string]
    value: StoredRow
    indexes: {
      owner: [collection: string, owner: string, id: string]
      due: [collection: string, due: number, id: string]
      sealedBy: [collection: string, rootId: string, id: string]
    }
  }
  lastUse: { key: string; value: UseRecord }
  audit: { key: number; value: ChainedBatch }
  /** The last batch written and the last one dropped. */
  auditHead: { key: 'last' | 'dropped'; value: AuditPosition }
}

export type Database = IDBPDatabase<StoreSchema>
type Upgrade = IDBPTransaction<StoreSchema, StoreNames<StoreSchema>[], 'versionchange'>

/** Step n turns version n - 1 into version n; never edited once released. */
export const upgrades: readonly ((db: Database, transaction: Upgrade) => void)[] = [
  (db) => {
    const rows = db.createObjectStore('rows', { keyPath: ['collection', 'id'] })
    rows.createIndex('owner', ['collection', 'owner', 'id'])
    rows.createIndex('due', ['collection', 'due', 'id'])
    rows.createIndex('sealedBy', ['collection', 'sealedBy', 'id'])
    db.createObjectStore('lastUse', { keyPath: 'keyId' })
  },
  (db) => {
    db.createObjectStore('audit', { keyPath: 'sequence' })
    db.createObjectStore('auditHead')
  },
]
