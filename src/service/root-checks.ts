import type { Change, StoragePort } from '../ports/storage'

/** The store was filled under another root key than the one that now has this id: mistyped, or swapped. */
export class RootKeyMismatch extends Error {
  constructor(readonly rootId: string) {
    super(`The root key ${rootId} is not the one that this store was made with.`)
    this.name = 'RootKeyMismatch'
  }
}

/**
 * Keeps each root key's check value at its first use, and throws RootKeyMismatch when a later one differs, before
 * anything is written: a new root key beside a wrong one is not kept either. `checkValues`: by root id, 64 hexadecimal
 * digits.
 */
export async function requireSameRoots(storage: StoragePort, checkValues: ReadonlyMap<string, string>): Promise<void> {
  const changes: Change[] = []
  for (const [rootId, value] of checkValues) {
    const id = `root-check/${rootId}`
    const known = (await storage.read('setting', id))?.value.value
    if (known === undefined) changes.push({ collection: 'setting', id, version: 0, value: { name: id, value } })
    else if (known !== value) throw new RootKeyMismatch(rootId)
  }
  if (!changes.length || (await storage.commit({ reads: [], changes, appends: [] }))) return
  // Another call has just written some of them; what it wrote is compared.
  await requireSameRoots(storage, checkValues)
}
