import type { ECDSA } from '@noble/curves/abstract/weierstrass.js'
import { p256, p384, p521 } from '@noble/curves/nist.js'
import { secp256k1 as bitcoinCurve } from '@noble/curves/secp256k1.js'
import { curves } from '../src/codec/key-algorithms'
import { encodeEcPkcs8 } from '../src/codec/pkcs8'
import { encodeEcSpki } from '../src/codec/spki'
import type { ToSign } from '../src/ports/crypto'
import { digestOf } from './digests'
import { ecScalarOf, privateKeyOf, publicKeyOf } from './key-files'
import { type NewPair, refused, type SignatureScheme } from './material'

interface Variant {
  readonly ecdsa: ECDSA
  readonly signing: ToSign['algorithm']
  /** Whether signatures keep s in the lower half, which networks of secp256k1 demand. Verifying takes both halves. */
  readonly lowS: boolean
}

const variants: { readonly [S in keyof typeof curves]: Variant } = {
  ECC_SECG_P256K1: { ecdsa: bitcoinCurve, signing: 'ECDSA_SHA_256', lowS: true },
  ECC_NIST_P256: { ecdsa: p256, signing: 'ECDSA_SHA_256', lowS: false },
  ECC_NIST_P384: { ecdsa: p384, signing: 'ECDSA_SHA_384', lowS: false },
  ECC_NIST_P521: { ecdsa: p521, signing: 'ECDSA_SHA_512', lowS: false },
}

export type EcdsaSpec = keyof typeof variants

/** ECDSA (FIPS 186-5 section 6.4) with DER signatures; nonces as RFC 6979 section 3.6, so that each signature differs. */
export function ecdsaScheme(keySpec: EcdsaSpec): SignatureScheme {
  const { ecdsa, signing, lowS } = variants[keySpec]
  const { algorithm } = curves[keySpec]

  function digestFor(toSign: ToSign): Uint8Array {
    if (toSign.algorithm !== signing) throw refused()
    return digestOf(toSign)
  }

  return {
    sign(privateKey, toSign) {
      const digest = digestFor(toSign)
      const scalar = ecScalarOf(privateKeyOf(algorithm, privateKey))
      return ecdsa.sign(digest, scalar, { prehash: false, lowS, format: 'der', extraEntropy: true }) as Bytes
    },
    verify(publicKey, toSign, signature) {
      const digest = digestFor(toSign)
      const point = publicKeyOf(algorithm, publicKey)
      if (!isSignature(ecdsa, signature)) return false
      return ecdsa.verify(signature, digest, point, { prehash: false, lowS: false, format: 'der' })
    },
  }
}

/** Whether this is a signature in DER with numbers of this curve. */
function isSignature(ecdsa: ECDSA, signature: Bytes): boolean {
  try {
    ecdsa.Signature.fromBytes(signature, 'der')
    return true
  } catch {
    return false // the library's words about a malformed signature, which nobody is told
  }
}

/** A new pair of secp256k1. Pairs of the other curves come from WebCrypto. */
export function newSecp256k1Pair(): NewPair {
  const scalar = bitcoinCurve.utils.randomSecretKey()
  const point = bitcoinCurve.getPublicKey(scalar, false)
  const material = encodeEcPkcs8(curves.ECC_SECG_P256K1, scalar, point)
  scalar.fill(0)
  return { material, publicKey: encodeEcSpki(curves.ECC_SECG_P256K1, point) }
}

/** The public half of a private key of secp256k1. The curves of WebCrypto need no help with theirs. */
export function deriveSecp256k1(pkcs8: Bytes): Bytes {
  const scalar = ecScalarOf(privateKeyOf(curves.ECC_SECG_P256K1.algorithm, pkcs8))
  return encodeEcSpki(curves.ECC_SECG_P256K1, bitcoinCurve.getPublicKey(scalar, false))
}
