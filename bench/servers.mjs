import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { newSecrets } from '../scripts/dev-vars.mjs'
import { serve } from '../scripts/serve.mjs'
import { signedKmsCall } from './sign.mjs'

export const region = 'us-east-1'

/** Identity policies as a team would write them: some that do not apply, one that does. */
const policies = {
  'read-only-elsewhere': statement('Allow', ['s3:Get*', 's3:List*'], 'arn:aws:s3:::reports/*'),
  'no-deletion': statement('Deny', ['kms:ScheduleKeyDeletion', 'kms:DeleteAlias'], '*'),
  'use-keys': statement(
    'Allow',
    ['kms:Encrypt', 'kms:Decrypt', 'kms:GenerateDataKey*', 'kms:ReEncrypt*', 'kms:DescribeKey'],
    '*',
  ),
  'manage-keys': statement('Allow', ['kms:Create*', 'kms:List*', 'kms:Enable*', 'kms:Disable*'], '*'),
}

export function statement(Effect, Action, Resource) {
  return JSON.stringify({ Version: '2012-10-17', Statement: [{ Effect, Action, Resource }] })
}

/** A server of this project on a state of its own, with an IAM user to sign as. `stop()` removes the state. */
export async function startOurs(vars = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'kms-bench-'))
  const secrets = newSecrets()
  const [accountId] = Object.keys(JSON.parse(secrets.KMS_ACCOUNTS))
  const server = await serve({ port: 0, persistTo: folder, vars: { ...secrets, ...vars }, quiet: true })
  const directories = await server.mf.getDurableObjectNamespace('DIRECTORY')
  const directory = directories.get(directories.idFromName(accountId))
  /** An IAM user with these policies, as a client. */
  const addUser = async (userName, documents) => {
    const accessKey = { accessKeyId: accessKeyIdOf(accountId), secretAccessKey: randomBytes(30).toString('base64') }
    await directory.createUser(accountId, { userName, policies: documents, accessKey })
    return { ...peer(server.url, accessKey), arn: `arn:aws:iam::${accountId}:user/${userName}` }
  }
  /** Rows straight into the store of the account's Vault, for what would take long to make by calls. */
  const plant = async (rows) => {
    const vaults = await server.mf.getDurableObjectNamespace('VAULT')
    const vault = vaults.get(vaults.idFromName(`${accountId}:${region}`))
    for (let i = 0; i < rows.length; i += 500) {
      const changes = rows.slice(i, i + 500).map((row) => ({ version: 0, ...row }))
      if (!(await vault.commit({ accountId, region }, { reads: [], changes, appends: [] })))
        throw new Error('not planted')
    }
  }
  const user = await addUser('bench', policies)
  const root = peer(server.url, Object.values(JSON.parse(secrets.KMS_ACCOUNTS))[0])
  const stop = async () => {
    await server.stop()
    await rm(folder, { recursive: true, force: true, maxRetries: 5 })
  }
  return { ...user, root, addUser, plant, accountId, stop, folder }
}

/** An access key id that names its account: `AKIA` and base32 of 5 bytes of account number and 5 random ones. */
function accessKeyIdOf(accountId) {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'
  let bits = (BigInt(accountId) << 40n) | BigInt(`0x${randomBytes(5).toString('hex')}`)
  let text = ''
  for (let i = 0; i < 16; i++) {
    text = alphabet[Number(bits & 31n)] + text
    bits >>= 5n
  }
  return `AKIA${text}`
}

/** The bare runtime: a route that says hello, and one that makes the subtle calls of one Encrypt and nothing else. */
export async function startBare() {
  const script = `
    let material
    const info = new TextEncoder().encode('bench')
    export default { async fetch(request) {
      if (request.method === 'GET') return new Response('hello')
      material ??= await crypto.subtle.importKey('raw', new Uint8Array(32), 'HKDF', false, ['deriveKey'])
      const random = crypto.getRandomValues(new Uint8Array(28))
      const key = await crypto.subtle.deriveKey({ name: 'HKDF', hash: 'SHA-256', salt: random.subarray(0, 16), info },
        material, { name: 'AES-GCM', length: 256 }, false, ['encrypt'])
      const body = new Uint8Array(await request.arrayBuffer())
      const iv = random.subarray(16)
      return new Response(await crypto.subtle.encrypt({ name: 'AES-GCM', iv, additionalData: info }, key, body))
    } }`
  return startModule(script)
}

/** A Worker of one module under miniflare, on a direct socket as that of the served Worker. */
export async function startModule(contents) {
  const { Miniflare, convertV4MiniflareOptions, Log, LogLevel } = await import('miniflare')
  const options = convertV4MiniflareOptions({
    name: 'bench',
    modules: [{ type: 'ESModule', path: 'index.js', contents }],
    compatibilityDate: '2026-11-02',
    host: '127.0.0.1',
    port: 0,
    unsafeDirectSockets: [{ host: '127.0.0.1', port: 0 }],
    cf: false,
    logRequests: false,
    log: new Log(LogLevel.NONE),
  })
  const mf = new Miniflare(options)
  await mf.ready
  const { port } = await mf.unsafeGetDirectURL()
  return { port: Number(port), stop: () => mf.dispose() }
}

/** moto's server, where python3 has it; undefined elsewhere. It checks no signature and keeps its state in memory. */
export async function startMoto() {
  const there = await new Promise((resolve) => {
    const probe = spawn('python3', ['-c', 'import moto.server'], { stdio: 'ignore' })
    probe.on('error', () => resolve(false))
    probe.on('close', (code) => resolve(code === 0))
  })
  if (!there) return undefined
  const port = await freePort()
  const child = spawn('python3', ['-m', 'moto.server', '-p', String(port)], { stdio: 'ignore' })
  const stop = () =>
    new Promise((resolve) => {
      child.on('close', resolve)
      child.kill('SIGKILL')
    })
  const moto = peer(`http://127.0.0.1:${port}`, { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 'secret' })
  for (let attempt = 0; ; attempt++) {
    try {
      await moto.call('ListKeys', {})
      return { ...moto, stop }
    } catch (error) {
      if (attempt >= 100) {
        await stop()
        throw error
      }
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
  }
}

function freePort() {
  const probe = createServer()
  return new Promise((resolve, reject) => {
    probe.on('error', reject)
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address()
      probe.close(() => resolve(port))
    })
  })
}

/** Signed calls to one endpoint: `sign` gives headers and body, `call` the decoded reply. */
function peer(url, credentials) {
  const { host, port } = new URL(url)
  const sign = (operation, input) => signedKmsCall({ operation, input, credentials, region, hostname: host })
  const call = async (operation, input) => {
    const response = await fetch(`${url}/`, {
      method: 'POST',
      ...sign(operation, input),
      signal: AbortSignal.timeout(30_000),
    })
    const text = await response.text()
    if (!response.ok) throw new Error(`${operation}: ${response.status} ${text}`)
    return text ? JSON.parse(text) : {}
  }
  return { url, port: Number(port), sign, call }
}
