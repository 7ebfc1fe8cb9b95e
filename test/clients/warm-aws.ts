import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { TestProject } from 'vitest/node'

declare module 'vitest' {
  interface ProvidedContext {
    /** A folder with an `aws` that starts at once (warm-aws.py); empty where there is none. */
    readonly warmAws: string
  }
}

const script = fileURLToPath(new URL('warm-aws.py', import.meta.url))

/**
 * One AWS CLI for all test files, since each start of it takes a second of a core, and the walks make hundreds of calls.
 * On Linux, where python3 has the CLI that `aws` runs; elsewhere each call starts its own.
 */
export default async function openWarmAws(project: TestProject): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), 'kms-aws-'))
  const python = spawn('python3', ['-B', script, folder], { stdio: ['pipe', 'pipe', 'ignore'] })
  const ended = once(python, 'close')
  const versionOf = async (aws: string) => (await promisify(execFile)(aws, ['--version'])).stdout
  const ready = once(python.stdout, 'data').then(() => Promise.all(['aws', join(folder, 'aws')].map(versionOf)))
  const isSame = await Promise.race([ready, ended]).then(
    ([own, warm]) => typeof own === 'string' && own === warm,
    () => false, // no python3, or no `aws`
  )
  project.provide('warmAws', process.platform === 'linux' && isSame ? folder : '')
  return async () => {
    python.stdin.end()
    await ended.catch(() => undefined) // it never started
    await rm(folder, { recursive: true })
  }
}
