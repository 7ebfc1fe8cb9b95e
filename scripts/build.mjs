import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

export const root = dirname(dirname(fileURLToPath(import.meta.url)))

const out = {
  worker: join(root, 'dist/worker/index.js'),
  /** `readConfig` of the Worker, so that `npm start` checks the secrets by the same rule. */
  config: join(root, 'dist/config.mjs'),
  web: join(root, 'dist/web'),
  /** What the local server needs of wrangler.toml, and which inputs went into the build. */
  record: join(root, 'dist/build.json'),
}
/** Inputs that esbuild does not see. */
const fixedInputs = ['wrangler.toml', 'package-lock.json', 'scripts/build.mjs']

/**
 * Builds the Worker, and the pages of web/ where there are any, into dist/, unless all that went into the last build
 * is unchanged.
 * Options: `force` builds anyway; `say` is told when there is something to build.
 * Returns `{ built, workerPath, configPath, settings }`; settings are `{ name, compatibilityDate, compatibilityFlags,
 * vars, durableObjects: { binding: class }, r2Buckets: { binding: bucket } }`.
 */
export async function build({ force = false, say = () => {} } = {}) {
  const pages = await listPages()
  const last = force ? undefined : await readRecord()
  const outputs = [out.worker, out.config, ...(pages.length ? [out.web] : [])]
  if (last && outputs.every(existsSync) && (await digest(last.inputs, pages)) === last.digest) {
    return result(false, last.settings)
  }
  say(pages.length ? 'Building the Worker and its pages …' : 'Building the Worker …')
  const [worker, config, settings] = await Promise.all([
    bundle('worker/index.ts', { conditions: ['workerd', 'worker', 'browser'], external: ['cloudflare:*', 'node:*'] }),
    bundle('worker/config.ts', { conditions: ['node'], external: ['node:*'] }),
    readSettings(),
  ])
  const inputs = [...new Set([...fixedInputs, ...worker.inputs, ...config.inputs])].sort()
  if (pages.length) await buildPages()
  await write(out.worker, worker.text)
  await write(out.config, config.text)
  await write(out.record, JSON.stringify({ digest: await digest(inputs, pages), settings, inputs }, null, 1))
  return result(true, settings)
}

const result = (built, settings) => ({ built, workerPath: out.worker, configPath: out.config, settings })

/** One ES module, as wrangler bundles it, with names left readable in stack traces. */
async function bundle(entry, options) {
  const esbuild = await import('esbuild')
  const built = await esbuild.build({
    absWorkingDir: root,
    entryPoints: [entry],
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'browser',
    target: 'es2024',
    metafile: true,
    logLevel: 'error',
    ...options,
  })
  return { text: built.outputFiles[0].text, inputs: Object.keys(built.metafile.inputs) }
}

/** Everything that may go into the pages: vite does not say what did. */
async function listPages() {
  if (!existsSync(join(root, 'web/index.html'))) return []
  const folders = await Promise.all(
    ['web', 'src', 'software']
      .filter((folder) => existsSync(join(root, folder)))
      .map(async (folder) => {
        const entries = await readdir(join(root, folder), { recursive: true, withFileTypes: true })
        return entries
          .filter((entry) => entry.isFile())
          .map((entry) => relative(root, join(entry.parentPath, entry.name)))
      }),
  )
  return folders.flat().sort()
}

async function buildPages() {
  const vite = await import('vite')
  await vite.build({ root: join(root, 'web'), logLevel: 'error', build: { outDir: out.web, emptyOutDir: true } })
}

async function readSettings() {
  const { unstable_readConfig: readWrangler } = await import('wrangler')
  const toml = readWrangler({ config: join(root, 'wrangler.toml') }, { hideWarnings: true })
  return {
    name: toml.name,
    compatibilityDate: toml.compatibility_date,
    compatibilityFlags: toml.compatibility_flags,
    vars: toml.vars,
    durableObjects: Object.fromEntries(toml.durable_objects.bindings.map((each) => [each.name, each.class_name])),
    r2Buckets: Object.fromEntries(toml.r2_buckets.map((each) => [each.binding, each.bucket_name])),
  }
}

/** By content: times of change lie after a checkout or a copy. Undefined where an input is gone. */
async function digest(inputs, pages) {
  const hash = createHash('sha256')
  try {
    for (const input of [...inputs, ...pages])
      hash
        .update(`${input}\0`)
        .update(await readFile(join(root, input)))
        .update('\0')
  } catch (error) {
    if (error.code === 'ENOENT') return undefined
    throw error
  }
  return hash.digest('hex')
}

async function readRecord() {
  try {
    return JSON.parse(await readFile(out.record, 'utf8'))
  } catch (error) {
    if (error.code === 'ENOENT' || error instanceof SyntaxError) return undefined
    throw error
  }
}

/** Whole or not at all: two builds may run side by side. */
async function write(path, text) {
  await mkdir(dirname(path), { recursive: true })
  const draft = `${path}.${process.pid}`
  await writeFile(draft, text)
  await rename(draft, path)
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const { built, workerPath } = await build({ force: process.argv.includes('--force'), say: console.log })
  console.log(`${relative(root, workerPath)} ${built ? 'is built' : 'is up to date'}.`)
}
