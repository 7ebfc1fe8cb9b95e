import { afterEach, describe, expect, it, vi } from 'vitest'
import { isOperationName } from '../../src/model/operations'
import { checksOf } from '../../src/policy/checks'
import vectors from '../vectors/authorization-cases.json'
import { hindrance, play, type WorldCase } from './case-world'
import { root } from './front-door'

/**
 * The decision cases through the front door: real users, roles, keys and grants, a signed call, and what came of it. What
 * the engine says of the same cases alone is in test/policy/cases.test.ts.
 */
const cases = vectors.cases as unknown as readonly WorldCase[]
const sure = cases.filter(({ sureness }) => sureness !== 'unsure')
const played = sure.filter((each) => hindrance(each) === undefined)

const atMs = (ms: number | undefined) =>
  ms === undefined ? vi.useRealTimers() : vi.useFakeTimers({ toFake: ['Date'], now: ms })
afterEach(() => {
  vi.useRealTimers()
})

/** Every topic in its turn: a case that fails names itself. */
describe.each([...new Set(played.map(({ topic }) => topic))])('%s', (topic) => {
  it.each(played.filter((each) => each.topic === topic))('$id $title', async (each) => {
    const { answer, got, leased = got } = await play(each, atMs)
    expect({ got, leased, ...(got === each.expected ? {} : { code: answer.code, message: answer.message }) }).toEqual({
      got: each.expected,
      leased: each.expected,
    })
    // The caller's own account is told what kind of denial it was; others never are.
    const isOwn = each.principal.account === (each.key?.account ?? root.accountId)
    if (got === 'deny' && isOwn && each.denial !== 'lockout' && each.denial !== undefined) {
      expect(answer.message?.includes('with an explicit deny')).toBe(each.denial === 'explicit')
    }
  })
})

describe('what is left out', () => {
  it('is these, and nothing else', () => {
    const left: Record<string, number> = {}
    for (const each of sure) {
      const why = hindrance(each)
      if (why !== undefined) left[why] = (left[why] ?? 0) + 1
    }
    expect(left).toEqual({
      'a service calls for itself': 8,
      'a condition key that no door sets': 7,
      'an operation that is not built': 7,
      'a service forwards the call': 4,
      'a grant that is not there yet': 1,
      'a multi-Region key': 1,
      'names that differ in case alone': 1,
      'the caller is anonymous': 1,
    })
    expect([cases.length, sure.length, played.length]).toEqual([312, 307, 277])
  })

  it('every kind of check and of caller is among the rest', () => {
    const kinds = new Set(played.map(({ principal }) => principal.type))
    expect([...kinds].sort()).toEqual(['federated-user', 'role-session', 'root', 'user'])
    const decided = new Set(
      played.flatMap(({ request: { operation } }) =>
        isOperationName(operation)
          ? checksOf(operation).map(({ decidedBy, resource }) => `${decidedBy} ${resource}`)
          : [],
      ),
    )
    expect([...decided].sort()).toEqual(['grant key', 'iam *', 'iam alias', 'iam retiringPrincipalArn', 'key key'])
    expect(played.some(({ otherKey }) => otherKey)).toBe(true)
  })
})
