import { describe, expect, it } from 'vitest'
import { createGather } from '../../src/adapters/durable-object/gather'

/** Feeds groups of these sizes, one commit waiting at the start of each; answers which of them waited a turn. */
function run(sizes: readonly number[], inFlight?: () => number): boolean[] {
  const gather = createGather(inFlight)
  return sizes.map((size) => {
    const waited = gather.shouldWait(1)
    gather.note(size)
    return waited
  })
}

const ones = (count: number) => Array.from({ length: count }, () => 1)
const waits = (list: readonly boolean[]) => list.filter((waited) => waited).length

describe('createGather', () => {
  it('writes a lone commit at once, but for a rare probe', () => {
    expect(waits(run(ones(63)))).toBe(0)
    expect(waits(run(ones(640)))).toBe(10)
  })

  it('waits while groups hold more than one, and stops soon after they do not', () => {
    expect(run([1, 3, 2, 1, 2, 1, 1, 1, 1])).toEqual([false, false, true, true, true, true, true, false, false])
  })

  it('waits when more calls are in flight or more commits are there already', () => {
    expect(waits(run(ones(10), () => 2))).toBe(10)
    expect(waits(run(ones(10), () => 1))).toBe(0)
    expect(createGather().shouldWait(2)).toBe(true)
  })
})
