import type { BroughtKey } from '../codec/pkcs8'
import type { AlgorithmSpec, WrappingKeySpec } from '../model/generated/types'

/** A fresh wrapping key. Whoever gets `privateKey` overwrites it after use. */
export interface WrappingKeyPair {
  /** SubjectPublicKeyInfo, DER. */
  readonly publicKey: Bytes
  /** PKCS#8, DER. */
  readonly privateKey: Bytes
}

/**
 * The cryptography of importing key material. Here alone a caller's material passes through JavaScript as bytes: it must
 * be looked at before it is taken.
 */
export interface ImportPort {
  /** Undefined for a spec that this service has no wrapping keys of. */
  newWrappingKey(spec: WrappingKeySpec): Promise<WrappingKeyPair | undefined>
  /**
   * The material in an EncryptedKeyMaterial, or undefined whatever is wrong with it. `privateKey`: PKCS#8, DER. Whoever
   * gets the material overwrites it.
   */
  unwrap(algorithm: AlgorithmSpec, privateKey: Bytes, encrypted: Bytes): Promise<Bytes | undefined>
  /**
   * The public half of a private key as SubjectPublicKeyInfo, points uncompressed; undefined for a key that does not
   * work, or whose file states another public half. UnsupportedOperationException where this runtime cannot tell.
   */
  derivePublicKey(key: BroughtKey): Promise<Bytes | undefined>
}
