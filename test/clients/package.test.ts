import { readFileSync } from 'node:fs'
import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { dirname, join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { type BuildOptions, build } from 'esbuild'
import { convertV4MiniflareOptions, Miniflare } from 'miniflare'
import { type Browser, chromium } from 'playwright'
import { publint } from 'publint'
import { build as buildPage } from 'vite'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { build as buildWorker, root } from '../../scripts/build.mjs'
import { chromiumFlags, findChromium } from '../../scripts/chromium.mjs'
import { newKeyArn } from './example-world'
import { newStateFolder, removeFolder, run, secrets } from './server'

/** A project outside of this repository, which has installed what `npm pack` makes. */
let project: string
let tarball: string
const at = (path: string) => join(project, path)
const installed = () => at('node_modules/subtle-kms')

async function put(path: string, text: string): Promise<string> {
  await mkdir(dirname(at(path)), { recursive: true })
  await writeFile(at(path), text)
  return at(path)
}

/** Runs a program that must succeed; gives what it says. */
async function output(command: string, ...args: string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await run(command, args)
  if (exitCode !== 0) throw new Error(`${command} ${args.join(' ')}:\n${stdout}${stderr}`)
  return stdout
}

/** A package of the repository's node_modules, as an install would bring it. */
async function link(name: string): Promise<void> {
  await mkdir(dirname(at(`node_modules/${name}`)), { recursive: true })
  await symlink(join(root, 'node_modules', name), at(`node_modules/${name}`), 'junction')
}

beforeAll(async () => {
  project = await newStateFolder()
  await output('npm', 'pack', root, '--pack-destination', project)
  await put('package.json', '{ "private": true, "type": "module" }')
  const { version, dependencies } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'))
  tarball = at(`subtle-kms-${version}.tgz`)
  await mkdir(installed(), { recursive: true })
  await output('tar', '-xzf', tarball, '-C', installed(), '--strip-components', '1')
  await Promise.all([...Object.keys(dependencies), '@types/node', '@cloudflare/workers-types'].map(link))
})
afterAll(() => removeFolder(project))

/** A service of the process, and a message of the envelope library under one of its keys. */
const sealAndOpen = `
import { createKms } from 'subtle-kms'
import { decrypt, encrypt, kms as kmsKeyring } from 'subtle-kms/envelope'
import { createMemoryStorage } from 'subtle-kms/memory'
import { createSoftwareProvider } from 'subtle-kms/software'
import { createImport, createRootCrypto, importRootKeys } from 'subtle-kms/webcrypto'

export async function sealAndOpen(): Promise<string> {
  const [accountId, region] = ['111122223333', 'eu-west-1']
  const roots = await importRootKeys('r1:' + btoa('0123456789abcdef0123456789abcdef'))
  const software = createSoftwareProvider()
  const kms = createKms({
    accountId,
    region,
    storage: createMemoryStorage(),
    crypto: createRootCrypto({ roots, accountId, region, software }),
    import: createImport({ software }),
  })
  const client = kms.client({ kind: 'root', accountId, accessKeyId: 'AKIAINPROCESSEXAMPLE' })
  const { KeyMetadata } = await client.createKey({})
  const Plaintext = new TextEncoder().encode('card 4242')
  const { CiphertextBlob } = await client.encrypt({ KeyId: KeyMetadata!.KeyId, Plaintext })
  const opened = await client.decrypt({ CiphertextBlob: CiphertextBlob! })

  const curve = await client.createKey({ KeySpec: 'ECC_SECG_P256K1', KeyUsage: 'SIGN_VERIFY' })
  await client.sign({ KeyId: curve.KeyMetadata!.KeyId, Message: Plaintext, SigningAlgorithm: 'ECDSA_SHA_256' })

  const keyring = kmsKeyring({ client, keyId: KeyMetadata!.Arn! })
  const { message } = await encrypt(opened.Plaintext!, { keyring, encryptionContext: { tenant: '7' } })
  const { plaintext } = await decrypt(message, { keyring, requiredContext: { tenant: '7' } })
  return new TextDecoder().decode(plaintext)
}
`

describe('in Node', () => {
  it('every entry that needs no Worker is imported, changes nothing around it, and works', async () => {
    const { code } = await transformed(sealAndOpen)
    await put('node/seal.js', code)
    const script = await put(
      'node/main.js',
      `const look = () => {
        const names = Reflect.ownKeys(globalThis)
        const things = names.map((name) => globalThis[name]).filter((thing) => thing instanceof Object)
        return [names, ...things.flatMap((thing) => [thing, thing.prototype]).map((thing) => Reflect.ownKeys(thing ?? {}))]
      }
      look() // some globals of Node come into being when they are first looked at
      const before = JSON.stringify(look(), (_, value) => (typeof value === 'symbol' ? String(value) : value))
      const entries = ['', '/browser', '/client', '/envelope', '/memory', '/software', '/webcrypto']
      const loaded = await Promise.all(entries.map((entry) => import('subtle-kms' + entry)))
      const after = JSON.stringify(look(), (_, value) => (typeof value === 'symbol' ? String(value) : value))
      const { sealAndOpen } = await import('./seal.js')
      console.log(JSON.stringify({
        empty: entries.filter((_, index) => !Object.keys(loaded[index]).length),
        changed: before !== after,
        opened: await sealAndOpen(),
      }))`,
    )
    const said: unknown = JSON.parse(await output(process.execPath, script))
    expect(said).toEqual({ empty: [], changed: false, opened: 'card 4242' })
  })
})

const transformed = async (code: string) => {
  const { outputFiles } = await build({ stdin: { contents: code, loader: 'ts' }, write: false, logLevel: 'error' })
  return { code: outputFiles[0]?.text ?? '' }
}

describe('types', () => {
  const seal = `${sealAndOpen}
// @ts-expect-error names that this repository uses for itself stay inside
export type None = Bytes
// @ts-expect-error and an operation has its own members
export const wrong: Parameters<ReturnType<ReturnType<typeof createKms>['client']>['encrypt']>[0] = { Plain: 1 }
`
  const client = `
import { httpKms, kmsBox, kmsJwtSigner } from 'subtle-kms/client'
import { rawAes } from 'subtle-kms/envelope'

const credentials = { accessKeyId: 'AKIAINPROCESSEXAMPLE', secretAccessKey: 'x' }
const kms = httpKms({ endpoint: 'https://kms.example.com', region: 'eu-west-1', credentials })
export const box = kmsBox({ kms, keyId: 'arn:aws:kms:eu-west-1:111122223333:key/x', context: { tenant: '7' } })
export const signer = kmsJwtSigner({ kms, keyId: 'x', alg: 'ES256' })
export const sealed: Promise<Uint8Array<ArrayBuffer>> = box.seal('card 4242')
export const key = async () =>
  rawAes({ namespace: 'n', name: 'k', key: await crypto.subtle.importKey('raw', new Uint8Array(32), 'AES-GCM', false, ['encrypt']) })
// @ts-expect-error a CryptoKey is one, not anything
rawAes({ namespace: 'n', name: 'k', key: 7 })
`
  const page = `
import { openBrowserKms } from 'subtle-kms/browser'
export const opened: Promise<string> = openBrowserKms({ name: 'k' }).then(({ accountId }) => accountId)
`
  const worker = `
import app from 'subtle-kms/worker'
export { Directory, KmsRpc, Vault } from 'subtle-kms/worker'
export default { fetch: app.fetch } satisfies ExportedHandler<never>
`
  const readme = Object.fromEntries(
    [...readFileSync(join(root, 'README.md'), 'utf8').matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map(
      ([, text = ''], index) => [`readme-${index}`, `${text}export {}\n`],
    ),
  )
  it('the README shows as many programs as are compiled here', () => {
    expect(Object.keys(readme)).toHaveLength(4)
  })

  const bundler = { module: 'ESNext', moduleResolution: 'bundler' }
  const node = { module: 'nodenext', moduleResolution: 'nodenext' }
  const programs: [where: string, options: object, sources: Readonly<Record<string, string>>][] = [
    [
      'page',
      { ...bundler, lib: ['ES2024', 'DOM', 'DOM.Iterable', 'DOM.AsyncIterable'] },
      { seal, client, page, ...readme },
    ],
    ['node', { ...node, types: ['node'] }, { seal, client }],
    ['worker', { ...bundler, types: ['@cloudflare/workers-types'] }, { seal, client, worker }],
  ]
  it.each(programs)('%s', async (where, options, sources) => {
    await Promise.all(Object.entries(sources).map(([name, text]) => put(`types-${where}/${name}.ts`, text)))
    const compilerOptions = {
      target: 'ES2024',
      lib: ['ES2024'],
      types: [],
      strict: true,
      exactOptionalPropertyTypes: true,
      verbatimModuleSyntax: true,
      skipLibCheck: false,
      noEmit: true,
      ...options,
    }
    const config = await put(`types-${where}/tsconfig.json`, JSON.stringify({ compilerOptions }))
    await output(process.execPath, join(root, 'node_modules/typescript/bin/tsc'), '-p', config, '--pretty', 'false')
  })
})

describe('in a bundle', () => {
  async function bundle(contents: string, resolveDir: string, more: BuildOptions = {}) {
    const { outputFiles, warnings } = await build({
      stdin: { contents, resolveDir, loader: 'ts' },
      bundle: true,
      minify: true,
      write: false,
      format: 'esm',
      platform: 'browser',
      target: 'es2024',
      logLevel: 'silent',
      ...more,
    })
    expect(warnings).toEqual([])
    return outputFiles?.[0]?.contents ?? new Uint8Array(0)
  }
  const gzipped = (contents: Uint8Array) => gzipSync(contents, { level: 9 }).length

  const entries: [entry: string, source: string, names: string][] = [
    ['envelope', './src/envelope', 'encrypt, decrypt, kms'],
    ['envelope', './src/envelope', 'encryptStream, decryptStream, kms'],
    ['client', './src/client', 'httpKms'],
    ['client', './src/client', 'kmsBox'],
  ]
  it.each(entries)('%s is as small as from its sources: %s, %s', async (entry, source, names) => {
    const small = gzipped(await bundle(`export { ${names} } from 'subtle-kms/${entry}'`, project))
    expect(small).toBeGreaterThan(2_000)
    expect(small).toBeLessThanOrEqual(1.05 * gzipped(await bundle(`export { ${names} } from '${source}'`, root)))
  })

  it('what is not used is left out, and what is lazy is loaded later', async () => {
    expect((await bundle(`export { KmsError } from 'subtle-kms'`, project)).length).toBeLessThan(1_000)
    const software = `export { createSoftwareProvider } from 'subtle-kms/software'`
    const split = { splitting: true, outdir: at('split') }
    expect((await bundle(software, project, split)).length).toBeLessThan(10_000)
  })

  it('runs in a page, built by vite', async () => {
    await put('page/index.html', '<!doctype html><title>page</title><script type="module" src="./main.ts"></script>')
    await put(
      'page/main.ts',
      `import { openBrowserKms } from 'subtle-kms/browser'
      const { client } = await openBrowserKms({ name: 'package' })
      const { KeyMetadata } = await client.createKey({})
      const { CiphertextBlob } = await client.encrypt({ KeyId: KeyMetadata.KeyId, Plaintext: new Uint8Array([4, 2]) })
      const { Plaintext } = await client.decrypt({ CiphertextBlob })
      document.title = 'opened ' + Plaintext.join('')`,
    )
    const built = at('page/built')
    await buildPage({ root: at('page'), logLevel: 'error', base: './', build: { outDir: built, target: 'es2024' } })
    const site = createServer((request, response) => {
      const name = request.url === '/' ? 'index.html' : (request.url ?? '').slice(1)
      const type = name.endsWith('.html') ? 'text/html' : 'text/javascript'
      readFile(join(built, name)).then(
        (text) => response.writeHead(200, { 'content-type': type }).end(text),
        (error: Error) => response.writeHead(404).end(error.message),
      )
    })
    await new Promise<void>((done) => site.listen(0, '127.0.0.1', done))
    let browser: Browser | undefined
    try {
      const executablePath = await findChromium()
      browser = await chromium.launch({ args: chromiumFlags, ...(executablePath ? { executablePath } : {}) })
      const page = await browser.newPage()
      await page.goto(`http://127.0.0.1:${(site.address() as AddressInfo).port}/`)
      await page.waitForFunction("document.title.startsWith('opened')", undefined, { timeout: 20_000 })
      expect(await page.title()).toBe('opened 42')
    } finally {
      await browser?.close()
      await new Promise((done) => site.close(done))
    }
  })

  it("runs as somebody's own Worker", async () => {
    const code = await bundle(`export { default, Directory, KmsRpc, Vault } from 'subtle-kms/worker'`, project, {
      conditions: ['workerd', 'worker', 'browser'],
      external: ['cloudflare:*', 'node:*'],
    })
    const { settings } = await buildWorker()
    const objects = Object.entries(settings.durableObjects)
    const worker = {
      name: 'own',
      modules: [{ type: 'ESModule' as const, path: 'index.js', contents: Buffer.from(code).toString() }],
      compatibilityDate: settings.compatibilityDate,
      compatibilityFlags: settings.compatibilityFlags,
      bindings: { ...settings.vars, ...secrets },
      durableObjects: Object.fromEntries(objects.map(([name, className]) => [name, { className, useSQLite: true }])),
    }
    const mf = new Miniflare(convertV4MiniflareOptions({ cf: false, workers: [worker] } as never))
    try {
      const { origin } = await mf.ready
      expect(await newKeyArn(origin)).toMatch(/^arn:aws:kms:/)
    } finally {
      await mf.dispose()
    }
  })
})

describe('the package', () => {
  it('has nothing for publint to say', async () => {
    const { messages } = await publint({ pkgDir: installed(), pack: false, strict: true })
    expect(messages).toEqual([])
  })

  it('resolves to its types everywhere that knows exports', async () => {
    const attw = join(root, 'node_modules/@arethetypeswrong/cli/dist/index.js')
    await output(process.execPath, attw, tarball, '--profile', 'esm-only', '--format', 'ascii')
  })

  it('brings no Node and no tool along', async () => {
    const { dependencies, optionalDependencies } = JSON.parse(await readFile(join(installed(), 'package.json'), 'utf8'))
    expect(Object.keys(dependencies).sort()).toEqual([
      '@noble/curves',
      '@noble/hashes',
      '@noble/post-quantum',
      'hono',
      'idb',
      'jose',
    ])
    expect(optionalDependencies).toBeUndefined()
  })
})
