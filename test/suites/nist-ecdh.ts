import { describe, expect, it } from 'vitest'
import { concatBytes, encodeHex } from '../../src/codec/bytes'
import { curves } from '../../src/codec/key-algorithms'
import { encodeEcPkcs8 } from '../../src/codec/pkcs8'
import { encodeEcSpki } from '../../src/codec/spki'
import vectors from '../vectors/nist-ecdh.json'
import { attempt } from './behaviour/harness'
import { hex } from './wycheproof'
import { bring, openImportKms } from './wycheproof-import'

type NistSpec = 'ECC_NIST_P256' | 'ECC_NIST_P384' | 'ECC_NIST_P521'

/** NIST's cases for ECDH through DeriveSharedSecret with imported keys. */
export function nistEcdh(): void {
  describe('NIST, ECDH with imported keys', () => {
    it.each(vectors.cases)('$keySpec, $count: $result', async ({ keySpec, result, d, x, y, peerX, peerY, z }) => {
      const kms = await openImportKms()
      const spec = keySpec as NistSpec
      const curve = curves[spec]
      // The files write numbers of P-521 with zeros in front or without.
      const field = (text: string) => hex(text.slice(-2 * curve.byteLength).padStart(2 * curve.byteLength, '0'))
      const point = (one: string, other: string) => concatBytes(Uint8Array.of(4), field(one), field(other))
      const pkcs8 = encodeEcPkcs8(curve, field(d), point(x, y))
      const { KeyId, imported } = await bring(kms, { KeySpec: spec, KeyUsage: 'KEY_AGREEMENT' }, pkcs8)
      expect(imported).toBe('ok')
      const PublicKey = encodeEcSpki(curve, point(peerX, peerY))
      const asked = { KeyId, KeyAgreementAlgorithm: 'ECDH', PublicKey } as const
      const answer = await attempt(kms, 'DeriveSharedSecret', asked)
      const told = answer.ok ? encodeHex(answer.output.SharedSecret as Bytes) : answer.error.code
      expect(told).toBe(result.startsWith('P') ? encodeHex(field(z)) : 'ValidationException')
      expect(kms.faults).toEqual([])
    })
  })
}
