import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'
import { type Case, readCases, runCase } from './cases'

/**
 * 312 decision cases, taken 2026-11-24: written against AWS's documentation with invented names, each with what it rests
 * on (`sureness`). The file is unchanged.
 */
const vectors = new URL('../vectors/authorization-cases.json', import.meta.url)
const cases = readCases(readFileSync(vectors, 'utf8'))
const sure = cases.filter(({ sureness }) => sureness !== 'unsure')
const [first] = sure as [Case]

describe('decision cases', () => {
  it('are 312, five of them unsure', () => expect([cases.length, sure.length]).toEqual([312, 307]))

  it.each(sure)('$id $title', (each) => {
    const outcome = runCase(each)
    expect(outcome, outcome.by).toMatchObject({ passed: true, got: outcome.expected })
  })

  it('the unsure ones end as AWS’s documentation makes most likely', () => {
    const outcomes = cases.filter(({ sureness }) => sureness === 'unsure').map((each) => [each.id, runCase(each).got])
    expect(Object.fromEntries(outcomes)).toEqual({
      A041: 'deny (explicit)',
      A110: 'allow',
      A111: 'deny (implicit)',
      A250: 'deny (implicit)',
      A286: 'deny (implicit)',
    })
  })
})

describe('a case that does not come out', () => {
  it('is told with what was got and what decided', () => {
    expect(runCase({ ...first, expected: 'deny', denial: 'explicit' })).toEqual({
      expected: 'deny (explicit)',
      got: 'allow',
      passed: false,
      by: 'key policy, statement Enable IAM User Permissions, identity 0, statement 0',
    })
  })

  it('fails by its kind of denial alone', () => {
    const denied = { ...first, identityPolicies: [], expected: 'deny' as const }
    expect(runCase({ ...denied, denial: 'implicit' }).passed).toBe(true)
    expect(runCase({ ...denied, denial: 'explicit' }).passed).toBe(false)
    expect(runCase(denied).passed).toBe(true)
  })

  it('fails when the engine refuses a document', () => {
    const broken = { ...first, keyPolicy: { Statement: [] } }
    expect(runCase(broken)).toMatchObject({ passed: false, got: 'error' })
  })
})

describe('npm run authz-cases', () => {
  const folder = mkdtempSync(join(tmpdir(), 'cases-'))
  afterAll(() => rmSync(folder, { recursive: true }))
  const script = fileURLToPath(new URL('../../scripts/authz-cases.mjs', import.meta.url))
  const run = (text?: string) => {
    const file = join(folder, 'cases.json')
    if (text !== undefined) writeFileSync(file, text)
    const { status, stdout } = spawnSync(process.execPath, text === undefined ? [script] : [script, file])
    return { status, lines: stdout.toString().trim().split('\n') }
  }
  const unsure = { ...first, id: 'U', expected: 'deny' as const, sureness: 'unsure' as const }

  const runs: [what: string, text: string | undefined, status: number, last: string][] = [
    ['a case that passes', JSON.stringify({ cases: [first] }), 0, '1 passed, 0 failed'],
    ['one that fails', JSON.stringify({ cases: [first, { ...first, expected: 'deny' }] }), 1, '1 passed, 1 failed'],
    ['one that is unsure', JSON.stringify({ cases: [first, unsure] }), 0, '1 passed, 0 failed'],
    ['a file that is no JSON', 'x', 2, ''],
    ['a file without cases', '{}', 2, ''],
    ['an entry that is no case', JSON.stringify({ cases: [{ id: 'A' }] }), 2, ''],
    ['no file', undefined, 2, ''],
  ]
  it.each(runs)('%s', (_what, text, status, last) => {
    const outcome = run(text)
    expect([outcome.status, outcome.lines.at(-1)]).toEqual([status, last])
  })

  it('prints id, title, what was expected and got, and what decided', () => {
    const { lines } = run(JSON.stringify({ cases: [{ ...first, expected: 'deny', denial: 'implicit' }, unsure] }))
    expect(lines).toEqual([
      `FAILED A001 ${first.title}`,
      expect.stringMatching(/^ {2}expected deny \(implicit\), got allow, by key policy, statement Enable/),
      `UNSURE U ${first.title}`,
      expect.stringContaining('got allow'),
      'unsure cases: 0 as expected, 1 otherwise',
      '0 passed, 1 failed',
    ])
  })
})
