import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join, posix } from 'node:path'
import { pathToFileURL } from 'node:url'
import { root } from './build.mjs'

/** The programs that give declarations. What several compile is taken from the first: it knows Web standards alone. */
const programs = [
  {
    name: 'core',
    has: (entry) => !/^(?:worker|src\/browser)\//.test(entry),
    ambient: ['types/bytes.d.ts', 'types/names.d.ts', 'types/web.d.ts'],
    options: {},
  },
  {
    name: 'browser',
    has: (entry) => entry.startsWith('src/browser/'),
    ambient: ['types/bytes.d.ts'],
    options: { lib: ['ES2024', 'DOM', 'DOM.Iterable', 'DOM.AsyncIterable'] },
  },
  {
    name: 'worker',
    has: (entry) => entry.startsWith('worker/'),
    ambient: ['types/bytes.d.ts', 'types/names.d.ts', 'worker/node-crypto.d.ts'],
    options: { types: ['@cloudflare/workers-types'] },
  },
]

/**
 * Builds what package.json exports into dist/lib: one JavaScript module and one declaration file for each source that
 * the exports reach, in the folders of the sources. Modules stay apart, so that a consumer's bundler drops whole ones
 * that nobody uses and lazy imports stay lazy.
 * Returns the number of modules. Throws an Error where a source does not compile.
 */
export async function buildLibrary() {
  const entries = await readEntries()
  const draft = join(root, `dist/lib-${process.pid}`)
  try {
    const modules = await buildModules(entries, draft)
    await buildDeclarations(entries, draft)
    await replace(join(root, 'dist/lib'), draft)
    return modules
  } finally {
    await rm(draft, { recursive: true, force: true })
  }
}

/** The sources of what package.json exports, from the top of the project. */
async function readEntries() {
  const { exports } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'))
  return Object.values(exports)
    .filter((target) => typeof target === 'object')
    .map((target) => target.default.replace('./dist/lib/', '').replace(/\.js$/, '.ts'))
}

async function buildModules(entries, folder) {
  const esbuild = await import('esbuild')
  const options = {
    absWorkingDir: root,
    bundle: true,
    packages: 'external',
    external: ['node:*', 'cloudflare:*'],
    format: 'esm',
    platform: 'neutral',
    target: 'es2024',
    logLevel: 'error',
    outbase: root,
  }
  const found = await esbuild.build({ ...options, entryPoints: entries, outdir: folder, write: false, metafile: true })
  const { inputs } = found.metafile
  await esbuild.build({
    ...options,
    entryPoints: Object.keys(inputs),
    outdir: folder,
    plugins: [keepModulesApart((importer, specifier) => findImport(inputs, importer, specifier))],
  })
  return Object.keys(inputs).length
}

function findImport(inputs, importer, specifier) {
  const found = inputs[importer]?.imports.find(({ original }) => original === specifier)
  if (!found) throw new Error(`${importer}: no module is known for '${specifier}'`)
  return found.path
}

/** Leaves a relative import as it is, but for the extension that it needs outside of TypeScript. */
const keepModulesApart = (find) => ({
  name: 'keep-modules-apart',
  setup(build) {
    build.onResolve({ filter: /^\./ }, ({ importer, path, kind }) => {
      if (kind === 'entry-point') return undefined
      const from = posix.relative(root.replaceAll('\\', '/'), importer.replaceAll('\\', '/'))
      return { path: specifierOf(from, find(from, path).replace(/\.ts$/, '.js')), external: true }
    })
  },
})

function specifierOf(from, to) {
  const path = posix.relative(posix.dirname(from), to)
  return path.startsWith('.') ? path : `./${path}`
}

async function buildDeclarations(entries, folder) {
  const platform = await platformTypes()
  const names = [...platform.matchAll(/^export (?:type|interface) (\w+)/gm)].map(([, name]) => name)
  const emitted = programs.map(({ name }) => `${folder}.${name}`)
  try {
    // All have to end, also where one fails: the folders are removed then.
    const ends = await Promise.allSettled(
      programs.map((program, index) => emit(program, entries.filter(program.has), emitted[index])),
    )
    for (const end of ends) if (end.status === 'rejected') throw end.reason
    const find = (path) => emitted.map((each) => join(each, path)).find(existsSync)
    const waiting = entries.map((entry) => entry.replace(/\.ts$/, '.d.ts'))
    // What only the inside of a module imports has no place in the declarations.
    const reached = new Set(waiting)
    for (const path of reached) {
      const source = find(path)
      if (!source) throw new Error(`no program has emitted ${path}`)
      const { text, targets } = standAlone(path, await readFile(source, 'utf8'), names, find)
      await write(join(folder, path), text)
      for (const target of targets) reached.add(target)
    }
    await write(join(folder, 'platform.d.ts'), platform)
  } finally {
    await Promise.all(emitted.map((each) => rm(each, { recursive: true, force: true })))
  }
}

/**
 * A module in place of the ambient names of types/*.d.ts, so that a consumer has them all and gets no global one. Its
 * CryptoKey is that of the platform which the consumer compiles for: the DOM, Workers or Node.
 */
async function platformTypes() {
  const read = (name) => readFile(join(root, `types/${name}.d.ts`), 'utf8')
  const [bytes, names, web] = await Promise.all(['bytes', 'names', 'web'].map(read))
  const interfaces = ['CryptoKeyPair', 'JsonWebKey'].map((name) => {
    const found = new RegExp(`^interface ${name} \\{[^}]*\\}$`, 'm').exec(web)
    if (!found) throw new Error(`types/web.d.ts has no interface ${name}`)
    return found[0]
  })
  const key = 'type CryptoKey = Awaited<ReturnType<typeof crypto.subtle.importKey>>'
  // Why a name is ambient here is nothing to a consumer.
  return [bytes, names.replace(/\/\*\*[\s\S]*?\*\/\s*/g, ''), key, ...interfaces]
    .map((text) => text.trim().replace(/^(?=type |interface )/gm, 'export '))
    .join('\n')
    .concat('\n')
}

async function emit({ ambient, options }, entries, outDir) {
  const config = {
    extends: join(root, 'tsconfig.base.json'),
    compilerOptions: {
      ...options,
      noEmit: false,
      declaration: true,
      emitDeclarationOnly: true,
      noEmitOnError: true,
      rootDir: root,
      outDir,
    },
    files: [...entries, ...ambient].map((path) => join(root, path)),
  }
  await write(join(outDir, 'tsconfig.json'), JSON.stringify(config))
  await tsc('-p', join(outDir, 'tsconfig.json'), '--pretty', 'false')
}

function tsc(...args) {
  const child = spawn(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), ...args], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let said = ''
  child.stdout.setEncoding('utf8').on('data', (text) => {
    said += text
  })
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code) => (code === 0 ? resolve() : reject(new Error(`tsc ${args.join(' ')}:\n${said}`))))
  })
}

/**
 * A declaration file as a consumer can read it: relative specifiers with their extension, and the names of the platform
 * imported. Gives the declaration files that it leads to as well.
 */
function standAlone(path, declarations, platformNames, exists) {
  const targets = []
  const specifiers = /(\bfrom\s*|\bimport\(|^import\s+)(['"])(\.[^'"]*)\2/gm
  const text = declarations.replace(specifiers, (_, before, quote, specifier) => {
    const whole = posix.join(posix.dirname(path), specifier)
    const target = [`${whole}.d.ts`, `${whole}/index.d.ts`].find(exists)
    if (!target) throw new Error(`${path}: no declarations for '${specifier}'`)
    targets.push(target)
    return `${before}${quote}${specifierOf(path, target.replace(/\.d\.ts$/, '.js'))}${quote}`
  })
  const code = text.replace(/\/\*[\s\S]*?\*\//g, '')
  const names = platformNames.filter((name) => new RegExp(`(?<![.\\w$])${name}\\b(?!\\??:)`).test(code))
  if (!names.length) return { text, targets }
  return { text: `import type { ${names.join(', ')} } from '${specifierOf(path, 'platform.js')}';\n${text}`, targets }
}

async function write(path, text) {
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, text)
}

/** Two builds may run side by side: each puts its whole folder there, and the last one stays. */
async function replace(folder, draft) {
  const old = `${draft}.old`
  try {
    await rename(folder, old)
  } catch (error) {
    if (error.code !== 'ENOENT') throw error
  }
  await rename(draft, folder)
  await rm(old, { recursive: true, force: true })
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  console.log(`dist/lib is built: ${await buildLibrary()} modules.`)
}
