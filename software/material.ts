import { unsupported } from '../src/model/errors'
import type { ToSign } from '../src/ports/crypto'

/** Opens material for one use and overwrites it, whatever comes of the use. */
export async function withMaterial<T>(
  open: () => Promise<Bytes>,
  use: (material: Bytes) => T | Promise<T>,
): Promise<T> {
  const material = await open()
  try {
    return await use(material)
  } finally {
    material.fill(0)
  }
}

/** Key material as it is born: raw bytes of a MAC key, else PKCS#8 DER. */
export interface NewMaterial {
  readonly material: Bytes
  readonly publicKey?: Bytes
}

/** New material of a pair. */
export interface NewPair extends NewMaterial {
  readonly publicKey: Bytes
}

/**
 * Signatures of one algorithm. Keys are PKCS#8 and SubjectPublicKeyInfo, DER; a key that is none of this algorithm
 * throws. A message type or algorithm that is not done here throws UnsupportedOperationException.
 */
export interface SignatureScheme {
  sign(privateKey: Bytes, toSign: ToSign): Bytes | Promise<Bytes>
  /** False whatever is wrong with the signature. */
  verify(publicKey: Bytes, toSign: ToSign, signature: Bytes): boolean | Promise<boolean>
}

/** What a handle refuses, without a message. */
export const refused = () => unsupported()
