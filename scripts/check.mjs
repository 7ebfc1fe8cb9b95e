// Every check that runs no service: types under each platform, format and lint, and the arrows between the rooms.
import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const bin = join(root, 'node_modules', '.bin')
// The pinned Node comes first, also when this file was started by another one.
const env = { ...process.env, PATH: `${bin}${delimiter}${process.env.PATH ?? ''}` }

const programs = readdirSync(root)
  .filter((name) => /^tsconfig\.(?:.+\.)?json$/.test(name) && name !== 'tsconfig.base.json')
  .sort()

const checks = [
  ...programs.map((program) => ['tsc', '-p', program]),
  ['biome', 'check', '--error-on-warnings'],
  ['oxlint', '--type-aware', '--deny-warnings'],
  ['vitest', 'run', '--project', 'node', 'test/architecture.test.ts'],
]

const failed = checks.filter(([tool, ...args]) => {
  const startedMs = Date.now()
  const { error, status } = spawnSync(tool, args, {
    cwd: root,
    env,
    stdio: 'inherit',
    shell: process.platform === 'win32',
  })
  if (error) console.error(`${tool}: ${error.message}`)
  console.log(`${status === 0 ? 'ok  ' : 'FAIL'} ${tool} ${args.join(' ')} (${Date.now() - startedMs} ms)`)
  return status !== 0
})

if (failed.length) {
  console.error(`${failed.length} of ${checks.length} checks failed`)
  process.exitCode = 1
}
