import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { build } from 'esbuild'

/**
 * `npm run authz-cases -- FILE`: asks the policy engine every decision case of a file in the form of
 * test/vectors/authorization-cases.json. Cases that call themselves unsure are shown, but do not count.
 * Exit code: 0 when all pass, 1 when one fails, 2 when the file is none.
 */
const root = dirname(dirname(fileURLToPath(import.meta.url)))
const file = process.argv[2]
if (file === undefined) bad('Which file? npm run authz-cases -- FILE')

const { readCases, runCase } = await load('test/policy/cases.ts')
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

/** A module of the project and what it imports, bundled into one that Node takes. */
async function load(path) {
  const folder = await mkdtemp(join(tmpdir(), 'authz-cases-'))
  try {
    const bundled = await build({
      absWorkingDir: root,
      entryPoints: [path],
      bundle: true,
      write: false,
      format: 'esm',
      target: 'es2024',
      logLevel: 'error',
    })
    const module = join(folder, 'cases.mjs')
    await writeFile(module, bundled.outputFiles[0].text)
    return await import(pathToFileURL(module).href)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

function bad(message) {
  console.error(message)
  process.exit(2)
}
