import { describe, expect, it } from 'vitest'
import { blobLayout, encodeBlobPrefix } from '../../../src/codec/ciphertext-blob'
import type { KeySpec, KeyUsageType } from '../../../src/model/generated/types'
import type { OperationName } from '../../../src/model/operations'
import { defaultKeyPolicy } from '../../../src/policy/key-policy'
import { accountId, type TestKms } from '../compose'
import { aliasArnOf, bytes, must, newKey, type Open, plantExternal, type TestKey, verdict } from './harness'

const states = ['Enabled', 'Disabled', 'PendingDeletion', 'PendingImport'] as const
type State = (typeof states)[number]
type Word = 'ok' | 'dis' | 'del' | 'imp' | 'npd' | 'ori'

/** behaviours 5.3, column by column: Enabled, Disabled, PendingDeletion, PendingImport. */
const table: readonly (readonly [OperationName, Word, Word, Word, Word])[] = [
  ['CancelKeyDeletion', 'npd', 'npd', 'ok', 'npd'],
  ['CreateAlias', 'ok', 'ok', 'del', 'ok'],
  ['UpdateAlias', 'ok', 'ok', 'del', 'ok'],
  ['DeleteAlias', 'ok', 'ok', 'ok', 'ok'],
  ['ListAliases', 'ok', 'ok', 'ok', 'ok'],
  ['Encrypt', 'ok', 'dis', 'del', 'imp'],
  ['Decrypt', 'ok', 'dis', 'del', 'imp'],
  ['ReEncrypt', 'ok', 'dis', 'del', 'imp'],
  ['GenerateDataKey', 'ok', 'dis', 'del', 'imp'],
  ['GenerateDataKeyWithoutPlaintext', 'ok', 'dis', 'del', 'imp'],
  ['GenerateDataKeyPair', 'ok', 'dis', 'del', 'imp'],
  ['GenerateDataKeyPairWithoutPlaintext', 'ok', 'dis', 'del', 'imp'],
  ['Sign', 'ok', 'dis', 'del', 'imp'],
  ['Verify', 'ok', 'dis', 'del', 'imp'],
  ['GenerateMac', 'ok', 'dis', 'del', 'imp'],
  ['VerifyMac', 'ok', 'dis', 'del', 'imp'],
  ['DeriveSharedSecret', 'ok', 'dis', 'del', 'imp'],
  ['Encapsulate', 'ok', 'dis', 'del', 'imp'],
  ['Decapsulate', 'ok', 'dis', 'del', 'imp'],
  ['GetPublicKey', 'ok', 'ok', 'del', 'imp'],
  ['DescribeKey', 'ok', 'ok', 'ok', 'ok'],
  ['GetKeyPolicy', 'ok', 'ok', 'ok', 'ok'],
  ['ListKeyPolicies', 'ok', 'ok', 'ok', 'ok'],
  ['ListResourceTags', 'ok', 'ok', 'ok', 'ok'],
  ['PutKeyPolicy', 'ok', 'ok', 'ok', 'ok'],
  ['EnableKey', 'ok', 'ok', 'del', 'imp'],
  ['DisableKey', 'ok', 'ok', 'del', 'imp'],
  ['EnableKeyRotation', 'ok', 'dis', 'del', 'ori'],
  ['DisableKeyRotation', 'ok', 'dis', 'del', 'ori'],
  ['GetKeyRotationStatus', 'ok', 'ok', 'ok', 'ok'],
  ['RotateKeyOnDemand', 'ok', 'dis', 'del', 'imp'],
  ['ListKeyRotations', 'ok', 'ok', 'ok', 'ok'],
  ['ScheduleKeyDeletion', 'ok', 'ok', 'del', 'ok'],
  ['TagResource', 'ok', 'ok', 'del', 'ok'],
  ['UntagResource', 'ok', 'ok', 'del', 'ok'],
  ['UpdateKeyDescription', 'ok', 'ok', 'del', 'ok'],
  // Not in that table: it changes nothing, and AWS documents no state for it.
  ['GetKeyLastUsage', 'ok', 'ok', 'ok', 'ok'],
]

const words: { readonly [W in Word]: (arn: string) => string } = {
  ok: () => 'ok',
  dis: (arn) => `DisabledException: ${arn} is disabled.`,
  del: (arn) => `KMSInvalidStateException: ${arn} is pending deletion.`,
  imp: (arn) => `KMSInvalidStateException: ${arn} is pending import.`,
  npd: (arn) => `KMSInvalidStateException: ${arn} is not pending deletion.`,
  ori: (arn) => `UnsupportedOperationException: ${arn} origin is EXTERNAL which is not valid for this operation.`,
}

type Kind = readonly [keySpec: KeySpec, keyUsage: KeyUsageType]

/** The kind of key that an operation is for, where that is not a symmetric one. */
const kinds: { readonly [N in OperationName]?: Kind } = {
  Sign: ['ECC_NIST_P256', 'SIGN_VERIFY'],
  Verify: ['ECC_NIST_P256', 'SIGN_VERIFY'],
  GetPublicKey: ['ECC_NIST_P256', 'SIGN_VERIFY'],
  DeriveSharedSecret: ['ECC_NIST_P256', 'KEY_AGREEMENT'],
  GenerateMac: ['HMAC_256', 'GENERATE_VERIFY_MAC'],
  VerifyMac: ['HMAC_256', 'GENERATE_VERIFY_MAC'],
  Encapsulate: ['ML_KEM_768', 'ENCAPSULATE_DECAPSULATE'],
  Decapsulate: ['ML_KEM_768', 'ENCAPSULATE_DECAPSULATE'],
}

const message = bytes(1)
const signing = { SigningAlgorithm: 'ECDSA_SHA_256', Message: message } as const
const authentication = { MacAlgorithm: 'HMAC_SHA_256', Message: message } as const
const encapsulation = { EncapsulationAlgorithm: 'ML_KEM' } as const

interface Subject extends TestKey {
  /** What the key once made and is to take back: a ciphertext, a signature, a MAC, a public key. */
  readonly made: Uint8Array
  /** An alias of the key. */
  readonly alias: string
  /** An alias of another key. */
  readonly otherAlias: string
  readonly otherBlob: Uint8Array
}

async function subject(
  kms: TestKms,
  state: State,
  kind: Kind = ['SYMMETRIC_DEFAULT', 'ENCRYPT_DECRYPT'],
): Promise<Subject> {
  const external = state === 'PendingImport'
  const [keySpec, keyUsage] = kind
  const key = external
    ? await plantExternal(kms, { keySpec, keyUsage })
    : await newKey(kms, { KeySpec: keySpec, KeyUsage: keyUsage })
  const other = await newKey(kms)
  const alias = `alias/${key.KeyId}`
  const otherAlias = `alias/${other.KeyId}`
  await must(kms, 'CreateAlias', { AliasName: alias, TargetKeyId: key.KeyId })
  await must(kms, 'CreateAlias', { AliasName: otherAlias, TargetKeyId: other.KeyId })
  const { CiphertextBlob: otherBlob } = await must(kms, 'Encrypt', { KeyId: other.KeyId, Plaintext: bytes(1) })
  const made = external ? formerBlob(key.KeyId) : await makers[keyUsage](kms, key.KeyId)
  if (state === 'Disabled') await must(kms, 'DisableKey', { KeyId: key.KeyId })
  if (state === 'PendingDeletion') await must(kms, 'ScheduleKeyDeletion', { KeyId: key.KeyId })
  return { ...key, made, alias, otherAlias, otherBlob }
}

/** How a key makes what it is to take back. */
const makers: { readonly [U in KeyUsageType]: (kms: TestKms, KeyId: string) => Promise<Uint8Array> } = {
  ENCRYPT_DECRYPT: async (kms, KeyId) => (await must(kms, 'Encrypt', { KeyId, Plaintext: bytes(1) })).CiphertextBlob,
  SIGN_VERIFY: async (kms, KeyId) => (await must(kms, 'Sign', { KeyId, ...signing })).Signature,
  GENERATE_VERIFY_MAC: async (kms, KeyId) => (await must(kms, 'GenerateMac', { KeyId, ...authentication })).Mac,
  KEY_AGREEMENT: async (kms, KeyId) => (await must(kms, 'GetPublicKey', { KeyId })).PublicKey,
  ENCAPSULATE_DECAPSULATE: async (kms, KeyId) =>
    (await must(kms, 'Encapsulate', { KeyId, ...encapsulation })).SharedSecretCiphertextBlob,
}

/** A blob as the key could have had one before its material went: the names in it are right, the rest is nothing. */
function formerBlob(keyId: string): Uint8Array {
  const blob = new Uint8Array(blobLayout.overheadBytes + 1)
  blob.set(encodeBlobPrefix({ accountId, keyId, materialId: 'ab'.repeat(32) }))
  return blob
}

const inputs: { readonly [N in OperationName]?: (subject: Subject) => object } = {
  CreateAlias: ({ KeyId }) => ({ AliasName: 'alias/new', TargetKeyId: KeyId }),
  UpdateAlias: ({ KeyId, otherAlias }) => ({ AliasName: otherAlias, TargetKeyId: KeyId }),
  DeleteAlias: ({ alias }) => ({ AliasName: alias }),
  Encrypt: ({ KeyId }) => ({ KeyId, Plaintext: bytes(1) }),
  Decrypt: ({ made }) => ({ CiphertextBlob: made }),
  ReEncrypt: ({ KeyId, otherBlob }) => ({ CiphertextBlob: otherBlob, DestinationKeyId: KeyId }),
  GenerateDataKey: ({ KeyId }) => ({ KeyId, KeySpec: 'AES_256' }),
  GenerateDataKeyWithoutPlaintext: ({ KeyId }) => ({ KeyId, KeySpec: 'AES_256' }),
  GenerateDataKeyPair: ({ KeyId }) => ({ KeyId, KeyPairSpec: 'ECC_NIST_P256' }),
  GenerateDataKeyPairWithoutPlaintext: ({ KeyId }) => ({ KeyId, KeyPairSpec: 'ECC_NIST_P256' }),
  Sign: ({ KeyId }) => ({ KeyId, ...signing }),
  Verify: ({ KeyId, made }) => ({ KeyId, ...signing, Signature: made }),
  GenerateMac: ({ KeyId }) => ({ KeyId, ...authentication }),
  VerifyMac: ({ KeyId, made }) => ({ KeyId, ...authentication, Mac: made }),
  DeriveSharedSecret: ({ KeyId, made }) => ({ KeyId, KeyAgreementAlgorithm: 'ECDH', PublicKey: made }),
  Encapsulate: ({ KeyId }) => ({ KeyId, ...encapsulation }),
  Decapsulate: ({ KeyId, made }) => ({ KeyId, ...encapsulation, SharedSecretCiphertextBlob: made }),
  PutKeyPolicy: ({ KeyId }) => ({ KeyId, Policy: defaultKeyPolicy(accountId) }),
  TagResource: ({ KeyId }) => ({ KeyId, Tags: [{ TagKey: 'a', TagValue: 'b' }] }),
  UntagResource: ({ KeyId }) => ({ KeyId, TagKeys: ['a'] }),
  UpdateKeyDescription: ({ KeyId }) => ({ KeyId, Description: 'new' }),
}

export function statesSweep(open: Open): void {
  describe('key states', () => {
    it.each(states)('%s: every operation', async (state) => {
      const kms = await open()
      const found: Record<string, string> = {}
      const wanted: Record<string, string> = {}
      for (const [operation, ...columns] of table) {
        const word = columns[states.indexOf(state)] as Word
        const kind = kinds[operation]
        if (kind && !kms.crypto.supports(...kind)) continue
        const it = await subject(kms, state, kind)
        const before = await kms.storage.read('key', it.KeyId)
        const input = (inputs[operation] ?? (({ KeyId }: Subject) => ({ KeyId })))(it)
        found[operation] = await verdict(kms, operation, input)
        wanted[operation] = words[word](it.arn)
        if (word !== 'ok') expect(await kms.storage.read('key', it.KeyId), operation).toEqual(before)
      }
      expect(found).toEqual(wanted)
      expect(kms.faults).toEqual([])
    })

    it('of the source stop ReEncrypt before those of the destination', async () => {
      const kms = await open()
      const it = await subject(kms, 'Disabled')
      const destination = await subject(kms, 'PendingDeletion')
      const input = { CiphertextBlob: it.made, DestinationKeyId: destination.KeyId }
      expect(await verdict(kms, 'ReEncrypt', input)).toBe(words.dis(it.arn))
      await must(kms, 'EnableKey', { KeyId: it.KeyId })
      expect(await verdict(kms, 'ReEncrypt', input)).toBe(words.del(destination.arn))
    })

    it('an old target that is pending deletion lets its alias go', async () => {
      const kms = await open()
      const it = await subject(kms, 'PendingDeletion')
      const target = await newKey(kms)
      await must(kms, 'UpdateAlias', { AliasName: it.alias, TargetKeyId: target.KeyId })
      expect((await must(kms, 'DescribeKey', { KeyId: aliasArnOf(it.alias) })).KeyMetadata.Arn).toBe(target.arn)
    })

    it('are no way around a deletion: aliases of such a key still lead to its refusal', async () => {
      const kms = await open()
      const it = await subject(kms, 'PendingDeletion')
      expect(await verdict(kms, 'Encrypt', { KeyId: it.alias, Plaintext: bytes(1) })).toBe(words.del(it.arn))
    })
  })
}
