import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { build, root } from './build.mjs'
import { readDevVars } from './dev-vars.mjs'

/** Where `npm start` and `npm run dev` keep their state. */
export const defaultState = join(root, '.wrangler/state')

/**
 * Serves the built Worker from this machine, without a network, through a socket straight into it.
 *
 * In: `port` (0: any free one); `persistTo`, the folder of the state; `vars`, secrets and variables over those of
 * wrangler.toml (default: .dev.vars); `host`; `quiet` drops what the Worker logs.
 * Out: `url` without a slash at its end; `mf`, the Miniflare; `stop()`, after which nothing runs any more.
 * Throws PortInUseError, StateInUseError, and whatever stops the runtime from starting.
 */
export async function serve({ port = 8787, persistTo = defaultState, vars, host = '127.0.0.1', quiet = false } = {}) {
  const [{ workerPath, settings }, own] = await Promise.all([build(), vars ?? readDevVars()])
  await requireFreePort(host, port)
  const state = await lockState(persistTo)
  const { Miniflare, convertV4MiniflareOptions, Log, LogLevel } = await import('miniflare')
  const options = convertV4MiniflareOptions({
    name: settings.name,
    modules: [{ type: 'ESModule', path: 'index.js', contents: await readFile(workerPath, 'utf8') }],
    compatibilityDate: settings.compatibilityDate,
    compatibilityFlags: settings.compatibilityFlags,
    bindings: { ...settings.vars, ...own },
    durableObjects: Object.fromEntries(
      Object.entries(settings.durableObjects).map(([name, className]) => [name, { className, useSQLite: true }]),
    ),
    r2Buckets: settings.r2Buckets,
    unsafeDirectSockets: [{ host, port }],
    // The other socket passes every request through a second Worker; nobody uses it.
    host: '127.0.0.1',
    port: 0,
    cf: false,
    logRequests: false,
    log: new Log(quiet ? LogLevel.NONE : LogLevel.ERROR),
    handleStructuredLogs: quiet ? () => {} : ({ message }) => console.error(message),
  })
  const mf = new Miniflare({ ...options, resourcePersistencePath: join(persistTo, 'v3') })
  const stop = async () => {
    await mf.dispose()
    state.close()
  }
  try {
    await mf.ready
    const { origin } = await mf.unsafeGetDirectURL()
    return { url: origin, mf, stop }
  } catch (error) {
    await stop().catch(() => {}) // what stopped the start is the news
    throw error
  }
}

/**
 * Two runtimes over one state would lock each other out of the databases, call by call. SQLite's own lock keeps the
 * second one away: it falls with the process, however that ends.
 */
async function lockState(persistTo) {
  const [{ DatabaseSync }] = await Promise.all([import('node:sqlite'), mkdir(persistTo, { recursive: true })])
  const lock = new DatabaseSync(join(persistTo, 'serving.lock'))
  try {
    lock.exec('BEGIN EXCLUSIVE')
    return lock
  } catch (error) {
    lock.close()
    throw error.errcode === sqliteBusy ? new StateInUseError(persistTo) : error
  }
}

const sqliteBusy = 5

/** Lets a process that serves and does nothing else end by signal, exit code 0. Returns what the signals call. */
export function stopOnSignals(server) {
  let stopping = false
  const stop = () => {
    if (stopping) return
    stopping = true
    server.stop().then(
      () => process.exit(0),
      (error) => {
        console.error(error)
        process.exit(1)
      },
    )
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.removeAllListeners(signal) // Miniflare's own would end the process before its objects are at rest
    process.on(signal, stop)
  }
  return stop
}

export class StateInUseError extends Error {
  constructor(persistTo) {
    super(`Another server is running on ${persistTo}. Stop it, or take another folder: npm start -- --persist-to DIR`)
    this.name = 'StateInUseError'
  }
}

export class PortInUseError extends Error {
  constructor(host, port) {
    super(`Port ${port} of ${host} is in use. Stop what listens there, or take another: npm start -- --port N`)
    this.name = 'PortInUseError'
  }
}

async function requireFreePort(host, port) {
  if (port === 0) return
  const { createServer } = await import('node:net')
  const probe = createServer()
  await new Promise((done, fail) => {
    probe.once('error', (error) => fail(error.code === 'EADDRINUSE' ? new PortInUseError(host, port) : error))
    probe.listen({ port, host, exclusive: true }, () => probe.close(done))
  })
}
