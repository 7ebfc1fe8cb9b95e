import type { DatabaseSync } from 'node:sqlite'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Campaign, maxKillMs } from './campaign.mjs'
import { Facts } from './facts.mjs'
import { checkAudit, findRowProblems, withStore } from './store.mjs'

const seed = Math.floor(Math.random() * 2 ** 31)
const rounds = 5

/** One store through all of it; `npm run crash` does the same with more rounds. */
describe(`kill -9 under load, seed ${seed}`, () => {
  let campaign: Campaign
  beforeAll(async () => {
    campaign = await Campaign.open(seed)
    await campaign.prepare(300)
  })
  afterAll(() => campaign.close())

  it(`loses nothing that was acknowledged in ${rounds} rounds`, async () => {
    for (let round = 1; round <= rounds; round++) {
      const killAfterMs = ((round - campaign.random()) / rounds) * maxKillMs
      await campaign.round({ killAfterMs, leased: round === rounds })
    }
    expect(campaign.problems).toEqual([])
    expect(campaign.counts.answeredUnderLoad).toBeGreaterThan(50)
    expect(campaign.counts.unanswered).toBeGreaterThan(0)
  })

  it('takes up a rewrap again that it was killed in, after which the old root key may go', async () => {
    const { halfway } = await campaign.rotateRoot()
    expect(campaign.problems).toEqual([])
    expect(halfway).toBeGreaterThan(0)
  })

  it('has all of it in the end', async () => {
    await campaign.checkEverything()
    expect(campaign.problems).toEqual([])
    console.log(`seed ${seed}: ${JSON.stringify(campaign.counts)}`)
  })

  /** What the checks above would say of a store that had lost something. */
  const damages: [string, string, RegExp][] = [
    ['a material', `DELETE FROM rows WHERE id = (SELECT min(id) FROM rows WHERE collection = 'material')`, /materials/],
    ['a key', `DELETE FROM rows WHERE id = (SELECT min(id) FROM rows WHERE collection = 'key')`, /no such key/],
    [
      'an alias',
      `DELETE FROM rows WHERE id = (SELECT min(id) FROM rows WHERE collection = 'alias')`,
      /aliases and counts/,
    ],
    [
      'the last batch of the audit',
      'DELETE FROM audit WHERE sequence = (SELECT max(sequence) FROM audit)',
      /no record of/,
    ],
    ['a batch within the audit', 'DELETE FROM audit WHERE sequence = 2', /batch 3 stands where 2 belongs/],
    [
      'an outcome',
      `UPDATE audit SET entries = replace(entries, 'NotFoundException', 'DisabledException')`,
      /told .*, on record/,
    ],
    [
      'a byte of the audit',
      `UPDATE audit SET entries = entries || ' ' WHERE sequence = 2`,
      /the hash of batch 2 is wrong/,
    ],
  ]
  it.each(damages)('would see the loss of %s', async (_, sql, expected) => {
    const problems = await withStore(campaign.folder, (database: DatabaseSync) => {
      const acknowledged = new Map(allCalls(database))
      expect([...findRowProblems(database), ...checkAudit(database, new Map(acknowledged)).problems]).toEqual([])
      database.exec(sql)
      return [...findRowProblems(database), ...checkAudit(database, acknowledged).problems]
    })
    expect(problems.join('\n')).toMatch(expected)
  })
})

/** Every call on record, as if all of them had been acknowledged. */
function allCalls(database: DatabaseSync): [string, { operation: string; error: string | undefined }][] {
  return database
    .prepare('SELECT entries FROM audit')
    .all()
    .flatMap(
      (row) => JSON.parse(String(row.entries)) as { requestId?: string; eventName: string; error?: { code: string } }[],
    )
    .flatMap(({ requestId, eventName, error }) =>
      requestId ? [[requestId, { operation: eventName, error: error?.code }]] : [],
    )
}

describe('what clients may believe', () => {
  const cases: [string, (facts: Facts) => void, unknown, string][] = [
    ['acknowledged and there', (facts) => facts.acknowledge('x'), 'new', 'kept'],
    ['acknowledged and not there', (facts) => facts.acknowledge('x'), 'old', 'lost'],
    ['refused and not there', (facts) => facts.refuse('x'), 'old', 'kept'],
    ['refused and there all the same', (facts) => facts.refuse('x'), 'new', 'lost'],
    ['without an answer, not there', () => {}, 'old', 'kept'],
    ['without an answer, there', () => {}, 'new', 'unacknowledged'],
    ['without an answer, something else', () => {}, 'other', 'lost'],
    ['without an answer twice, the first one there', (facts) => facts.begin('x', 'newer'), 'new', 'unacknowledged'],
  ]
  it.each(cases)('%s', (_, happens, actual, verdict) => {
    const facts = new Facts()
    facts.learn('x', 'old')
    facts.begin('x', 'new')
    happens(facts)
    expect(facts.settle('x', actual)).toBe(verdict)
  })
})
