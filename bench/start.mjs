import { spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { build, root } from '../scripts/build.mjs'
import { newSecrets } from '../scripts/dev-vars.mjs'
import { signedKmsCall } from './sign.mjs'

/** How long from `npm start` on a built tree to the answer of the first signed call? At most 3 seconds is the aim. */
export async function run({ rounds = 5, say = console.log } = {}) {
  await build()
  const times = []
  for (let i = 0; i < rounds; i++) times.push(await firstCall(18_787 + i))
  times.sort((a, b) => a - b)
  say(`first call answered after ${times.map((ms) => `${(ms / 1000).toFixed(2)} s`).join(', ')}`)
  return times
}

async function firstCall(port) {
  const folder = await mkdtemp(join(tmpdir(), 'kms-bench-start-'))
  const secrets = newSecrets()
  const devVars = join(folder, 'dev.vars')
  const lines = Object.entries(secrets).map(([name, value]) => `${name}='${value}'`)
  await writeFile(devVars, `${lines.join('\n')}\n`, { mode: 0o600 })
  const [credentials] = Object.values(JSON.parse(secrets.KMS_ACCOUNTS))
  const start = performance.now()
  const args = ['start', '--', '--port', String(port), '--persist-to', join(folder, 'state'), '--dev-vars', devVars]
  const child = spawn('npm', args, { cwd: root, stdio: 'ignore', detached: true })
  try {
    for (;;) {
      const call = signedKmsCall({
        operation: 'ListKeys',
        input: {},
        credentials,
        region: 'us-east-1',
        hostname: `127.0.0.1:${port}`,
      })
      const response = await fetch(`http://127.0.0.1:${port}/`, { method: 'POST', ...call }).catch(() => undefined)
      if (response?.ok) return performance.now() - start
      if (performance.now() - start > 30_000) throw new Error('the server did not answer within 30 s')
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  } finally {
    const closed = new Promise((resolve) => child.on('close', resolve))
    process.kill(-child.pid, 'SIGTERM')
    await closed
    await rm(folder, { recursive: true, force: true, maxRetries: 5 })
  }
}
