import { readFile } from 'node:fs/promises'
import { loadBundled } from './load-bundled.mjs'

/**
 * `npm run authz-cases -- FILE`: asks the policy engine every decision case of a file in the form of
 * test/vectors/authorization-cases.json. Cases that call themselves unsure are shown, but do not count.
 * Exit code: 0 when all pass, 1 when one fails, 2 when the file is none.
 */
const file = process.argv[2]
if (file === undefined) bad('Which file? npm run authz-cases -- FILE')

const { readCases, runCase } = await loadBundled('test/policy/cases.ts')
let cases
try {
  cases = readCases(await readFile(file, 'utf8'))
} catch (error) {
  bad(`${file}: ${error.message}`)
}

const counts = { passed: 0, failed: 0 }
const unsure = { passed: 0, failed: 0 }
for (const each of cases) {
  const outcome = runCase(each)
  const isUnsure = each.sureness === 'unsure'
  const tally = isUnsure ? unsure : counts
  tally[outcome.passed ? 'passed' : 'failed']++
  if (outcome.passed) continue
  console.log(`${isUnsure ? 'UNSURE' : 'FAILED'} ${each.id} ${each.title ?? ''}`)
  console.log(`  expected ${outcome.expected}, got ${outcome.got}, by ${outcome.by}`)
}
if (unsure.passed + unsure.failed) {
  console.log(`unsure cases: ${unsure.passed} as expected, ${unsure.failed} otherwise`)
}
console.log(`${counts.passed} passed, ${counts.failed} failed`)
process.exitCode = counts.failed ? 1 : 0

function bad(message) {
  console.error(message)
  process.exit(2)
}
