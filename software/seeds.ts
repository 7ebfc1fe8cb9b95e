import { encodeDer } from '../src/codec/der'
import { encodePkcs8 } from '../src/codec/pkcs8'
import { encodeSpki } from '../src/codec/spki'
import { onlyContentsOf, privateKeyOf } from './key-files'
import type { NewPair } from './material'

/** What ML-DSA and ML-KEM have in common: a pair grows from a seed, which alone is kept. */
export interface SeedFamily {
  /** AlgorithmIdentifier, DER. */
  readonly algorithm: Bytes
  readonly seedLength: number
  keygen(seed: Uint8Array): { readonly secretKey: Uint8Array; readonly publicKey: Uint8Array }
}

/** The seed form of private keys: [0] IMPLICIT OCTET STRING (RFC 9881, RFC 9935, section 6 each). */
const seedTag = 0x80

export function newSeedPair({ algorithm, seedLength, keygen }: SeedFamily): NewPair {
  const seed = crypto.getRandomValues(new Uint8Array(seedLength))
  const { secretKey, publicKey } = keygen(seed)
  secretKey.fill(0)
  const material = encodePkcs8(algorithm, encodeDer(seedTag, seed))
  seed.fill(0)
  return { material, publicKey: encodeSpki(algorithm, publicKey) }
}

/** Grows the secret key again for one use. */
export function withSecretKey<T>(
  { algorithm, seedLength, keygen }: SeedFamily,
  pkcs8: Bytes,
  use: (secretKey: Uint8Array) => T,
): T {
  const { secretKey } = keygen(onlyContentsOf(privateKeyOf(algorithm, pkcs8), seedTag, seedLength))
  try {
    return use(secretKey)
  } finally {
    secretKey.fill(0)
  }
}
