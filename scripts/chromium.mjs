import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { delimiter, dirname, join } from 'node:path'

const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome']
const macChrome = '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome'

/** Measured to start in under a second as root, in a container, without a network. */
export const chromiumFlags = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

/**
 * The browser to test in: CHROME_PATH, then a Chromium or Chrome on PATH, then the one that Playwright downloaded.
 * Undefined where there is none. Throws where CHROME_PATH names nothing that runs.
 */
export async function findChromium(env = process.env) {
  if (env.CHROME_PATH) {
    if (works(env.CHROME_PATH)) return env.CHROME_PATH
    throw new Error('CHROME_PATH names no browser that runs.')
  }
  const places = (env.PATH ?? '').split(delimiter).filter(Boolean)
  const found = [...names.flatMap((name) => places.map((place) => join(place, name))), macChrome].find(works)
  if (found) return found
  const { chromium } = await import('playwright')
  const downloaded = chromium.executablePath()
  return works(downloaded) ? downloaded : undefined
}

/**
 * Gets a browser and says so: Debian's package when root on Debian, else Playwright's download.
 * Throws where neither gives one.
 */
export async function installChromium({ say = console.log, debianRoot = isDebianRoot() } = {}) {
  if (debianRoot) {
    say('No Chromium or Chrome found: installing the Debian package `chromium`.')
    const packages = ['install', '-q', '-y', '--no-install-recommends', 'chromium']
    const found = runs('apt-get', ['update', '-q']) && runs('apt-get', packages) && (await findChromium())
    if (found) return found
    say('The Debian package gave none.')
  }
  say('No Chromium or Chrome found: Playwright downloads its own.')
  const cli = join(dirname(createRequire(import.meta.url).resolve('playwright/package.json')), 'cli.js')
  const found = runs(process.execPath, [cli, 'install', 'chromium']) && (await findChromium())
  if (found) return found
  throw new Error('There is still no Chromium. Install one, or set CHROME_PATH to it.')
}

const isDebianRoot = () => existsSync('/etc/debian_version') && process.getuid?.() === 0

function runs(program, args) {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  return spawnSync(program, args, { stdio: ['ignore', 'inherit', 'inherit'], env }).status === 0
}

/** Asked for its version: some systems have a program of that name which only says how to install the real one. */
const works = (path) => existsSync(path) && spawnSync(path, ['--version'], { stdio: 'ignore' }).status === 0
