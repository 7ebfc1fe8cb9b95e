import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { chainHash, chainStart, verifyChain } from '../../src/codec/audit-chain'
import type { AuditBatch } from '../../src/ports/audit'
import { auditEntry } from '../suites/storage-samples'

async function chainOf(count: number): Promise<AuditBatch[]> {
  const batches: AuditBatch[] = []
  let hash = chainStart.hash
  for (let sequence = 1; sequence <= count; sequence++) {
    const entries = [auditEntry(`${sequence}`), auditEntry(`${sequence}'`)]
    hash = await chainHash(hash, JSON.stringify(entries))
    batches.push({ sequence, hash, entries })
  }
  return batches
}

describe('chainHash', () => {
  it('is SHA-256 of the previous hash and the entries', async () => {
    const previous = 'ab'.repeat(32)
    const text = '[{"é":1}]'
    const expected = createHash('sha256').update(Buffer.from(previous, 'hex')).update(text, 'utf8').digest('hex')
    expect(await chainHash(previous, text)).toBe(expected)
    expect(await chainHash(previous, new TextEncoder().encode(text))).toBe(expected)
  })

  it.each(['', 'ab', 'zz'.repeat(32), 'ab'.repeat(33)])('refuses %j as a hash', async (previous) => {
    await expect(chainHash(previous, '[]')).rejects.toThrow(TypeError)
  })
})

describe('verifyChain', () => {
  const cases: [string, (batches: AuditBatch[]) => AuditBatch[], number | undefined][] = [
    ['sound', (b) => b, undefined],
    ['empty', () => [], undefined],
    ['after JSON and back', (b) => JSON.parse(JSON.stringify(b)) as AuditBatch[], undefined],
    ['entry changed', (b) => b.with(2, { ...(b[2] as AuditBatch), entries: [auditEntry('x')] }), 3],
    ['entry removed', (b) => b.with(2, { ...(b[2] as AuditBatch), entries: b[2]?.entries.slice(1) ?? [] }), 3],
    ['batch removed', (b) => b.toSpliced(1, 1), 2],
    ['batches swapped', (b) => [b[1], b[0], ...b.slice(2)] as AuditBatch[], 1],
    ['hash changed', (b) => b.with(4, { ...(b[4] as AuditBatch), hash: '0'.repeat(64) }), 5],
    ['beginning missing', (b) => b.slice(2), 1],
  ]
  it.each(cases)('%s', async (_, change, broken) => {
    expect(await verifyChain(change(await chainOf(5)))).toBe(broken)
  })

  it('goes on from any link', async () => {
    const batches = await chainOf(5)
    expect(await verifyChain(batches.slice(2), batches[1])).toBeUndefined()
    expect(await verifyChain(batches.slice(3), batches[1])).toBe(3)
  })
})
