import type { AuditOptions } from '../src/adapters/durable-object/audit-log'
import type { VaultName } from './stubs'

type Archive = NonNullable<AuditOptions['archive']>

/** Puts audit segments into an R2 bucket: `{account}/{Region}/{first sequence}-{last sequence}.json`. */
export const archiveTo =
  (bucket: R2Bucket, { accountId, region }: VaultName): Archive =>
  async (segment) => {
    const first = segment.batches[0]
    const last = segment.batches.at(-1)
    if (!first || !last) return
    const number = (sequence: number) => String(sequence).padStart(15, '0')
    const name = `${accountId}/${region}/${number(first.sequence)}-${number(last.sequence)}.json`
    await bucket.put(name, JSON.stringify(segment), { httpMetadata: { contentType: 'application/json' } })
  }
