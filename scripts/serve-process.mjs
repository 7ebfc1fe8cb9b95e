import { fork } from 'node:child_process'
import { connect } from 'node:net'
import { fileURLToPath } from 'node:url'
import { serve, stopOnSignals } from './serve.mjs'

const self = fileURLToPath(import.meta.url)

/**
 * `serve` in a process group of its own, for benchmarks, clients and crash tests.
 * Out: `url`; `pid` of the group; `stop()` ends it cleanly; `kill()` ends all of it at once, as a power cut would:
 * acknowledged writes alone are left. Both resolve when nothing is left of it. The group ends with its parent too.
 */
export async function serveProcess(options = {}) {
  const child = fork(self, [], { detached: true, stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  const ended = new Promise((done) => child.once('exit', done))
  const first = new Promise((done, fail) => {
    child.once('message', done)
    child.once('error', fail)
    child.once('exit', (code) => fail(new Error(`The server ended before it answered (exit code ${code}).`)))
  })
  child.send({ port: 0, quiet: true, ...options })
  const { url, problem } = await first
  if (problem !== undefined) {
    await ended
    throw new Error(problem)
  }
  return {
    url,
    pid: child.pid,
    async stop() {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM')
      await ended
    },
    async kill() {
      killGroup(child.pid)
      await ended
      await silent(url)
    },
  }
}

function killGroup(pid) {
  try {
    process.kill(-pid, 'SIGKILL')
  } catch (error) {
    if (error.code !== 'ESRCH') throw error // already gone
  }
}

/** Until the runtime, too, is gone: it is no child of this process, but whoever closed its port has closed its files. */
async function silent(url) {
  const { hostname, port } = new URL(url)
  const answers = () =>
    new Promise((done) => {
      const socket = connect(Number(port), hostname)
      socket.once('connect', () => {
        socket.destroy()
        done(true)
      })
      socket.once('error', () => done(false))
    })
  while (await answers()) await new Promise((done) => setTimeout(done, 5))
}

async function hostOne(options) {
  try {
    const server = await serve(options)
    const stop = stopOnSignals(server)
    process.on('disconnect', stop)
    if (process.connected) process.send({ url: server.url })
    else stop()
  } catch (error) {
    process.send({ problem: error.message }, () => process.exit(1))
  }
}

if (process.argv[1] === self && process.send) process.once('message', (options) => void hostOne(options))
