import { concatBytes, equalBytes } from '../../codec/bytes'
import { blobLayout, blobMaterialId, decodeBlobHeader } from '../../codec/ciphertext-blob'
import type { SymmetricHandle } from '../../ports/crypto'
import { decryptGcm, deriveGcmKey, encryptGcm } from './aes-gcm'
import { messageInfo } from './labels'

const { prefixBytes, saltBytes, headerBytes, overheadBytes, maxPlaintextBytes } = blobLayout
const ivAt = prefixBytes + saltBytes

/**
 * The handle of SYMMETRIC_DEFAULT: each message has its own AES-256-GCM key, derived from the material by a random
 * salt (NIST SP 800-38D section 8.3: one key for many random IVs wears out; SP 800-56C for the derivation).
 * `materialId` is the material's 32-byte id: the handle neither seals nor opens a blob that names another.
 * `seal` throws RangeError for a prefix that is not this material's, and for plaintext over 6,040 bytes.
 */
export function createSymmetricHandle(material: CryptoKey, materialId: Bytes): SymmetricHandle {
  const messageKey = (blob: Bytes, usage: 'encrypt' | 'decrypt') =>
    deriveGcmKey(material, blob.subarray(prefixBytes, ivAt), messageInfo, [usage])

  const parameters = (blob: Bytes, context: Bytes) => {
    const header = blob.subarray(0, headerBytes)
    return {
      iv: blob.subarray(ivAt, headerBytes),
      additionalData: context.length === 0 ? header : concatBytes(header, context),
    }
  }

  return {
    kind: 'symmetric',

    async seal(prefix, context, plaintext) {
      if (prefix.length !== prefixBytes || prefix[0] !== blobLayout.version) throw new RangeError('not a blob prefix')
      if (!equalBytes(blobMaterialId(prefix), materialId)) throw new RangeError('the prefix names another material')
      if (plaintext.length > maxPlaintextBytes) throw new RangeError('the plaintext is too long for a blob')
      const blob = new Uint8Array(plaintext.length + overheadBytes)
      blob.set(prefix)
      crypto.getRandomValues(blob.subarray(prefixBytes, headerBytes))
      const key = await messageKey(blob, 'encrypt')
      blob.set(await encryptGcm(key, parameters(blob, context), plaintext), headerBytes)
      return blob
    },

    async open(blob, context) {
      if (!decodeBlobHeader(blob) || !equalBytes(blobMaterialId(blob), materialId)) return undefined
      const key = await messageKey(blob, 'decrypt')
      return decryptGcm(key, parameters(blob, context), blob.subarray(headerBytes))
    },
  }
}
