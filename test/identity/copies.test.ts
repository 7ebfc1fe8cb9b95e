import { describe, expect, it } from 'vitest'
import { CopyHolders } from '../../src/identity/copy-holders'
import { copyLifeMs, EntryCopies } from '../../src/identity/entry-copies'
import type { Principal } from '../../src/policy/principal'
import type { CallerEntry } from '../../src/ports/identity'
import { userPrincipal } from '../suites/compose'

const alice = userPrincipal('alice')
const entry = (version: number): CallerEntry => ({ version, policies: {} })

/** A Directory whose answers wait until the test lets them go. */
function slowDirectory() {
  const waiting: ((answer: CallerEntry | undefined) => void)[] = []
  const fetch = () => new Promise<CallerEntry | undefined>((resolve) => waiting.push(resolve))
  return { fetch, waiting }
}
const turn = () => new Promise<void>((done) => setTimeout(done, 0))

describe('EntryCopies', () => {
  it('asks once for the life of a copy, counted from before it asked', async () => {
    let now = 0
    let asked = 0
    const copies = new EntryCopies(
      async () => {
        now += 100
        return entry(++asked)
      },
      () => now,
    )
    expect(await copies.findEntry(alice)).toEqual(entry(1))
    now = copyLifeMs - 1
    expect(await copies.findEntry(alice)).toEqual(entry(1))
    now = copyLifeMs
    expect(await copies.findEntry(alice)).toEqual(entry(2))
  })

  it('asks anew for a user who has another name with the same access key', async () => {
    let asked = 0
    const copies = new EntryCopies(
      async () => entry(++asked),
      () => 0,
    )
    await copies.findEntry(alice)
    expect(await copies.findEntry({ ...alice, userName: 'al' } as typeof alice)).toEqual(entry(2))
  })

  it('keeps an absence like an entry, and each caller for itself', async () => {
    const asked: Principal[] = []
    const copies = new EntryCopies(
      async (principal) => {
        asked.push(principal)
        return undefined
      },
      () => 0,
    )
    for (const who of ['alice', 'bob', 'alice', 'bob'])
      expect(await copies.findEntry(userPrincipal(who))).toBeUndefined()
    expect(asked).toEqual([alice, userPrincipal('bob')])
  })

  it('drops at a word, and does not let an older copy come back that was under way', async () => {
    const { fetch, waiting } = slowDirectory()
    const copies = new EntryCopies(fetch, () => 0)
    const found = copies.findEntry(alice)
    copies.drop(5)
    waiting[0]?.(entry(4))
    await turn()
    expect(waiting).toHaveLength(2)
    waiting[1]?.(entry(5))
    expect(await found).toEqual(entry(5))
    expect(await copies.findEntry(alice)).toEqual(entry(5))
  })

  it('takes an entry of another account, whose versions are its own, at the first asking', async () => {
    const asked: Principal[] = []
    const copies = new EntryCopies(
      async (principal) => {
        asked.push(principal)
        return entry(2)
      },
      () => 0,
    )
    copies.drop(6)
    expect(await copies.findEntry(alice)).toEqual(entry(2))
    expect(asked).toEqual([alice])
  })

  it('does not trust an absence that was asked for before a word', async () => {
    const { fetch, waiting } = slowDirectory()
    const copies = new EntryCopies(fetch, () => 0)
    const found = copies.findEntry(alice)
    copies.drop(1)
    waiting[0]?.(undefined)
    await turn()
    waiting[1]?.(entry(1))
    expect(await found).toEqual(entry(1))
  })
})

describe('CopyHolders', () => {
  const make = (tell: (name: string, version: number) => Promise<void>, mayHaveStrangers = true) => {
    const clock = { now: 0 }
    const slept: number[] = []
    const sleep = async (ms: number) => {
      slept.push(ms)
      await turn()
      clock.now += ms
    }
    const holders = new CopyHolders<string>({ nowMs: () => clock.now, sleep, tell, mayHaveStrangers })
    return { clock, slept, holders }
  }

  it('waits for strangers until the copies of a former life have ended', async () => {
    const { clock, slept, holders } = make(async () => undefined)
    clock.now = 4_000
    await holders.dropAll(1)
    expect(slept).toEqual([copyLifeMs - 4_000])
    slept.length = 0
    await holders.dropAll(2)
    expect(slept).toEqual([])
  })

  it('does not wait for strangers that cannot be', async () => {
    const { slept, holders } = make(async () => undefined, false)
    await holders.dropAll(1)
    expect(slept).toEqual([])
  })

  it('tells each holder, and forgets it when it has dropped its copies', async () => {
    const told: [string, number][] = []
    const { holders } = make(async (name, version) => void told.push([name, version]), false)
    for (const name of ['a', 'b']) holders.register(name, name)
    await holders.dropAll(7)
    await holders.dropAll(8)
    expect(told).toEqual([
      ['a', 7],
      ['b', 7],
    ])
  })

  it('lets no write answer before a holder that an earlier one still waits for', async () => {
    const answers: (() => void)[] = []
    const done: number[] = []
    // The clock of this test does not move, so that nothing is outlived.
    const frozen = new CopyHolders<string>({
      nowMs: () => 0,
      sleep: () => new Promise<void>(() => undefined),
      tell: () => new Promise<void>((resolve) => answers.push(resolve)),
      mayHaveStrangers: false,
    })
    frozen.register('a', 'a')
    const writes = [1, 2].map((version) => frozen.dropAll(version).then(() => done.push(version)))
    await turn()
    expect([answers.length, done]).toEqual([2, []])
    for (const answer of answers) answer()
    await Promise.all(writes)
    expect(done).toEqual([1, 2])
  })

  it('outlives a holder that cannot be reached or does not answer', async () => {
    for (const tell of [() => Promise.reject(new Error('gone')), () => new Promise<void>(() => undefined)]) {
      const { clock, slept, holders } = make(tell, false)
      holders.register('lost', 'lost')
      clock.now = 3_000
      await holders.dropAll(1)
      expect(slept).toContain(copyLifeMs - 3_000)
      expect(clock.now).toBeGreaterThanOrEqual(copyLifeMs)
    }
  })
})
