import { describe, expect, it } from 'vitest'
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
