import { createHash } from 'node:crypto'
import { cp, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'

/** Runs `look` over a copy of the database of the one Vault (or Directory) as it lies on the disk, journal included. */
export async function withStore(stateFolder, look, className = 'Vault') {
  const objects = join(stateFolder, `v3/do/subtle-kms-${className}`)
  const names = (await readdir(objects)).filter((name) => name.endsWith('.sqlite') && name !== 'metadata.sqlite')
  if (names.length !== 1) throw new Error(`Expected one ${className}, found ${names.length}.`)
  const copy = await mkdtemp(join(tmpdir(), 'kms-crash-store-'))
  try {
    for (const suffix of ['', '-wal', '-shm']) await copyIfThere(`${objects}/${names[0]}${suffix}`, copy)
    const database = new DatabaseSync(join(copy, names[0]))
    try {
      return await look(database)
    } finally {
      database.close()
    }
  } finally {
    await rm(copy, { recursive: true })
  }
}

async function copyIfThere(path, folder) {
  try {
    await cp(path, join(folder, path.slice(path.lastIndexOf('/') + 1)))
  } catch (error) {
    if (error.code !== 'ENOENT') throw error
  }
}

/** What is wrong with the database and its rows: nothing half written, nothing that points nowhere. */
export function findRowProblems(database) {
  const problems = database
    .prepare('PRAGMA integrity_check')
    .all()
    .map((row) => String(row.integrity_check))
    .filter((text) => text !== 'ok')
  const rows = (collection) =>
    database
      .prepare('SELECT id, value FROM rows WHERE collection = ?')
      .all(collection)
      .map(({ id, value }) => ({ id, ...JSON.parse(value) }))
  const materials = Map.groupBy(rows('material'), ({ keyId }) => keyId)
  const aliases = Map.groupBy(rows('alias'), ({ keyId }) => keyId)
  const keys = new Map(rows('key').map((key) => [key.keyId, key]))
  for (const key of keys.values()) {
    const own = materials.get(key.keyId) ?? []
    const sequences = own.map(({ sequence }) => sequence).sort((a, b) => a - b)
    if (sequences.join() !== Array.from({ length: key.materialCount }, (_, index) => index).join()) {
      problems.push(`key ${key.keyId} has materials [${sequences}] and counts ${key.materialCount}`)
    }
    if (own.find(({ sequence }) => sequence === key.materialCount - 1)?.materialId !== key.currentMaterialId) {
      problems.push(`key ${key.keyId} does not name its newest material`)
    }
    const aliasCount = aliases.get(key.keyId)?.length ?? 0
    if (aliasCount !== key.aliasCount) {
      problems.push(`key ${key.keyId} has ${aliasCount} aliases and counts ${key.aliasCount}`)
    }
  }
  for (const keyId of new Set([...materials.keys(), ...aliases.keys()])) {
    if (!keys.has(keyId)) problems.push(`there is something of key ${keyId}, but no such key`)
  }
  return problems
}

/** How many materials (or secrets of access keys) each root key seals. */
export const countByRoot = (database) =>
  Object.fromEntries(
    database
      .prepare('SELECT sealed_by, count(*) AS n FROM rows WHERE sealed_by IS NOT NULL GROUP BY sealed_by')
      .all()
      .map((row) => [row.sealed_by, Number(row.n)]),
  )

const logStart = { sequence: 0, hash: '0'.repeat(64) }

/**
 * The audit log after `from`, checked against what clients were told: chained without a gap, and exactly one record
 * with the right outcome for each acknowledged call. Removes from `acknowledged` what it has found; `unanswered` are
 * records of calls that nobody saw answered. Out: `problems`, `unanswered` and `head`, from which the next check goes on.
 */
export function checkAudit(database, acknowledged, { from = logStart, seen = new Set() } = {}) {
  const problems = []
  let { sequence, hash } = from
  let unanswered = 0
  const before = database.prepare('SELECT hash FROM audit WHERE sequence = ?').get(sequence)
  if (sequence > 0 && before?.hash !== hash) problems.push(`batch ${sequence} is not what it was`)
  const batches = database.prepare('SELECT sequence, hash, entries FROM audit WHERE sequence > ? ORDER BY sequence')
  for (const batch of batches.iterate(sequence)) {
    sequence += 1
    if (batch.sequence !== sequence) problems.push(`batch ${batch.sequence} stands where ${sequence} belongs`)
    hash = createHash('sha256').update(Buffer.from(hash, 'hex')).update(batch.entries).digest('hex')
    if (batch.hash !== hash) problems.push(`the hash of batch ${batch.sequence} is wrong`)
    ;({ sequence, hash } = batch)
    for (const entry of JSON.parse(batch.entries)) {
      if (entry.requestId === undefined) continue // the service's own events, such as RotateKey
      if (seen.has(entry.requestId)) {
        problems.push(`request ${entry.requestId} has two records`)
        continue
      }
      seen.add(entry.requestId)
      const call = acknowledged.get(entry.requestId)
      if (!call) unanswered += 1
      else if (call.operation !== entry.eventName || call.error !== entry.error?.code) {
        const outcome = (name, error) => `${name} ${error ?? 'done'}`
        problems.push(
          `${entry.requestId}: told ${outcome(call.operation, call.error)}, on record ${outcome(entry.eventName, entry.error?.code)}`,
        )
      }
      acknowledged.delete(entry.requestId)
    }
  }
  for (const [requestId, { operation, error }] of acknowledged) {
    problems.push(`no record of ${operation} ${error ?? 'done'}, request ${requestId}`)
  }
  acknowledged.clear()
  return { problems, unanswered, head: { sequence, hash } }
}
