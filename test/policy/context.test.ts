import { describe, expect, it } from 'vitest'
import {
  type ContextFacts,
  conditionContext,
  encryptionContextOf,
  type KeyFacts,
  lazyContext,
} from '../../src/policy/context'
import type { CallerFacts } from '../../src/policy/types'
import { account, alice, anonymous, cloudtrail, federated, keyArn, root, session } from './asking'

const key: KeyFacts = {
  arn: keyArn,
  accountId: account,
  keySpec: 'SYMMETRIC_DEFAULT',
  keyUsage: 'ENCRYPT_DECRYPT',
  origin: 'AWS_KMS',
  multiRegion: false,
  tags: { Purpose: 'Test' },
  aliases: ['alias/a'],
}
const facts = (over: Partial<ContextFacts> = {}): ContextFacts => ({
  action: 'kms:Decrypt',
  caller: alice,
  key,
  region: 'us-west-2',
  secureTransport: true,
  nowMs: Date.UTC(2026, 10, 24, 8, 30, 15, 250),
  ...over,
})
const without: Partial<ContextFacts> = { key: undefined } as object
const keysOf = (over: Partial<ContextFacts>, prefix: string) =>
  Object.fromEntries([...conditionContext(facts(over))].filter(([name]) => name.startsWith(prefix)))

const keyKeys = {
  'kms:calleraccount': account,
  'kms:keyspec': 'SYMMETRIC_DEFAULT',
  'kms:customermasterkeyspec': 'SYMMETRIC_DEFAULT',
  'kms:keyusage': 'ENCRYPT_DECRYPT',
  'kms:customermasterkeyusage': 'ENCRYPT_DECRYPT',
  'kms:keyorigin': 'AWS_KMS',
  'kms:multiregion': 'false',
  'kms:resourcealiases': ['alias/a'],
}
const pairs = (names: string[], rest: object) => ({ 'kms:encryptioncontextkeys': names, ...rest })
const algorithm = (name = 'SYMMETRIC_DEFAULT') => ({ 'kms:encryptionalgorithm': name })

const reEncryption = {
  SourceKeyId: 'alias/s',
  DestinationKeyId: 'alias/d',
  SourceEncryptionContext: { s: '1' },
  DestinationEncryptionContext: { d: '2' },
  DestinationEncryptionAlgorithm: 'RSAES_OAEP_SHA_1',
}

describe('kms: keys of a check on a key', () => {
  const cases: [what: string, over: Partial<ContextFacts>, expected: object][] = [
    ['kms:DescribeKey', {}, {}],
    ['kms:GetKeyPolicy', { input: { KeyId: 'alias/x' } }, {}],
    ['kms:DescribeKey', { input: { KeyId: 'alias/x' } }, { 'kms:requestalias': 'alias/x' }],
    ['kms:DescribeKey', { input: { KeyId: keyArn.replace(/key.*/, 'alias/x') } }, { 'kms:requestalias': 'alias/x' }],
    ['kms:DescribeKey', { input: { KeyId: keyArn } }, {}],
    [
      'kms:DescribeKey',
      { viaService: 'ec2.us-west-2.amazonaws.com' },
      { 'kms:viaservice': 'ec2.us-west-2.amazonaws.com' },
    ],
    [
      'kms:Encrypt',
      { input: { EncryptionContext: { 'aws:S3:arn': 'x', b: 'Y' } } },
      pairs(['aws:S3:arn', 'b'], {
        'kms:encryptioncontext:aws:s3:arn': 'x',
        'kms:encryptioncontext:b': 'Y',
        ...algorithm(),
      }),
    ],
    ['kms:Encrypt', { input: { EncryptionAlgorithm: 'RSAES_OAEP_SHA_256' } }, algorithm('RSAES_OAEP_SHA_256')],
    ['kms:DescribeKey', { input: { EncryptionContext: { a: '1' } } }, {}],
    [
      'kms:GenerateDataKeyPair',
      { input: { KeyPairSpec: 'RSA_2048' } },
      { 'kms:datakeypairspec': 'RSA_2048', ...algorithm() },
    ],
    [
      'kms:ReEncryptFrom',
      { sameKey: true, input: reEncryption },
      pairs(['s'], {
        'kms:encryptioncontext:s': '1',
        'kms:reencryptonsamekey': 'true',
        'kms:requestalias': 'alias/s',
        ...algorithm(),
      }),
    ],
    [
      'kms:ReEncryptTo',
      { input: reEncryption },
      pairs(['d'], {
        'kms:encryptioncontext:d': '2',
        'kms:reencryptonsamekey': 'false',
        'kms:requestalias': 'alias/d',
        ...algorithm('RSAES_OAEP_SHA_1'),
      }),
    ],
    [
      'kms:Sign',
      { input: { SigningAlgorithm: 'ECDSA_SHA_256' } },
      { 'kms:signingalgorithm': 'ECDSA_SHA_256', 'kms:messagetype': 'RAW' },
    ],
    [
      'kms:Verify',
      { input: { SigningAlgorithm: 'ECDSA_SHA_256', MessageType: 'DIGEST' } },
      { 'kms:signingalgorithm': 'ECDSA_SHA_256', 'kms:messagetype': 'DIGEST' },
    ],
    ['kms:GenerateMac', { input: { MacAlgorithm: 'HMAC_SHA_256' } }, { 'kms:macalgorithm': 'HMAC_SHA_256' }],
    ['kms:DeriveSharedSecret', { input: { KeyAgreementAlgorithm: 'ECDH' } }, { 'kms:keyagreementalgorithm': 'ECDH' }],
    [
      'kms:CreateGrant',
      {
        input: {
          GranteePrincipal: 'g',
          RetiringPrincipal: 'r',
          Operations: ['Decrypt', 'Encrypt'],
          Constraints: { EncryptionContextSubset: { T: '1' }, SourceArn: 'arn:s' },
        },
      },
      pairs(['T'], {
        'kms:encryptioncontext:t': '1',
        'kms:granteeprincipal': 'g',
        'kms:retiringprincipal': 'r',
        'kms:grantoperations': ['Decrypt', 'Encrypt'],
        'kms:grantconstrainttype': 'EncryptionContextSubset',
        'kms:grantconstraintsourcearn': 'arn:s',
        'kms:grantisforawsresource': 'false',
      }),
    ],
    [
      'kms:CreateGrant',
      {
        forAwsResource: true,
        input: {
          GranteeServicePrincipal: 'g',
          RetiringServicePrincipal: 'r',
          Operations: ['Decrypt'],
          Constraints: { SourceArn: 'arn:s' },
        },
      },
      {
        'kms:granteeserviceprincipal': 'g',
        'kms:retiringserviceprincipal': 'r',
        'kms:grantoperations': ['Decrypt'],
        'kms:grantconstraintsourcearn': 'arn:s',
        'kms:grantisforawsresource': 'true',
      },
    ],
    [
      'kms:RetireGrant',
      { grantConstraints: { EncryptionContextEquals: { T: '1' } } },
      pairs(['T'], { 'kms:encryptioncontext:t': '1', 'kms:grantconstrainttype': 'EncryptionContextEquals' }),
    ],
    ['kms:RevokeGrant', {}, { 'kms:grantisforawsresource': 'false' }],
    ['kms:PutKeyPolicy', { input: {} }, {}],
    [
      'kms:PutKeyPolicy',
      { input: { BypassPolicyLockoutSafetyCheck: false } },
      { 'kms:bypasspolicylockoutsafetycheck': 'false' },
    ],
    ['kms:EnableKeyRotation', { input: {} }, {}],
    ['kms:EnableKeyRotation', { input: { RotationPeriodInDays: 90 } }, { 'kms:rotationperiodindays': '90' }],
    [
      'kms:ScheduleKeyDeletion',
      { input: { PendingWindowInDays: 7 }, key: { ...key, daysSinceUse: 0 } },
      { 'kms:schedulekeydeletionpendingwindowindays': '7', 'kms:trailingdayswithoutkeyusage': '0' },
    ],
    ['kms:ImportKeyMaterial', { input: { ValidTo: new Date(1798761600_500) } }, { 'kms:validto': '1798761600' }],
    [
      'kms:ImportKeyMaterial',
      { input: { ExpirationModel: 'KEY_MATERIAL_EXPIRES', ValidTo: 1798761600 } },
      { 'kms:expirationmodel': 'KEY_MATERIAL_EXPIRES', 'kms:validto': '1798761600' },
    ],
    [
      'kms:GetParametersForImport',
      { input: { WrappingAlgorithm: 'RSAES_OAEP_SHA_256', WrappingKeySpec: 'RSA_4096' } },
      { 'kms:wrappingalgorithm': 'RSAES_OAEP_SHA_256', 'kms:wrappingkeyspec': 'RSA_4096' },
    ],
    ['kms:ReplicateKey', { input: { ReplicaRegion: 'eu-west-1' } }, { 'kms:replicaregion': 'eu-west-1' }],
    ['kms:UpdatePrimaryRegion', { input: { PrimaryRegion: 'eu-west-1' } }, { 'kms:primaryregion': 'eu-west-1' }],
    [
      'kms:DescribeKey',
      { key: { ...key, multiRegion: true, multiRegionKeyType: 'REPLICA' } },
      { 'kms:multiregion': 'true', 'kms:multiregionkeytype': 'REPLICA' },
    ],
  ]
  it.each(cases)('%s %j', (action, over, expected) =>
    expect(keysOf({ action, ...over }, 'kms:')).toEqual({ ...keyKeys, ...expected }),
  )
})

describe('kms: keys of a check without a key', () => {
  const created = {
    'kms:calleraccount': account,
    'kms:keyspec': 'SYMMETRIC_DEFAULT',
    'kms:customermasterkeyspec': 'SYMMETRIC_DEFAULT',
    'kms:keyusage': 'ENCRYPT_DECRYPT',
    'kms:customermasterkeyusage': 'ENCRYPT_DECRYPT',
    'kms:keyorigin': 'AWS_KMS',
    'kms:multiregion': 'false',
  }
  const cases: [action: string, over: Partial<ContextFacts>, expected: object][] = [
    ['kms:ListKeys', {}, {}],
    ['kms:CreateAlias', { input: { AliasName: 'alias/x' } }, {}],
    ['kms:DescribeCustomKeyStores', {}, { 'kms:calleraccount': account }],
    ['kms:CreateKey', { input: {} }, created],
    [
      'kms:CreateKey',
      { input: { CustomerMasterKeySpec: 'RSA_2048', KeyUsage: 'SIGN_VERIFY', Origin: 'EXTERNAL', MultiRegion: true } },
      {
        ...created,
        'kms:keyspec': 'RSA_2048',
        'kms:customermasterkeyspec': 'RSA_2048',
        'kms:keyusage': 'SIGN_VERIFY',
        'kms:customermasterkeyusage': 'SIGN_VERIFY',
        'kms:keyorigin': 'EXTERNAL',
        'kms:multiregion': 'true',
        'kms:multiregionkeytype': 'PRIMARY',
      },
    ],
    [
      'kms:CreateKey',
      { key: { ...key, keySpec: 'RSA_2048', multiRegion: true, multiRegionKeyType: 'PRIMARY' } },
      {
        ...created,
        'kms:keyspec': 'RSA_2048',
        'kms:customermasterkeyspec': 'RSA_2048',
        'kms:multiregion': 'true',
        'kms:multiregionkeytype': 'REPLICA',
      },
    ],
    ['iam:CreateUser', {}, {}],
  ]
  it.each(cases)('%s %j', (action, over, expected) =>
    expect(keysOf({ ...without, action, ...over }, 'kms:')).toEqual(expected),
  )
})

describe('tags', () => {
  it.each([
    [
      'kms:TagResource',
      { Tags: [{ TagKey: 'Cost', TagValue: 'A' }] },
      { 'aws:requesttag/cost': 'A', 'aws:tagkeys': ['Cost'] },
    ],
    ['kms:TagResource', { Tags: [] }, {}],
    ['kms:UntagResource', { TagKeys: ['Cost'] }, { 'aws:tagkeys': ['Cost'] }],
    ['kms:DescribeKey', { Tags: [{ TagKey: 'Cost', TagValue: 'A' }] }, {}],
  ])('%s %j', (action, input, expected) => {
    const all = conditionContext(facts({ action, input }))
    const found = [...all].filter(([name]) => /^aws:(requesttag|tagkeys)/.test(name))
    expect(Object.fromEntries(found)).toEqual(expected)
    expect(all.get('aws:resourcetag/purpose')).toBe('Test')
  })
})

describe('aws: keys', () => {
  const always = {
    'aws:requestedregion': 'us-west-2',
    'aws:securetransport': 'true',
    'aws:currenttime': '2026-11-24T08:30:15Z',
    'aws:epochtime': '1795509015',
    'aws:viaawsservice': 'false',
  }
  const human = (PrincipalType: string, rest: object) => ({
    'aws:principalisawsservice': 'false',
    'aws:principaltype': PrincipalType,
    'aws:principalaccount': account,
    ...rest,
  })
  const callers: [what: string, caller: CallerFacts, expected: object][] = [
    ['root', root, human('Account', { 'aws:principalarn': root.arn, 'aws:userid': account })],
    [
      'user',
      { ...alice, tags: { Role: 'dev' }, orgId: 'o-1', orgPaths: ['o-1/r/'] },
      human('User', {
        'aws:principalarn': alice.arn,
        'aws:userid': alice.userId,
        'aws:username': 'alice',
        'aws:principaltag/role': 'dev',
        'aws:principalorgid': 'o-1',
        'aws:principalorgpaths': ['o-1/r/'],
      }),
    ],
    [
      'session: the ARN of its role',
      { ...session, tokenIssuedAtMs: 0, sourceIdentity: 'me', federatedProvider: 'arn:p' },
      human('AssumedRole', {
        'aws:principalarn': session.parentArn,
        'aws:userid': session.userId,
        'aws:tokenissuetime': '1970-01-01T00:00:00Z',
        'aws:multifactorauthpresent': 'false',
        'aws:sourceidentity': 'me',
        'aws:federatedprovider': 'arn:p',
      }),
    ],
    [
      'federated user',
      { ...federated, tokenIssuedAtMs: 0, mfa: true },
      human('FederatedUser', {
        'aws:principalarn': federated.arn,
        'aws:userid': federated.userId,
        'aws:tokenissuetime': '1970-01-01T00:00:00Z',
        'aws:multifactorauthpresent': 'true',
      }),
    ],
    [
      'service',
      cloudtrail,
      {
        'aws:principalisawsservice': 'true',
        'aws:principalservicename': cloudtrail.arn,
        'aws:principalservicenameslist': [cloudtrail.arn],
      },
    ],
    [
      'nobody in particular',
      anonymous,
      { 'aws:principalisawsservice': 'false', 'aws:principaltype': 'Anonymous', 'aws:userid': 'anonymous' },
    ],
  ]
  it.each(callers)('%s', (_what, caller, expected) =>
    expect(keysOf({ ...without, action: 'kms:ListKeys', caller }, 'aws:')).toEqual({ ...always, ...expected }),
  )

  it('of a service or nobody, no caller account', () => {
    expect(conditionContext(facts({ caller: cloudtrail })).has('kms:calleraccount')).toBe(false)
  })

  it('of a connection and a calling service', () => {
    const context = conditionContext(
      facts({
        sourceIp: '192.0.2.1',
        userAgent: 'aws-cli/2',
        referer: 'x',
        secureTransport: false,
        viaService: 'ec2.us-west-2.amazonaws.com',
        extra: { 'aws:SourceArn': 'arn:s', 'aws:SourceVpce': 'vpce-1' },
      }),
    )
    expect(Object.fromEntries(context)).toMatchObject({
      'aws:sourceip': '192.0.2.1',
      'aws:useragent': 'aws-cli/2',
      'aws:referer': 'x',
      'aws:securetransport': 'false',
      'aws:viaawsservice': 'true',
      'aws:calledvia': ['ec2.amazonaws.com'],
      'aws:sourcearn': 'arn:s',
      'aws:sourcevpce': 'vpce-1',
      'aws:resourceaccount': account,
    })
  })

  it('a chain of services, first and last', () => {
    const extra = { 'aws:CalledVia': ['a.amazonaws.com', 'b.amazonaws.com'], 'aws:SecureTransport': 'false' }
    expect(Object.fromEntries(conditionContext(facts({ extra })))).toMatchObject({
      'aws:calledviafirst': 'a.amazonaws.com',
      'aws:calledvialast': 'b.amazonaws.com',
      'aws:viaawsservice': 'true',
      'aws:securetransport': 'false',
    })
  })
})

it('encryptionContextOf: each half of ReEncrypt has its own', () => {
  const input = { SourceEncryptionContext: { s: '1' }, DestinationEncryptionContext: { d: '2' } }
  expect(encryptionContextOf('kms:ReEncryptFrom', input)).toEqual({ s: '1' })
  expect(encryptionContextOf('kms:ReEncryptTo', input)).toEqual({ d: '2' })
  expect(encryptionContextOf('kms:Decrypt', { EncryptionContext: { a: '1' } })).toEqual({ a: '1' })
  expect(encryptionContextOf('kms:Decrypt', undefined)).toBeUndefined()
})

it('lazyContext makes it once', () => {
  const context = lazyContext(facts())
  expect(context()).toBe(context())
})
