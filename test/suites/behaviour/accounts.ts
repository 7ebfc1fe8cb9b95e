import { describe, expect, it } from 'vitest'
import { type OperationName, operationNames, operations } from '../../../src/model/operations'
import type { Principal } from '../../../src/policy/principal'
import {
  aliasArnOf,
  arnOf,
  attempt,
  bytes,
  codeOf,
  must,
  newKey,
  type Open,
  plantHmac,
  unknownId,
  verdict,
} from './harness'
import { unknownCiphertextKey } from './identifiers'
import {
  absentOrDenied,
  admit,
  carol,
  carolArn,
  encryptedBy,
  identityPolicy,
  neighbours,
  rootArnOf,
  sharedKey,
  theirId,
  theirRoot,
  withoutPermission,
} from './neighbours'

const Plaintext = bytes(1, 2, 3)
const deny = { Effect: 'Deny', Action: 'kms:Encrypt' }

type Expected = 'ok' | 'absent' | 'identity'

/** Encrypt by carol: statements of the key policy, her own policy, whoever asks, and what becomes of it. */
const rows: readonly (readonly [
  what: string,
  statements: object[],
  policy: string | undefined,
  expected: Expected,
  caller?: Principal,
])[] = [
  ['neither side', [], undefined, 'absent'],
  ['her side alone', [], identityPolicy(), 'absent'],
  ['her account admitted, not she', [admit(rootArnOf(theirId))], undefined, 'identity'],
  ['her account admitted, and she', [admit(rootArnOf(theirId))], identityPolicy(), 'ok'],
  ['her account by number, and she', [admit(theirId)], identityPolicy(), 'ok'],
  ['named, without permission', [admit(carolArn)], undefined, 'identity'],
  ['named, with permission', [admit(carolArn)], identityPolicy(), 'ok'],
  ['everybody, without permission', [admit('*')], undefined, 'identity'],
  ['everybody, with permission', [admit('*')], identityPolicy(), 'ok'],
  [
    'permission for other keys',
    [admit(carolArn)],
    identityPolicy({ Resource: `arn:aws:kms:*:${theirId}:key/*` }),
    'identity',
  ],
  [
    'permission for this account',
    [admit(carolArn)],
    identityPolicy({ Resource: 'arn:aws:kms:*:111122223333:key/*' }),
    'ok',
  ],
  ['admitted for another action', [admit(carolArn, { Action: 'kms:Decrypt' })], identityPolicy(), 'absent'],
  ['denied by the key', [admit(carolArn), admit('*', deny)], identityPolicy(), 'absent'],
  ['denied by the key, through the account', [admit(carolArn), admit(theirId, deny)], identityPolicy(), 'absent'],
  ['her root user, admitted', [admit(theirId)], undefined, 'ok', theirRoot],
  ['her root user, not admitted', [], undefined, 'absent', theirRoot],
  ['another account admitted', [admit('777788889999')], identityPolicy(), 'absent'],
]

const tags = { Tags: [{ TagKey: 'a', TagValue: 'b' }] }
const RSA = 'RSAES_OAEP_SHA_256'

/** A good request of each operation that is about a key; those of no key are the same for every key. */
const requests = (KeyId: string, CiphertextBlob: Bytes, own: string): { readonly [N in OperationName]?: object } => ({
  CancelKeyDeletion: { KeyId },
  CreateAlias: { AliasName: 'alias/new', TargetKeyId: KeyId },
  CreateGrant: { KeyId, GranteePrincipal: carolArn, Operations: ['Encrypt'] },
  CreateKey: {},
  Decapsulate: { KeyId, EncapsulationAlgorithm: 'ML_KEM', SharedSecretCiphertextBlob: CiphertextBlob },
  Decrypt: { KeyId, CiphertextBlob },
  DeleteAlias: { AliasName: 'alias/a' },
  DeleteImportedKeyMaterial: { KeyId },
  DeriveSharedSecret: { KeyId, KeyAgreementAlgorithm: 'ECDH', PublicKey: CiphertextBlob },
  DescribeKey: { KeyId },
  DisableKey: { KeyId },
  DisableKeyRotation: { KeyId },
  EnableKey: { KeyId },
  EnableKeyRotation: { KeyId },
  Encapsulate: { KeyId, EncapsulationAlgorithm: 'ML_KEM' },
  Encrypt: { KeyId, Plaintext },
  GenerateDataKey: { KeyId },
  GenerateDataKeyPair: { KeyId, KeyPairSpec: 'ECC_NIST_P256' },
  GenerateDataKeyPairWithoutPlaintext: { KeyId, KeyPairSpec: 'ECC_NIST_P256' },
  GenerateDataKeyWithoutPlaintext: { KeyId },
  GenerateMac: { KeyId, Message: Plaintext, MacAlgorithm: 'HMAC_SHA_256' },
  GenerateRandom: { NumberOfBytes: 1 },
  GetKeyLastUsage: { KeyId },
  GetKeyPolicy: { KeyId },
  GetKeyRotationStatus: { KeyId },
  GetParametersForImport: { KeyId, WrappingAlgorithm: RSA, WrappingKeySpec: 'RSA_2048' },
  GetPublicKey: { KeyId },
  ImportKeyMaterial: { KeyId, ImportToken: Plaintext, EncryptedKeyMaterial: Plaintext },
  ListAliases: { KeyId },
  ListGrants: { KeyId },
  ListKeyPolicies: { KeyId },
  ListKeyRotations: { KeyId },
  ListKeys: {},
  ListResourceTags: { KeyId },
  ListRetirableGrants: { RetiringPrincipal: carolArn },
  PutKeyPolicy: { KeyId, Policy: 'x' },
  ReEncrypt: { SourceKeyId: KeyId, CiphertextBlob, DestinationKeyId: own },
  RetireGrant: { KeyId, GrantId: 'a'.repeat(64) },
  RevokeGrant: { KeyId, GrantId: 'a'.repeat(64) },
  RotateKeyOnDemand: { KeyId },
  ScheduleKeyDeletion: { KeyId },
  Sign: { KeyId, Message: Plaintext, SigningAlgorithm: 'ECDSA_SHA_256' },
  TagResource: { KeyId, ...tags },
  UntagResource: { KeyId, TagKeys: ['a'] },
  UpdateAlias: { AliasName: 'alias/a', TargetKeyId: KeyId },
  UpdateKeyDescription: { KeyId, Description: 'x' },
  Verify: { KeyId, Message: Plaintext, Signature: Plaintext, SigningAlgorithm: 'ECDSA_SHA_256' },
  VerifyMac: { KeyId, Message: Plaintext, Mac: Plaintext, MacAlgorithm: 'HMAC_SHA_256' },
})

/** Operations that this service does not have, for anybody. */
const notHere = /CustomKeyStore|ReplicateKey|UpdatePrimaryRegion/

const actionOf = (operation: OperationName) => (operation === 'ReEncrypt' ? 'ReEncryptFrom' : operation)

export function accounts(open: Open): void {
  describe('callers of other accounts', () => {
    it('need both sides', async () => {
      const { ours, directory } = await neighbours(open)
      const [found, wanted]: [Record<string, string>, Record<string, string>] = [{}, {}]
      for (const [what, statements, policy, expected, caller = carol] of rows) {
        directory.add(carol, { policies: policy === undefined ? {} : { p: policy } })
        const { arn } = await sharedKey(ours, ...statements)
        const texts = {
          ok: 'ok',
          absent: absentOrDenied('Encrypt', caller === carol ? carolArn : rootArnOf(theirId)),
          identity: withoutPermission('Encrypt', arn),
        }
        wanted[what] = texts[expected]
        found[what] = await verdict(ours, 'Encrypt', { KeyId: arn, Plaintext }, caller)
      }
      expect(found).toEqual(wanted)
    })

    it('need nothing but a grant where they have one', async () => {
      const { ours } = await neighbours(open)
      const { arn } = await newKey(ours)
      const ask = () => verdict(ours, 'Encrypt', { KeyId: arn, Plaintext }, carol)
      expect(await ask()).toBe(absentOrDenied('Encrypt'))
      const grant = { KeyId: arn, GranteePrincipal: carolArn, Operations: ['Encrypt' as const] }
      const { GrantId, GrantToken } = await must(ours, 'CreateGrant', grant)
      expect(await ask()).toBe('ok')
      expect(await verdict(ours, 'Encrypt', { KeyId: arn, Plaintext, GrantTokens: [GrantToken] }, carol)).toBe('ok')
      expect(await verdict(ours, 'RetireGrant', { KeyId: arn, GrantId }, carol)).toBe(absentOrDenied('RetireGrant'))
      await must(ours, 'RevokeGrant', { KeyId: arn, GrantId })
      expect(await ask()).toBe(absentOrDenied('Encrypt'))
    })

    it('see of a key that is not theirs to use what they see of none, whatever they send', async () => {
      const { ours, theirs } = await neighbours(open, { p: identityPolicy() })
      const { KeyId, arn } = await newKey(ours)
      await must(ours, 'CreateAlias', { AliasName: 'alias/a', TargetKeyId: KeyId })
      const hmac = await plantHmac(ours)
      const own = await newKey(theirs)
      const blobs = [
        await encryptedBy(ours, KeyId, Plaintext),
        await encryptedBy(theirs, own.KeyId, Plaintext),
        bytes(1),
      ]
      const more = [{}, { GrantTokens: ['AQpA'] }, { DryRun: true }]
      for (const blob of blobs) {
        for (const KeyId of [arn, hmac.arn, arnOf(unknownId), aliasArnOf('alias/a'), aliasArnOf('alias/b')]) {
          const isAlias = KeyId.includes(':alias/')
          for (const [name, input] of Object.entries(requests(KeyId, blob, own.arn))) {
            const operation = name as OperationName
            const aliasFails =
              isAlias && !/^(Enc|Dec|Re|Generate|Sign|Verify|Derive|DescribeKey|GetPublicKey)/.test(name)
            if (aliasFails || (name === 'RetireGrant' && isAlias) || (name === 'RevokeGrant' && isAlias)) continue
            for (const over of blob === blobs[0] ? more : [{}]) {
              const said = await verdict(ours, operation, { ...input, ...over }, carol)
              expect(said, `${name} ${KeyId} ${JSON.stringify(over)}`).toBe(absentOrDenied(actionOf(operation)))
            }
          }
        }
      }
      for (const CiphertextBlob of blobs.slice(0, 2)) {
        for (const DestinationKeyId of [arn, arnOf(unknownId), own.arn]) {
          expect(await verdict(ours, 'ReEncrypt', { CiphertextBlob, DestinationKeyId }, carol)).toBe(
            unknownCiphertextKey,
          )
        }
        expect(await verdict(ours, 'Decrypt', { CiphertextBlob }, carol)).toBe(unknownCiphertextKey)
      }
      expect(ours.faults).toEqual([])
    })

    it('are refused every operation that stays at home, even where a key admits everybody', async () => {
      const { ours } = await neighbours(open, { p: identityPolicy() })
      const { arn, KeyId } = await sharedKey(ours, admit('*'))
      await must(ours, 'CreateAlias', { AliasName: 'alias/a', TargetKeyId: KeyId })
      const blob = await encryptedBy(ours, KeyId, Plaintext)
      const asked = requests(arn, blob, arn)
      expect(operationNames.filter((name) => !(name in asked) && !notHere.test(name))).toEqual([])
      const passed: string[] = []
      for (const [name, input] of Object.entries(asked)) {
        const operation = name as OperationName
        const result = await attempt(ours, operation, input, carol)
        if (operations[operation].crossAccount !== 'yes') {
          expect(await verdict(ours, operation, input, carol), name).toBe(absentOrDenied(name))
        } else if (codeOf(result) !== 'AccessDeniedException') passed.push(name)
      }
      const abroad = operationNames.filter((name) => operations[name].crossAccount === 'yes')
      expect(passed.sort()).toEqual(abroad.filter((name) => name !== 'RetireGrant').sort())
      expect((await must(ours, 'DescribeKey', { KeyId })).KeyMetadata.KeyState).toBe('Enabled')
    })

    it('do not mean keys of this account by bare ids and names', async () => {
      const { ours } = await neighbours(open, { p: identityPolicy() })
      const { arn, KeyId } = await sharedKey(ours, admit('*'))
      await must(ours, 'CreateAlias', { AliasName: 'alias/a', TargetKeyId: KeyId })
      const ask = (given: string) => verdict(ours, 'DescribeKey', { KeyId: given }, carol)
      for (const given of [KeyId, unknownId, 'alias/a', 'alias/b', 'x'])
        expect(await ask(given), given).toBe(absentOrDenied('DescribeKey'))
      expect(await ask(arn)).toBe('ok')
      expect(await ask(aliasArnOf('alias/a'))).toBe('ok')
      expect(await ask(arn.replace('eu-west-1', 'us-east-1'))).toBe('NotFoundException: Invalid arn us-east-1')
    })

    it('decrypt by ciphertext alone where both sides allow', async () => {
      const { ours, directory } = await neighbours(open)
      const shared = await sharedKey(ours, admit(theirId))
      const kept = await newKey(ours)
      const [CiphertextBlob, closed] = [
        await encryptedBy(ours, shared.KeyId, Plaintext),
        await encryptedBy(ours, kept.KeyId, Plaintext),
      ]
      const ask = (blob: Bytes) => attempt(ours, 'Decrypt', { CiphertextBlob: blob }, carol)
      expect(await verdict(ours, 'Decrypt', { CiphertextBlob }, carol)).toBe(unknownCiphertextKey)
      directory.add(carol, { policies: { p: identityPolicy() } })
      expect(await ask(CiphertextBlob)).toMatchObject({ ok: true, output: { KeyId: shared.arn, Plaintext } })
      expect(await verdict(ours, 'Decrypt', { CiphertextBlob: closed }, carol)).toBe(unknownCiphertextKey) // Who may use the key hears what is wrong with the ciphertext.
      const named = (blob: Bytes) => verdict(ours, 'Decrypt', { CiphertextBlob: blob, KeyId: shared.arn }, carol)
      expect(await named(CiphertextBlob)).toBe('ok')
      expect(await named(closed)).toMatch(/^IncorrectKeyException/)
      expect(await named(bytes(1))).toBe('InvalidCiphertextException')
    })
  })
}
