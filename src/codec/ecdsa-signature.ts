import { concatBytes } from './bytes'

/** ECDSA-Sig-Value (RFC 3279 section 2.2.3), DER, against the `r ‖ s` of Web Cryptography; both parts `fieldBytes` long. */

/** Throws RangeError unless `raw` is two numbers of `fieldBytes`. */
export function encodeEcdsaSignature(raw: Bytes, fieldBytes: number): Bytes {
  if (raw.length !== 2 * fieldBytes) throw new RangeError('not two numbers of the field')
  const body = concatBytes(encodeInteger(raw.subarray(0, fieldBytes)), encodeInteger(raw.subarray(fieldBytes)))
  return concatBytes(Uint8Array.of(0x30), encodeLength(body.length), body)
}

/** Undefined for anything but the one DER form of two numbers that fit `fieldBytes`. Zero is left to the verifier. */
export function decodeEcdsaSignature(der: Bytes, fieldBytes: number): Bytes | undefined {
  // One length byte, or two where a P-521 signature passes 127.
  const headBytes = der[1] === 0x81 ? 3 : 2
  const bodyBytes = headBytes === 3 ? der[2] : der[1]
  if (der[0] !== 0x30 || bodyBytes === undefined || bodyBytes > 0x7f !== (headBytes === 3)) return undefined
  if (der.length !== headBytes + bodyBytes) return undefined
  const raw = new Uint8Array(2 * fieldBytes)
  let at = headBytes
  for (const end of [fieldBytes, 2 * fieldBytes]) {
    const length = der[at + 1]
    if (der[at] !== 0x02 || length === undefined || length === 0 || length > fieldBytes + 1) return undefined
    const integer = der.subarray(at + 2, at + 2 + length)
    at += 2 + length
    if (integer.length !== length) return undefined
    const [first, second] = [integer[0] as number, integer[1]]
    if (first > 0x7f || (first === 0 && second !== undefined && second <= 0x7f)) return undefined
    const digits = first === 0 ? integer.subarray(1) : integer
    if (digits.length > fieldBytes) return undefined
    raw.set(digits, end - digits.length)
  }
  return at === der.length ? raw : undefined
}

function encodeInteger(fixed: Bytes): Bytes {
  let start = 0
  while (start < fixed.length - 1 && fixed[start] === 0) start++
  const digits = fixed.subarray(start)
  const sign = (digits[0] as number) > 0x7f ? [0] : []
  return concatBytes(Uint8Array.of(0x02, digits.length + sign.length, ...sign), digits)
}

const encodeLength = (length: number): Bytes => (length > 0x7f ? Uint8Array.of(0x81, length) : Uint8Array.of(length))
