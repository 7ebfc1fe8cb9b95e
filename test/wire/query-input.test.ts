import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { QueryError } from '../../src/identity/query-error'
import { readParameters } from '../../src/wire/query-input'

const read = (pairs: Readonly<Record<string, string>>) =>
  JSON.parse(JSON.stringify(readParameters(new Map(Object.entries(pairs))))) as unknown

describe('flat parameters', () => {
  const rows: [name: string, pairs: Record<string, string>, input: object][] = [
    ['single values', { Action: 'GetUser', UserName: 'a.b' }, { Action: 'GetUser', UserName: 'a.b' }],
    ['an empty list', { Tags: '' }, { Tags: '' }],
    ['a list of texts', { 'Keys.member.2': 'b', 'Keys.member.1': 'a' }, { Keys: ['a', 'b'] }],
    ['a list beyond nine', { 'K.member.10': 'j', 'K.member.9': 'i' }, { K: ['i', 'j'] }],
    [
      'a list of structures',
      { 'Tags.member.1.Key': 'a', 'Tags.member.1.Value': '1', 'Tags.member.3.Key': 'b' },
      { Tags: [{ Key: 'a', Value: '1' }, { Key: 'b' }] },
    ],
    ['a structure', { 'A.B': '1', 'A.C': '2' }, { A: { B: '1', C: '2' } }],
    ['a list that begins with an empty text', { Tags: '', 'Tags.member.1': 'a' }, { Tags: ['a'] }],
  ]
  it.each(rows)('%s', (_name, pairs, input) => expect(read(pairs)).toEqual(input))

  const refusals: [name: string, pairs: Record<string, string>][] = [
    ['text and structure', { A: '1', 'A.B': '2' }],
    ['list and structure', { 'A.member.1': '1', 'A.B': '2' }],
    ['an item without number', { 'A.member.x': '1' }],
    ['item 0', { 'A.member.0': '1' }],
    ['a name too deep', { 'a.b.c.d.e.f.g.h.i': '1' }],
    ['a name too long', { ['a'.repeat(129)]: '1' }],
    ['a value too long', { a: 'x'.repeat(131_073) }],
    ['too many', Object.fromEntries(Array.from({ length: 501 }, (_, i) => [`p${i}`, '']))],
  ]
  it.each(refusals)('refuses %s', (_name, pairs) =>
    expect(() => read(pairs)).toThrow(expect.objectContaining({ code: 'MalformedInput', status: 400 }) as Error),
  )

  it('finds nothing but parameters by any name', () => {
    const input = readParameters(new Map([['__proto__.x', '1']]))
    expect([input.constructor, input.toString, ({} as { x?: string }).x]).toEqual([undefined, undefined, undefined])
  })

  it('whatever is sent, it is read or refused', () => {
    const segment = fc.constantFrom('member', '1', '2', 'A', '', '__proto__')
    const name = fc.array(segment, { minLength: 1, maxLength: 10 }).map((segments) => segments.join('.'))
    fc.assert(
      fc.property(fc.array(fc.tuple(name, fc.string()), { maxLength: 20 }), (pairs) => {
        try {
          readParameters(new Map(pairs))
        } catch (error) {
          expect(error).toBeInstanceOf(QueryError)
        }
      }),
    )
  })
})
