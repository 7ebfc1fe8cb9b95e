import { equalBytes } from '../../codec/bytes'
import type { AgreementHandle } from '../../ports/crypto'
import type { OpenPair } from './handles'

const fieldBits = { ECC_NIST_P256: 256, ECC_NIST_P384: 384, ECC_NIST_P521: 528 } as const

/** The handle of ECDH keys on the NIST curves. */
export function createAgreementHandle({ keySpec, secretKey, spki, family }: OpenPair): AgreementHandle {
  const bits = fieldBits[keySpec as keyof typeof fieldBits]
  const recipe = family.publicKeys.ECDH
  if (bits === undefined || !recipe) throw new RangeError('not a key that agrees')
  // Both coordinates end the one DER form of an uncompressed point on a named curve: all before them is the curve's.
  const headBytes = spki.length - bits / 4
  const head = spki.slice(0, headBytes)

  return {
    kind: 'agreement',
    async derive(peer) {
      if (peer.length !== spki.length || !equalBytes(peer.subarray(0, headBytes), head)) return undefined
      const point = await importPoint(peer, recipe.algorithm)
      if (!point) return undefined
      const key = await secretKey('ECDH')
      return new Uint8Array(await crypto.subtle.deriveBits(ecdh(point), key, bits))
    },
  }
}

/** One type library of the four spells the member otherwise. */
const ecdh = (point: CryptoKey) => ({ name: 'ECDH', public: point }) as unknown as DeriveParameters
type DeriveParameters = Parameters<typeof crypto.subtle.deriveBits>[0]

type PointParameters = NonNullable<OpenPair['family']['publicKeys'][string]>['algorithm']

/** Runtimes disagree about the error; the form has been checked, so that it can only mean a point off the curve. */
async function importPoint(peer: Bytes, algorithm: PointParameters): Promise<CryptoKey | undefined> {
  try {
    return await crypto.subtle.importKey('spki', peer, algorithm, false, [])
  } catch {
    return undefined
  }
}
