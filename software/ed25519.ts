import { ed25519, ed25519ph } from '@noble/curves/ed25519.js'
import { tags } from '../src/codec/der'
import { ed25519Algorithm } from '../src/codec/key-algorithms'
import type { ToSign } from '../src/ports/crypto'
import { onlyContentsOf, privateKeyOf, publicKeyOf } from './key-files'
import { refused, type SignatureScheme } from './material'

/** Ed25519 and Ed25519ph, which hashes what it is given once more, a digest too (AWS KMS developer guide, Sign). */
function variantFor({ algorithm, messageType, message }: ToSign) {
  if (algorithm === 'ED25519_SHA_512' && messageType === 'RAW') return ed25519
  if (algorithm === 'ED25519_PH_SHA_512' && messageType === 'DIGEST' && message.length === 64) return ed25519ph
  throw refused()
}

/** RFC 8032 section 5.1, strict about encodings and points of small order. */
export const ed25519Scheme: SignatureScheme = {
  sign(privateKey, toSign) {
    const variant = variantFor(toSign)
    // CurvePrivateKey is an OCTET STRING inside the OCTET STRING (RFC 8410 section 7).
    const seed = onlyContentsOf(privateKeyOf(ed25519Algorithm, privateKey), tags.octetString, 32)
    return variant.sign(toSign.message, seed) as Bytes
  },
  verify(publicKey, toSign, signature) {
    const variant = variantFor(toSign)
    const key = publicKeyOf(ed25519Algorithm, publicKey)
    return signature.length === 64 && variant.verify(signature, toSign.message, key, { zip215: false })
  },
}
