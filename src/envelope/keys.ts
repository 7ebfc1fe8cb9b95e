import { type EnvelopeErrorCode, failure } from './errors'
import type { Suite } from './suites'

/**
 * Calls with the same parameters: one object for all of them, which costs Node a tenth less than a new one for each. The
 * arrays may change between two calls. A call has copied what it was given when it returns. It fails with `code` where
 * the tag does not hold; nothing else can be wrong.
 */
export function aesGcm(use: 'encrypt' | 'decrypt', key: CryptoKey, iv: Bytes, additionalData: Bytes) {
  const params = { name: 'AES-GCM', iv, additionalData }
  return (data: Bytes, code: EnvelopeErrorCode, detail?: number): Promise<Bytes> =>
    crypto.subtle[use](params, key, data).then(
      (bytes) => new Uint8Array(bytes),
      (cause: unknown) => {
        throw failure(code, detail, cause)
      },
    )
}

/** Says plainly what Chromium lacks; other faults pass. */
export const requireAes = <T>(keyBytes: number, work: Promise<T>): Promise<T> =>
  work.catch((cause: unknown) => {
    throw keyBytes === 24 ? failure('unsupportedByRuntime', 'AES-192', cause) : cause
  })

/** A data key becomes a key that cannot be read again, and its bytes are overwritten. */
export async function importDataKey(suite: Suite, bytes: Bytes): Promise<CryptoKey> {
  try {
    if (bytes.length !== suite.keyBytes) throw failure('keyringFailed', 'key length')
    const imported = suite.importDataKey?.(bytes)
    return await (imported ?? crypto.subtle.importKey('raw', bytes, 'HKDF', false, ['deriveKey', 'deriveBits']))
  } finally {
    bytes.fill(0)
  }
}
