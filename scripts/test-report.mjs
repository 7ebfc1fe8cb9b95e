import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { root } from './build.mjs'

export const reportPath = join(root, 'test-results/vitest.json')

/**
 * What vitest's JSON report says: tests passed, tests failed. A file that failed without a failed test of its own
 * (it did not load, a hook threw) counts as one failure.
 */
export function countTests({ numPassedTests, numFailedTests, testResults }) {
  const brokenFiles = testResults.filter(
    ({ status, assertionResults }) =>
      status === 'failed' && !assertionResults.some((assertion) => assertion.status === 'failed'),
  )
  return { passed: numPassedTests, failed: numFailedTests + brokenFiles.length }
}

/** Prints `N passed, N failed`. Exit code 0 only where something passed, nothing failed and vitest itself agrees. */
if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const report = JSON.parse(readFileSync(process.argv[2] ?? reportPath, 'utf8'))
  const { passed, failed } = countTests(report)
  console.log(`${passed} passed, ${failed} failed`)
  if (failed > 0 || passed === 0 || !report.success) process.exitCode = 1
}
