import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'
import { expect, it } from 'vitest'

/** Bytes of a bundle of some names of the library, minified, and of that gzipped. */
async function sizeOf(...names: string[]): Promise<{ minified: number; gzipped: number }> {
  const { outputFiles } = await build({
    stdin: {
      contents: `export { ${names.join(', ')} } from './src/envelope'`,
      resolveDir: process.cwd(),
      loader: 'ts',
    },
    bundle: true,
    minify: true,
    write: false,
    format: 'esm',
    target: 'es2024',
  })
  const contents = outputFiles[0]?.contents ?? new Uint8Array(0)
  return { minified: contents.length, gzipped: gzipSync(contents, { level: 9 }).length }
}

const budgets: [string, string[], minified: number, gzipped: number][] = [
  ['bytes with a KMS key', ['encrypt', 'decrypt', 'kms'], 9_200, 4_096],
  ['streams with a KMS key', ['encryptStream', 'decryptStream', 'kms'], 13_500, 5_950],
]
it.each(budgets)('%s stays within its size', async (_, names, minified, gzipped) => {
  const size = await sizeOf(...names)
  expect(size.minified).toBeLessThanOrEqual(minified)
  expect(size.gzipped).toBeLessThanOrEqual(gzipped)
  // A build that came out empty would be small too.
  expect(size.minified).toBeGreaterThan(5_000)
})

it('leaves out what is not asked for', async () => {
  const small = await sizeOf('encrypt', 'decrypt', 'kms')
  for (const more of [
    'ecdsa',
    'rawAes',
    'rawRsa',
    'cachingMaterials',
    'inspect',
    'multi',
    'kmsDiscovery',
    'encryptStream',
    'explainError',
  ]) {
    expect((await sizeOf('encrypt', 'decrypt', 'kms', more)).minified, more).toBeGreaterThan(small.minified)
  }
})
