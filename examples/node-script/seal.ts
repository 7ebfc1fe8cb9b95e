/**
 * Seals a file under a KMS key, or opens it, in constant memory. After `npm start` and the `export` lines that it prints:
 *
 *   npx esbuild examples/node-script/seal.ts --bundle --platform=node --format=esm --outfile=seal.mjs
 *   node seal.mjs seal arn:aws:kms:… report.pdf report.sealed department=finance
 *   node seal.mjs open arn:aws:kms:… report.sealed report.pdf department=finance
 *
 * The pairs at the end are the encryption context: the file opens with the same pairs alone.
 */
import { createReadStream, createWriteStream } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import { Readable, Writable } from 'node:stream'
import { kmsBox } from '../../src/client'

function setting(name: string): string {
  const value = process.env[name]
  if (!value) throw new Error(`${name} is not set`)
  return value
}

async function main([action, keyId = '', from = '', to = '', ...pairs]: string[]): Promise<void> {
  if ((action !== 'seal' && action !== 'open') || !to) {
    throw new Error('usage: seal.mjs seal|open KEY_ARN FROM TO [name=value …]')
  }
  const sessionToken = process.env.AWS_SESSION_TOKEN
  const box = kmsBox({
    kms: {
      endpoint: process.env.AWS_ENDPOINT_URL_KMS ?? setting('AWS_ENDPOINT_URL'),
      region: setting('AWS_REGION'),
      credentials: {
        accessKeyId: setting('AWS_ACCESS_KEY_ID'),
        secretAccessKey: setting('AWS_SECRET_ACCESS_KEY'),
        ...(sessionToken ? { sessionToken } : {}),
      },
    },
    keyId,
    context: Object.fromEntries(pairs.map((pair) => pair.split(/=(.*)/s, 2))),
  })
  const stream = action === 'seal' ? box.sealStream() : box.openStream()
  // Under its own name only once all of it is genuine: a file that was cut off fails at its end.
  const draft = `${to}.part`
  try {
    const source = Readable.toWeb(createReadStream(from)) as ReadableStream<Uint8Array>
    await source.pipeThrough(stream).pipeTo(Writable.toWeb(createWriteStream(draft)))
    await rename(draft, to)
  } catch (error) {
    await rm(draft, { force: true })
    throw error
  }
}

try {
  await main(process.argv.slice(2))
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : error}\n`)
  process.exitCode = 1
}
