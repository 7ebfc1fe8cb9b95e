/** Bytes in and out of text. Native methods where the runtime has them (workerd, browsers), else tables. */

interface NativeDecoders {
  fromBase64?(text: string, options?: { lastChunkHandling?: 'strict' }): Bytes
}
const native = Uint8Array as unknown as NativeDecoders
type NativeBytes = Bytes & { toBase64?(): string; toHex?(): string }

const utf8 = new TextEncoder()
const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

export const encodeUtf8 = (text: string): Bytes => utf8.encode(text) as Bytes

/** Throws a TypeError for bytes that are not UTF-8. */
export const decodeUtf8 = (bytes: Uint8Array): string => strictUtf8.decode(bytes)

/** Padded standard base64 (RFC 4648 section 4). */
export function encodeBase64(bytes: Bytes): string {
  const fast = (bytes as NativeBytes).toBase64
  if (fast) return fast.call(bytes)
  let binary = ''
  for (let i = 0; i < bytes.length; i += 0x8000) binary += String.fromCharCode(...bytes.subarray(i, i + 0x8000))
  return btoa(binary)
}

const canonicalBase64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/][AQgw]==|[A-Za-z0-9+/]{2}[AEIMQUYcgkosw048]=)?$/

/** Padded standard base64 without white space, unused bits zero (RFC 4648 section 3.5); undefined for anything else. */
export function decodeBase64(text: string): Bytes | undefined {
  if (native.fromBase64) {
    // Strict about padding and unused bits, yet it skips white space: then the bytes are fewer than the text says.
    if (text.length % 4 !== 0) return undefined
    try {
      const bytes = native.fromBase64(text, { lastChunkHandling: 'strict' })
      const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0
      return bytes.length === (text.length / 4) * 3 - padding ? bytes : undefined
    } catch {
      return undefined // a SyntaxError, which says only that it is no base64
    }
  }
  if (!canonicalBase64.test(text)) return undefined
  const binary = atob(text)
  const bytes = new Uint8Array(binary.length)
  for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i)
  return bytes
}

export const encodeBase64Url = (bytes: Bytes): string =>
  encodeBase64(bytes).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')

/** Unpadded base64url (RFC 4648 section 5); undefined for anything else. */
export function decodeBase64Url(text: string): Bytes | undefined {
  if (!/^[A-Za-z0-9_-]*$/.test(text)) return undefined
  const standard = text.replaceAll('-', '+').replaceAll('_', '/')
  return decodeBase64(standard.padEnd(Math.ceil(standard.length / 4) * 4, '='))
}

const hexPairs = /* @__PURE__ */ Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))

/** Lower-case hexadecimal. */
export function encodeHex(bytes: Uint8Array): string {
  const fast = (bytes as NativeBytes).toHex
  if (fast) return fast.call(bytes)
  let hex = ''
  for (const byte of bytes) hex += hexPairs[byte]
  return hex
}

/** The digit of a char code below 128, -1 where it is none. */
const hexDigits = /* @__PURE__ */ Int8Array.from({ length: 128 }, (_, code) =>
  '0123456789abcdef'.indexOf(String.fromCharCode(code).toLowerCase()),
)

/** Hexadecimal of either case; undefined for anything else. */
export function decodeHex(hex: string): Bytes | undefined {
  if (hex.length % 2) return undefined
  const bytes = new Uint8Array(hex.length / 2)
  for (let i = 0; i < bytes.length; i++) {
    const high = hexDigits[hex.charCodeAt(2 * i)] ?? -1
    const low = hexDigits[hex.charCodeAt(2 * i + 1)] ?? -1
    if ((high | low) < 0) return undefined
    bytes[i] = (high << 4) | low
  }
  return bytes
}

export function concatBytes(...parts: readonly Uint8Array[]): Bytes {
  let length = 0
  for (const part of parts) length += part.length
  const whole = new Uint8Array(length)
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}

/** Order of unsigned bytes, shorter first where one is the beginning of the other. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const shared = Math.min(a.length, b.length)
  for (let i = 0; i < shared; i++) {
    const difference = (a[i] as number) - (b[i] as number)
    if (difference) return difference
  }
  return a.length - b.length
}

/** Equality whose time depends on the lengths alone. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false
  let difference = 0
  for (let i = 0; i < a.length; i++) difference |= (a[i] as number) ^ (b[i] as number)
  return difference === 0
}
