import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'
import { describe, expect, it } from 'vitest'

/** Gzipped bytes of a minified bundle of some names, and the files that are in it. */
async function bundle(names: string): Promise<{ gzipped: number; files: readonly string[] }> {
  const { outputFiles, metafile } = await build({
    absWorkingDir: fileURLToPath(new URL('../../', import.meta.url)),
    stdin: { contents: `export { ${names} } from './src/client'`, resolveDir: '.', loader: 'ts' },
    bundle: true,
    minify: true,
    write: false,
    metafile: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2024',
  })
  const inputs = Object.values(metafile.outputs).flatMap((output) => Object.entries(output.inputs))
  return {
    gzipped: gzipSync(outputFiles[0]?.contents ?? new Uint8Array(0), { level: 9 }).length,
    // Of other modules a few names are left, which no bundler dares to drop.
    files: inputs.filter(([, { bytesInOutput }]) => bytesInOutput > 100).map(([file]) => file),
  }
}

describe('what a page loads', () => {
  // The envelope library by itself has its sizes in test/envelope/size.test.ts.
  const budgets: [what: string, names: string, maxBytes: number][] = [
    ['the HTTP client', 'httpKms', 3_700],
    ['kmsBox with the HTTP client, streams, fields and caching', 'kmsBox', 11_600],
    ['the JWT signer and key set', 'kmsJwtSigner, jwks', 2_000],
    ['scoped credentials', 'scopedCredentials', 3_900],
  ]
  it.each(budgets)('%s', async (_, names, maxBytes) => {
    const { gzipped } = await bundle(names)
    expect(gzipped).toBeLessThanOrEqual(maxBytes)
    // A bundle that came out empty would be small, too; one far below its budget has earned a smaller one.
    expect(gzipped).toBeGreaterThan(maxBytes * 0.9)
  })

  it('has no table of the model, no policy engine and no service in it', async () => {
    const { files } = await bundle('kmsBox, httpKms, scopedCredentials, kmsJwtSigner, jwks')
    const rooms = new Set(files.map((file) => file.split('/').slice(0, 2).join('/')))
    expect([...rooms].sort()).toEqual(['src/client', 'src/codec', 'src/envelope', 'src/identity'])
    const identity = files.filter((file) => file.startsWith('src/identity/'))
    expect(identity.every((file) => file.startsWith('src/identity/sigv4/'))).toBe(true)
  })
})
