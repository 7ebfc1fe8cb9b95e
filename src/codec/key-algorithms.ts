import type { KeySpec } from '../model/generated/types'
import { equalBytes } from './bytes'
import { contentsOf, type DerElement, fromHex, readDer, tags } from './der'

/** Elliptic curves as files name them. Sources: SEC 2; RFC 5480 section 2.1.1. */
export interface Curve {
  readonly keySpec: KeySpec
  /** Length of the field and of a scalar. */
  readonly byteLength: number
  /** AlgorithmIdentifier with id-ecPublicKey and the named curve, DER. */
  readonly algorithm: Bytes
  /** The curve's OBJECT IDENTIFIER, contents alone. */
  readonly oid: Bytes
  /** n of the base point: a scalar is at least 1 and below it. */
  readonly order: bigint
}

function curve(keySpec: KeySpec, byteLength: number, oidHex: string, orderHex: string): Curve {
  const algorithmHex = `06072a8648ce3d020106${(oidHex.length / 2).toString(16).padStart(2, '0')}${oidHex}`
  const algorithm = fromHex(`30${(algorithmHex.length / 2).toString(16).padStart(2, '0')}${algorithmHex}`)
  return { keySpec, byteLength, algorithm, oid: fromHex(oidHex), order: BigInt(`0x${orderHex}`) }
}

export const curves = {
  ECC_NIST_P256: curve(
    'ECC_NIST_P256',
    32,
    '2a8648ce3d030107',
    'ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551',
  ),
  ECC_NIST_P384: curve(
    'ECC_NIST_P384',
    48,
    '2b81040022',
    'ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973',
  ),
  ECC_NIST_P521: curve(
    'ECC_NIST_P521',
    66,
    '2b81040023',
    '01fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffa51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409',
  ),
  ECC_SECG_P256K1: curve(
    'ECC_SECG_P256K1',
    32,
    '2b8104000a',
    'fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141',
  ),
} as const satisfies { readonly [S in KeySpec]?: Curve }

/** rsaEncryption with NULL parameters (RFC 3279 section 2.3.1), Ed25519 (RFC 8410 section 3); DER. */
export const rsaAlgorithm = fromHex('300d06092a864886f70d0101010500')
export const ed25519Algorithm = fromHex('300506032b6570')

/** ML-DSA (RFC 9881) and ML-KEM (RFC 9935), DER. Nobody brings such keys: readKeyAlgorithm knows none of them. */
export const latticeAlgorithms = {
  ML_DSA_44: fromHex('300b0609608648016503040311'),
  ML_DSA_65: fromHex('300b0609608648016503040312'),
  ML_DSA_87: fromHex('300b0609608648016503040313'),
  ML_KEM_512: fromHex('300b0609608648016503040401'),
  ML_KEM_768: fromHex('300b0609608648016503040402'),
  ML_KEM_1024: fromHex('300b0609608648016503040403'),
} as const

const oids = {
  rsa: fromHex('2a864886f70d010101'),
  ec: fromHex('2a8648ce3d0201'),
  ed25519: fromHex('2b6570'),
}

export type KeyAlgorithmName =
  | { readonly kind: 'rsa' }
  | { readonly kind: 'ed25519' }
  | { readonly kind: 'ec'; readonly curve: Curve }

/**
 * What an AlgorithmIdentifier's contents name; undefined for what KMS has no keys of. A curve by its name alone:
 * explicit parameters are refused, however well known they are.
 */
export function readKeyAlgorithm(elements: readonly DerElement[] | undefined): KeyAlgorithmName | undefined {
  const [algorithm, parameters, ...others] = elements ?? []
  const oid = contentsOf(algorithm, tags.objectIdentifier)
  if (!oid || others.length > 0) return undefined
  if (equalBytes(oid, oids.rsa)) return contentsOf(parameters, tags.null)?.length === 0 ? { kind: 'rsa' } : undefined
  if (equalBytes(oid, oids.ed25519)) return parameters ? undefined : { kind: 'ed25519' }
  if (!equalBytes(oid, oids.ec)) return undefined
  const found = findCurve(contentsOf(parameters, tags.objectIdentifier))
  return found && { kind: 'ec', curve: found }
}

export const findCurve = (oid: Bytes | undefined): Curve | undefined =>
  oid && Object.values(curves).find((known) => equalBytes(known.oid, oid))

/** The same of a whole element. */
export const algorithmElements = (element: DerElement | undefined, rules: 'DER' | 'BER') => {
  const contents = contentsOf(element, tags.sequence)
  return contents && readDer(contents, rules)
}

/** RSA key specs by the bits of their modulus. */
export const rsaSpecs: { readonly [bits: number]: KeySpec } = { 2048: 'RSA_2048', 3072: 'RSA_3072', 4096: 'RSA_4096' }
