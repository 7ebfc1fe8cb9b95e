import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CreateKeyCommand, DecryptCommand, EncryptCommand, KMSClient } from '@aws-sdk/client-kms'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { build, root } from '../../scripts/build.mjs'
import { newSecrets, readDevVars, writeDevVars } from '../../scripts/dev-vars.mjs'
import { serve } from '../../scripts/serve.mjs'
import { serveProcess } from '../../scripts/serve-process.mjs'

const script = join(root, 'scripts/start.mjs')
let base: string
let folder: string
let n = 0
beforeAll(async () => {
  await build()
  base = await mkdtemp(join(tmpdir(), 'subtle-kms-'))
})
beforeEach(async () => {
  folder = join(base, `${n++}`)
  await mkdir(folder)
})
const running = new Set<Started>()
/** Whatever a failed test left running. */
afterEach(async () => {
  for (const { child, exit } of running) {
    child.kill('SIGTERM')
    await exit
  }
})
afterAll(() => rm(base, { recursive: true, force: true }))

const state = () => join(folder, 'state')
const secrets = () => join(folder, 'dev-vars')
const options = (port = 0) => ['--port', `${port}`, '--persist-to', state(), '--dev-vars', secrets()]

interface Started {
  readonly child: ChildProcess
  readonly exit: Promise<number | null>
  output(): string
}

function start(command: string, args: string[]): Started {
  const child = spawn(command, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk))
  const exit = once(child, 'exit').then(([code]) => {
    running.delete(started)
    return code
  })
  const started: Started = { child, exit, output: () => output }
  running.add(started)
  return started
}

/** Until it says where it serves. */
async function served(started: Started): Promise<string> {
  for (;;) {
    const url = /serves on (\S+)[\s\S]*Ctrl-C/.exec(started.output())?.[1]
    if (url) return url
    if (started.child.exitCode !== null) throw new Error(started.output())
    await new Promise((done) => setTimeout(done, 10))
  }
}

const direct = (args = options()) => start(process.execPath, [script, ...args])

async function clientOf(url: string): Promise<KMSClient> {
  const accounts = JSON.parse((await readDevVars(secrets()))?.KMS_ACCOUNTS ?? '{}')
  return new KMSClient({ endpoint: url, region: 'us-east-1', credentials: Object.values(accounts)[0] as never })
}

async function refused(url: string): Promise<boolean> {
  return fetch(`${url}/healthz`).then(
    () => false,
    () => true,
  )
}

describe('npm start', () => {
  it('makes secrets at the first start, keeps keys over a restart, shows the secret once', async () => {
    const first = direct()
    const url = await served(first)
    expect((await fetch(`${url}/readyz`)).status).toBe(200)
    expect((await stat(secrets())).mode & 0o777).toBe(0o600)
    const secret = /export AWS_SECRET_ACCESS_KEY=(\S{40})\n/.exec(first.output())?.[1]
    expect(secret).toBeDefined()
    expect(first.output()).toContain(`export AWS_ENDPOINT_URL_KMS=${url}\n`)

    const client = await clientOf(url)
    const { KeyMetadata } = await client.send(new CreateKeyCommand({}))
    const Plaintext = Uint8Array.of(1, 2, 3)
    const { CiphertextBlob } = await client.send(new EncryptCommand({ KeyId: KeyMetadata?.KeyId, Plaintext }))
    first.child.kill('SIGTERM')
    expect(await first.exit).toBe(0)
    expect(await refused(url)).toBe(true)

    const second = direct()
    const again = await clientOf(await served(second))
    const opened = await again.send(new DecryptCommand({ CiphertextBlob }))
    expect(new Uint8Array(opened.Plaintext ?? [])).toEqual(Plaintext)
    expect(second.output()).not.toContain(secret)
    expect(second.output()).toContain('npm run -s credentials')
    second.child.kill('SIGINT')
    expect(await second.exit).toBe(0)
  })

  it('answers through npm, and ends with it', async () => {
    const npm = start('npm', ['start', '--', ...options()])
    const url = await served(npm)
    expect((await fetch(`${url}/readyz`)).status).toBe(200)
    // npm does not pass the signal on everywhere: the server sees that npm is gone.
    npm.child.kill('SIGTERM')
    await npm.exit
    await expect.poll(() => refused(url), { timeout: 10_000 }).toBe(true)
  })

  it('says when the port is taken', async () => {
    const other = createServer().listen(0, '127.0.0.1')
    await once(other, 'listening')
    const { port } = other.address() as { port: number }
    const started = direct(options(port))
    expect(await started.exit).toBe(1)
    expect(started.output()).toBe(
      `Port ${port} of 127.0.0.1 is in use. Stop what listens there, or take another: npm start -- --port N\n`,
    )
    other.close()
  })

  it('says when another server has the state', async () => {
    const vars = newSecrets()
    await writeDevVars({ ...vars }, secrets())
    const other = await serve({ port: 0, persistTo: state(), vars: { ...vars }, quiet: true })
    const refusedStart = direct()
    expect(await refusedStart.exit).toBe(1)
    expect(refusedStart.output()).toBe(
      `Another server is running on ${state()}. Stop it, or take another folder: npm start -- --persist-to DIR\n`,
    )
    await other.stop()
    const started = direct()
    await served(started)
    started.child.kill('SIGTERM')
    expect(await started.exit).toBe(0)
  })

  const good = newSecrets()
  const wrong: [string, Record<string, string>, string][] = [
    ['no root keys', { KMS_ACCOUNTS: good.KMS_ACCOUNTS }, 'KMS_ROOT_KEYS is missing'],
    ['a short root key', { ...good, KMS_ROOT_KEYS: 'r1:c2VjcmV0' }, 'KMS_ROOT_KEYS'],
    ['no accounts', { KMS_ROOT_KEYS: good.KMS_ROOT_KEYS }, 'KMS_ACCOUNTS is missing'],
    ['broken accounts', { ...good, KMS_ACCOUNTS: '{"c2VjcmV0' }, 'KMS_ACCOUNTS must be JSON'],
    ['a variable out of range', { ...good, KMS_LEASE_SECONDS: '301' }, 'KMS_LEASE_SECONDS must be'],
  ]
  it.each(wrong)('stops at %s', async (_, vars, message) => {
    await writeDevVars(vars, secrets())
    const started = direct()
    expect(await started.exit).toBe(1)
    expect(started.output()).toContain(message)
    expect(started.output()).not.toContain('c2VjcmV0')
    expect(started.output()).not.toContain('    at ')
  })

  it('makes no new secrets beside keys that need the old ones', async () => {
    const objects = join(state(), 'v3/do/subtle-kms-Vault')
    await mkdir(objects, { recursive: true })
    await writeFile(join(objects, '0123456789abcdef.sqlite'), '')
    const started = direct()
    expect(await started.exit).toBe(1)
    expect(started.output()).toContain('KMS_ROOT_KEYS')
    expect(await readDevVars(secrets())).toBeUndefined()
  })

  it.each([['--bogus'], ['--port', '70000'], ['--port', 'x']])('refuses %s %s', async (...args) => {
    const started = direct(args)
    expect(await started.exit).toBe(2)
    expect(started.output()).toContain('npm start -- [--port N]')
  })
})

describe('serve', () => {
  const vars = { ...newSecrets(), KMS_REGIONS: 'eu-west-1' }

  it('takes the variables it is given over those of wrangler.toml, and leaves nothing behind', async () => {
    const { url, stop } = await serve({ port: 0, persistTo: state(), vars, quiet: true })
    expect((await fetch(`${url}/readyz`)).status).toBe(200)
    await stop()
    expect(await refused(url)).toBe(true)
  })

  it('without secrets answers 503 that names them', async () => {
    const { url, stop } = await serve({ port: 0, persistTo: state(), vars: {}, quiet: true })
    const answer = await fetch(`${url}/`)
    expect(answer.status).toBe(503)
    expect(await answer.text()).toMatch(/KMS_ACCOUNTS[\s\S]*KMS_ROOT_KEYS/)
    await stop()
  })
})

describe('a server in a process group of its own', () => {
  const vars = newSecrets()
  /** Processes of a group that still run. One that has ended may wait in the table for whoever should ask after it. */
  const leftOf = (group: number) =>
    readdirSync('/proc').filter((pid) => {
      const [, state, , pgrp] = /^\d+ \(.*\) (\S) (\d+) (\d+)/.exec(statOf(pid)) ?? []
      return Number(pgrp) === group && state !== 'Z'
    })
  const statOf = (pid: string) => {
    try {
      return readFileSync(`/proc/${pid}/stat`, 'utf8')
    } catch {
      return '' // no process, or one that has just ended
    }
  }

  it.runIf(existsSync('/proc/self/stat')).each(['stop', 'kill'] as const)('%s leaves nothing of it', async (how) => {
    const server = await serveProcess({ persistTo: state(), vars: { ...vars } })
    expect((await fetch(`${server.url}/readyz`)).status).toBe(200)
    expect(leftOf(server.pid).length).toBeGreaterThan(1)
    await server[how]()
    expect(await refused(server.url)).toBe(true)
    expect(leftOf(server.pid)).toEqual([])
  })

  it('passes on why it did not start', async () => {
    const other = createServer().listen(0, '127.0.0.1')
    await once(other, 'listening')
    const { port } = other.address() as { port: number }
    await expect(serveProcess({ port, persistTo: state(), vars: { ...vars } })).rejects.toThrow('is in use')
    other.close()
  })
})
