import { describe, expect, it } from 'vitest'
import { formatKeyArn } from '../../../src/codec/arn'
import { decodeBlobHeader } from '../../../src/codec/ciphertext-blob'
import { type OperationName, operationNames, operations } from '../../../src/model/operations'
import { ownedBinding, ownedKey, serviceAccountId } from '../../../src/operations/owned-keys'
import type { TestKms } from '../compose'
import { arnOf, bytes, must, newKey, type Open, range, trail, verdict } from './harness'

const context = { bucket: 'photos', key: 'a.jpg' }

/** What else an operation needs before it looks for its key. */
const rest = (KeyId: string, CiphertextBlob: Bytes): { readonly [N in OperationName]?: object } => ({
  CreateAlias: { AliasName: 'alias/a' },
  CreateGrant: { GranteePrincipal: 'arn:aws:iam::111122223333:root', Operations: ['Decrypt'] },
  Decrypt: { CiphertextBlob },
  Decapsulate: { SharedSecretCiphertextBlob: bytes(1), EncapsulationAlgorithm: 'ML_KEM' },
  DeriveSharedSecret: { KeyAgreementAlgorithm: 'ECDH', PublicKey: bytes(1) },
  Encapsulate: { EncapsulationAlgorithm: 'ML_KEM' },
  Encrypt: { Plaintext: bytes(1) },
  GenerateDataKey: { KeySpec: 'AES_256' },
  GenerateDataKeyPair: { KeyPairSpec: 'ECC_NIST_P256' },
  GenerateDataKeyPairWithoutPlaintext: { KeyPairSpec: 'ECC_NIST_P256' },
  GenerateDataKeyWithoutPlaintext: { KeySpec: 'AES_256' },
  GenerateMac: { Message: bytes(1), MacAlgorithm: 'HMAC_SHA_256' },
  GetParametersForImport: { WrappingAlgorithm: 'RSAES_OAEP_SHA_256', WrappingKeySpec: 'RSA_2048' },
  ImportKeyMaterial: { ImportToken: bytes(1), EncryptedKeyMaterial: bytes(1) },
  PutKeyPolicy: { Policy: '{}' },
  ReEncrypt: { CiphertextBlob, SourceKeyId: KeyId, DestinationKeyId: KeyId },
  RetireGrant: { GrantId: 'a'.repeat(64) },
  RevokeGrant: { GrantId: 'a'.repeat(64) },
  Sign: { Message: bytes(1), SigningAlgorithm: 'ED25519_SHA_512' },
  TagResource: { Tags: [] },
  UntagResource: { TagKeys: [] },
  UpdateAlias: { AliasName: 'alias/a' },
  UpdateKeyDescription: { Description: 'a' },
  Verify: { Message: bytes(1), Signature: bytes(1), SigningAlgorithm: 'ED25519_SHA_512' },
  VerifyMac: { Message: bytes(1), Mac: bytes(1), MacAlgorithm: 'HMAC_SHA_256' },
})

/** Not built: refused whatever key they name. */
const notBuilt: readonly OperationName[] = ['ReplicateKey', 'UpdatePrimaryRegion']

/** The key that a blob was sealed with. */
const keyOf = (blob: Bytes): string => decodeBlobHeader(blob)?.keyId ?? ''

export function ownedKeys(open: Open): void {
  describe('AWS owned keys', () => {
    it('seal and open for one service, bound to the context', async () => {
      const kms = await open()
      const [s3, sns] = [ownedKey(kms, 's3'), ownedKey(kms, 'sns')]
      expect(await s3.open(bytes(1), context)).toBeUndefined()
      const blob = await s3.seal(bytes(1, 2, 3), context)
      await sns.seal(bytes(1), {})
      expect(await s3.open(blob, context)).toEqual(bytes(1, 2, 3))
      expect(await ownedKey(kms, 's3').open(blob, context)).toEqual(bytes(1, 2, 3))
      const damaged = blob.slice()
      damaged[damaged.length - 1] = (damaged.at(-1) as number) ^ 1
      const customer = await must(kms, 'Encrypt', { KeyId: (await newKey(kms)).KeyId, Plaintext: bytes(1) })
      const failed = [
        await s3.open(blob, {}),
        await s3.open(blob, { ...context, key: 'b.jpg' }),
        await sns.open(blob, context),
        await s3.open(damaged, context),
        await s3.open(customer.CiphertextBlob, {}),
      ]
      expect(failed).toEqual(range(5).map(() => undefined))
    })

    it('are one of each service, however many use them first', async () => {
      const kms = await open()
      const blobs = await Promise.all(range(6).map(() => ownedKey(kms, 's3').seal(bytes(9), context)))
      expect(new Set(blobs.map(keyOf)).size).toBe(1)
      expect(await kms.storage.list('material', { limit: 9 })).toHaveLength(1)
      const opened = await Promise.all(blobs.map((blob) => ownedKey(kms, 's3').open(blob, context)))
      expect(opened).toEqual(range(6).map(() => bytes(9)))
    })

    it('leave no record, and no list shows them', async () => {
      const kms = await open()
      const key = ownedKey(kms, 's3')
      await key.open(await key.seal(bytes(1), context), context)
      expect(await trail(kms)).toEqual([])
      expect((await must(kms, 'ListKeys', {})).Keys).toEqual([])
      expect((await must(kms, 'ListAliases', {})).Aliases).toEqual([])
      expect(kms.faults).toEqual([])
    })

    it('are found by no operation', async () => {
      const kms = await open()
      const blob = await ownedKey(kms, 's3').seal(bytes(1), {})
      const id = keyOf(blob)
      const own = formatKeyArn({ ...kms.home, accountId: serviceAccountId }, id)
      const found = await sweep(kms, blob, [id, arnOf(id), own, 'owned/s3'])
      const expected: Record<string, string> = {}
      for (const name of Object.keys(found)) {
        const notFound = `NotFoundException: Key '${arnOf(id)}' does not exist`
        if (name.endsWith(` ${own}`))
          expected[name] = expect.stringContaining('does not exist in this Region') as string
        else expected[name] = name.endsWith('owned/s3') ? "NotFoundException: Invalid keyId 'owned/s3'" : notFound
      }
      expect(Object.keys(found).length).toBeGreaterThan(100)
      expect(found).toEqual(expected)
      expect(await verdict(kms, 'Decrypt', { CiphertextBlob: blob })).toContain('AccessDeniedException: The ciphertext')
      expect(kms.faults).toEqual([])
    })

    it('say what their material is bound to, for changes of the root key', async () => {
      const kms = await open()
      const keyId = keyOf(await ownedKey(kms, 's3').seal(bytes(1), context))
      const [row] = await kms.storage.list('material', { limit: 9 })
      const keyArn = formatKeyArn({ ...kms.home, accountId: serviceAccountId }, keyId)
      const binding = { keyArn, keyId, keySpec: 'SYMMETRIC_DEFAULT', keyUsage: 'ENCRYPT_DECRYPT' }
      expect(await ownedBinding(kms, row?.value.keyId ?? '')).toEqual(binding)
      for (const other of [keyId, 'owned/sns', (await newKey(kms)).KeyId]) {
        expect(await ownedBinding(kms, other)).toBeUndefined()
      }
    })

    it.each(['', 'S3', 'a/b', '../s3', '-a', 'a'.repeat(64)])('are of no service called %j', async (service) => {
      const kms = await open()
      expect(() => ownedKey(kms, service)).toThrow(RangeError)
    })

    it('refuse what would not fit a blob', async () => {
      const key = ownedKey(await open(), 's3')
      expect(await key.open(await key.seal(new Uint8Array(6040), {}), {})).toHaveLength(6040)
      await expect(key.seal(new Uint8Array(6041), {})).rejects.toThrow(RangeError)
      await expect(key.seal(bytes(1), { a: 'b'.repeat(9000) })).rejects.toThrow(RangeError)
      await expect(key.seal(bytes(1), { a: '\ud800' })).rejects.toThrow(RangeError)
    })
  })
}

/** Every operation that names a key, with each of the names. */
async function sweep(kms: TestKms, blob: Bytes, names: readonly string[]): Promise<Record<string, string>> {
  const found: Record<string, string> = {}
  for (const operation of operationNames) {
    if (notBuilt.includes(operation)) continue
    for (const KeyId of names) {
      const members = Object.keys(operations[operation].keyRefs)
      const named = Object.fromEntries(members.map((member) => [member, KeyId]))
      if (!members.length) continue
      found[`${operation} ${KeyId}`] = await verdict(kms, operation, { ...named, ...rest(KeyId, blob)[operation] })
    }
  }
  return found
}
