import { decodeBase64, equalBytes } from '../../codec/bytes'
import { isRootId } from '../../codec/wrapped-material'

/** The root keys of a deployment: the first one seals, all of them open. */
export interface RootKeys {
  readonly primaryId: string
  /** Non-extractable HKDF keys by root id. */
  readonly keys: ReadonlyMap<string, CryptoKey>
}

interface RootSpec {
  readonly id: string
  /** 32 bytes. */
  readonly bytes: Bytes
}

/** What is wrong with KMS_ROOT_KEYS, in words that hold neither ids nor bytes: a swapped pair would show its secret. */
export class RootKeysError extends Error {
  constructor(problem: string) {
    super(`KMS_ROOT_KEYS ${problem}.`)
    this.name = 'RootKeysError'
  }
}

const rootKeyBytes = 32
const maxRootKeys = 16
const maxSpecChars = 4096

/**
 * `id:base64[,id:base64…]`, white space around entries allowed; ids of 1 to 32 letters, digits, `_`, `.`, `-`, each
 * once; 32 bytes each, padded standard base64. Throws RootKeysError.
 */
export function parseRootKeys(text: string): readonly RootSpec[] {
  if (text.trim() === '') throw new RootKeysError('is empty')
  if (text.length > maxSpecChars) throw new RootKeysError(`is longer than ${maxSpecChars} characters`)
  const entries = text.split(',')
  if (entries.length > maxRootKeys) throw new RootKeysError(`has more than ${maxRootKeys} entries`)
  const specs = entries.map(parseEntry)
  for (const [position, spec] of specs.entries()) {
    const other = specs.findIndex(({ id, bytes }) => id === spec.id || equalBytes(bytes, spec.bytes))
    if (other === position) continue
    const what = specs[other]?.id === spec.id ? 'id' : 'key'
    throw new RootKeysError(`entries ${other + 1} and ${position + 1} have the same ${what}`)
  }
  return specs
}

function parseEntry(entry: string, index: number): RootSpec {
  const at = `entry ${index + 1}`
  const text = entry.trim()
  const colon = text.indexOf(':')
  if (colon < 0) throw new RootKeysError(`${at} has no colon between id and key`)
  const id = text.slice(0, colon)
  if (!isRootId(id)) throw new RootKeysError(`${at} needs an id of 1 to 32 letters, digits, "_", "." or "-"`)
  const bytes = decodeBase64(text.slice(colon + 1).trim())
  if (!bytes) throw new RootKeysError(`${at} is not padded standard base64 after the colon`)
  if (bytes.length !== rootKeyBytes) throw new RootKeysError(`${at} has ${bytes.length} bytes instead of 32`)
  return { id, bytes }
}

/** Throws RootKeysError. */
export async function importRootKeys(text: string): Promise<RootKeys> {
  const specs = parseRootKeys(text)
  const keys = new Map<string, CryptoKey>()
  try {
    for (const { id, bytes } of specs) {
      keys.set(id, await crypto.subtle.importKey('raw', bytes, 'HKDF', false, ['deriveKey', 'deriveBits']))
    }
  } finally {
    for (const { bytes } of specs) bytes.fill(0)
  }
  return { primaryId: (specs[0] as RootSpec).id, keys }
}
