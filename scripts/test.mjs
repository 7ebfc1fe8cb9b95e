import { spawn } from 'node:child_process'
import { mkdirSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { build, root } from './build.mjs'
import { findChromium, installChromium } from './chromium.mjs'
import { reportPath } from './test-report.mjs'

/** `npm test [-- VITEST ARGUMENTS]`: every suite once, in Node, workerd and Chromium; the report in test-results/. */
const args = process.argv.slice(2)
const env = { ...process.env }

if (needsBrowser(args)) env.CHROME_PATH = (await findChromium()) ?? (await installChromium())
await build({ say: console.log })

rmSync(reportPath, { force: true })
mkdirSync(dirname(reportPath), { recursive: true })
const vitest = join(dirname(createRequire(import.meta.url).resolve('vitest/package.json')), 'vitest.mjs')
const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${reportPath}`]
const child = spawn(process.execPath, [vitest, 'run', ...reporters, ...args], { cwd: root, env, stdio: 'inherit' })
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
child.on('exit', (code) => {
  process.exitCode = code ?? 1
})

/** Unless the projects named leave it out. */
function needsBrowser(given) {
  const projects = given.flatMap((arg, i) =>
    arg.startsWith('--project=') ? [arg.slice('--project='.length)] : arg === '--project' ? [given[i + 1]] : [],
  )
  return projects.length === 0 || projects.some((name) => name === undefined || /browser|[*!]/.test(name))
}
