import { expect, it } from 'vitest'
import { countTests, type Report } from '../../scripts/test-report.mjs'

const file = (status: string, ...tests: string[]): Report['testResults'][number] => ({
  status,
  assertionResults: tests.map((each) => ({ status: each })),
})

const cases: [string, Report, string][] = [
  ['all well', { numPassedTests: 2, numFailedTests: 0, testResults: [file('passed', 'passed', 'passed')] }, '2/0'],
  ['a failed test', { numPassedTests: 1, numFailedTests: 1, testResults: [file('failed', 'passed', 'failed')] }, '1/1'],
  [
    'a file that did not load',
    { numPassedTests: 1, numFailedTests: 0, testResults: [file('passed', 'passed'), file('failed')] },
    '1/1',
  ],
  ['a hook that threw', { numPassedTests: 1, numFailedTests: 0, testResults: [file('failed', 'passed')] }, '1/1'],
  [
    'skipped tests',
    { numPassedTests: 1, numFailedTests: 0, testResults: [file('passed', 'passed', 'skipped')] },
    '1/0',
  ],
]

it.each(cases)('%s', (_, report, expected) => {
  const { passed, failed } = countTests(report)
  expect(`${passed}/${failed}`).toBe(expected)
})
