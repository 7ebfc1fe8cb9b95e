import { beforeEach, describe, expect, it } from 'vitest'
import { createMemoryStorage } from '../../src/adapters/memory/storage'
import { type OperationName, operationNames } from '../../src/model/operations'
import type { Principal } from '../../src/policy/principal'
import type { JsonObject } from '../../src/ports/audit'
import { type Explained, type Explanation, explain } from '../../src/service/explain'
import { perform } from '../../src/service/perform'
import { attempt, must, newKey, type TestKey, told, trail } from '../suites/behaviour/harness'
import { accountId, composeKms, region, rootPrincipal, type TestKms, userPrincipal } from '../suites/compose'
import { sessionPrincipal, TestDirectory } from '../suites/directory'

const alice = userPrincipal('alice')
const carl = { ...userPrincipal('carl'), accountId: '444455556666' }
const policy = (...statements: object[]) => JSON.stringify({ Version: '2012-10-17', Statement: statements })
const allow = (Action: string, more: object = {}) => ({ Effect: 'Allow', Action, Resource: '*', ...more })
const rootStatement = {
  Sid: 'Root',
  Effect: 'Allow',
  Principal: { AWS: `arn:aws:iam::${accountId}:root` },
  Action: 'kms:*',
  Resource: '*',
}

let kms: TestKms
let key: TestKey
beforeEach(async () => {
  kms = await composeKms(createMemoryStorage())
  key = await newKey(kms)
})

/** A call by the JSON protocol, and its request id. */
async function call(operation: OperationName, input: object, principal: Principal = rootPrincipal, more: object = {}) {
  const requestId = crypto.randomUUID()
  const result = await perform(kms, { principal, operation, body: { json: JSON.stringify(input) }, requestId, ...more })
  return { requestId, result }
}
const explained = async (operation: OperationName, input: object, principal?: Principal, more?: object) =>
  explain(kms, { requestId: (await call(operation, input, principal, more)).requestId })
const hypothetical = (operation: OperationName, input: object, principal: Principal, sourceIp?: string) =>
  explain(kms, { operation, input: input as JsonObject, principal, ...(sourceIp ? { sourceIp } : {}) })
const refusalOf = (asked: Explained) =>
  explain(kms, asked).then(
    () => 'explained',
    ({ code, message }) => `${code}: ${message}`,
  )

/** What each statement of the first check says. */
const statements = ({ checks }: Explanation) =>
  (checks[0]?.policies ?? []).flatMap(({ name, statements: each }) =>
    each.map(({ sid, index, applies, mismatch }) => [
      `${name} ${sid ?? index}`,
      applies || [mismatch?.element, mismatch?.condition].filter(Boolean).join(' '),
    ]),
  )
const sealed = async (context?: Record<string, string>) => {
  const { CiphertextBlob } = await must(kms, 'Encrypt', {
    KeyId: key.KeyId,
    Plaintext: new TextEncoder().encode('the plaintext of this test'),
    ...(context ? { EncryptionContext: context } : {}),
  })
  return btoa(String.fromCharCode(...CiphertextBlob))
}

describe('a call that was', () => {
  it('denied: the statement and the condition that kept it', async () => {
    const onlyBlue = { Condition: { StringEquals: { 'kms:EncryptionContext:team': 'blue' } } }
    kms.users.set('alice', { p: policy(allow('kms:Decrypt', onlyBlue), allow('kms:ListKeys')) })
    const EncryptionContext = { team: 'red-is-a-value' }
    const CiphertextBlob = await sealed(EncryptionContext)
    const explanation = await explained('Decrypt', { CiphertextBlob, EncryptionContext }, alice)
    expect(explanation).toMatchObject({
      operation: 'Decrypt',
      principal: 'arn:aws:iam::111122223333:user/alice',
      allowed: false,
      notes: [],
      recorded: {
        eventTime: new Date(kms.clock.ms).toISOString(),
        errorCode: 'AccessDeniedException',
        decision: 'kms:Decrypt not allowed: no identity policy allows it',
      },
    })
    expect(statements(explanation)).toEqual([
      ['p 0', 'Condition StringEquals kms:EncryptionContext:team'],
      ['p 1', 'Action'],
      ['key policy Enable IAM User Permissions', true],
    ])
    for (const secret of ['the plaintext', CiphertextBlob, 'red-is-a-value', 'blue']) {
      expect(JSON.stringify(explanation)).not.toContain(secret)
    }
  })

  it('allowed: what allowed it', async () => {
    kms.users.set('alice', { p: policy(allow('kms:Decrypt')) })
    const explanation = await explained('Decrypt', { CiphertextBlob: await sealed() }, alice)
    expect(explanation).toMatchObject({ allowed: true, recorded: { errorCode: null } })
    expect(explanation.checks[0]?.decision).toMatchObject({
      allowed: true,
      by: [
        { policy: 'key policy', statement: 'Enable IAM User Permissions' },
        { policy: 'p', statement: '0' },
      ],
    })
  })

  it('by a grant: each grant, and why it does not allow', async () => {
    kms.users.set('alice', {})
    const grant = (Operations: string[], more: object = {}) =>
      must(kms, 'CreateGrant', {
        KeyId: key.KeyId,
        GranteePrincipal: 'arn:aws:iam::111122223333:user/alice',
        Operations,
        ...more,
      } as never)
    const other = await grant(['Encrypt'])
    const bound = await grant(['Decrypt'], { Constraints: { EncryptionContextSubset: { team: 'blue' } } })
    const denied = await explained('Decrypt', { CiphertextBlob: await sealed() }, alice)
    const grants = (explanation: Explanation) =>
      Object.fromEntries((explanation.checks[0]?.grants ?? []).map(({ grantId, mismatch }) => [grantId, mismatch]))
    expect(denied.allowed).toBe(false)
    expect(Object.keys(grants(denied)).sort()).toEqual([other.GrantId, bound.GrantId].sort())
    expect(Object.values(grants(denied)).every(Boolean)).toBe(true)
    const EncryptionContext = { team: 'blue' }
    const CiphertextBlob = await sealed(EncryptionContext)
    const allowed = await explained('Decrypt', { CiphertextBlob, EncryptionContext }, alice)
    expect(allowed.allowed).toBe(true)
    expect(grants(allowed)[bound.GrantId]).toBeUndefined()
  })

  it('at the time of the call, from where it came', async () => {
    const today = { DateLessThan: { 'aws:CurrentTime': new Date(kms.clock.ms + 60_000).toISOString() } }
    const here = { IpAddress: { 'aws:SourceIp': '203.0.113.0/24' } }
    kms.users.set('alice', { p: policy(allow('kms:ListKeys', { Condition: { ...today, ...here } })) })
    const { requestId } = await call('ListKeys', {}, alice, { sourceIp: '203.0.113.9' })
    kms.clock.advanceDays(1)
    expect(await explain(kms, { requestId })).toMatchObject({ allowed: true })
    expect(await hypothetical('ListKeys', {}, alice, '203.0.113.9')).toMatchObject({ allowed: false })
  })

  it('of policies as they are now, with what decided then', async () => {
    kms.users.set('alice', {})
    const { requestId } = await call('ListKeys', {}, alice)
    kms.users.set('alice', { p: policy(allow('kms:ListKeys')) })
    expect(await explain(kms, { requestId })).toMatchObject({
      allowed: true,
      recorded: { errorCode: 'AccessDeniedException', decision: expect.stringContaining('not allowed') },
    })
  })

  it('by somebody who is gone, or a session that is over', async () => {
    kms.users.set('alice', { p: policy(allow('kms:ListKeys')) })
    const { requestId } = await call('ListKeys', {}, alice)
    kms.users.delete('alice')
    expect(await explain(kms, { requestId })).toMatchObject({
      allowed: false,
      notes: [expect.stringContaining('gone')],
    })
    const session = sessionPrincipal('deployer', 's1', { policies: [policy(allow('kms:ListKeys'))] })
    kms.identity.add(session, { policies: { p: policy(allow('kms:*')) } })
    const called = await call('ListKeys', {}, session)
    kms.clock.advanceDays(1)
    expect(await explain(kms, called)).toMatchObject({
      allowed: true,
      notes: [expect.stringContaining('neither the policies nor the tags of a session')],
    })
  })

  it('refusals', async () => {
    expect(await refusalOf({ requestId: 'unknown' })).toBe(
      'NotFoundException: The audit log holds no call with this request id.',
    )
    await must(kms, 'RotateKeyOnDemand', { KeyId: key.KeyId })
    const unsigned = (await trail(kms)).find(({ principal }) => principal === null)
    expect(unsigned).toBeDefined()
    const { requestId } = await call('DescribeKey', { KeyId: 'ffffffff-0000-4000-8000-00000000ffff' })
    expect(await refusalOf({ requestId })).toMatch(/^NotFoundException: /)
  })
})

describe('every operation: the explanation comes to what the call came to', () => {
  const notBuilt = /CustomKeyStore|^ReplicateKey$|^UpdatePrimaryRegion$/
  const message = btoa('x')

  async function requests(): Promise<Readonly<Record<string, object>>> {
    const made = async (KeySpec: string, KeyUsage: string, more = {}) =>
      (await newKey(kms, { KeySpec, KeyUsage, ...more } as never)).KeyId
    const [KeyId, rsa, hmac, ecdh, kem, external, doomed] = [
      key.KeyId,
      await made('ECC_NIST_P256', 'SIGN_VERIFY'),
      await made('HMAC_256', 'GENERATE_VERIFY_MAC'),
      await made('ECC_NIST_P256', 'KEY_AGREEMENT'),
      await made('ML_KEM_768', 'ENCAPSULATE_DECAPSULATE'),
      await made('SYMMETRIC_DEFAULT', 'ENCRYPT_DECRYPT', { Origin: 'EXTERNAL' }),
      await made('SYMMETRIC_DEFAULT', 'ENCRYPT_DECRYPT'),
    ]
    await must(kms, 'CreateAlias', { AliasName: 'alias/known', TargetKeyId: KeyId })
    await must(kms, 'CreateAlias', { AliasName: 'alias/goes', TargetKeyId: KeyId })
    const root = `arn:aws:iam::${accountId}:root`
    const grant = async () =>
      must(kms, 'CreateGrant', { KeyId, GranteePrincipal: root, RetiringPrincipal: root, Operations: ['Encrypt'] })
    const [revoked, retired] = [await grant(), await grant()]
    const blob = await sealed()
    const sign = { SigningAlgorithm: 'ECDSA_SHA_256', Message: message }
    const mac = { MacAlgorithm: 'HMAC_SHA_256', Message: message }
    return {
      CancelKeyDeletion: { KeyId: doomed },
      CreateAlias: { AliasName: 'alias/new', TargetKeyId: KeyId },
      CreateGrant: { KeyId, GranteePrincipal: root, Operations: ['Encrypt'] },
      CreateKey: { Tags: [{ TagKey: 'team', TagValue: 'blue' }] },
      Decapsulate: { KeyId: kem, EncapsulationAlgorithm: 'ML_KEM', SharedSecretCiphertextBlob: message },
      Decrypt: { CiphertextBlob: blob },
      DeleteAlias: { AliasName: 'alias/goes' },
      DeleteImportedKeyMaterial: { KeyId: external },
      DeriveSharedSecret: { KeyId: ecdh, KeyAgreementAlgorithm: 'ECDH', PublicKey: message },
      DescribeKey: { KeyId: 'alias/known' },
      DisableKey: { KeyId: doomed },
      DisableKeyRotation: { KeyId },
      EnableKey: { KeyId: doomed },
      EnableKeyRotation: { KeyId },
      Encapsulate: { KeyId: kem, EncapsulationAlgorithm: 'ML_KEM' },
      Encrypt: { KeyId, Plaintext: message },
      GenerateDataKey: { KeyId, KeySpec: 'AES_256' },
      GenerateDataKeyPair: { KeyId, KeyPairSpec: 'ECC_NIST_P256' },
      GenerateDataKeyPairWithoutPlaintext: { KeyId, KeyPairSpec: 'ECC_NIST_P256' },
      GenerateDataKeyWithoutPlaintext: { KeyId, KeySpec: 'AES_256' },
      GenerateMac: { KeyId: hmac, ...mac },
      GenerateRandom: { NumberOfBytes: 3 },
      GetKeyLastUsage: { KeyId },
      GetKeyPolicy: { KeyId },
      GetKeyRotationStatus: { KeyId },
      GetParametersForImport: {
        KeyId: external,
        WrappingAlgorithm: 'RSAES_OAEP_SHA_256',
        WrappingKeySpec: 'RSA_2048',
      },
      GetPublicKey: { KeyId: rsa },
      ImportKeyMaterial: { KeyId: external, ImportToken: message, EncryptedKeyMaterial: message },
      ListAliases: { KeyId },
      ListGrants: { KeyId },
      ListKeyPolicies: { KeyId },
      ListKeyRotations: { KeyId },
      ListKeys: {},
      ListResourceTags: { KeyId },
      ListRetirableGrants: { RetiringPrincipal: root },
      PutKeyPolicy: { KeyId, Policy: policy(rootStatement) },
      ReEncrypt: { CiphertextBlob: blob, DestinationKeyId: KeyId },
      RetireGrant: { KeyId, GrantId: retired.GrantId },
      RevokeGrant: { KeyId, GrantId: revoked.GrantId },
      RotateKeyOnDemand: { KeyId },
      ScheduleKeyDeletion: { KeyId: doomed, PendingWindowInDays: 7 },
      Sign: { KeyId: rsa, ...sign },
      TagResource: { KeyId, Tags: [{ TagKey: 'team', TagValue: 'red' }] },
      UntagResource: { KeyId, TagKeys: ['x'] },
      UpdateAlias: { AliasName: 'alias/known', TargetKeyId: KeyId },
      UpdateKeyDescription: { KeyId, Description: 'x' },
      Verify: { KeyId: rsa, ...sign, Signature: message },
      VerifyMac: { KeyId: hmac, ...mac, Mac: message },
    }
  }

  it('for a user who may do nothing', async () => {
    kms.users.set('alice', {})
    const asked = await requests()
    expect(Object.keys(asked).sort()).toEqual(operationNames.filter((name) => !notBuilt.test(name)).sort())
    const found: Record<string, string> = {}
    for (const [operation, input] of Object.entries(asked)) {
      const { requestId, result } = await call(operation as OperationName, input, alice)
      const outcome = result.ok ? 'ok' : result.error.code
      const explanation = await explain(kms, { requestId })
      const { allowed, checks } = explanation
      if (outcome !== 'AccessDeniedException' || allowed || !checks.length) found[operation] = `${outcome} ${allowed}`
      const guessed = await hypothetical(operation as OperationName, input, alice)
      expect([operation, guessed.checks]).toEqual([operation, checks])
    }
    expect(found).toEqual({})
    expect(kms.faults).toEqual([])
  })

  it('for the root user, while the call could still be made', async () => {
    const found: Record<string, string> = {}
    for (const [operation, input] of Object.entries(await requests())) {
      const explanation = await hypothetical(operation as OperationName, input, rootPrincipal)
      const outcome = told((await call(operation as OperationName, input)).result)
      if (!explanation.allowed || outcome.startsWith('AccessDenied')) found[operation] = outcome
    }
    expect(found).toEqual({})
    expect(kms.faults).toEqual([])
  })

  it('nothing of it changes anything', async () => {
    const asked = await requests()
    const [before, { length }] = [await must(kms, 'ListAliases', {}), await trail(kms)]
    for (const [operation, input] of Object.entries(asked)) {
      await hypothetical(operation as OperationName, input, rootPrincipal)
    }
    await hypothetical('DescribeKey', { KeyId: 'alias/aws/s3' }, rootPrincipal)
    expect(await trail(kms)).toHaveLength(length)
    expect(await must(kms, 'ListAliases', {})).toEqual(before)
  })
})

describe('two accounts', () => {
  const otherAccountId = carl.accountId
  const secretName = 'policy-of-the-other-account'
  let directory: TestDirectory
  let other: TestKms

  beforeEach(async () => {
    directory = new TestDirectory()
    kms = await composeKms(createMemoryStorage(), undefined, undefined, { accountId, directory })
    other = await composeKms(createMemoryStorage(), undefined, undefined, { accountId: otherAccountId, directory })
    directory.add(carl, { policies: { [secretName]: policy(allow('kms:Encrypt')) } })
    key = await newKey(kms)
  })
  const admit = () =>
    must(kms, 'PutKeyPolicy', {
      KeyId: key.KeyId,
      Policy: policy(rootStatement, {
        Sid: 'Other',
        Effect: 'Allow',
        Principal: { AWS: otherAccountId },
        Action: 'kms:*',
        Resource: '*',
      }),
    })
  const input = () => ({ KeyId: key.arn, Plaintext: btoa('x') })

  it('shows the key’s side alone of a caller of the other one', async () => {
    const denied = await explained('Encrypt', input(), carl)
    expect(denied).toMatchObject({ allowed: false, notes: [expect.stringContaining('another account')] })
    await admit()
    const allowed = await explained('Encrypt', input(), carl)
    expect(allowed.allowed).toBe(true)
    expect(statements(allowed)).toEqual([
      ['key policy Root', 'Principal'],
      ['key policy Other', true],
    ])
    directory.add(carl, { policies: { [secretName]: policy({ ...allow('kms:Encrypt'), Effect: 'Deny' }) } })
    const stopped = await explained('Encrypt', input(), carl)
    expect(stopped.allowed).toBe(false)
    for (const explanation of [denied, allowed, stopped]) {
      expect(JSON.stringify(explanation)).not.toMatch(/policy-of-the-other|identity-based/)
    }
  })

  it('a key of the other one is not explained here', async () => {
    const arn = (await newKey(other)).arn
    expect(arn).toContain(`arn:aws:kms:${region}:${otherAccountId}:key/`)
    expect(await refusalOf({ principal: rootPrincipal, operation: 'DescribeKey', input: { KeyId: arn } })).toMatch(
      /^ValidationException: The request names no key of this account and Region/,
    )
  })
})

it('a request that is none is refused as the call itself would be', async () => {
  const asked = (operation: OperationName, input: object) =>
    refusalOf({ operation, input: input as JsonObject, principal: rootPrincipal })
  expect(await asked('Encrypt', {})).toMatch(/^ValidationException: KeyId is required/)
  expect(await asked('DescribeKey', { KeyId: 7 })).toMatch(/^SerializationException/)
  expect(await asked('DescribeKey', { KeyId: 'x'.repeat(99) })).toMatch(/^NotFoundException/)
  expect(await asked('CreateAlias', { TargetKeyId: key.KeyId })).toMatch(/^ValidationException: AliasName/)
  expect(told(await attempt(kms, 'ListKeys', {}))).toBe('ok')
})
