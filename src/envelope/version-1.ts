import { requireAes } from './keys'
import { joinBytes, none, u16 } from './numbers'
import type { Format, Suite } from './suites'

/** By the high byte of the id: bits of the HKDF hash, 0 for none; shortest and longest key; curve. */
const families = [
  [0, 16, 32],
  [256, 16, 32],
  [256, 16, 16, 'P-256'],
  [384, 24, 32, 'P-384'],
] as const

/** Messages of the years before version 2, which commit to no key; also for readers that know no version 2. */
export const version1: Format = {
  version: 1,
  layout: [16, [0x80], [0, 0, 0, 0, 12], 0, 12],
  suiteOf(id = 0x0178): Suite | undefined {
    const [bits, shortest = 0, longest = 0, curve] = families[id >> 8] ?? []
    const keyBytes = keyBytesOf(id)
    if (keyBytes % 8 || keyBytes < shortest || keyBytes > longest) return undefined
    const suite = { id, format: version1, keyBytes, curve }
    return bits ? suite : { ...suite, importDataKey: (bytes) => importAes(bytes) }
  },
  async deriveMessageKey({ id, keyBytes, importDataKey }, dataKey, messageId) {
    if (importDataKey) return [dataKey, none]
    const hash = `SHA-${families[id >> 8]?.[0]}`
    const hkdf = { name: 'HKDF', hash, salt: none, info: joinBytes([u16(id), messageId]) }
    const aes = { name: 'AES-GCM', length: keyBytes * 8 }
    const deriving = crypto.subtle.deriveKey(hkdf, dataKey, aes, false, ['encrypt', 'decrypt'])
    return [await requireAes(keyBytes, deriving), none]
  },
}

/** The low byte is 20, 70 or 120 for 16, 24 or 32 bytes. */
const keyBytesOf = (id: number) => ((id & 0xff) * 4 + 320) / 25

const importAes = (bytes: Bytes) =>
  requireAes(bytes.length, crypto.subtle.importKey('raw', bytes, 'AES-GCM', false, ['encrypt', 'decrypt']))
