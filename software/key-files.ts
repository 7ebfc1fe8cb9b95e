import { equalBytes } from '../src/codec/bytes'
import { contentsOf, encodeBitString, encodeDer, fromHex, readDer, readSequence, tags } from './der'

/** AlgorithmIdentifier, whole, as it stands in PKCS#8 and in SubjectPublicKeyInfo. */
export const algorithms = {
  rsa: fromHex('300d06092a864886f70d0101010500'),
  p256: fromHex('301306072a8648ce3d020106082a8648ce3d030107'),
  p384: fromHex('301006072a8648ce3d020106052b81040022'),
  p521: fromHex('301006072a8648ce3d020106052b81040023'),
  secp256k1: fromHex('301006072a8648ce3d020106052b8104000a'),
  ed25519: fromHex('300506032b6570'),
  mlDsa44: fromHex('300b0609608648016503040311'),
  mlDsa65: fromHex('300b0609608648016503040312'),
  mlDsa87: fromHex('300b0609608648016503040313'),
  mlKem512: fromHex('300b0609608648016503040401'),
  mlKem768: fromHex('300b0609608648016503040402'),
  mlKem1024: fromHex('300b0609608648016503040403'),
} as const

const version0 = Uint8Array.of(tags.integer, 1, 0)

const otherAlgorithm = () => new Error('a key of another algorithm')

/** OneAsymmetricKey version 0 (RFC 5958 section 2). Overwrites `privateKey`, which it has copied. */
export function encodePkcs8(algorithm: Bytes, privateKey: Bytes): Bytes {
  const wrapped = encodeDer(tags.octetString, privateKey)
  const pkcs8 = encodeDer(tags.sequence, version0, algorithm, wrapped)
  wrapped.fill(0)
  privateKey.fill(0)
  return pkcs8
}

/** What the field privateKey holds, as a view into `pkcs8`; attributes and a public key after it are left alone. */
export function privateKeyOf(algorithm: Bytes, pkcs8: Bytes): Bytes {
  const [version, identifier, privateKey] = readSequence(pkcs8)
  const [number] = contentsOf(version, tags.integer)
  if (number !== 0 && number !== 1) throw otherAlgorithm()
  if (!equalBytes(contentsOf(identifier, tags.sequence), algorithm.subarray(2))) throw otherAlgorithm()
  return contentsOf(privateKey, tags.octetString)
}

/** SubjectPublicKeyInfo (RFC 5280 section 4.1.2.7). */
export const encodeSpki = (algorithm: Bytes, publicKey: Bytes): Bytes =>
  encodeDer(tags.sequence, algorithm, encodeBitString(publicKey))

/** The key in a SubjectPublicKeyInfo, as a view into it. */
export function publicKeyOf(algorithm: Bytes, spki: Bytes): Bytes {
  const [identifier, key, ...others] = readSequence(spki)
  if (!equalBytes(contentsOf(identifier, tags.sequence), algorithm.subarray(2))) throw otherAlgorithm()
  const bits = contentsOf(key, tags.bitString)
  if (bits[0] !== 0 || others.length > 0) throw otherAlgorithm()
  return bits.subarray(1)
}

/** ECPrivateKey (RFC 5915 section 3) without parameters, with the public key, as OpenSSL and WebCrypto write it. */
export function encodeEcPrivateKey(scalar: Uint8Array, publicKey: Bytes): Bytes {
  const version1 = Uint8Array.of(tags.integer, 1, 1)
  const bits = encodeBitString(publicKey)
  const number = encodeDer(tags.octetString, scalar)
  const whole = encodeDer(tags.sequence, version1, number, encodeDer(0xa1, bits))
  number.fill(0)
  return whole
}

/** The scalar in an ECPrivateKey, big-endian, as a view into it. */
export const ecScalarOf = (ecPrivateKey: Bytes): Bytes => contentsOf(readSequence(ecPrivateKey)[1], tags.octetString)

/** The seed form of ML-DSA and ML-KEM private keys: [0] IMPLICIT OCTET STRING (RFC 9881, RFC 9935, section 6 each). */
export const encodeSeed = (seed: Uint8Array): Bytes => encodeDer(0x80, seed)

/** The seed of an ML-DSA or ML-KEM private key in seed form, as a view into it. */
export function seedOf(choice: Bytes, byteLength: number): Bytes {
  const [seed, ...others] = readDer(choice)
  const contents = contentsOf(seed, 0x80)
  if (contents.length !== byteLength || others.length > 0) throw otherAlgorithm()
  return contents
}
