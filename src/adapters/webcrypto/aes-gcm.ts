/** The few calls of AES-GCM and HKDF that the boundary is made of. Every key that they return is non-extractable. */

export interface GcmParameters {
  readonly iv: Bytes
  readonly additionalData: Bytes
}

export const gcm = ({ iv, additionalData }: GcmParameters) => ({ name: 'AES-GCM', iv, additionalData })

export const hkdf = (salt: Bytes, info: Bytes) => ({ name: 'HKDF', hash: 'SHA-256', salt, info })

export const noSalt: Bytes = new Uint8Array(0)

/** AES-256-GCM from an HKDF key (RFC 5869, SHA-256). */
export const deriveGcmKey = (
  base: CryptoKey,
  salt: Bytes,
  info: Bytes,
  usages: ('encrypt' | 'decrypt' | 'wrapKey' | 'unwrapKey')[],
): Promise<CryptoKey> =>
  crypto.subtle.deriveKey(hkdf(salt, info), base, { name: 'AES-GCM', length: 256 }, false, usages)

/** Ciphertext and tag. */
export async function encryptGcm(key: CryptoKey, parameters: GcmParameters, plaintext: Bytes): Promise<Bytes> {
  return new Uint8Array(await crypto.subtle.encrypt(gcm(parameters), key, plaintext))
}

/** The plaintext, or undefined when the tag does not fit. Anything else that goes wrong is thrown. */
export async function decryptGcm(key: CryptoKey, parameters: GcmParameters, sealed: Bytes): Promise<Bytes | undefined> {
  try {
    return new Uint8Array(await crypto.subtle.decrypt(gcm(parameters), key, sealed))
  } catch (error) {
    if (isOpenFailure(error)) return undefined
    throw error
  }
}

/** What every runtime throws when an AES-GCM tag does not fit (Web Cryptography, AES-GCM decrypt, step 7). */
export const isOpenFailure = (error: unknown): boolean => error instanceof Error && error.name === 'OperationError'
