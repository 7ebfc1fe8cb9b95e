import { describe, expect, it } from 'vitest'
import type { OperationName } from '../../../src/model/operations'
import type { Forwarding, Governance } from '../../../src/operations/kms'
import { compiledPolicy } from '../../../src/policy/compile'
import { type Principal, principalArn } from '../../../src/policy/principal'
import { managedAliases, managedKeyPolicy } from '../../../src/policy/standard'
import { perform } from '../../../src/service/perform'
import { accountId, region, rootPrincipal, startMs, type TestKms, userPrincipal } from '../compose'
import {
  aliasArnOf,
  arnOf,
  bytes,
  codeOf,
  must,
  newKey,
  type Open,
  range,
  recordsOf,
  type TestKey,
  trail,
  verdict,
  watched,
} from './harness'

const alias = 'alias/aws/s3'
const s3: Forwarding = { viaService: `s3.${region}.amazonaws.com` }
const ec2: Forwarding = { viaService: `ec2.${region}.amazonaws.com` }
const alice = userPrincipal('alice')
const bob = userPrincipal('bob')
const outsider: Principal = { kind: 'root', accountId: '444455556666', accessKeyId: 'AKIAOUTSIDER00000001' }
const ses: Principal = { kind: 'service', accountId: null, service: `ses.${region}.amazonaws.com` }
const year = 365

/** A call by way of a service, or by a service for itself. */
const call = <N extends OperationName>(
  kms: TestKms,
  operation: N,
  input: object,
  by: { readonly principal?: Principal; readonly forwarding?: Forwarding },
) => perform(kms, { principal: rootPrincipal, operation, body: { input }, requestId: crypto.randomUUID(), ...by })

/** Alice, whom no policy speaks of, and Bob, whose policy allows everything. */
async function withUsers(open: Open): Promise<TestKms> {
  const kms = await open()
  const all = { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: 'kms:*', Resource: '*' }] }
  kms.users.set('alice', {}).set('bob', { All: JSON.stringify(all) })
  return kms
}

async function managedKey(kms: TestKms, aliasName = alias): Promise<TestKey> {
  const { KeyMetadata } = await must(kms, 'DescribeKey', { KeyId: aliasName })
  return { KeyId: KeyMetadata.KeyId as string, arn: arnOf(KeyMetadata.KeyId as string) }
}

async function expectNothing(kms: TestKms): Promise<void> {
  const rows = await Promise.all(
    (['key', 'alias', 'material'] as const).map((each) => kms.storage.list(each, { limit: 9 })),
  )
  expect(rows).toEqual([[], [], []])
}

const refusal = (principal: Principal, action: string, arn: string, kind: 'resource' | 'identity') =>
  `AccessDeniedException: User: ${principalArn(principal)} is not authorized to perform: kms:${action} on resource: ${arn} because no ${kind}-based policy allows the kms:${action} action`

export function managedKeys(open: Open): void {
  describe('AWS managed keys', () => {
    comingIntoBeing(open)
    firstUse(open)
    useAndChange(open)
  })
}

function comingIntoBeing(open: Open): void {
  it.each([alias, aliasArnOf(alias)])('come into being when %s is described', async (KeyId) => {
    const kms = await withUsers(open)
    expect((await must(kms, 'ListAliases', {})).Aliases).toEqual([])
    const { KeyMetadata } = await must(kms, 'DescribeKey', { KeyId }, bob)
    const id = KeyMetadata.KeyId as string
    expect(KeyMetadata).toEqual({
      AWSAccountId: accountId,
      KeyId: id,
      Arn: arnOf(id),
      CreationDate: new Date(startMs),
      Enabled: true,
      Description: 'Default key that protects my S3 objects when no other key is defined',
      KeyUsage: 'ENCRYPT_DECRYPT',
      KeyState: 'Enabled',
      Origin: 'AWS_KMS',
      KeyManager: 'AWS',
      CustomerMasterKeySpec: 'SYMMETRIC_DEFAULT',
      KeySpec: 'SYMMETRIC_DEFAULT',
      EncryptionAlgorithms: ['SYMMETRIC_DEFAULT'],
      MultiRegion: false,
      CurrentKeyMaterialId: expect.stringMatching(/^[0-9a-f]{64}$/),
    })
    const [one, two] = [await must(kms, 'DescribeKey', { KeyId }), await must(kms, 'DescribeKey', { KeyId: id })]
    expect([one, two]).toEqual([{ KeyMetadata }, { KeyMetadata }])
    expect((await must(kms, 'ListKeys', {})).Keys).toEqual([{ KeyId: id, KeyArn: arnOf(id) }])
    const [created, updated] = [new Date(startMs), new Date(startMs)]
    const listed = { AliasName: alias, AliasArn: aliasArnOf(alias), TargetKeyId: id }
    expect((await must(kms, 'ListAliases', { KeyId: id })).Aliases).toEqual([
      { ...listed, CreationDate: created, LastUpdatedDate: updated },
    ])
    expect((await must(kms, 'CreateKey', {})).KeyMetadata.KeyManager).toBe('CUSTOMER')
  })

  it('are made in the commit of the call, which has one record', async () => {
    const { kms, commits } = watched(await withUsers(open))
    const { arn } = await managedKey(kms)
    expect(commits.map(({ changes }) => changes.map(({ collection }) => collection).sort())).toEqual([
      ['alias', 'key', 'material'],
    ])
    const [record, ...others] = await trail(kms)
    expect(others).toEqual([])
    expect(record).toMatchObject({ eventName: 'DescribeKey', resources: [arn] })
  })

  it('are one, however many ask at once', async () => {
    const kms = await withUsers(open)
    const found = await Promise.all(range(8).map(() => managedKey(kms)))
    expect(new Set(found.map(({ KeyId }) => KeyId)).size).toBe(1)
    expect(await kms.storage.list('material', { limit: 9 })).toHaveLength(1)
  })

  it('come into being for each name that AWS has predefined, and for no other', async () => {
    const kms = await withUsers(open)
    for (const KeyId of managedAliases) {
      const { KeyMetadata } = await must(kms, 'DescribeKey', { KeyId })
      expect(KeyMetadata).toMatchObject({ KeyManager: 'AWS', KeyState: 'Enabled' })
      const stored = (await kms.storage.read('key', KeyMetadata.KeyId as string))?.value.policy
      expect(stored).toBe(managedKeyPolicy(KeyId, kms.home))
    }
    const unknown = 'alias/aws/example'
    const expected = `NotFoundException: Alias ${aliasArnOf(unknown)} is not found.`
    expect(await verdict(kms, 'DescribeKey', { KeyId: unknown })).toBe(expected)
    expect((await must(kms, 'ListKeys', { Limit: 100 })).Keys).toHaveLength(managedAliases.length)
  })

  it('do not come into being for those who may not describe them', async () => {
    const kms = await withUsers(open)
    const denied = await verdict(kms, 'DescribeKey', { KeyId: alias }, alice)
    const arn = /resource: (\S+)/.exec(denied)?.[1] ?? ''
    expect(denied).toBe(refusal(alice, 'DescribeKey', arn, 'identity'))
    for (const KeyId of [alias, aliasArnOf(alias)]) {
      expect(await verdict(kms, 'DescribeKey', { KeyId }, outsider)).toContain(
        'the resource does not exist in this Region',
      )
    }
    await expectNothing(kms)
    expect(await recordsOf(kms, 'DescribeKey')).toHaveLength(3)
    expect(kms.faults).toEqual([])
  })

  it('do not come into being by anything else that a caller does', async () => {
    const kms = await withUsers(open)
    const expected = `NotFoundException: Alias ${aliasArnOf(alias)} is not found.`
    const { KeyId } = await newKey(kms)
    const { CiphertextBlob } = await must(kms, 'Encrypt', { KeyId, Plaintext: bytes(1) })
    const rows: [OperationName, object][] = [
      ['Encrypt', { KeyId: alias, Plaintext: bytes(1) }],
      ['GenerateDataKey', { KeyId: alias, KeySpec: 'AES_256' }],
      ['Decrypt', { KeyId: alias, CiphertextBlob }],
      ['ReEncrypt', { DestinationKeyId: alias, CiphertextBlob }],
      ['GetPublicKey', { KeyId: alias }],
    ]
    for (const [operation, input] of rows) expect(await verdict(kms, operation, input, bob)).toBe(expected)
    expect(codeOf(await call(kms, 'Decrypt', { KeyId: alias, CiphertextBlob }, { forwarding: s3 }))).toBe(
      'NotFoundException',
    )
    expect(await kms.storage.list('alias', { limit: 9 })).toEqual([])
  })
}

function firstUse(open: Open): void {
  it.each([
    ['Encrypt', { KeyId: alias, Plaintext: bytes(1) }],
    ['GenerateDataKey', { KeyId: alias, KeySpec: 'AES_256' }],
    ['GenerateDataKeyWithoutPlaintext', { KeyId: aliasArnOf(alias), NumberOfBytes: 64 }],
    ['DescribeKey', { KeyId: alias }],
  ] as const)('come into being when their service first calls %s', async (operation, input) => {
    const kms = await withUsers(open)
    // Nobody's IAM policy speaks for Alice: the key's policy does, to everybody who comes through S3.
    expect(codeOf(await call(kms, operation, input, { principal: alice, forwarding: s3 }))).toBe('ok')
    const { KeyMetadata } = await must(kms, 'DescribeKey', { KeyId: alias })
    expect(KeyMetadata.KeyManager).toBe('AWS')
    expect((await must(kms, 'ListKeys', {})).Keys).toHaveLength(1)
  })

  it('do not come into being through another service, nor in a dry run', async () => {
    const kms = await withUsers(open)
    const input = { KeyId: alias, KeySpec: 'AES_256' }
    expect(codeOf(await call(kms, 'GenerateDataKey', input, { forwarding: ec2 }))).toBe('AccessDeniedException')
    const dry = { ...input, DryRun: true }
    expect(codeOf(await call(kms, 'GenerateDataKey', dry, { forwarding: s3 }))).toBe('DryRunOperationException')
    await expectNothing(kms)
  })

  it('are known by their alias to policies from the first call on', async () => {
    const kms = await withUsers(open)
    const named = { 'ForAnyValue:StringEquals': { 'kms:ResourceAliases': alias } }
    const policy = (Effect: string) =>
      JSON.stringify({
        Version: '2012-10-17',
        Statement: [{ Effect, Action: 'kms:*', Resource: '*', Condition: named }],
      })
    kms.users.set('carol', { No: policy('Deny') }).set('dave', { Yes: policy('Allow') })
    const input = { KeyId: alias, KeySpec: 'AES_256' }
    const used = await call(kms, 'GenerateDataKey', input, { principal: userPrincipal('carol'), forwarding: s3 })
    expect(codeOf(used)).toBe('AccessDeniedException')
    await expectNothing(kms)
    expect(await verdict(kms, 'DescribeKey', { KeyId: alias }, userPrincipal('dave'))).toBe('ok')
  })

  it('come into being when a service calls for itself', async () => {
    const kms = await withUsers(open)
    const EncryptionContext = {
      'aws:ses:source-account': accountId,
      'aws:ses:rule-name': 'rule',
      'aws:ses:message-id': 'message',
    }
    const input = { KeyId: aliasArnOf('alias/aws/ses'), KeySpec: 'AES_256' }
    expect(codeOf(await call(kms, 'GenerateDataKey', input, { principal: ses }))).toBe('AccessDeniedException')
    await expectNothing(kms)
    const bound = { ...input, EncryptionContext }
    expect(codeOf(await call(kms, 'GenerateDataKey', bound, { principal: ses }))).toBe('ok')
    expect((await must(kms, 'ListKeys', {})).Keys).toHaveLength(1)
  })
}

function useAndChange(open: Open): void {
  it('are used through their service by everybody of the account, and not directly', async () => {
    const kms = await withUsers(open)
    const { arn } = await managedKey(kms)
    const input = { KeyId: arn, Plaintext: bytes(1, 2, 3) }
    const sealed = await call(kms, 'Encrypt', input, { principal: alice, forwarding: s3 })
    const CiphertextBlob = sealed.ok ? sealed.output.CiphertextBlob : undefined
    const opened = await call(kms, 'Decrypt', { CiphertextBlob }, { principal: alice, forwarding: s3 })
    expect(opened.ok && opened.output).toMatchObject({ KeyId: arn, Plaintext: bytes(1, 2, 3) })
    for (const principal of [rootPrincipal, alice, bob]) {
      expect(await verdict(kms, 'Encrypt', input, principal)).toBe(refusal(principal, 'Encrypt', arn, 'resource'))
      const decrypt = await verdict(kms, 'Decrypt', { CiphertextBlob }, principal)
      expect(decrypt).toBe(refusal(principal, 'Decrypt', arn, 'resource'))
      expect(codeOf(await call(kms, 'Encrypt', input, { principal, forwarding: ec2 }))).toBe('AccessDeniedException')
    }
    for (const [operation, of] of [
      ['Encrypt', input],
      ['Decrypt', { KeyId: arn, CiphertextBlob }],
      ['DescribeKey', { KeyId: arn }],
    ] as const) {
      const result = await call(kms, operation, of, { principal: outsider, forwarding: s3 })
      expect(codeOf(result)).toBe('AccessDeniedException')
    }
  })

  it('obey explicit denies of the caller, and no resource control policy', async () => {
    const kms = await withUsers(open)
    const { arn } = await managedKey(kms)
    const customer = await newKey(kms)
    const deny = { Effect: 'Deny', Action: 'kms:Encrypt', Resource: '*' }
    const text = (statement: object) => JSON.stringify({ Version: '2012-10-17', Statement: [statement] })
    kms.users.set('carol', { No: text(deny) })
    const encrypt = (on: TestKms, KeyId: string, principal: Principal) =>
      call(on, 'Encrypt', { KeyId, Plaintext: bytes(1) }, { principal, forwarding: s3 }).then(codeOf)
    expect(await encrypt(kms, arn, userPrincipal('carol'))).toBe('AccessDeniedException')
    const rcp = [compiledPolicy(text({ ...deny, Principal: '*' }), { kind: 'rcp', name: 'rcp' })]
    const governed: TestKms = { ...kms, governance: (): Governance => ({ rcp }) }
    expect(await encrypt(governed, customer.KeyId, bob)).toBe('AccessDeniedException')
    expect(await encrypt(governed, arn, bob)).toBe('ok')
  })

  it('are read and never changed, by the root user neither', async () => {
    const kms = await withUsers(open)
    const { KeyId, arn } = await managedKey(kms, 'alias/aws/ebs')
    const policy = managedKeyPolicy('alias/aws/ebs', kms.home)
    expect(await must(kms, 'GetKeyPolicy', { KeyId })).toEqual({ Policy: policy, PolicyName: 'default' })
    const reads: OperationName[] = ['ListKeyPolicies', 'ListResourceTags', 'ListGrants', 'GetKeyLastUsage']
    for (const operation of reads) expect(await verdict(kms, operation, { KeyId })).toBe('ok')
    expect((await must(kms, 'ListResourceTags', { KeyId })).Tags).toEqual([])
    const before = await kms.storage.read('key', KeyId)
    const changes: [OperationName, object][] = [
      ['ScheduleKeyDeletion', {}],
      ['CancelKeyDeletion', {}],
      ['DisableKey', {}],
      ['EnableKey', {}],
      ['PutKeyPolicy', { Policy: policy, BypassPolicyLockoutSafetyCheck: true }],
      ['UpdateKeyDescription', { Description: 'mine' }],
      ['TagResource', { Tags: [{ TagKey: 'a', TagValue: 'b' }] }],
      ['UntagResource', { TagKeys: ['a'] }],
      ['EnableKeyRotation', { RotationPeriodInDays: 90 }],
      ['DisableKeyRotation', {}],
      ['RotateKeyOnDemand', {}],
      ['ImportKeyMaterial', { ImportToken: bytes(1), EncryptedKeyMaterial: bytes(1) }],
      ['DeleteImportedKeyMaterial', {}],
      ['CreateGrant', { GranteePrincipal: principalArn(rootPrincipal), Operations: ['Decrypt'] }],
    ]
    for (const [operation, input] of changes) {
      for (const principal of [rootPrincipal, bob]) {
        const expected = refusal(principal, operation, arn, 'resource')
        expect(await verdict(kms, operation, { KeyId, ...input }, principal)).toBe(expected)
      }
    }
    const other = 'alias/other'
    const target = await verdict(kms, 'CreateAlias', { AliasName: other, TargetKeyId: KeyId })
    expect(target).toBe(refusal(rootPrincipal, 'CreateAlias', arn, 'resource'))
    const AliasName = 'alias/aws/ebs'
    const mine = await newKey(kms)
    for (const operation of ['CreateAlias', 'UpdateAlias', 'DeleteAlias'] as const) {
      const input = { AliasName, ...(operation === 'DeleteAlias' ? {} : { TargetKeyId: mine.KeyId }) }
      expect(await verdict(kms, operation, input)).toBe('NotAuthorizedException')
    }
    expect(await kms.storage.read('key', KeyId)).toEqual(before)
    expect(kms.faults).toEqual([])
  })

  it('rotate every year by the clock', async () => {
    const kms = await withUsers(open)
    const { KeyId, arn } = await managedKey(kms)
    const status = (years: number) => ({
      KeyRotationEnabled: true,
      KeyId: arn,
      RotationPeriodInDays: year,
      NextRotationDate: new Date(startMs + years * year * 86_400_000),
    })
    expect(await must(kms, 'GetKeyRotationStatus', { KeyId })).toEqual(status(1))
    const sealed = await call(kms, 'Encrypt', { KeyId, Plaintext: bytes(7) }, { forwarding: s3 })
    const CiphertextBlob = sealed.ok ? sealed.output.CiphertextBlob : undefined
    kms.clock.advanceDays(year)
    expect(await must(kms, 'GetKeyRotationStatus', { KeyId: arn })).toEqual(status(2))
    const { Rotations } = await must(kms, 'ListKeyRotations', { KeyId })
    expect(Rotations).toMatchObject([{ RotationType: 'AUTOMATIC', RotationDate: status(1).NextRotationDate }])
    const opened = await call(kms, 'Decrypt', { CiphertextBlob }, { forwarding: s3 })
    expect(opened.ok && opened.output.Plaintext).toEqual(bytes(7))
  })
}
