import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  canonicalPath,
  canonicalQuery,
  canonicalValue,
  parsePairs,
  splitUrl,
} from '../../../src/identity/sigv4/canonical'
import { formatBasicTime, parseBasicTime } from '../../../src/identity/sigv4/time'

describe('canonicalPath', () => {
  it.each([
    ['/', '/'],
    ['/kms/', '/kms/'],
    ['/kms', '/kms'],
    ['//kms//', '/kms/'],
    ['/a/./b/../c', '/a/c'],
    ['/..', '/'],
    ['/a%20b', '/a%2520b'],
    ['/.well-known', '/.well-known'],
  ])('%s is %s', (path, canonical) => expect(canonicalPath(path)).toBe(canonical))
})

describe('canonicalQuery', () => {
  it.each([
    ['', ''],
    ['b=2&a=1', 'a=1&b=2'],
    ['a=2&a=1', 'a=1&a=2'],
    ['a', 'a='],
    ['a=b=c', 'a=b%3Dc'],
    ['a=%7e%2f', 'a=~%2F'],
    ['a=x+y', 'a=x%20y'],
    ["a=!*'()", 'a=%21%2A%27%28%29'],
    ['a=100%', 'a=100%25'],
    ['a=1&X-Amz-Signature=2', 'a=1'],
  ])('%s is %s', (query, canonical) => expect(canonicalQuery(parsePairs(query))).toBe(canonical))

  it('two queries of one canonical form mean the same', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.string({ minLength: 1 }), fc.string())), (pairs) => {
        const sorted = (list: readonly (readonly [string, string])[]) =>
          list.map(([name, value]) => JSON.stringify([name.toWellFormed(), value.toWellFormed()])).sort()
        const named = pairs.filter(([name]) => name !== 'X-Amz-Signature')
        expect(sorted(parsePairs(canonicalQuery(named)))).toEqual(sorted(named))
      }),
    )
  })
})

describe('splitUrl', () => {
  it.each([
    ['https://h/', ['h', '/', '']],
    ['https://h', ['h', '/', '']],
    ['http://h:8787/kms/?a=b?c#d', ['h:8787', '/kms/', 'a=b?c']],
    ['https://h?a=/b', ['h', '/', 'a=/b']],
    ['https://h/a#?b', ['h', '/a', '']],
    ['https://h/a?#b', ['h', '/a', '']],
  ])('%s', (url, [host, path, query]) => expect(splitUrl(url)).toEqual({ host, path, query }))

  it('agrees with the URL standard on its own serialisation', () => {
    fc.assert(
      fc.property(fc.webUrl({ withQueryParameters: true, withFragments: true }), (text) => {
        const url = new URL(text)
        expect(splitUrl(url.href)).toEqual({ host: url.host, path: url.pathname, query: url.search.slice(1) })
      }),
    )
  })
})

it.each([
  ['a', 'a'],
  [' a  b ', 'a b'],
  ['a\tb', 'a b'],
  ['"a   b"', '"a b"'],
])('header value %j is %j', (value, canonical) => expect(canonicalValue(value)).toBe(canonical))

it('basic times round-trip by the second', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 253402300799 }), (second) => {
      expect(parseBasicTime(formatBasicTime(second * 1000 + 999))).toBe(second * 1000)
    }),
  )
})
