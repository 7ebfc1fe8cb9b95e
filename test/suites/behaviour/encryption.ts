import { describe, expect, it } from 'vitest'
import type { TestKms } from '../compose'
import {
  bytes,
  checkRows,
  invalid,
  must,
  mustNotBeNull,
  newKey,
  type Open,
  plantHmac,
  plantRsa,
  range,
  type TestKey,
  unknownId,
  verdict,
} from './harness'

export type Context = Record<string, string>
export const incorrectKey =
  'IncorrectKeyException: The key ID in the request does not identify a CMK that can perform this operation.'
export const wrongUsage = (key: TestKey, usage: string, operation: string) =>
  `InvalidKeyUsageException: ${key.arn} key usage is ${usage} which is not valid for ${operation}.`
export const incompatible = (algorithm: string, spec: string) =>
  `InvalidKeyUsageException: Algorithm ${algorithm} is incompatible with key spec ${spec}.`
export const pending = (key: TestKey, words: string) => `KMSInvalidStateException: ${key.arn} is ${words}.`
export const oaep = 'RSAES_OAEP_SHA_256'

export const seal = async (kms: TestKms, KeyId: string, EncryptionContext: Context = {}, Plaintext = bytes(1, 2, 3)) =>
  (await must(kms, 'Encrypt', { KeyId, Plaintext, EncryptionContext })).CiphertextBlob

export function encryption(open: Open): void {
  describe('Encrypt and Decrypt', () => {
    it('are each other’s inverse, and say by which key and material', async () => {
      const kms = await open()
      const { KeyMetadata } = await must(kms, 'CreateKey', {})
      const { KeyId = '', Arn = '', CurrentKeyMaterialId } = KeyMetadata
      for (const Plaintext of [bytes(0), bytes(...range(256)), new Uint8Array(4096).fill(7)]) {
        const sealed = await must(kms, 'Encrypt', { KeyId, Plaintext, EncryptionContext: { a: 'b' } })
        expect(sealed).toEqual({
          CiphertextBlob: expect.any(Uint8Array),
          KeyId: Arn,
          EncryptionAlgorithm: 'SYMMETRIC_DEFAULT',
        })
        const opened = {
          KeyId: Arn,
          Plaintext,
          EncryptionAlgorithm: 'SYMMETRIC_DEFAULT',
          KeyMaterialId: CurrentKeyMaterialId,
        }
        for (const named of [{}, { KeyId }]) {
          const input = { CiphertextBlob: sealed.CiphertextBlob, EncryptionContext: { a: 'b' }, ...named }
          expect(await must(kms, 'Decrypt', input)).toEqual(opened)
        }
      }
      expect(await seal(kms, KeyId)).not.toEqual(await seal(kms, KeyId))
    })

    const same: [what: string, sealed: Context | undefined, opened: Context | undefined][] = [
      ['none and empty', undefined, {}],
      ['empty and none', {}, undefined],
      ['any order', { a: '1', b: '2' }, { b: '2', a: '1' }],
      ['__proto__', JSON.parse('{"__proto__":"x"}') as Context, JSON.parse('{"__proto__":"x"}') as Context],
      ['empty texts', { '': '' }, { '': '' }],
      ['beyond the BMP', { '\u{1f511}': '\uffff' }, { '\u{1f511}': '\uffff' }],
    ]
    const different: [what: string, sealed: Context, opened: Context][] = [
      ['moved boundary', { ab: 'c' }, { a: 'bc' }],
      ['and back', { a: 'bc' }, { ab: 'c' }],
      ['case of a name', { a: 'b' }, { A: 'b' }],
      ['case of a value', { a: 'b' }, { a: 'B' }],
      ['absent', { a: 'b' }, {}],
      ['unasked', {}, { a: 'b' }],
      ['empty pair', {}, { '': '' }],
      ['one more', { a: 'b' }, { a: 'b', c: 'd' }],
      ['swapped', { a: 'b', c: 'd' }, { a: 'd', c: 'b' }],
      ['__proto__', {}, JSON.parse('{"__proto__":"x"}') as Context],
      ['another normal form', { é: 'x' }, { 'e\u0301': 'x' }],
    ]

    it('mind each pair of the context, and nothing else of it', async () => {
      const kms = await open()
      const { KeyId } = await newKey(kms)
      for (const [what, sealed, opened] of same) {
        const input = { KeyId, Plaintext: bytes(1), ...(sealed && { EncryptionContext: sealed }) }
        const { CiphertextBlob } = await must(kms, 'Encrypt', input)
        const asked = { CiphertextBlob, ...(opened && { EncryptionContext: opened }) }
        expect(await verdict(kms, 'Decrypt', asked), what).toBe('ok')
      }
      for (const [what, sealed, opened] of different) {
        const CiphertextBlob = await seal(kms, KeyId, sealed)
        const asked = { CiphertextBlob, EncryptionContext: opened }
        expect(await verdict(kms, 'Decrypt', asked), what).toBe('InvalidCiphertextException')
      }
    })

    it('check usage, then state, then algorithm, then the rest', async () => {
      const kms = await open()
      const key = await newKey(kms)
      const hmac = await plantHmac(kms, { state: 'Disabled' })
      const signing = await plantRsa(kms, {
        keyUsage: 'SIGN_VERIFY',
        state: 'PendingDeletion',
        deleteAtMs: kms.clock.ms + 1,
      })
      const rsa = await plantRsa(kms)
      const disabledRsa = await plantRsa(kms, { state: 'Disabled' })
      const Plaintext = bytes(1)
      const tooLong = { a: 'x'.repeat(20_000) }
      const notLong = 'Member must have length greater than or equal to 1'
      const notShort = 'Member must have length less than or equal to 4096'
      const problem = (constraint: string) => `Value at 'plaintext' failed to satisfy constraint: ${constraint}`
      await checkRows(kms, [
        [
          'disabled HMAC key',
          'Encrypt',
          { KeyId: hmac.KeyId, Plaintext },
          wrongUsage(hmac, 'GENERATE_VERIFY_MAC', 'Encrypt'),
        ],
        [
          'deleted signing key',
          'Encrypt',
          { KeyId: signing.KeyId, Plaintext },
          wrongUsage(signing, 'SIGN_VERIFY', 'Encrypt'),
        ],
        [
          'disabled RSA key',
          'Encrypt',
          { KeyId: disabledRsa.KeyId, Plaintext },
          `DisabledException: ${disabledRsa.arn} is disabled.`,
        ],
        [
          'RSA key, no algorithm',
          'Encrypt',
          { KeyId: rsa.KeyId, Plaintext },
          incompatible('SYMMETRIC_DEFAULT', 'RSA_2048'),
        ],
        [
          'OAEP',
          'Encrypt',
          { KeyId: key.KeyId, Plaintext, EncryptionAlgorithm: oaep },
          incompatible(oaep, 'SYMMETRIC_DEFAULT'),
        ],
        [
          'a grant token',
          'Encrypt',
          { KeyId: key.KeyId, Plaintext, GrantTokens: ['AQpA'] },
          'InvalidGrantTokenException: The grant token is not valid.',
        ],
        [
          'a grant token, disabled HMAC key',
          'Encrypt',
          { KeyId: hmac.KeyId, Plaintext, GrantTokens: ['AQpA'] },
          'InvalidGrantTokenException: The grant token is not valid.',
        ],
        ['empty', 'Encrypt', { KeyId: key.KeyId, Plaintext: bytes() }, invalid(problem(notLong))],
        ['4097 bytes', 'Encrypt', { KeyId: unknownId, Plaintext: new Uint8Array(4097) }, invalid(problem(notShort))],
        ['nothing', 'Encrypt', {}, invalid(mustNotBeNull('keyId'), problem('Member must not be null'))],
        [
          'algorithm in other case',
          'Encrypt',
          { KeyId: key.KeyId, Plaintext, EncryptionAlgorithm: 'symmetric_default' },
          invalid(
            "Value 'symmetric_default' at 'encryptionAlgorithm' failed to satisfy constraint: Member must satisfy enum value set: [RSAES_OAEP_SHA_1, RSAES_OAEP_SHA_256, SM2PKE, SYMMETRIC_DEFAULT]",
          ),
        ],
        [
          'a context without end',
          'Encrypt',
          { KeyId: key.KeyId, Plaintext, EncryptionContext: tooLong },
          expect.stringMatching(
            /^ValidationException: EncryptionContext must not be longer than \d+ bytes\.$/,
          ) as unknown as string,
        ],
        [
          'a context without end',
          'Decrypt',
          { CiphertextBlob: await seal(kms, key.KeyId), EncryptionContext: tooLong },
          expect.stringMatching(/^ValidationException: EncryptionContext/) as unknown as string,
        ],
      ])
    })
  })
}
