import { describe, expect, it } from 'vitest'
import type { KeySpec, KeyUsageType } from '../../../src/model/generated/types'
import type { OperationName } from '../../../src/model/operations'
import { rootPrincipal, userPrincipal } from '../compose'
import {
  bytes,
  checkRows,
  invalid,
  must,
  mustNotBeNull,
  newKey,
  type Open,
  type Row,
  trail,
  verdict,
  watched,
} from './harness'

const would = 'DryRunOperationException: The request would have succeeded, but the DryRun option is set.'
const ignore = { DryRun: true, DryRunModifiers: ['IGNORE_CIPHERTEXT'] }

export function dryRun(open: Open): void {
  describe('DryRun', () => {
    const calls = (KeyId: string, CiphertextBlob: Uint8Array): [OperationName, object][] => [
      ['Encrypt', { KeyId, Plaintext: bytes(1) }],
      ['Decrypt', { CiphertextBlob }],
      ['ReEncrypt', { CiphertextBlob, DestinationKeyId: KeyId }],
      ['GenerateDataKey', { KeyId, KeySpec: 'AES_256' }],
      ['GenerateDataKeyWithoutPlaintext', { KeyId, KeySpec: 'AES_256' }],
    ]

    it('says that a call would have succeeded, and does nothing but record it', async () => {
      const kms = await open()
      const { KeyId } = await newKey(kms)
      const { CiphertextBlob } = await must(kms, 'Encrypt', { KeyId, Plaintext: bytes(1) })
      const usage = await must(kms, 'GetKeyLastUsage', { KeyId })
      kms.clock.ms += 1000
      const before = (await trail(kms)).length
      const { kms: seen, commits } = watched(kms)
      const rows = calls(KeyId, CiphertextBlob).map(
        ([operation, input]): Row => ['dry', operation, { ...input, DryRun: true }, would],
      )
      await checkRows(seen, rows)
      expect(commits.flatMap(({ changes }) => changes)).toEqual([])
      expect(commits.flatMap(({ appends }) => appends.map((one) => one.kind))).toEqual(rows.map(() => 'audit'))
      const entries = (await trail(kms)).slice(before)
      expect(entries.map(({ eventName, error, response }) => [eventName, error?.code, response])).toEqual(
        rows.map(([, operation]) => [operation, 'DryRunOperationException', null]),
      )
      expect(await must(kms, 'GetKeyLastUsage', { KeyId })).toEqual(usage)
      await checkRows(
        kms,
        calls(KeyId, CiphertextBlob).map(([operation, input]) => ['wet', operation, { ...input, DryRun: false }, 'ok']),
      )
    })

    it('says so of every kind of key, after the operation itself', async () => {
      const kms = await open()
      const made = async (KeySpec: KeySpec, KeyUsage: KeyUsageType) => (await newKey(kms, { KeySpec, KeyUsage })).KeyId
      const symmetric = (await newKey(kms)).KeyId
      const signer = await made('ECC_NIST_P256', 'SIGN_VERIFY')
      const mac = await made('HMAC_256', 'GENERATE_VERIFY_MAC')
      const peer = await made('ECC_NIST_P256', 'KEY_AGREEMENT')
      const rsa = await made('RSA_2048', 'ENCRYPT_DECRYPT')
      const Message = bytes(1)
      const signed = { KeyId: signer, Message, SigningAlgorithm: 'ECDSA_SHA_256' } as const
      const coded = { KeyId: mac, Message, MacAlgorithm: 'HMAC_SHA_256' } as const
      const agreed = { KeyId: peer, KeyAgreementAlgorithm: 'ECDH' } as const
      const block = { KeyId: rsa, EncryptionAlgorithm: 'RSAES_OAEP_SHA_256' } as const
      const { Signature } = await must(kms, 'Sign', signed)
      const { Mac } = await must(kms, 'GenerateMac', coded)
      const { PublicKey } = await must(kms, 'GetPublicKey', { KeyId: peer })
      const { CiphertextBlob } = await must(kms, 'Encrypt', { ...block, Plaintext: bytes(1) })
      kms.clock.ms += 1000
      const dry = (operation: OperationName, input: object, expected = would, what = 'dry'): Row => [
        what,
        operation,
        { ...input, DryRun: true },
        expected,
      ]
      const { kms: seen, commits } = watched(kms)
      const rows = [
        dry('Sign', signed),
        dry('Verify', { ...signed, Signature }),
        dry('Verify', { ...signed, Signature: bytes(1) }, 'KMSInvalidSignatureException', 'wrong'),
        dry('GenerateMac', coded),
        dry('VerifyMac', { ...coded, Mac }),
        dry('VerifyMac', { ...coded, Mac: bytes(1) }, 'KMSInvalidMacException', 'wrong'),
        dry('DeriveSharedSecret', { ...agreed, PublicKey }),
        dry('DeriveSharedSecret', { ...agreed, PublicKey: bytes(1) }, 'ValidationException', 'wrong'),
        dry('Encrypt', { ...block, Plaintext: bytes(1) }),
        dry('Decrypt', { ...block, CiphertextBlob }),
        dry('Decrypt', { ...block, CiphertextBlob: bytes(1) }, 'InvalidCiphertextException', 'wrong'),
        dry('GenerateDataKeyPair', { KeyId: symmetric, KeyPairSpec: 'RSA_4096' }),
        dry('GenerateDataKeyPairWithoutPlaintext', { KeyId: symmetric, KeyPairSpec: 'ECC_NIST_P256' }),
      ]
      if (kms.crypto.supports('ML_KEM_768', 'ENCAPSULATE_DECAPSULATE')) {
        const kem = {
          KeyId: await made('ML_KEM_768', 'ENCAPSULATE_DECAPSULATE'),
          EncapsulationAlgorithm: 'ML_KEM',
        } as const
        const { SharedSecretCiphertextBlob } = await must(kms, 'Encapsulate', kem)
        const wrong = { ...kem, SharedSecretCiphertextBlob: bytes(1) }
        rows.push(
          dry('Encapsulate', kem),
          dry('Decapsulate', { ...kem, SharedSecretCiphertextBlob }),
          dry('Decapsulate', wrong, 'InvalidCiphertextException', 'wrong'),
        )
      }
      await checkRows(seen, rows)
      expect(commits.flatMap(({ changes }) => changes)).toEqual([])
      expect(commits.flatMap(({ appends }) => appends.map((one) => one.kind))).toEqual(rows.map(() => 'audit'))
    })

    it('gives every other error as it is', async () => {
      const kms = await open()
      const { KeyId, arn } = await newKey(kms)
      const { CiphertextBlob } = await must(kms, 'Encrypt', { KeyId, Plaintext: bytes(1) })
      const spoilt = Uint8Array.from(CiphertextBlob, (byte, i) => (i === CiphertextBlob.length - 1 ? byte ^ 1 : byte))
      await checkRows(kms, [
        ['bad blob', 'Decrypt', { CiphertextBlob: spoilt, DryRun: true }, 'InvalidCiphertextException'],
        [
          'bad blob',
          'ReEncrypt',
          { CiphertextBlob: spoilt, DestinationKeyId: KeyId, DryRun: true },
          'InvalidCiphertextException',
        ],
        [
          'unknown key',
          'Encrypt',
          { KeyId: 'x', Plaintext: bytes(1), DryRun: true },
          "NotFoundException: Invalid keyId 'x'",
        ],
      ])
      kms.users.set('nobody', {})
      const nobody = userPrincipal('nobody')
      expect(await verdict(kms, 'Encrypt', { KeyId, Plaintext: bytes(1), DryRun: true }, nobody)).toMatch(
        /^AccessDenied/,
      )
      await must(kms, 'DisableKey', { KeyId })
      const disabled = `DisabledException: ${arn} is disabled.`
      await checkRows(
        kms,
        calls(KeyId, CiphertextBlob).map(([operation, input]) => [
          'disabled',
          operation,
          { ...input, DryRun: true },
          disabled,
        ]),
        rootPrincipal,
      )
    })

    it('goes without a ciphertext when asked to', async () => {
      const kms = await open()
      const [{ KeyId, arn }, other] = [await newKey(kms), await newKey(kms)]
      const noKey = 'ValidationException: KeyId is required for this request.'
      await checkRows(kms, [
        ['named', 'Decrypt', { KeyId, ...ignore }, would],
        ['unnamed', 'Decrypt', ignore, noKey],
        ['a ciphertext is ignored', 'Decrypt', { KeyId, CiphertextBlob: bytes(1), ...ignore }, would],
        ['named', 'ReEncrypt', { SourceKeyId: KeyId, DestinationKeyId: other.KeyId, ...ignore }, would],
        ['unnamed', 'ReEncrypt', { DestinationKeyId: other.KeyId, ...ignore }, noKey],
        [
          'unknown destination',
          'ReEncrypt',
          { SourceKeyId: KeyId, DestinationKeyId: 'x', ...ignore },
          "NotFoundException: Invalid keyId 'x'",
        ],
        ['not dry', 'Decrypt', { KeyId, ...ignore, DryRun: false }, invalid(mustNotBeNull('ciphertextBlob'))],
        ['not modified', 'Decrypt', { KeyId, DryRun: true }, invalid(mustNotBeNull('ciphertextBlob'))],
        [
          'not dry',
          'ReEncrypt',
          { DestinationKeyId: KeyId, DryRunModifiers: ignore.DryRunModifiers },
          invalid(mustNotBeNull('ciphertextBlob')),
        ],
      ])
      await must(kms, 'DisableKey', { KeyId })
      expect(await verdict(kms, 'Decrypt', { KeyId, ...ignore })).toBe(`DisabledException: ${arn} is disabled.`)
    })
  })
}
