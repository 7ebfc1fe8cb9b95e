import { importRootKeys, type RootKeys } from '../src/adapters/webcrypto'
import type { Config } from './config'

let imported: { readonly text: string; readonly roots: RootKeys } | undefined

/** The root keys, imported once per isolate. The settled value is shared, never its promise. */
export async function rootsOf(config: Config): Promise<RootKeys> {
  if (imported?.text === config.rootKeys) return imported.roots
  const roots = await importRootKeys(config.rootKeys)
  imported = { text: config.rootKeys, roots }
  return roots
}
