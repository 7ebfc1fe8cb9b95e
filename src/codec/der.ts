import { concatBytes, decodeHex, encodeHex } from './bytes'

/**
 * The little of ASN.1 (X.690) that key files need: low tags and definite lengths. `BER` also takes lengths in more
 * octets than they need, at most four, which a writer then mends; indefinite lengths are refused in both.
 */
export type EncodingRules = 'DER' | 'BER'

export const tags = {
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  null: 0x05,
  objectIdentifier: 0x06,
  sequence: 0x30,
} as const

export interface DerElement {
  readonly tag: number
  /** A view into what was read. */
  readonly contents: Bytes
}

/** More elements than any key file has on one level. */
const maxElements = 16

/** The elements that `bytes` consists of; undefined for anything that they do not fill exactly. */
export function readDer(bytes: Bytes, rules: EncodingRules = 'DER'): DerElement[] | undefined {
  const elements: DerElement[] = []
  for (let at = 0; at < bytes.length; ) {
    const tag = bytes[at] as number
    const length = readLength(bytes, at + 1, rules)
    if (!length || (tag & 0x1f) === 0x1f || elements.length === maxElements) return undefined
    const end = length.contentsAt + length.byteLength
    if (end > bytes.length) return undefined
    elements.push({ tag, contents: bytes.subarray(length.contentsAt, end) })
    at = end
  }
  return elements
}

/** The elements of the one SEQUENCE that `bytes` is, and nothing after it. */
export function readSequence(bytes: Bytes, rules: EncodingRules = 'DER'): DerElement[] | undefined {
  const [sequence, ...others] = readDer(bytes, rules) ?? []
  return sequence?.tag === tags.sequence && others.length === 0 ? readDer(sequence.contents, rules) : undefined
}

function readLength(bytes: Bytes, at: number, rules: EncodingRules) {
  const first = bytes[at]
  if (first === undefined || first === 0x80) return undefined
  if (first < 0x80) return { byteLength: first, contentsAt: at + 1 }
  const octets = bytes.subarray(at + 1, at + 1 + (first & 0x7f))
  if (octets.length !== (first & 0x7f) || octets.length > 4) return undefined
  const byteLength = octets.reduce((sum, octet) => sum * 256 + octet, 0)
  if (rules === 'DER' && (octets[0] === 0 || byteLength < 0x80)) return undefined
  return { byteLength, contentsAt: at + 1 + octets.length }
}

/** Contents of an element that must have this tag. */
export const contentsOf = (element: DerElement | undefined, tag: number): Bytes | undefined =>
  element?.tag === tag ? element.contents : undefined

/** A non-negative INTEGER without its sign octet, big-endian; undefined for a negative one or one that is not minimal. */
export function readUnsigned(element: DerElement | undefined): Bytes | undefined {
  const contents = contentsOf(element, tags.integer)
  const [first, second] = contents ?? []
  if (!contents || first === undefined || first >= 0x80) return undefined
  if (first !== 0 || contents.length === 1) return contents
  return (second as number) >= 0x80 ? contents.subarray(1) : undefined
}

/** What big-endian octets say: OS2IP (RFC 8017 section 4.2). */
export const toInteger = (magnitude: Uint8Array): bigint =>
  magnitude.length === 0 ? 0n : BigInt(`0x${encodeHex(magnitude)}`)

/** The octets of a BIT STRING without unused bits. */
export function readBitString(element: DerElement | undefined): Bytes | undefined {
  const contents = contentsOf(element, tags.bitString)
  return contents?.[0] === 0 ? contents.subarray(1) : undefined
}

/** One element. RangeError for contents over 65,535 bytes. */
export function encodeDer(tag: number, ...contents: readonly Uint8Array[]): Bytes {
  const length = contents.reduce((sum, part) => sum + part.length, 0)
  if (length > 0xffff) throw new RangeError('an element is too long')
  const octets = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff]
  return concatBytes(Uint8Array.of(tag, ...octets), ...contents)
}

/** A non-negative INTEGER of big-endian octets without superfluous zeros in front. */
export const encodeUnsigned = (magnitude: Bytes): Bytes =>
  encodeDer(tags.integer, Uint8Array.from((magnitude[0] ?? 0x80) >= 0x80 ? [0] : []), magnitude)

/** DER that stands as hexadecimal in a source. */
export function fromHex(hex: string): Bytes {
  const bytes = decodeHex(hex)
  if (!bytes) throw new TypeError('a constant is not hexadecimal')
  return bytes
}

export const encodeBitString = (octets: Uint8Array): Bytes => encodeDer(tags.bitString, Uint8Array.of(0), octets)
