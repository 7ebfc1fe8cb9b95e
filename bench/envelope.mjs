import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pathToFileURL } from 'node:url'
import { build } from 'esbuild'
import { root } from '../scripts/build.mjs'
import { chromiumFlags, findChromium } from '../scripts/chromium.mjs'
import { envelopeWays, frameLength } from './envelope-ways.mjs'
import { startModule } from './servers.mjs'

/**
 * What does a message stream cost above the AES-GCM calls that it makes? 256 MiB in frames of 64 KiB, in chunks of 64 KiB
 * and of 1 MiB, by `pipeThrough` and by `from`; beside it as many bare calls of that size, one after the other and 8 in
 * flight, of which the faster counts. In Node, in workerd and in Chromium; the ways take turns in one run, and each has
 * the median of its rounds.
 * In Node also `@aws-crypto/client-node` on the same work, and how much the memory grows over 1 GiB.
 */
export const header =
  '| runtime | way | bare calls, 1 and 8, MiB/s | chunks of 64 KiB, piped | `from` | chunks of 1 MiB, piped | `from` | client-node, MiB/s |'

const chunks = [frameLength, 2 ** 20]

export async function run({ mebibytes = 256, rounds = 5, say = console.log } = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'kms-bench-envelope-'))
  const bundle = async (contents, outfile) => {
    const path = join(folder, outfile)
    await build({
      stdin: { contents, resolveDir: root, loader: 'ts' },
      bundle: true,
      format: 'esm',
      target: 'es2024',
      outfile: path,
      logLevel: 'error',
    })
    return path
  }
  const rows = []
  const measure = async (runtime, timeOf, others = {}) => {
    for (const way of ['encrypt', 'decrypt']) {
      const bareWay = way === 'encrypt' ? 'bareEncrypt' : 'bareDecrypt'
      const timed = {
        one: () => timeOf(bareWay, mebibytes, 1),
        eight: () => timeOf(bareWay, mebibytes, 8),
        small: () => timeOf(way, mebibytes, chunks[0]),
        smallFrom: () => timeOf(`${way}From`, mebibytes, chunks[0]),
        large: () => timeOf(way, mebibytes, chunks[1]),
        largeFrom: () => timeOf(`${way}From`, mebibytes, chunks[1]),
        ...(others[way] ? { other: others[way] } : {}),
      }
      const rates = await inTurns(timed, mebibytes, rounds)
      const bare = Math.max(rates.one, rates.eight)
      rows.push({ runtime, way, bare, ...rates })
      const parts = [rates.small, rates.smallFrom, rates.large, rates.largeFrom].map(
        (rate) => `${rate.toFixed(0)} (${((rate / bare) * 100).toFixed(0)} %)`,
      )
      const other = rates.other ? rates.other.toFixed(0) : '—'
      const calls = `${rates.one.toFixed(0)}, ${rates.eight.toFixed(0)}`
      say(`| ${runtime} | ${way} | ${calls} | ${parts.join(' | ')} | ${other} |`)
    }
  }
  try {
    const library = await bundle("export * from './src/envelope'", 'envelope.mjs')
    const ways = await envelopeWays(await import(pathToFileURL(library).href))
    await measure('Node', timer(ways), await officialClient(ways, mebibytes))
    await inWorkerd(bundle, measure)
    await inChromium(bundle, measure, say)
    const grown = await memoryOf(ways)
    say(
      `\nMemory of Node over 1 GiB through both streams, above that of a warm process: ${grown.toFixed(0)} MiB at most`,
    )
    return rows
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** Milliseconds of one way. */
const timer = (ways) => async (way, mebibytes, setting) => {
  const start = performance.now()
  await ways[way](mebibytes, setting)
  return performance.now() - start
}

async function inTurns(timed, mebibytes, rounds) {
  const rates = {}
  for (let i = 0; i <= rounds; i++) {
    for (const [name, time] of Object.entries(timed)) {
      const rate = mebibytes / ((await time()) / 1000)
      // The first round warms up.
      if (i) rates[name] = [...(rates[name] ?? []), rate]
    }
  }
  return Object.fromEntries(
    Object.entries(rates).map(([name, list]) => [name, list.sort((a, b) => a - b)[list.length >> 1]]),
  )
}

/** The clock of workerd stands still while code runs: it is timed from here. */
async function inWorkerd(bundle, measure) {
  const path = await bundle(
    `import * as library from './src/envelope'
    import { envelopeWays } from './bench/envelope-ways.mjs'
    let ways
    export default { async fetch(request) {
      const { way, mebibytes, setting } = await request.json()
      ways ??= await envelopeWays(library)
      await ways[way](mebibytes, setting)
      return new Response('done')
    } }`,
    'worker.mjs',
  )
  const { port, stop } = await startModule(await readFile(path, 'utf8'))
  try {
    await measure('workerd', async (way, mebibytes, setting) => {
      const start = performance.now()
      const body = JSON.stringify({ way, mebibytes, setting })
      const response = await fetch(`http://127.0.0.1:${port}/`, { method: 'POST', body })
      if ((await response.text()) !== 'done') throw new Error(`workerd: ${way} failed`)
      return performance.now() - start
    })
  } finally {
    await stop()
  }
}

async function inChromium(bundle, measure, say) {
  const { chromium } = await import('playwright')
  const executablePath = await findChromium()
  let browser
  try {
    browser = await chromium.launch({ args: chromiumFlags, ...(executablePath ? { executablePath } : {}) })
  } catch (error) {
    say(`| Chromium | not here: ${String(error.message).split('\n')[0]} | | | | | | |`)
    return
  }
  try {
    const path = await bundle(
      `import * as library from './src/envelope'
      import { envelopeWays } from './bench/envelope-ways.mjs'
      globalThis.ways = envelopeWays(library)`,
      'page.mjs',
    )
    // WebCrypto is for secure pages only; localhost is one, and the page needs no server behind it.
    const page = await browser.newPage()
    await page.route('**/*', (route) => route.fulfill({ contentType: 'text/html', body: '<!doctype html>' }))
    await page.goto('http://localhost/')
    await page.addScriptTag({ content: await readFile(path, 'utf8'), type: 'module' })
    await measure('Chromium', (way, mebibytes, setting) =>
      page.evaluate(
        async ([name, size, argument]) => {
          const ways = await globalThis.ways
          const start = performance.now()
          await ways[name](size, argument)
          return performance.now() - start
        },
        [way, mebibytes, setting],
      ),
    )
  } finally {
    await browser.close()
  }
}

/** The official client for Node, streaming with the same suite, frames and chunks of 64 KiB; nothing where it is not. */
async function officialClient({ pool, message }, mebibytes) {
  let client
  try {
    client = await import('@aws-crypto/client-node')
  } catch {
    return {}
  }
  const { buildClient, CommitmentPolicy, RawAesKeyringNode, RawAesWrappingSuiteIdentifier, AlgorithmSuiteIdentifier } =
    client
  const { encryptStream, decryptUnsignedMessageStream } = buildClient(CommitmentPolicy.REQUIRE_ENCRYPT_REQUIRE_DECRYPT)
  const keyring = new RawAesKeyringNode({
    keyNamespace: 'bench',
    keyName: 'key',
    unencryptedMasterKey: new Uint8Array(32).fill(7),
    wrappingSuite: RawAesWrappingSuiteIdentifier.AES256_GCM_IV12_TAG16_NO_PADDING,
  })
  const suiteId = AlgorithmSuiteIdentifier.ALG_AES256_GCM_IV12_TAG16_HKDF_SHA512_COMMIT_KEY
  function* cut(bytes, total) {
    for (let at = 0; at < total; at += frameLength) {
      yield Buffer.from(bytes.buffer, at % bytes.length, Math.min(frameLength, bytes.length - (at % bytes.length)))
    }
  }
  const timed = async (streams) => {
    const start = performance.now()
    for (const [from, through] of streams) {
      from.on('error', (error) => through.destroy(error))
      for await (const chunk of from.pipe(through)) if (!chunk.length) break
    }
    return performance.now() - start
  }
  const messages = Math.ceil((mebibytes * 2 ** 20) / pool.length)
  return {
    encrypt: () =>
      timed([[Readable.from(cut(pool, mebibytes * 2 ** 20)), encryptStream(keyring, { suiteId, frameLength })]]),
    decrypt: () =>
      timed(
        Array.from({ length: messages }, () => [
          Readable.from(cut(message, message.length)),
          decryptUnsignedMessageStream(keyring),
        ]),
      ),
  }
}

/** MiB of resident memory that 1 GiB takes at most, above what the process has when it begins. */
async function memoryOf(ways) {
  await ways.both(256)
  const before = process.memoryUsage.rss()
  let peak = before
  let seen = 0
  await ways.both(1024, () => {
    if (seen++ % 16 === 0) peak = Math.max(peak, process.memoryUsage.rss())
  })
  return (peak - before) / 2 ** 20
}
