import { describe, expect, it } from 'vitest'
import { spoiled } from '../boundary'
import { incompatible, incorrectKey, oaep, pending, seal, wrongUsage } from './encryption'
import {
  attempt,
  bytes,
  checkRows,
  codeOf,
  invalid,
  must,
  mustNotBeNull,
  newKey,
  type Open,
  plantExternal,
  plantHmac,
  plantKey,
  plantRsa,
  told,
  verdict,
} from './harness'
import { unknownCiphertextKey } from './identifiers'

export function decryption(open: Open): void {
  describe('Decrypt', () => {
    it('names the wrong key before that key’s usage and state', async () => {
      const kms = await open()
      const key = await newKey(kms)
      const CiphertextBlob = await seal(kms, key.KeyId)
      const others = [
        await newKey(kms),
        await plantKey(kms, { state: 'Disabled' }),
        await plantKey(kms, { state: 'PendingDeletion', deleteAtMs: kms.clock.ms + 1 }),
        await plantExternal(kms),
        await plantHmac(kms),
        await plantRsa(kms),
        await plantRsa(kms, { keyUsage: 'SIGN_VERIFY', state: 'Disabled' }),
      ]
      await checkRows(
        kms,
        others.flatMap(({ KeyId }, i) => [
          [`${i}`, 'Decrypt', { CiphertextBlob, KeyId }, incorrectKey] as const,
          [
            `${i}`,
            'ReEncrypt',
            { CiphertextBlob, SourceKeyId: KeyId, DestinationKeyId: key.KeyId },
            incorrectKey,
          ] as const,
        ]),
      )
    })

    it('parses the blob before it looks at the named key’s usage and state', async () => {
      const kms = await open()
      const rsa = await plantRsa(kms, { state: 'Disabled' })
      const hmac = await plantHmac(kms)
      const garbage = new Uint8Array(256).fill(9)
      await checkRows(kms, [
        [
          'RSA bytes, default algorithm',
          'Decrypt',
          { CiphertextBlob: garbage, KeyId: rsa.KeyId },
          'InvalidCiphertextException',
        ],
        ['an HMAC key', 'Decrypt', { CiphertextBlob: garbage, KeyId: hmac.KeyId }, 'InvalidCiphertextException'],
        ['no key', 'Decrypt', { CiphertextBlob: garbage }, 'InvalidCiphertextException'],
        [
          'RSA, named algorithm',
          'Decrypt',
          { CiphertextBlob: garbage, KeyId: rsa.KeyId, EncryptionAlgorithm: oaep },
          `DisabledException: ${rsa.arn} is disabled.`,
        ],
        [
          'HMAC, named algorithm',
          'Decrypt',
          { CiphertextBlob: garbage, KeyId: hmac.KeyId, EncryptionAlgorithm: oaep },
          wrongUsage(hmac, 'GENERATE_VERIFY_MAC', 'Decrypt'),
        ],
        [
          'OAEP without key',
          'Decrypt',
          { CiphertextBlob: garbage, EncryptionAlgorithm: oaep },
          'ValidationException: KeyId is required for this request.',
        ],
        ['nothing', 'Decrypt', {}, invalid(mustNotBeNull('ciphertextBlob'))],
        [
          'empty',
          'Decrypt',
          { CiphertextBlob: bytes() },
          invalid(
            "Value at 'ciphertextBlob' failed to satisfy constraint: Member must have length greater than or equal to 1",
          ),
        ],
        [
          '6145 bytes',
          'Decrypt',
          { CiphertextBlob: new Uint8Array(6145) },
          invalid(
            "Value at 'ciphertextBlob' failed to satisfy constraint: Member must have length less than or equal to 6144",
          ),
        ],
        [
          'an enclave',
          'Decrypt',
          {
            CiphertextBlob: garbage,
            Recipient: { KeyEncryptionAlgorithm: 'RSAES_OAEP_SHA_256', AttestationDocument: bytes(1) },
          },
          'UnsupportedOperationException: Recipient is not supported.',
        ],
      ])
    })

    it('minds the state of the blob’s key, named or not, and its algorithm after that', async () => {
      const kms = await open()
      const key = await newKey(kms)
      const CiphertextBlob = await seal(kms, key.KeyId)
      const rows = (expected: string) =>
        [{}, { KeyId: key.KeyId }].map(
          (named, i) => [`${i}`, 'Decrypt', { CiphertextBlob, ...named }, expected] as const,
        )
      await must(kms, 'DisableKey', { KeyId: key.KeyId })
      await checkRows(kms, rows(`DisabledException: ${key.arn} is disabled.`))
      await must(kms, 'ScheduleKeyDeletion', { KeyId: key.KeyId })
      await checkRows(kms, rows(pending(key, 'pending deletion')))
      await must(kms, 'CancelKeyDeletion', { KeyId: key.KeyId })
      await must(kms, 'EnableKey', { KeyId: key.KeyId })
      await checkRows(kms, rows('ok'))
      const input = { CiphertextBlob, KeyId: key.KeyId, EncryptionAlgorithm: oaep }
      expect(await verdict(kms, 'Decrypt', input)).toBe(incompatible(oaep, 'SYMMETRIC_DEFAULT'))
    })

    it('refuses every blob that differs in one bit or in its length, and says nothing', async () => {
      const kms = await open()
      const { KeyId } = await newKey(kms)
      const blob = await seal(kms, KeyId, {}, bytes(5))
      const opened: string[] = []
      const spoilt = [...spoiled(blob)].filter(([, candidate]) => candidate.length > 0)
      expect(spoilt.length).toBeGreaterThan(8 * 100)
      for (let from = 0; from < spoilt.length; from += 64) {
        const calls = spoilt.slice(from, from + 64).map(async ([what, CiphertextBlob]) => {
          const answer = told(await attempt(kms, 'Decrypt', { CiphertextBlob }))
          if (answer !== 'InvalidCiphertextException') opened.push(`${what}: ${answer}`)
        })
        await Promise.all(calls)
      }
      expect(opened).toEqual([])
      expect(await verdict(kms, 'Decrypt', { CiphertextBlob: blob })).toBe('ok')
      expect(kms.faults).toEqual([])
    })

    it('of an intact blob whose key is not here tells nothing about keys', async () => {
      const [kms, other] = [await open(), await open()]
      const here = await newKey(kms)
      const CiphertextBlob = await seal(other, (await newKey(other)).KeyId)
      await checkRows(kms, [
        ['unnamed', 'Decrypt', { CiphertextBlob }, unknownCiphertextKey],
        ['unnamed', 'ReEncrypt', { CiphertextBlob, DestinationKeyId: here.KeyId }, unknownCiphertextKey],
        ['named', 'Decrypt', { CiphertextBlob, KeyId: here.KeyId }, incorrectKey],
      ])
    })
  })

  describe('ReEncrypt', () => {
    it('moves a ciphertext to another key and context without showing it', async () => {
      const kms = await open()
      const [a, b] = [await newKey(kms), await newKey(kms)]
      const material = async (KeyId: string) =>
        (await must(kms, 'DescribeKey', { KeyId })).KeyMetadata.CurrentKeyMaterialId
      const CiphertextBlob = await seal(kms, a.KeyId, { from: '1' })
      for (const [SourceKeyId, target] of [
        [undefined, b],
        [a.arn, b],
        [a.KeyId, a],
      ] as const) {
        const moved = await must(kms, 'ReEncrypt', {
          CiphertextBlob,
          ...(SourceKeyId && { SourceKeyId }),
          SourceEncryptionContext: { from: '1' },
          DestinationKeyId: target.KeyId,
          DestinationEncryptionContext: { to: '2' },
        })
        expect(moved).toEqual({
          CiphertextBlob: expect.any(Uint8Array),
          SourceKeyId: a.arn,
          KeyId: target.arn,
          SourceEncryptionAlgorithm: 'SYMMETRIC_DEFAULT',
          DestinationEncryptionAlgorithm: 'SYMMETRIC_DEFAULT',
          SourceKeyMaterialId: await material(a.KeyId),
          DestinationKeyMaterialId: await material(target.KeyId),
        })
        const again = { CiphertextBlob: moved.CiphertextBlob, EncryptionContext: { to: '2' } }
        expect(await must(kms, 'Decrypt', again)).toMatchObject({ KeyId: target.arn, Plaintext: bytes(1, 2, 3) })
        expect(await verdict(kms, 'Decrypt', { CiphertextBlob: moved.CiphertextBlob })).toBe(
          'InvalidCiphertextException',
        )
      }
    })

    it('checks both halves, each under its own name', async () => {
      const kms = await open()
      const [a, b] = [await newKey(kms), await newKey(kms)]
      const hmac = await plantHmac(kms)
      const rsa = await plantRsa(kms)
      const external = await plantExternal(kms)
      const CiphertextBlob = await seal(kms, a.KeyId)
      const to = b.KeyId
      await checkRows(kms, [
        [
          'wrong context',
          'ReEncrypt',
          { CiphertextBlob, DestinationKeyId: to, SourceEncryptionContext: { a: 'b' } },
          'InvalidCiphertextException',
        ],
        ['garbage', 'ReEncrypt', { CiphertextBlob: bytes(1), DestinationKeyId: to }, 'InvalidCiphertextException'],
        [
          'garbage before an unknown destination',
          'ReEncrypt',
          { CiphertextBlob: bytes(1), DestinationKeyId: 'x' },
          'InvalidCiphertextException',
        ],
        [
          'source usage',
          'ReEncrypt',
          { CiphertextBlob, SourceKeyId: hmac.KeyId, SourceEncryptionAlgorithm: oaep, DestinationKeyId: to },
          wrongUsage(hmac, 'GENERATE_VERIFY_MAC', 'ReEncryptFrom'),
        ],
        [
          'destination usage',
          'ReEncrypt',
          { CiphertextBlob, DestinationKeyId: hmac.KeyId },
          wrongUsage(hmac, 'GENERATE_VERIFY_MAC', 'ReEncryptTo'),
        ],
        [
          'destination algorithm',
          'ReEncrypt',
          { CiphertextBlob, DestinationKeyId: rsa.KeyId },
          incompatible('SYMMETRIC_DEFAULT', 'RSA_2048'),
        ],
        [
          'destination without material',
          'ReEncrypt',
          { CiphertextBlob, DestinationKeyId: external.KeyId },
          pending(external, 'pending import'),
        ],
        [
          'unknown destination',
          'ReEncrypt',
          { CiphertextBlob, DestinationKeyId: 'x' },
          "NotFoundException: Invalid keyId 'x'",
        ],
        [
          'grant token',
          'ReEncrypt',
          { CiphertextBlob, DestinationKeyId: to, GrantTokens: ['a'] },
          'InvalidGrantTokenException: The grant token is not valid.',
        ],
        ['nothing', 'ReEncrypt', {}, invalid(mustNotBeNull('ciphertextBlob'), mustNotBeNull('destinationKeyId'))],
      ])
      await must(kms, 'DisableKey', { KeyId: b.KeyId })
      const refused = await attempt(kms, 'ReEncrypt', { CiphertextBlob, DestinationKeyId: to })
      expect(codeOf(refused)).toBe('DisabledException')
    })
  })
}
