import { describe, expect, it } from 'vitest'
import type { KeySpec, MacAlgorithmSpec } from '../../../src/model/generated/types'
import { incompatible, wrongUsage } from './encryption'
import { bytes, checkRows, invalid, must, newKey, type Open, plantKey, unknownId, verdict } from './harness'

const kinds: readonly (readonly [KeySpec, MacAlgorithmSpec, macBytes: number])[] = [
  ['HMAC_224', 'HMAC_SHA_224', 28],
  ['HMAC_256', 'HMAC_SHA_256', 32],
  ['HMAC_384', 'HMAC_SHA_384', 48],
  ['HMAC_512', 'HMAC_SHA_512', 64],
]
const Message = bytes(1, 2, 3)
const MacAlgorithm = 'HMAC_SHA_256'

export function macs(open: Open): void {
  describe('GenerateMac and VerifyMac', () => {
    it.each(kinds)('%s agree, and nothing else verifies', async (KeySpec, algorithm, macBytes) => {
      const kms = await open()
      if (!kms.crypto.supports(KeySpec, 'GENERATE_VERIFY_MAC')) return
      const { KeyId, arn } = await newKey(kms, { KeySpec, KeyUsage: 'GENERATE_VERIFY_MAC' })
      const other = await newKey(kms, { KeySpec, KeyUsage: 'GENERATE_VERIFY_MAC' })
      const asked = { KeyId, MacAlgorithm: algorithm }
      for (const message of [bytes(0), Message, new Uint8Array(4096).fill(9)]) {
        const made = await must(kms, 'GenerateMac', { ...asked, Message: message })
        expect(made).toEqual({ KeyId: arn, Mac: made.Mac, MacAlgorithm: algorithm })
        expect(made.Mac).toHaveLength(macBytes)
        expect(await must(kms, 'GenerateMac', { ...asked, Message: message })).toEqual(made)
        expect(await must(kms, 'VerifyMac', { ...asked, Message: message, Mac: made.Mac })).toEqual({
          KeyId: arn,
          MacValid: true,
          MacAlgorithm: algorithm,
        })
      }
      const { Mac } = await must(kms, 'GenerateMac', { ...asked, Message })
      const refused = 'KMSInvalidMacException'
      const wrong: [what: string, mac: Uint8Array][] = [
        ...[...Mac.keys()].map((at): [string, Uint8Array] => [
          `byte ${at}`,
          Mac.map((byte, i) => (i === at ? byte ^ 1 : byte)),
        ]),
        ['shorter', Mac.slice(0, -1)],
        ['longer', bytes(...Mac, 0)],
        ['one byte', Mac.slice(0, 1)],
        ['as long as may be', new Uint8Array(6144)],
      ]
      await checkRows(kms, [
        ...wrong.map(([what, mac]) => [what, 'VerifyMac', { ...asked, Message, Mac: mac }, refused] as const),
        ['another message', 'VerifyMac', { ...asked, Message: bytes(1, 2, 4), Mac }, refused],
        ['another key', 'VerifyMac', { KeyId: other.KeyId, MacAlgorithm: algorithm, Message, Mac }, refused],
        ['itself', 'VerifyMac', { ...asked, Message, Mac }, 'ok'],
      ])
    })

    it('check usage, state, algorithm; lengths before any look-up', async () => {
      const kms = await open()
      const key = await newKey(kms, { KeySpec: 'HMAC_256', KeyUsage: 'GENERATE_VERIFY_MAC' })
      const signing = await plantKey(kms, { keySpec: 'ECC_NIST_P256', keyUsage: 'SIGN_VERIFY', state: 'Disabled' })
      const disabled = await plantKey(kms, {
        keySpec: 'HMAC_256',
        keyUsage: 'GENERATE_VERIFY_MAC',
        state: 'Disabled',
      })
      const length = (member: string, bound: string) =>
        invalid(`Value at '${member}' failed to satisfy constraint: Member must have length ${bound}`)
      for (const operation of ['GenerateMac', 'VerifyMac'] as const) {
        const rest = operation === 'VerifyMac' ? { Mac: bytes(1) } : {}
        const asked = (KeyId: string, over: object = {}) => ({ KeyId, Message, MacAlgorithm, ...rest, ...over })
        await checkRows(kms, [
          ['disabled signing key', operation, asked(signing.KeyId), wrongUsage(signing, 'SIGN_VERIFY', operation)],
          [
            'disabled, other algorithm',
            operation,
            asked(disabled.KeyId, { MacAlgorithm: 'HMAC_SHA_512' }),
            `DisabledException: ${disabled.arn} is disabled.`,
          ],
          [
            'other algorithm',
            operation,
            asked(key.KeyId, { MacAlgorithm: 'HMAC_SHA_512' }),
            incompatible('HMAC_SHA_512', 'HMAC_256'),
          ],
          [
            'no message',
            operation,
            asked(unknownId, { Message: bytes() }),
            length('message', 'greater than or equal to 1'),
          ],
          [
            '4097 bytes',
            operation,
            asked(unknownId, { Message: new Uint8Array(4097) }),
            length('message', 'less than or equal to 4096'),
          ],
        ])
      }
      const Mac = new Uint8Array(6145)
      expect(await verdict(kms, 'VerifyMac', { KeyId: key.KeyId, Message, MacAlgorithm, Mac })).toBe(
        length('mac', 'less than or equal to 6144'),
      )
    })
  })
}
