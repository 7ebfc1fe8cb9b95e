import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compilePattern, matchesPattern } from '../../src/policy/pattern'

describe('matchesPattern', () => {
  const cases: [pattern: string, text: string, matches: boolean][] = [
    ['', '', true],
    ['', 'a', false],
    ['*', '', true],
    ['*', 'anything at all', true],
    ['?', '', false],
    ['?', 'a', true],
    ['a*b*c', 'a1b2b3c', true],
    ['a*b*c', 'a1b2b3', false],
    ['kms:Re*From', 'kms:ReEncryptFrom', true],
    ['**a**', 'bab', true],
    ['a?c', 'ac', false],
    ['A', 'a', false],
    ['a.c', 'abc', false],
    ['[ab]', 'a', false],
    ['a*', 'a\nb', true],
  ]
  it.each(cases)('%j, %j: %s', (pattern, text, matches) => {
    expect([matchesPattern(pattern, text), compilePattern(pattern)(text)]).toEqual([matches, matches])
  })

  it('is what a regular expression says', () => {
    const letters = fc.string({ unit: fc.constantFrom('a', 'b', '*', '?'), maxLength: 8 })
    const texts = fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 10 })
    const property = fc.property(letters, texts, (pattern, text) => {
      const expression = new RegExp(`^${pattern.replaceAll('*', '.*').replaceAll('?', '.')}$`, 's')
      expect(matchesPattern(pattern, text)).toBe(expression.test(text))
      expect(compilePattern(pattern)(text)).toBe(expression.test(text))
    })
    fc.assert(property, { numRuns: 2000 })
  })

  it('finds long pieces with gaps as it finds short ones', () => {
    // long enough for the search by bits
    const pad = 'ab'.repeat(300)
    const pieces = fc.string({ unit: fc.constantFrom('a', 'b', '?'), minLength: 1, maxLength: 40 })
    const ends = fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 80 })
    const property = fc.property(pieces, ends, ends, (piece, before, after) => {
      const wanted = `${'?'.repeat(200)}${piece}`
      const text = `${pad}${before}b${after}`
      const expression = new RegExp(`^.*${wanted.replaceAll('?', '.')}.*${after}$`, 's')
      expect(matchesPattern(`*${wanted}*${after}`, text)).toBe(expression.test(text))
    })
    fc.assert(property, { numRuns: 500 })
  })

  it('does not run away', () => {
    const started = performance.now()
    expect(matchesPattern(`${'*a'.repeat(500)}b`, 'a'.repeat(2000))).toBe(false)
    expect(performance.now() - started).toBeLessThan(1000)
  })
})
