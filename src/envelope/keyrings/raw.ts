import { failure } from '../errors'
import { type ByteSource, toBytes } from '../numbers'

/** A key that never leaves the runtime, or its bytes. */
export type KeySource = CryptoKey | ByteSource

/** A CryptoKey as it is; bytes are imported, at each use. */
export async function cryptoKeyOf(source: KeySource, importBytes: (bytes: Bytes) => Promise<CryptoKey>) {
  return 'algorithm' in source ? source : importBytes(toBytes(source))
}

/** The names that the KMS keyrings write are theirs alone. */
export function requireNamespace(namespace: string): void {
  if (namespace.startsWith('aws-kms')) throw failure('invalidOption', 'namespace')
}

/** The data key to wrap, made here unless it was given. */
export const dataKeyOf = (given: Bytes | undefined, keyBytes: number): Bytes =>
  given ?? crypto.getRandomValues(new Uint8Array(keyBytes))
