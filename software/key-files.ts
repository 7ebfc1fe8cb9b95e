import { equalBytes } from '../src/codec/bytes'
import { contentsOf, type DerElement, readBitString, readDer, readSequence, readUnsigned, tags } from '../src/codec/der'

/** Files of keys that the service wrote or checked itself: what cannot be read is a fault, and no caller's mistake. */

const otherAlgorithm = () => new Error('a key of another algorithm')

/** Whether an element is this AlgorithmIdentifier, which is given whole, in DER. */
function isAlgorithm(element: DerElement | undefined, algorithm: Bytes): boolean {
  const contents = contentsOf(element, tags.sequence)
  return contents !== undefined && equalBytes(contents, algorithm.subarray(2))
}

/** What the field privateKey holds, as a view into `pkcs8`; attributes and a public key after it are left alone. */
export function privateKeyOf(algorithm: Bytes, pkcs8: Bytes): Bytes {
  const [version, identifier, privateKey] = readSequence(pkcs8) ?? []
  const number = readUnsigned(version)?.[0]
  const octets = contentsOf(privateKey, tags.octetString)
  if ((number !== 0 && number !== 1) || !isAlgorithm(identifier, algorithm) || !octets) throw otherAlgorithm()
  return octets
}

/** The key in a SubjectPublicKeyInfo, as a view into it. */
export function publicKeyOf(algorithm: Bytes, spki: Bytes): Bytes {
  const [identifier, key, ...others] = readSequence(spki) ?? []
  const octets = readBitString(key)
  if (!isAlgorithm(identifier, algorithm) || !octets || others.length > 0) throw otherAlgorithm()
  return octets
}

/** The scalar in an ECPrivateKey (RFC 5915 section 3), big-endian, as a view into it. */
export function ecScalarOf(ecPrivateKey: Bytes): Bytes {
  const scalar = contentsOf(readSequence(ecPrivateKey)?.[1], tags.octetString)
  if (!scalar) throw otherAlgorithm()
  return scalar
}

/** The contents of the one element that `bytes` is, as a view. */
export function onlyContentsOf(bytes: Bytes, tag: number, byteLength: number): Bytes {
  const [element, ...others] = readDer(bytes) ?? []
  const contents = contentsOf(element, tag)
  if (contents?.length !== byteLength || others.length > 0) throw otherAlgorithm()
  return contents
}
