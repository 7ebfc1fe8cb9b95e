import { expect, it } from 'vitest'
import { eachInTurn } from '../../src/codec/each-in-turn'

it('goes on after a fault, and throws the first one at the end', async () => {
  const done: number[] = []
  const work = async (n: number) => {
    if (n % 2) throw new RangeError(String(n))
    done.push(n)
    return true
  }
  await expect(eachInTurn([0, 1, 2, 3, 4], work)).rejects.toThrow(new RangeError('1'))
  expect(done).toEqual([0, 2, 4])
})

it('counts refusals, one item after the other', async () => {
  let underWay = 0
  const refused = await eachInTurn([1, 2, 3, 4], async (n) => {
    expect(++underWay).toBe(1)
    await Promise.resolve()
    underWay--
    return n % 2 === 0
  })
  expect(refused).toBe(2)
})
