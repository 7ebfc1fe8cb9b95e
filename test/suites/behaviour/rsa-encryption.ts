import { describe, expect, it } from 'vitest'
import { incompatible, seal, wrongUsage } from './encryption'
import { bytes, checkRows, must, newKey, type Open, plantRsa, type Row, range, recordsOf } from './harness'
import { outside } from './outside'

const specs = [
  ['RSA_2048', 256, { RSAES_OAEP_SHA_1: 214, RSAES_OAEP_SHA_256: 190 }],
  ['RSA_3072', 384, { RSAES_OAEP_SHA_1: 342, RSAES_OAEP_SHA_256: 318 }],
  ['RSA_4096', 512, { RSAES_OAEP_SHA_1: 470, RSAES_OAEP_SHA_256: 446 }],
] as const
const algorithms = [
  ['RSAES_OAEP_SHA_1', 'SHA-1'],
  ['RSAES_OAEP_SHA_256', 'SHA-256'],
] as const
const KeyUsage = 'ENCRYPT_DECRYPT'
const refused = 'InvalidCiphertextException'
const noContext =
  'ValidationException: EncryptionContext is not supported when encrypting/decrypting with asymmetric CMKs.'
const tooLong = (algorithm: string, spec: string, max: number) =>
  `ValidationException: Algorithm ${algorithm} and key spec ${spec} cannot encrypt data larger than ${max} bytes.`
const flipped = (block: Uint8Array, at: number) => block.map((byte, i) => (i === at ? byte ^ 1 : byte))

export function rsaEncryption(open: Open): void {
  describe('RSA keys', () => {
    it.each(specs)('%s encrypt and decrypt up to their limits', async (KeySpec, modulusBytes, limits) => {
      const kms = await open()
      const { KeyId, arn } = await newKey(kms, { KeySpec, KeyUsage })
      const { PublicKey } = await must(kms, 'GetPublicKey', { KeyId })
      const rows: Row[] = []
      for (const [EncryptionAlgorithm, hash] of algorithms) {
        const max = limits[EncryptionAlgorithm]
        for (const Plaintext of [bytes(0), new Uint8Array(max).fill(7)]) {
          const sealed = await must(kms, 'Encrypt', { KeyId, Plaintext, EncryptionAlgorithm })
          const { CiphertextBlob } = sealed
          expect(sealed).toEqual({ CiphertextBlob, KeyId: arn, EncryptionAlgorithm })
          expect(CiphertextBlob).toHaveLength(modulusBytes)
          const opened = await must(kms, 'Decrypt', { KeyId, CiphertextBlob, EncryptionAlgorithm })
          expect(opened).toEqual({ KeyId: arn, Plaintext, EncryptionAlgorithm })
        }
        // Whoever has the public key needs no service to encrypt.
        const key = await outside.importKey('spki', PublicKey, { name: 'RSA-OAEP', hash }, false, ['encrypt'])
        const block = new Uint8Array(await outside.encrypt({ name: 'RSA-OAEP' }, key, bytes(5)))
        const fromOutside = { KeyId, CiphertextBlob: block, EncryptionAlgorithm }
        expect((await must(kms, 'Decrypt', fromOutside)).Plaintext).toEqual(bytes(5))
        const Plaintext = new Uint8Array(max + 1)
        rows.push(
          [
            `${max + 1} bytes, ${hash}`,
            'Encrypt',
            { KeyId, Plaintext, EncryptionAlgorithm },
            tooLong(EncryptionAlgorithm, KeySpec, max),
          ],
          [
            `4096 bytes, ${hash}`,
            'Encrypt',
            { KeyId, Plaintext: new Uint8Array(4096), EncryptionAlgorithm },
            tooLong(EncryptionAlgorithm, KeySpec, max),
          ],
        )
      }
      await checkRows(kms, rows)
    })

    it('refuse every other block, and say nothing', async () => {
      const kms = await open()
      const [a, b] = [
        await newKey(kms, { KeySpec: 'RSA_2048', KeyUsage }),
        await newKey(kms, { KeySpec: 'RSA_2048', KeyUsage }),
      ]
      const [EncryptionAlgorithm, OtherAlgorithm] = ['RSAES_OAEP_SHA_256', 'RSAES_OAEP_SHA_1'] as const
      const { CiphertextBlob } = await must(kms, 'Encrypt', {
        KeyId: a.KeyId,
        Plaintext: bytes(1),
        EncryptionAlgorithm,
      })
      const asked = { KeyId: a.KeyId, EncryptionAlgorithm }
      const wrong: [string, Uint8Array][] = [
        ...range(16).map((i): [string, Uint8Array] => [`bit in byte ${i * 17}`, flipped(CiphertextBlob, i * 17)]),
        ['shorter', CiphertextBlob.slice(0, -1)],
        ['longer', bytes(...CiphertextBlob, 0)],
        ['one byte', bytes(1)],
        ['zeros', new Uint8Array(256)],
        ['more than the modulus', new Uint8Array(256).fill(255)],
        ['6144 bytes', new Uint8Array(6144)],
      ]
      await checkRows(kms, [
        ...wrong.map(([what, blob]): Row => [what, 'Decrypt', { ...asked, CiphertextBlob: blob }, refused]),
        [
          'the other algorithm',
          'Decrypt',
          { KeyId: a.KeyId, EncryptionAlgorithm: OtherAlgorithm, CiphertextBlob },
          refused,
        ],
        ['another key', 'Decrypt', { KeyId: b.KeyId, EncryptionAlgorithm, CiphertextBlob }, refused],
        ['no algorithm', 'Decrypt', { KeyId: a.KeyId, CiphertextBlob }, refused],
        [
          'no key',
          'Decrypt',
          { CiphertextBlob, EncryptionAlgorithm },
          'ValidationException: KeyId is required for this request.',
        ],
        ['itself', 'Decrypt', { ...asked, CiphertextBlob }, 'ok'],
      ])
    })

    it('take no context, but an empty one', async () => {
      const kms = await open()
      const { KeyId } = await newKey(kms, { KeySpec: 'RSA_2048', KeyUsage })
      const symmetric = await newKey(kms)
      const EncryptionAlgorithm = 'RSAES_OAEP_SHA_256'
      const [Plaintext, context] = [bytes(1), { a: 'b' }]
      const { CiphertextBlob } = await must(kms, 'Encrypt', {
        KeyId,
        Plaintext,
        EncryptionAlgorithm,
        EncryptionContext: {},
      })
      const blob = await seal(kms, symmetric.KeyId)
      const disabled = await plantRsa(kms, { state: 'Disabled' })
      await checkRows(kms, [
        ['context', 'Encrypt', { KeyId, Plaintext, EncryptionAlgorithm, EncryptionContext: context }, noContext],
        ['context', 'Decrypt', { KeyId, CiphertextBlob, EncryptionAlgorithm, EncryptionContext: context }, noContext],
        ['empty', 'Decrypt', { KeyId, CiphertextBlob, EncryptionAlgorithm, EncryptionContext: {} }, 'ok'],
        [
          'source context',
          'ReEncrypt',
          {
            CiphertextBlob,
            SourceKeyId: KeyId,
            SourceEncryptionAlgorithm: EncryptionAlgorithm,
            SourceEncryptionContext: context,
            DestinationKeyId: symmetric.KeyId,
          },
          noContext,
        ],
        [
          'destination context',
          'ReEncrypt',
          {
            CiphertextBlob: blob,
            DestinationKeyId: KeyId,
            DestinationEncryptionAlgorithm: EncryptionAlgorithm,
            DestinationEncryptionContext: context,
          },
          noContext,
        ],
        [
          'context, disabled',
          'Encrypt',
          { KeyId: disabled.KeyId, Plaintext, EncryptionAlgorithm, EncryptionContext: context },
          `DisabledException: ${disabled.arn} is disabled.`,
        ],
        [
          'context, other algorithm',
          'Encrypt',
          { KeyId, Plaintext, EncryptionContext: context },
          incompatible('SYMMETRIC_DEFAULT', 'RSA_2048'),
        ],
      ])
    })

    it('re-encrypt in every combination with symmetric ones', async () => {
      const kms = await open()
      const symmetric = await newKey(kms)
      const other = await newKey(kms)
      const rsa = await newKey(kms, { KeySpec: 'RSA_2048', KeyUsage })
      const big = await newKey(kms, { KeySpec: 'RSA_3072', KeyUsage })
      const kinds = [
        [symmetric, 'SYMMETRIC_DEFAULT'],
        [other, 'SYMMETRIC_DEFAULT'],
        [rsa, 'RSAES_OAEP_SHA_1'],
        [rsa, 'RSAES_OAEP_SHA_256'],
        [big, 'RSAES_OAEP_SHA_256'],
      ] as const
      const Plaintext = bytes(...range(190))
      const isSymmetric = (algorithm: string) => algorithm === 'SYMMETRIC_DEFAULT'
      for (const [from, sourceAlgorithm] of kinds) {
        const { CiphertextBlob } = await must(kms, 'Encrypt', {
          KeyId: from.KeyId,
          Plaintext,
          EncryptionAlgorithm: sourceAlgorithm,
        })
        for (const [to, EncryptionAlgorithm] of kinds) {
          const moved = await must(kms, 'ReEncrypt', {
            CiphertextBlob,
            SourceKeyId: from.KeyId,
            SourceEncryptionAlgorithm: sourceAlgorithm,
            DestinationKeyId: to.KeyId,
            DestinationEncryptionAlgorithm: EncryptionAlgorithm,
          })
          expect(moved).toEqual({
            CiphertextBlob: moved.CiphertextBlob,
            SourceKeyId: from.arn,
            KeyId: to.arn,
            SourceEncryptionAlgorithm: sourceAlgorithm,
            DestinationEncryptionAlgorithm: EncryptionAlgorithm,
            ...(isSymmetric(sourceAlgorithm) && { SourceKeyMaterialId: expect.stringMatching(/^[0-9a-f]{64}$/) }),
            ...(isSymmetric(EncryptionAlgorithm) && {
              DestinationKeyMaterialId: expect.stringMatching(/^[0-9a-f]{64}$/),
            }),
          })
          const opened = await must(kms, 'Decrypt', {
            KeyId: to.KeyId,
            CiphertextBlob: moved.CiphertextBlob,
            EncryptionAlgorithm,
          })
          expect(opened.Plaintext).toEqual(Plaintext)
        }
      }
      const long = await seal(kms, symmetric.KeyId, {}, new Uint8Array(191))
      const signing = await newKey(kms, { KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY' })
      const to = (key: { KeyId: string }, over: object = {}) => ({
        CiphertextBlob: long,
        DestinationKeyId: key.KeyId,
        DestinationEncryptionAlgorithm: 'RSAES_OAEP_SHA_256',
        ...over,
      })
      await checkRows(kms, [
        ['too long', 'ReEncrypt', to(rsa), tooLong('RSAES_OAEP_SHA_256', 'RSA_2048', 190)],
        ['too long, dry', 'ReEncrypt', to(rsa, { DryRun: true }), tooLong('RSAES_OAEP_SHA_256', 'RSA_2048', 190)],
        ['long enough', 'ReEncrypt', to(big), 'ok'],
        ['a signing key', 'ReEncrypt', to(signing), wrongUsage(signing, 'SIGN_VERIFY', 'ReEncryptTo')],
      ])
    })

    it('leave no key material id in the record', async () => {
      const kms = await open()
      const { KeyId } = await newKey(kms, { KeySpec: 'RSA_2048', KeyUsage })
      await must(kms, 'Encrypt', { KeyId, Plaintext: bytes(1), EncryptionAlgorithm: 'RSAES_OAEP_SHA_256' })
      const [record] = await recordsOf(kms, 'Encrypt')
      expect(record).toMatchObject({ parameters: { encryptionAlgorithm: 'RSAES_OAEP_SHA_256' } })
      expect(record && 'additional' in record).toBe(false)
    })
  })
}
