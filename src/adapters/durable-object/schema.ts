/**
 * The tables of one object, as steps that are never edited once released: step n turns version n - 1 into version n.
 * The version stands in a table of its own, since a Durable Object refuses PRAGMA user_version.
 */
export const migrations: readonly (readonly string[])[] = [
  [
    `CREATE TABLE rows (
      collection TEXT NOT NULL,
      id TEXT NOT NULL,
      version INTEGER NOT NULL,
      owner TEXT,
      due REAL,
      sealed_by TEXT,
      value TEXT NOT NULL,
      PRIMARY KEY (collection, id)
    ) WITHOUT ROWID`,
    'CREATE INDEX rows_by_owner ON rows (collection, owner, id) WHERE owner IS NOT NULL',
    'CREATE INDEX rows_by_due ON rows (collection, due, id) WHERE due IS NOT NULL',
    'CREATE INDEX rows_by_root ON rows (collection, sealed_by, id) WHERE sealed_by IS NOT NULL',
    `CREATE TABLE last_use (
      key_id TEXT NOT NULL PRIMARY KEY,
      at REAL NOT NULL,
      value TEXT NOT NULL
    ) WITHOUT ROWID`,
  ],
  [
    // Totals count from the beginning of the log, this batch included: what is kept is a difference of two rows.
    `CREATE TABLE audit (
      sequence INTEGER NOT NULL PRIMARY KEY,
      hash TEXT NOT NULL,
      at REAL NOT NULL,
      total_entries INTEGER NOT NULL,
      total_bytes INTEGER NOT NULL,
      entries TEXT NOT NULL
    )`,
    // The last batch that was dropped; no row before the first drop.
    `CREATE TABLE audit_head (
      one INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),
      sequence INTEGER NOT NULL,
      hash TEXT NOT NULL,
      total_entries INTEGER NOT NULL,
      total_bytes INTEGER NOT NULL
    )`,
  ],
]

/**
 * Brings the tables to the newest version, all steps or none. Throws when a newer release has been here: it may know
 * things about the rows that this one would break.
 */
export function migrate(storage: DurableObjectStorage, steps: readonly (readonly string[])[] = migrations): void {
  storage.transactionSync(() => {
    const { sql } = storage
    sql.exec(
      'CREATE TABLE IF NOT EXISTS schema_version (one INTEGER PRIMARY KEY CHECK (one = 1), version INTEGER NOT NULL)',
    )
    const stored = sql.exec<{ version: number }>('SELECT version FROM schema_version').toArray()[0]?.version ?? 0
    if (stored > steps.length) {
      throw new Error(`The tables have version ${stored}; this release knows versions up to ${steps.length}`)
    }
    if (stored === steps.length) return
    for (const statements of steps.slice(stored)) for (const statement of statements) sql.exec(statement)
    sql.exec(
      'INSERT INTO schema_version (one, version) VALUES (1, ?) ON CONFLICT (one) DO UPDATE SET version = excluded.version',
      steps.length,
    )
  })
}
