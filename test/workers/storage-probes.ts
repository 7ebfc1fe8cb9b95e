import type { Commit } from '../../src/ports/storage'
import { wholeAudit } from '../suites/storage-contract'
import { appendOnly, entryAppend, useAppend, useRecord } from '../suites/storage-samples'
import type { HostedStore } from './storage-host'

export const eventIds = async (store: HostedStore) =>
  (await wholeAudit(store, 50)).flatMap((batch) => batch.entries.map((entry) => entry.eventId))
export const countRows = (store: HostedStore, table: string) =>
  store.inside((_, storage) => storage.sql.exec<{ n: number }>(`SELECT count(*) AS n FROM ${table}`).one().n)
export const oneEntry = (i: number): Commit => appendOnly(entryAppend(`e${i}`), useAppend(useRecord('k', i)))
export const times = <T>(count: number, make: (i: number) => T): T[] => Array.from({ length: count }, (_, i) => make(i))
