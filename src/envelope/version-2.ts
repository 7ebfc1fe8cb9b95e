import { encodeUtf8 } from '../codec/bytes'
import { joinBytes, u16 } from './numbers'
import type { Format } from './suites'

/** Messages that commit to their key. */
export const version2: Format = {
  version: 2,
  layout: [32, [], [], 32, 0],
  suiteOf: (id = 0x0478) =>
    id === 0x0478 || id === 0x0578
      ? { id, format: version2, keyBytes: 32, curve: id > 0x0478 ? 'P-384' : undefined }
      : undefined,
  async deriveMessageKey({ id }, dataKey, salt) {
    const hkdf = (info: Bytes) => ({ name: 'HKDF', hash: 'SHA-512', salt, info })
    const aes = { name: 'AES-GCM', length: 256 }
    const info = joinBytes([u16(id), encodeUtf8('DERIVEKEY')])
    return [
      await crypto.subtle.deriveKey(hkdf(info), dataKey, aes, false, ['encrypt', 'decrypt']),
      new Uint8Array(await crypto.subtle.deriveBits(hkdf(encodeUtf8('COMMITKEY')), dataKey, 256)),
    ]
  },
}
