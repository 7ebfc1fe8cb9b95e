import { describe, expect, it } from 'vitest'
import type { KeySpec } from '../../../src/model/generated/types'
import { wrongUsage } from './encryption'
import { bytes, checkRows, invalid, must, newKey, type Open, plantKey, type Row } from './harness'
import { outside } from './outside'

const curves: readonly (readonly [KeySpec, namedCurve: string, fieldBytes: number])[] = [
  ['ECC_NIST_P256', 'P-256', 32],
  ['ECC_NIST_P384', 'P-384', 48],
  ['ECC_NIST_P521', 'P-521', 66],
]
const KeyAgreementAlgorithm = 'ECDH'
/** An error without text: AWS sends an empty message. */
const malformed = 'ValidationException'

async function newPeer(namedCurve: string) {
  const { publicKey, privateKey } = await outside.generateKey({ name: 'ECDH', namedCurve }, true, ['deriveBits'])
  return { privateKey, spki: new Uint8Array(await outside.exportKey('spki', publicKey)) }
}

export function agreement(open: Open): void {
  describe('DeriveSharedSecret', () => {
    it.each(curves)('%s gives what the peer derives', async (KeySpec, namedCurve, fieldBytes) => {
      const kms = await open()
      const a = await newKey(kms, { KeySpec, KeyUsage: 'KEY_AGREEMENT' })
      const b = await newKey(kms, { KeySpec, KeyUsage: 'KEY_AGREEMENT' })
      const derive = (KeyId: string, PublicKey: Uint8Array<ArrayBuffer>) =>
        must(kms, 'DeriveSharedSecret', { KeyId, KeyAgreementAlgorithm, PublicKey })
      const keyOf = async (KeyId: string) => (await must(kms, 'GetPublicKey', { KeyId })).PublicKey

      const peer = await newPeer(namedCurve)
      const ours = await derive(a.KeyId, peer.spki)
      const spki = await keyOf(a.KeyId)
      const ecdh = { name: 'ECDH', namedCurve }
      const theirs = await outside.deriveBits(
        { name: 'ECDH', public: await outside.importKey('spki', spki, ecdh, false, []) },
        peer.privateKey,
        fieldBytes * 8,
      )
      expect(ours).toEqual({
        KeyId: a.arn,
        SharedSecret: new Uint8Array(theirs),
        KeyAgreementAlgorithm,
        KeyOrigin: 'AWS_KMS',
      })
      const [ab, ba] = [await derive(a.KeyId, await keyOf(b.KeyId)), await derive(b.KeyId, await keyOf(a.KeyId))]
      expect(ab.SharedSecret).toEqual(ba.SharedSecret)
      expect(ab.SharedSecret).toHaveLength(fieldBytes)
    })

    it.each(curves)('%s takes points of its curve alone', async (KeySpec, namedCurve) => {
      const kms = await open()
      const { KeyId } = await newKey(kms, { KeySpec, KeyUsage: 'KEY_AGREEMENT' })
      const { spki } = await newPeer(namedCurve)
      const offCurve = spki.map((byte, i) => (i === spki.length - 1 ? byte ^ 1 : byte))
      const atInfinity = spki.map((byte, i) => (i < 20 ? byte : 0))
      const rows: [what: string, PublicKey: Uint8Array][] = [
        ['off the curve', offCurve],
        ['zeros for a point', atInfinity],
        ['shorter', spki.slice(0, -1)],
        ['longer', bytes(...spki, 0)],
        ['one byte', bytes(0x30)],
        ['no DER', new Uint8Array(spki.length)],
        ['as long as may be', new Uint8Array(8192)],
      ]
      for (const [, other] of curves) if (other !== namedCurve) rows.push([other, (await newPeer(other)).spki])
      const signing = await newKey(kms, { KeySpec: 'ECC_NIST_EDWARDS25519', KeyUsage: 'SIGN_VERIFY' })
      rows.push(['Ed25519', (await must(kms, 'GetPublicKey', { KeyId: signing.KeyId })).PublicKey])
      const ask = (PublicKey: Uint8Array) => ({ KeyId, KeyAgreementAlgorithm, PublicKey })
      await checkRows(kms, [
        ...rows.map(([what, PublicKey]): Row => [what, 'DeriveSharedSecret', ask(PublicKey), malformed]),
        ['a point', 'DeriveSharedSecret', ask(spki), 'ok'],
      ])
    })

    it('checks usage, then state, then the public key', async () => {
      const kms = await open()
      const signing = await plantKey(kms, { keySpec: 'ECC_NIST_P256', keyUsage: 'SIGN_VERIFY', state: 'Disabled' })
      const disabled = await plantKey(kms, { keySpec: 'ECC_NIST_P256', keyUsage: 'KEY_AGREEMENT', state: 'Disabled' })
      const PublicKey = bytes(1)
      await checkRows(kms, [
        [
          'disabled signing key',
          'DeriveSharedSecret',
          { KeyId: signing.KeyId, KeyAgreementAlgorithm, PublicKey },
          wrongUsage(signing, 'SIGN_VERIFY', 'DeriveSharedSecret'),
        ],
        [
          'disabled',
          'DeriveSharedSecret',
          { KeyId: disabled.KeyId, KeyAgreementAlgorithm, PublicKey },
          `DisabledException: ${disabled.arn} is disabled.`,
        ],
        [
          'unknown algorithm',
          'DeriveSharedSecret',
          { KeyId: disabled.KeyId, KeyAgreementAlgorithm: 'DH', PublicKey },
          invalid(
            "Value 'DH' at 'keyAgreementAlgorithm' failed to satisfy constraint: Member must satisfy enum value set: [ECDH]",
          ),
        ],
        [
          'an enclave',
          'DeriveSharedSecret',
          {
            KeyId: disabled.KeyId,
            KeyAgreementAlgorithm,
            PublicKey,
            Recipient: { KeyEncryptionAlgorithm: 'RSAES_OAEP_SHA_256', AttestationDocument: bytes(1) },
          },
          'UnsupportedOperationException: Recipient is not supported.',
        ],
      ])
    })
  })
}
