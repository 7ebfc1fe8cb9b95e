import type { CollectionName } from '../../keys/collections'
import type { Append, ListQuery, ReadMark, Row, StoragePort } from '../../ports/storage'
import { rowKey } from '../shared/plan'
import { deepFreeze, entryOverheadBytes, RowCache } from '../shared/row-cache'

/** A StoragePort at the other end of a wire: plain data in and out, by Durable Object RPC or postMessage. */
export type RemoteVault = StoragePort

export interface RemoteOptions {
  /** How long a row may be served again, counted from before it was asked for. 0: never, and every read is checked. */
  readonly leaseMs: number
  /** Wall clock, ms. */
  readonly now: () => number
  readonly maxRows: number
  /** About how much memory the leased rows may take; 32 MiB unless given. */
  readonly maxBytes?: number
  /** Takes the appends of commits that change nothing; may answer before they are durable, where its owner accepts that. */
  readonly append: (appends: readonly Append[]) => Promise<void>
}

interface Listing {
  readonly row: readonly Row<CollectionName>[]
  readonly bytes: number
  /** Wall clock, ms. */
  readonly endsAtMs: number
}

interface Lease {
  /** Undefined for a row that was absent. */
  readonly row: Row<CollectionName> | undefined
  readonly bytes: number
  /** Wall clock, ms; at that moment it has ended. */
  readonly endsAtMs: number
}

/**
 * A store over a remote one. With leases, a row or its absence is served from memory for at most `leaseMs` counted from
 * before it was asked for, and commits that change nothing do not check what they read: that is what a lease means.
 * Commits with changes are always checked by the remote store. Of listings those by owner are kept in the same way, first
 * pages alone: the grants of one caller on one key, the aliases of one key.
 *
 * Shares settled values only, never a promise: in a Worker isolate a promise of one request must not serve another.
 */
export function createRemoteStorage(remote: RemoteVault, options: RemoteOptions): StoragePort {
  const { leaseMs, now, maxBytes = 32 * 1024 * 1024 } = options
  const leases = new RowCache<Row<CollectionName>, Lease>({
    rows: options.maxRows,
    bytes: maxBytes,
  })
  const listings = new RowCache<readonly Row<CollectionName>[], Listing>({
    rows: options.maxRows,
    bytes: maxBytes / 4,
  })
  /** Grows when leases are given up, so that an answer under way from before does not come back as a lease. */
  let epoch = 0

  function forget(marks: readonly ReadMark[]): void {
    epoch += 1
    for (const { collection, id } of marks) leases.delete(rowKey(collection, id))
    listings.clear()
  }

  return {
    async read<C extends CollectionName>(collection: C, id: string): Promise<Row<C> | undefined> {
      if (leaseMs <= 0) return remote.read(collection, id)
      const key = rowKey(collection, id)
      const askedAtMs = now()
      const lease = leases.get(key)
      if (lease && askedAtMs < lease.endsAtMs) return lease.row as Row<C> | undefined
      const askedEpoch = epoch
      const row = deepFreeze(await remote.read(collection, id))
      const endsAtMs = askedAtMs + leaseMs
      const known = leases.get(key)
      // Of two answers the one asked for later may be newer; never go back from it.
      if (epoch === askedEpoch && (!known || known.endsAtMs < endsAtMs)) {
        leases.set(key, { row, bytes: entryOverheadBytes + approximateBytes(row), endsAtMs })
      }
      return row
    },
    async list<C extends CollectionName>(collection: C, query: ListQuery): Promise<Row<C>[]> {
      const { owner, after, limit } = query
      if (leaseMs <= 0 || owner === undefined || after !== undefined) return remote.list(collection, query)
      const key = `${rowKey(collection, owner)} ${limit}`
      const askedAtMs = now()
      const known = listings.get(key)
      if (known && askedAtMs < known.endsAtMs) return [...(known.row ?? [])] as Row<C>[]
      const askedEpoch = epoch
      const rows = deepFreeze(await remote.list(collection, query))
      const endsAtMs = askedAtMs + leaseMs
      const newer = listings.get(key)
      if (epoch === askedEpoch && (!newer || newer.endsAtMs < endsAtMs)) {
        listings.set(key, { row: rows, bytes: entryOverheadBytes + approximateBytes(rows), endsAtMs })
      }
      return [...rows]
    },
    async commit(commit) {
      const { reads, changes, appends } = commit
      if (changes.length === 0 && (reads.length === 0 || leaseMs > 0)) {
        if (appends.length > 0) await options.append(appends)
        return true
      }
      let done = false
      try {
        done = await remote.commit(commit)
      } finally {
        // Refused or failed: something named here is not what it was taken for, or may have changed.
        forget(done ? changes : [...reads, ...changes])
      }
      return done
    },
    lastUse: (keyId) => remote.lastUse(keyId),
    readAudit: (query) => remote.readAudit(query),
  }
}

/** About how much memory plain data takes. */
function approximateBytes(value: unknown): number {
  if (typeof value === 'string') return 16 + 2 * value.length
  if (typeof value !== 'object' || value === null) return 8
  let bytes = 16
  for (const [name, member] of Object.entries(value)) bytes += 2 * name.length + approximateBytes(member)
  return bytes
}
