import { encodeUtf8 } from '../codec/bytes'
import { type EnvelopeErrorCode, failure } from './errors'
import { joinBytes, none, u16 } from './numbers'
import type { Suite } from './suites'

export const aesParams = (iv: Bytes, additionalData: Bytes) => ({ name: 'AES-GCM', iv, additionalData })
type AesGcmParams = ReturnType<typeof aesParams>

/**
 * One call, which has copied what it was given when it returns. Fails with `code` where the tag does not hold; nothing
 * else can be wrong.
 */
export const aesGcm = (
  use: 'encrypt' | 'decrypt',
  key: CryptoKey,
  params: AesGcmParams,
  data: Bytes,
  code: EnvelopeErrorCode,
  detail?: number,
): Promise<Bytes> =>
  crypto.subtle[use](params, key, data).then(
    (bytes) => new Uint8Array(bytes),
    (cause: unknown) => {
      throw failure(code, detail, cause)
    },
  )

/** Says plainly what Chromium lacks; other faults pass. */
export const requireAes = <T>(keyBytes: number, work: Promise<T>): Promise<T> =>
  work.catch((cause: unknown) => {
    throw keyBytes === 24 ? failure('unsupportedByRuntime', 'AES-192', cause) : cause
  })

/** A data key becomes a key that cannot be read again, and its bytes are overwritten. */
export async function importDataKey({ hash, keyBytes }: Suite, bytes: Bytes): Promise<CryptoKey> {
  const use: KeyUsage[] = hash ? ['deriveKey', 'deriveBits'] : ['encrypt', 'decrypt']
  try {
    if (bytes.length !== keyBytes) throw failure('keyringFailed', 'key length')
    return await requireAes(keyBytes, crypto.subtle.importKey('raw', bytes, hash ? 'HKDF' : 'AES-GCM', false, use))
  } finally {
    bytes.fill(0)
  }
}

/**
 * The message's AES-GCM key, not extractable, and the commitment to it: 32 bytes in version 2, none in version 1.
 * Source: AWS Encryption SDK specification, algorithm suites, key derivation.
 */
export async function deriveMessageKey(
  { id, hash, keyBytes, version }: Suite,
  dataKey: CryptoKey,
  messageId: Bytes,
): Promise<readonly [key: CryptoKey, commitment: Bytes]> {
  if (!hash) return [dataKey, none]
  const committed = version > 1
  const hkdf = (info: Bytes) => ({ name: 'HKDF', hash, salt: committed ? messageId : none, info })
  const info = joinBytes([u16(id), committed ? encodeUtf8('DERIVEKEY') : messageId])
  const aes = { name: 'AES-GCM', length: keyBytes * 8 }
  const deriving = crypto.subtle.deriveKey(hkdf(info), dataKey, aes, false, ['encrypt', 'decrypt'])
  return [
    await requireAes(keyBytes, deriving),
    committed ? new Uint8Array(await crypto.subtle.deriveBits(hkdf(encodeUtf8('COMMITKEY')), dataKey, 256)) : none,
  ]
}
