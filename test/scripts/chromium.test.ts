import { execFile } from 'node:child_process'
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { root } from '../../scripts/build.mjs'
import { findChromium } from '../../scripts/chromium.mjs'

let base: string
beforeAll(async () => {
  base = await mkdtemp(join(tmpdir(), 'chromium-'))
})
afterAll(() => rm(base, { recursive: true }))

async function program(path: string, script = 'exit 0') {
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, `#!/bin/sh\n${script}\n`)
  await chmod(path, 0o755)
  return path
}

describe('the browser to test in', () => {
  it('is the one of CHROME_PATH before those on PATH', async () => {
    const chosen = await program(join(base, 'chosen/any-name'))
    await program(join(base, 'on-path/chromium'))
    expect(await findChromium({ CHROME_PATH: chosen, PATH: join(base, 'on-path') })).toBe(chosen)
  })

  it('is no other when CHROME_PATH is wrong', async () => {
    const PATH = dirname(await program(join(base, 'on-path/chromium')))
    await expect(findChromium({ CHROME_PATH: join(base, 'none'), PATH })).rejects.toThrow('CHROME_PATH')
  })

  it('is Chromium before Chrome, and a program that runs', async () => {
    const stub = dirname(await program(join(base, 'stub/chromium'), 'exit 1'))
    const chrome = await program(join(base, 'real/google-chrome'))
    expect(await findChromium({ PATH: `${stub}:${dirname(chrome)}` })).toBe(chrome)
    const chromium = await program(join(base, 'real/chromium'))
    expect(await findChromium({ PATH: `${stub}:${dirname(chrome)}` })).toBe(chromium)
  })
})

describe('getting a browser', () => {
  /** In a process of its own, that sees no program but those in `folder`. */
  async function install(folder: string, debianRoot: boolean) {
    const code = `import { installChromium } from './scripts/chromium.mjs'
      console.log('got', await installChromium({ debianRoot: ${debianRoot} }))`
    const env = {
      PATH: folder,
      PLAYWRIGHT_BROWSERS_PATH: join(folder, 'playwright'),
      PLAYWRIGHT_DOWNLOAD_HOST: 'http://127.0.0.1:9',
    }
    const run = promisify(execFile)(process.execPath, ['--input-type=module', '--eval', code], { cwd: root, env })
    return run.then(
      ({ stdout }) => stdout,
      (error) => error.stdout + error.stderr,
    )
  }

  it("takes Debian's package, and says so", async () => {
    const folder = join(base, 'debian')
    const log = join(folder, 'log')
    const makes = `printf '#!/bin/sh\\n' > '${folder}/chromium' && /bin/chmod 755 '${folder}/chromium'`
    await program(join(folder, 'apt-get'), `echo "$1 $DEBIAN_FRONTEND" >> '${log}'; [ "$1" = update ] || { ${makes}; }`)
    const output = await install(folder, true)
    expect(output).toContain('installing the Debian package `chromium`')
    expect(output).toContain(`got ${folder}/chromium`)
  })

  it('turns to Playwright otherwise, and fails in words when that gives none', async () => {
    const folder = join(base, 'offline')
    await program(join(folder, 'apt-get'), 'exit 100')
    const output = await install(folder, true)
    expect(output).toContain('The Debian package gave none.')
    expect(output).toContain('Playwright downloads its own.')
    expect(output).toContain('There is still no Chromium. Install one, or set CHROME_PATH to it.')
  }, 60_000)
})
