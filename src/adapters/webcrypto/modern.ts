/** Modern Algorithms in the Web Cryptography API (WICG): ML-DSA and ML-KEM, where the runtime has them. */

interface ModernSubtle {
  encapsulateBits(algorithm: { name: string }, key: CryptoKey): Promise<Encapsulated>
  decapsulateBits(algorithm: { name: string }, key: CryptoKey, ciphertext: Bytes): Promise<ArrayBuffer>
}

interface Encapsulated {
  readonly sharedKey: ArrayBuffer
  readonly ciphertext: ArrayBuffer
}

const modern = () => crypto.subtle as unknown as ModernSubtle

export const encapsulateBits = (name: string, key: CryptoKey): Promise<Encapsulated> =>
  modern().encapsulateBits({ name }, key)

export const decapsulateBits = (name: string, key: CryptoKey, ciphertext: Bytes): Promise<ArrayBuffer> =>
  modern().decapsulateBits({ name }, key, ciphertext)

const answers = new Map<string, boolean>()

/** Whether this runtime makes keys of the algorithm. What it says was checked by round trips (test/suites). */
export function runtimeHas(name: string): boolean {
  const known = answers.get(name)
  if (known !== undefined) return known
  const { SubtleCrypto } = globalThis as { SubtleCrypto?: { supports?: (operation: string, name: string) => boolean } }
  const operations = ['generateKey', 'importKey', name.startsWith('ML-KEM') ? 'decapsulateBits' : 'sign']
  const has = operations.every((operation) => SubtleCrypto?.supports?.(operation, name) === true)
  answers.set(name, has)
  return has
}
