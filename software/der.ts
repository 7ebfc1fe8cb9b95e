import { decodeHex } from '../src/codec/bytes'
import {
  contentsOf as contentsIf,
  type DerElement,
  readDer as elementsIf,
  readSequence as sequenceIf,
} from '../src/codec/der'

/** DER of keys that the service wrote or checked itself: what cannot be read is a fault here, and no caller's mistake. */

export { encodeBitString, encodeDer, tags } from '../src/codec/der'

function sure<T>(read: T | undefined): T {
  if (read === undefined) throw new Error('malformed DER')
  return read
}

/** The elements that `bytes` consists of, as views. */
export const readDer = (bytes: Bytes): readonly DerElement[] => sure(elementsIf(bytes))

/** The elements inside the single sequence that `bytes` is. */
export const readSequence = (bytes: Bytes): readonly DerElement[] => sure(sequenceIf(bytes))

/** The contents of an element that must have this tag. */
export const contentsOf = (element: DerElement | undefined, tag: number): Bytes => sure(contentsIf(element, tag))

/** A constant written as hexadecimal in a source. */
export function fromHex(hex: string): Bytes {
  const bytes = decodeHex(hex)
  if (!bytes) throw new TypeError('a constant is no hexadecimal')
  return bytes
}
