import { ed25519ph } from '@noble/curves/ed25519.js'
import { shake256 } from '@noble/hashes/sha3.js'
import { describe, expect, it } from 'vitest'
import type { KeySpec, SigningAlgorithmSpec } from '../../../src/model/generated/types'
import type { TestKms } from '../compose'
import { incompatible, wrongUsage } from './encryption'
import {
  bytes,
  checkRows,
  invalid,
  must,
  newKey,
  type Open,
  plantHmac,
  plantKey,
  type Row,
  unknownId,
  verdict,
} from './harness'
import { derOf, outside, type Scheme, scalarsOf, schemeOf, schemes } from './outside'

const Message = bytes(1, 2, 3)
const refused = 'KMSInvalidSignatureException'

/** Signature lengths by algorithm; DER ones differ. */
const kinds: readonly (readonly [KeySpec, SigningAlgorithmSpec, bytes: number | undefined])[] = [
  ['RSA_2048', 'RSASSA_PKCS1_V1_5_SHA_256', 256],
  ['RSA_2048', 'RSASSA_PKCS1_V1_5_SHA_384', 256],
  ['RSA_2048', 'RSASSA_PKCS1_V1_5_SHA_512', 256],
  ['RSA_2048', 'RSASSA_PSS_SHA_256', 256],
  ['RSA_2048', 'RSASSA_PSS_SHA_384', 256],
  ['RSA_2048', 'RSASSA_PSS_SHA_512', 256],
  ['ECC_NIST_P256', 'ECDSA_SHA_256', undefined],
  ['ECC_NIST_P384', 'ECDSA_SHA_384', undefined],
  ['ECC_NIST_P521', 'ECDSA_SHA_512', undefined],
  ['ECC_SECG_P256K1', 'ECDSA_SHA_256', undefined],
  ['ECC_NIST_EDWARDS25519', 'ED25519_SHA_512', 64],
  ['ML_DSA_44', 'ML_DSA_SHAKE_256', 2420],
  ['ML_DSA_65', 'ML_DSA_SHAKE_256', 3309],
  ['ML_DSA_87', 'ML_DSA_SHAKE_256', 4627],
]

const signingKey = (kms: TestKms, KeySpec: KeySpec) => newKey(kms, { KeySpec, KeyUsage: 'SIGN_VERIFY' })

/** Whether WebCrypto, with the public key alone, agrees. */
async function agrees(scheme: Scheme, spki: Bytes, signature: Bytes, message: Bytes): Promise<boolean> {
  const key = await outside.importKey('spki', spki, scheme.key, true, ['verify'])
  const form = scheme.fieldBytes ? scalarsOf(signature, scheme.fieldBytes) : signature
  return outside.verify(scheme.use, key, form, message)
}

/** `digests`: whether these keys sign what is hashed already. */
export function signing(open: Open, digests: boolean): void {
  describe('Sign and Verify', () => {
    it.each(kinds)(
      '%s %s verify here and elsewhere, and nothing else does',
      async (KeySpec, SigningAlgorithm, length) => {
        const kms = await open()
        if (!kms.crypto.supports(KeySpec, 'SIGN_VERIFY')) return
        const { KeyId, arn } = await signingKey(kms, KeySpec)
        const asked = { KeyId, SigningAlgorithm }
        const { PublicKey } = await must(kms, 'GetPublicKey', { KeyId })
        for (const message of [bytes(0), new Uint8Array(4096).fill(5), Message]) {
          const made = await must(kms, 'Sign', { ...asked, Message: message })
          expect(made).toEqual({ KeyId: arn, Signature: made.Signature, SigningAlgorithm })
          if (length !== undefined) expect(made.Signature).toHaveLength(length)
          expect(await must(kms, 'Verify', { ...asked, Message: message, Signature: made.Signature })).toEqual({
            KeyId: arn,
            SignatureValid: true,
            SigningAlgorithm,
          })
          const scheme = schemeOf(KeySpec, SigningAlgorithm)
          if (scheme) expect(await agrees(scheme, PublicKey, made.Signature, message)).toBe(true)
        }
        const { Signature } = await must(kms, 'Sign', { ...asked, Message })
        const flip = (at: number) => Signature.map((byte, i) => (i === at ? byte ^ 1 : byte))
        const wrong: [what: string, signature: Uint8Array][] = [
          ...[0, 1, 2, 3, 5, 31, 40, Signature.length - 1].map((at): [string, Uint8Array] => [`byte ${at}`, flip(at)]),
          ['shorter', Signature.slice(0, -1)],
          ['longer', bytes(...Signature, 0)],
          ['one byte', bytes(0x30)],
          ['zeros', new Uint8Array(Signature.length)],
          ['as long as may be', new Uint8Array(6144)],
        ]
        const other = await signingKey(kms, KeySpec)
        await checkRows(kms, [
          ...wrong.map(([what, one]): Row => [what, 'Verify', { ...asked, Message, Signature: one }, refused]),
          ['another message', 'Verify', { ...asked, Message: bytes(1, 2, 4), Signature }, refused],
          ['another key', 'Verify', { ...asked, KeyId: other.KeyId, Message, Signature }, refused],
          ['itself', 'Verify', { ...asked, Message, Signature }, 'ok'],
        ])
      },
    )

    it.each(schemes.filter(({ order }) => order))(
      '$keySpec: both values of s verify, DER alone does',
      async (scheme) => {
        const kms = await open()
        const { keySpec, algorithm, fieldBytes = 0, order = 0n } = scheme
        const { KeyId } = await signingKey(kms, keySpec)
        const asked = { KeyId, SigningAlgorithm: algorithm, Message }
        const { Signature } = await must(kms, 'Sign', asked)
        const scalars = scalarsOf(Signature, fieldBytes)
        const number = (part: Uint8Array) => part.reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n)
        const [r, s] = [number(scalars.slice(0, fieldBytes)), number(scalars.slice(fieldBytes))]
        const padded = bytes(
          0x30,
          (Signature[1] as number) + 1,
          2,
          (Signature[3] as number) + 1,
          0,
          ...Signature.slice(4),
        )
        await checkRows(kms, [
          ['as DER again', 'Verify', { ...asked, Signature: derOf(r, s) }, 'ok'],
          ['the other s', 'Verify', { ...asked, Signature: derOf(r, order - s) }, 'ok'],
          ['s of the next round', 'Verify', { ...asked, Signature: derOf(r, s + order) }, refused],
          ['r of zero', 'Verify', { ...asked, Signature: derOf(0n, s) }, refused],
          ['s of zero', 'Verify', { ...asked, Signature: derOf(r, 0n) }, refused],
          ['raw', 'Verify', { ...asked, Signature: scalars }, refused],
          ['a superfluous zero', 'Verify', { ...asked, Signature: padded }, refused],
          ['a byte after it', 'Verify', { ...asked, Signature: bytes(...Signature, 0) }, refused],
        ])
      },
    )

    it('check usage, state, algorithm, message type, length; sizes before any look-up', async () => {
      const kms = await open()
      const plant = (keySpec: KeySpec, over: object = {}) =>
        plantKey(kms, { keySpec, keyUsage: 'SIGN_VERIFY', ...over })
      const hmac = await plantHmac(kms, { state: 'Disabled' })
      const disabled = await plant('ECC_NIST_P256', { state: 'Disabled' })
      const [ecc, rsa, ed25519, mlDsa] = [
        await plant('ECC_NIST_P256'),
        await plant('RSA_2048'),
        await plant('ECC_NIST_EDWARDS25519'),
        await plant('ML_DSA_44'),
      ]
      const agreeing = await plantKey(kms, { keySpec: 'ECC_NIST_P256', keyUsage: 'KEY_AGREEMENT' })
      const length = (member: string, bound: string) =>
        invalid(`Value at '${member}' failed to satisfy constraint: Member must have length ${bound}`)
      const type = (messageType: string, what: string) =>
        `ValidationException: Message type ${messageType} is incompatible with ${what}.`
      const digest = (algorithm: string) => `ValidationException: Digest is invalid length for algorithm ${algorithm}.`
      for (const operation of ['Sign', 'Verify'] as const) {
        const rest = operation === 'Verify' ? { Signature: bytes(1) } : {}
        const row = (
          what: string,
          { KeyId }: { KeyId: string },
          SigningAlgorithm: string,
          over: object,
          expected: string,
        ): Row => [what, operation, { KeyId, SigningAlgorithm, Message, ...rest, ...over }, expected]
        const typed = (MessageType: string, size: number) => ({ MessageType, Message: new Uint8Array(size) })
        await checkRows(kms, [
          row('disabled HMAC key', hmac, 'ECDSA_SHA_256', {}, wrongUsage(hmac, 'GENERATE_VERIFY_MAC', operation)),
          row('agreement key', agreeing, 'ECDSA_SHA_256', {}, wrongUsage(agreeing, 'KEY_AGREEMENT', operation)),
          row(
            'disabled, other algorithm',
            disabled,
            'RSASSA_PSS_SHA_256',
            {},
            `DisabledException: ${disabled.arn} is disabled.`,
          ),
          row(
            'other algorithm, bad digest',
            ecc,
            'RSASSA_PSS_SHA_256',
            typed('DIGEST', 1),
            incompatible('RSASSA_PSS_SHA_256', 'ECC_NIST_P256'),
          ),
          row('ECDSA of another curve', ecc, 'ECDSA_SHA_384', {}, incompatible('ECDSA_SHA_384', 'ECC_NIST_P256')),
          row(
            'other algorithm, other type',
            mlDsa,
            'ECDSA_SHA_256',
            typed('DIGEST', 32),
            incompatible('ECDSA_SHA_256', 'ML_DSA_44'),
          ),
          row(
            'ECDSA, μ',
            ecc,
            'ECDSA_SHA_256',
            typed('EXTERNAL_MU', 64),
            type('EXTERNAL_MU', 'key spec ECC_NIST_P256'),
          ),
          row('RSA, μ', rsa, 'RSASSA_PSS_SHA_256', typed('EXTERNAL_MU', 64), type('EXTERNAL_MU', 'key spec RSA_2048')),
          row('ML-DSA, digest', mlDsa, 'ML_DSA_SHAKE_256', typed('DIGEST', 1), type('DIGEST', 'key spec ML_DSA_44')),
          row(
            'Ed25519, digest',
            ed25519,
            'ED25519_SHA_512',
            typed('DIGEST', 64),
            type('DIGEST', 'algorithm ED25519_SHA_512'),
          ),
          row('Ed25519ph, raw', ed25519, 'ED25519_PH_SHA_512', {}, type('RAW', 'algorithm ED25519_PH_SHA_512')),
          row('short digest', ecc, 'ECDSA_SHA_256', typed('DIGEST', 31), digest('ECDSA_SHA_256')),
          row('long digest', ecc, 'ECDSA_SHA_256', typed('DIGEST', 33), digest('ECDSA_SHA_256')),
          row('digest of 384', rsa, 'RSASSA_PSS_SHA_384', typed('DIGEST', 32), digest('RSASSA_PSS_SHA_384')),
          row(
            'digest of 512',
            rsa,
            'RSASSA_PKCS1_V1_5_SHA_512',
            typed('DIGEST', 48),
            digest('RSASSA_PKCS1_V1_5_SHA_512'),
          ),
          row('Ed25519ph, short', ed25519, 'ED25519_PH_SHA_512', typed('DIGEST', 63), digest('ED25519_PH_SHA_512')),
          row(
            'short μ',
            mlDsa,
            'ML_DSA_SHAKE_256',
            typed('EXTERNAL_MU', 63),
            'ValidationException: External Mu is invalid length for algorithm ML_DSA_SHAKE_256.',
          ),
          row(
            'no message',
            { KeyId: unknownId },
            'ECDSA_SHA_256',
            typed('RAW', 0),
            length('message', 'greater than or equal to 1'),
          ),
          row(
            '4097 bytes',
            { KeyId: unknownId },
            'ECDSA_SHA_256',
            typed('RAW', 4097),
            length('message', 'less than or equal to 4096'),
          ),
        ])
      }
      const verify = { KeyId: unknownId, SigningAlgorithm: 'ECDSA_SHA_256', Message }
      await checkRows(kms, [
        ['empty', 'Verify', { ...verify, Signature: bytes() }, length('signature', 'greater than or equal to 1')],
        [
          '6145',
          'Verify',
          { ...verify, Signature: new Uint8Array(6145) },
          length('signature', 'less than or equal to 6144'),
        ],
      ])
    })

    it.each(schemes.filter(({ hash }) => hash))('$algorithm: a digest is the message hashed once', async (scheme) => {
      const kms = await open()
      const { KeyId } = await signingKey(kms, scheme.keySpec)
      const asked = { KeyId, SigningAlgorithm: scheme.algorithm }
      const digested = new Uint8Array(await crypto.subtle.digest(scheme.hash as string, Message))
      const digest = { ...asked, MessageType: 'DIGEST', Message: digested } as const
      if (!digests) {
        // A native key has no way to leave the hashing out.
        expect(await verdict(kms, 'Sign', digest)).toBe('UnsupportedOperationException')
        expect(kms.faults).toEqual([])
        return
      }
      const { Signature } = await must(kms, 'Sign', digest)
      const raw = (await must(kms, 'Sign', { ...asked, Message })).Signature
      await checkRows(kms, [
        ['digest, as the message', 'Verify', { ...asked, Message, Signature }, 'ok'],
        ['digest, as the digest', 'Verify', { ...digest, Signature }, 'ok'],
        ['message, as the digest', 'Verify', { ...digest, Signature: raw }, 'ok'],
        ['digest, hashed again', 'Verify', { ...asked, Message: digested, Signature }, refused],
      ])
      const { PublicKey } = await must(kms, 'GetPublicKey', { KeyId })
      expect(await agrees(scheme, PublicKey, Signature, Message)).toBe(true)
    })

    it.runIf(digests)('Ed25519ph takes a digest of 64 bytes for its message, and is not Ed25519', async () => {
      const kms = await open()
      const { KeyId } = await signingKey(kms, 'ECC_NIST_EDWARDS25519')
      const digest = new Uint8Array(await crypto.subtle.digest('SHA-512', Message))
      const asked = { KeyId, SigningAlgorithm: 'ED25519_PH_SHA_512', MessageType: 'DIGEST', Message: digest } as const
      const { Signature } = await must(kms, 'Sign', asked)
      const { PublicKey } = await must(kms, 'GetPublicKey', { KeyId })
      expect(ed25519ph.verify(Signature, digest, PublicKey.slice(-32))).toBe(true)
      const spoilt = Signature.map((byte, i) => (i === 40 ? byte ^ 1 : byte))
      const plain = { KeyId, SigningAlgorithm: 'ED25519_SHA_512', Message: digest }
      await checkRows(kms, [
        ['itself', 'Verify', { ...asked, Signature }, 'ok'],
        ['spoilt', 'Verify', { ...asked, Signature: spoilt }, refused],
        ['as Ed25519', 'Verify', { ...plain, Signature }, refused],
      ])
    })

    it.runIf(digests).each(['ML_DSA_44', 'ML_DSA_65', 'ML_DSA_87'] as const)(
      '%s: μ and the message verify alike',
      async (KeySpec) => {
        const kms = await open()
        const { KeyId } = await signingKey(kms, KeySpec)
        const { PublicKey } = await must(kms, 'GetPublicKey', { KeyId })
        // FIPS 204, algorithm 7 with an empty context; 22 bytes of SubjectPublicKeyInfo come before the key.
        const transcript = bytes(...shake256(PublicKey.slice(22), { dkLen: 64 }), 0, 0, ...Message)
        const mu = Uint8Array.from(shake256(transcript, { dkLen: 64 }))
        const raw = { KeyId, SigningAlgorithm: 'ML_DSA_SHAKE_256', Message } as const
        const external = { ...raw, MessageType: 'EXTERNAL_MU', Message: mu } as const
        const { Signature: ofMessage } = await must(kms, 'Sign', raw)
        const { Signature: ofMu } = await must(kms, 'Sign', external)
        await checkRows(kms, [
          ['of μ, by the message', 'Verify', { ...raw, Signature: ofMu }, 'ok'],
          ['of μ, by μ', 'Verify', { ...external, Signature: ofMu }, 'ok'],
          ['of the message, by μ', 'Verify', { ...external, Signature: ofMessage }, 'ok'],
          ['μ as a message', 'Verify', { ...raw, Message: mu, Signature: ofMu }, refused],
        ])
      },
    )
  })
}
