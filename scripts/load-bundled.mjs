import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { build } from 'esbuild'

const root = dirname(dirname(fileURLToPath(import.meta.url)))

/** A TypeScript module of the project, by its path from the top, and what it imports: bundled into one that Node takes. */
export async function loadBundled(path) {
  const folder = await mkdtemp(join(tmpdir(), 'subtle-kms-'))
  try {
    const bundled = await build({
      absWorkingDir: root,
      entryPoints: [path],
      bundle: true,
      write: false,
      format: 'esm',
      target: 'es2024',
      logLevel: 'error',
    })
    const module = join(folder, 'module.mjs')
    await writeFile(module, bundled.outputFiles[0].text)
    return await import(pathToFileURL(module).href)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
