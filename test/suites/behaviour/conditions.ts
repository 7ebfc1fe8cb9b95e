import { describe, expect, it } from 'vitest'
import type { OperationName } from '../../../src/model/operations'
import type { CallRequest } from '../../../src/operations/kms'
import type { Principal } from '../../../src/policy/principal'
import { accountId, startMs, userPrincipal } from '../compose'
import { sessionPrincipal } from '../directory'
import { attempt, bytes, codeOf, must, newKey, type Open } from './harness'

const aliceArn = `arn:aws:iam::${accountId}:user/alice`
const alice = userPrincipal('alice')
const session = sessionPrincipal('Deployer', 's1', { tags: { team: 'red' }, sourceIdentity: 'zoe' })

const iso = (ms: number) => new Date(ms).toISOString()
const grantee = { GranteePrincipal: aliceArn, Operations: ['Encrypt', 'Decrypt'] }

type Condition = Readonly<Record<string, Readonly<Record<string, unknown>>>>

interface Asked {
  readonly operation?: OperationName
  readonly input?: object
  readonly more?: Partial<CallRequest>
  readonly caller?: Principal
}

const encrypt = (EncryptionContext?: Record<string, string>): Asked => ({
  operation: 'Encrypt',
  input: { Plaintext: bytes(1), ...(EncryptionContext ? { EncryptionContext } : {}) },
})
const via = (viaService: string, more: object = {}): Asked => ({ more: { forwarding: { viaService, ...more } } })
const createGrant = (over: object = {}): Asked => ({ operation: 'CreateGrant', input: { ...grantee, ...over } })

/** For keys that no call can change: the condition that stops the call instead. */
interface Instead {
  readonly instead: Condition
}

/** A condition of a statement that allows everything, a call that it lets pass, and one that it stops. */
const rows: readonly (readonly [condition: Condition, passes: Asked, stops: Asked | Instead])[] = [
  [{ StringEquals: { 'kms:EncryptionContext:app': 'a' } }, encrypt({ app: 'a', more: 'b' }), encrypt({ app: 'A' })],
  [{ StringEquals: { 'kms:EncryptionContext:APP': 'a' } }, encrypt({ app: 'a' }), encrypt()],
  [
    { 'ForAllValues:StringEquals': { 'kms:EncryptionContextKeys': ['a', 'b'] } },
    encrypt({ a: '1' }),
    encrypt({ A: '1' }),
  ],
  [{ Null: { 'kms:EncryptionContextKeys': 'false' } }, encrypt({ a: '1' }), encrypt()],
  [{ StringEquals: { 'kms:EncryptionAlgorithm': 'SYMMETRIC_DEFAULT' } }, encrypt(), { operation: 'DescribeKey' }],
  [{ StringEquals: { 'kms:ViaService': 's3.eu-west-1.amazonaws.com' } }, via('s3.eu-west-1.amazonaws.com'), {}],
  [
    { StringEquals: { 'kms:ViaService': 's3.eu-west-1.amazonaws.com' } },
    via('s3.eu-west-1.amazonaws.com'),
    via('sqs.eu-west-1.amazonaws.com'),
  ],
  [{ 'ForAnyValue:StringEquals': { 'aws:CalledVia': 's3.amazonaws.com' } }, via('s3.eu-west-1.amazonaws.com'), {}],
  [{ Bool: { 'aws:ViaAWSService': 'false' } }, {}, via('s3.eu-west-1.amazonaws.com')],
  [
    { ArnLike: { 'aws:SourceArn': 'arn:aws:s3:::bucket-*' } },
    via('s3.eu-west-1.amazonaws.com', { sourceArn: 'arn:aws:s3:::bucket-1' }),
    via('s3.eu-west-1.amazonaws.com', { sourceArn: 'arn:aws:s3:::other' }),
  ],
  [
    { StringEquals: { 'aws:SourceAccount': accountId } },
    via('s3.eu-west-1.amazonaws.com', { sourceAccount: accountId }),
    via('s3.eu-west-1.amazonaws.com'),
  ],
  [{ StringEquals: { 'kms:RequestAlias': 'alias/a' } }, { input: { KeyId: 'alias/a' } }, { input: {} }],
  [{ StringLike: { 'kms:RequestAlias': 'alias/*' } }, { input: { KeyId: 'alias/a' } }, {}],
  [
    { StringEquals: { 'kms:CallerAccount': accountId } },
    {},
    { instead: { StringEquals: { 'kms:CallerAccount': '444455556666' } } },
  ],
  [
    { StringEquals: { 'kms:KeySpec': 'SYMMETRIC_DEFAULT', 'kms:KeyUsage': 'ENCRYPT_DECRYPT' } },
    {},
    { instead: { StringEquals: { 'kms:KeySpec': 'HMAC_256', 'kms:KeyUsage': 'ENCRYPT_DECRYPT' } } },
  ],
  [
    { StringEquals: { 'kms:KeyOrigin': 'AWS_KMS' }, Bool: { 'kms:MultiRegion': 'false' } },
    {},
    { instead: { StringEquals: { 'kms:KeyOrigin': 'AWS_KMS' }, Bool: { 'kms:MultiRegion': 'true' } } },
  ],
  [
    { IpAddress: { 'aws:SourceIp': '192.0.2.0/24' } },
    { more: { sourceIp: '192.0.2.9' } },
    { more: { sourceIp: '192.0.3.9' } },
  ],
  [{ IpAddress: { 'aws:SourceIp': '2001:db8::/32' } }, { more: { sourceIp: '2001:db8::1' } }, {}],
  [{ Bool: { 'aws:SecureTransport': 'true' } }, {}, { more: { secureTransport: false } }],
  [{ StringLike: { 'aws:UserAgent': 'aws-cli/*' } }, { more: { userAgent: 'aws-cli/2.31' } }, {}],
  [
    { DateLessThan: { 'aws:CurrentTime': iso(startMs + 1000) } },
    {},
    { instead: { DateLessThan: { 'aws:CurrentTime': iso(startMs) } } },
  ],
  [
    { NumericGreaterThanEquals: { 'aws:EpochTime': startMs / 1000 } },
    {},
    { instead: { NumericGreaterThan: { 'aws:EpochTime': startMs / 1000 } } },
  ],
  [
    { StringEquals: { 'aws:RequestedRegion': 'eu-west-1' } },
    {},
    { instead: { StringNotEquals: { 'aws:RequestedRegion': 'eu-west-1' } } },
  ],
  [{ ArnEquals: { 'aws:PrincipalArn': aliceArn } }, {}, { caller: session }],
  [{ ArnLike: { 'aws:PrincipalArn': `arn:aws:iam::${accountId}:role/Dep*` } }, { caller: session }, {}],
  [
    { StringEquals: { 'aws:PrincipalAccount': accountId } },
    {},
    { instead: { StringEquals: { 'aws:PrincipalAccount': '444455556666' } } },
  ],
  [{ StringEquals: { 'aws:PrincipalType': 'AssumedRole' } }, { caller: session }, {}],
  [{ StringLike: { 'aws:userid': `${session.roleId}:*` } }, { caller: session }, {}],
  [{ StringEquals: { 'aws:username': 'alice' } }, {}, { caller: session }],
  [{ StringEquals: { 'aws:PrincipalTag/Team': 'blue' } }, {}, { caller: session }],
  [{ StringEquals: { 'aws:PrincipalTag/team': 'red' } }, { caller: session }, {}],
  [{ StringEquals: { 'aws:SourceIdentity': 'zoe' } }, { caller: session }, {}],
  [{ Bool: { 'aws:MultiFactorAuthPresent': 'false' } }, { caller: session }, {}],
  [{ BoolIfExists: { 'aws:MultiFactorAuthPresent': 'true' } }, {}, { caller: session }],
  [{ Null: { 'aws:TokenIssueTime': 'true' } }, {}, { caller: session }],
  [
    { 'ForAllValues:StringEquals': { 'kms:GrantOperations': ['Encrypt', 'Decrypt'] } },
    createGrant(),
    createGrant({ Operations: ['Encrypt', 'DescribeKey'] }),
  ],
  [{ StringEquals: { 'kms:GranteePrincipal': aliceArn } }, createGrant(), createGrant({ GranteePrincipal: accountId })],
  [
    { StringEquals: { 'kms:RetiringPrincipal': aliceArn } },
    createGrant({ RetiringPrincipal: aliceArn }),
    createGrant(),
  ],
  [
    { StringEquals: { 'kms:GrantConstraintType': 'EncryptionContextEquals' } },
    createGrant({ Constraints: { EncryptionContextEquals: { a: '1' } } }),
    createGrant({ Constraints: { EncryptionContextSubset: { a: '1' } } }),
  ],
  [
    { StringEquals: { 'kms:EncryptionContext:a': '1' } },
    createGrant({ Constraints: { EncryptionContextSubset: { a: '1' } } }),
    createGrant(),
  ],
  [
    { Bool: { 'kms:GrantIsForAWSResource': true } },
    { ...createGrant(), ...via('ec2.eu-west-1.amazonaws.com', { forResource: true }) },
    createGrant(),
  ],
  [
    { NumericGreaterThan: { 'kms:ScheduleKeyDeletionPendingWindowInDays': '10' } },
    { operation: 'ScheduleKeyDeletion', input: { PendingWindowInDays: 11 } },
    { operation: 'ScheduleKeyDeletion', input: { PendingWindowInDays: 10 } },
  ],
  [
    { NumericEquals: { 'kms:TrailingDaysWithoutKeyUsage': '0' } },
    { operation: 'DisableKey' },
    { operation: 'EnableKey' },
  ],
  [
    { NumericLessThan: { 'kms:RotationPeriodInDays': '200' } },
    { operation: 'EnableKeyRotation', input: { RotationPeriodInDays: 100 } },
    { operation: 'EnableKeyRotation' },
  ],
  [
    { 'ForAllValues:StringEquals': { 'aws:TagKeys': ['cost'] } },
    { operation: 'TagResource', input: { Tags: [{ TagKey: 'cost', TagValue: '1' }] } },
    { operation: 'TagResource', input: { Tags: [{ TagKey: 'Cost', TagValue: '1' }] } },
  ],
  [
    { StringEquals: { 'aws:RequestTag/cost': '1' } },
    { operation: 'TagResource', input: { Tags: [{ TagKey: 'cost', TagValue: '1' }] } },
    { operation: 'TagResource', input: { Tags: [{ TagKey: 'cost', TagValue: '2' }] } },
  ],
  [
    { Bool: { 'kms:BypassPolicyLockoutSafetyCheck': 'true' } },
    { operation: 'PutKeyPolicy', input: { Policy: '{}', BypassPolicyLockoutSafetyCheck: true } },
    { operation: 'PutKeyPolicy', input: { Policy: '{}' } },
  ],
]

/** Of identity policies alone: in a key policy these keys are absent. */
const identityAlone: readonly (readonly [condition: Condition, stops: Condition])[] = [
  [
    { 'ForAnyValue:StringEquals': { 'kms:ResourceAliases': 'alias/a' } },
    { 'ForAnyValue:StringEquals': { 'kms:ResourceAliases': 'alias/b' } },
  ],
  [{ StringEquals: { 'aws:ResourceTag/env': 'test' } }, { StringEquals: { 'aws:ResourceTag/env': 'prod' } }],
  [{ StringEquals: { 'aws:ResourceTag/ENV': 'test' } }, { StringEquals: { 'aws:ResourceTag/other': 'test' } }],
]

export function conditionKeys(open: Open): void {
  const statement = (Condition: Condition, Principal?: object) => ({
    Effect: 'Allow',
    Action: 'kms:*',
    Resource: '*',
    ...(Principal ? { Principal } : {}),
    Condition,
  })

  async function withKey() {
    const kms = await open()
    kms.identity.add(alice, { tags: { Team: 'blue' } })
    kms.identity.add(session)
    const key = await newKey(kms, { Tags: [{ TagKey: 'env', TagValue: 'test' }] })
    await must(kms, 'CreateAlias', { AliasName: 'alias/a', TargetKeyId: key.KeyId })
    const ask = async ({ operation = 'DescribeKey', input = {}, more, caller = alice }: Asked) => {
      const code = codeOf(await attempt(kms, operation, { KeyId: key.KeyId, ...input }, caller, more))
      return code === 'AccessDeniedException' ? 'denied' : 'passed'
    }
    return { kms, key, ask }
  }

  describe('condition keys', () => {
    it('are what the request, the caller, the key and the connection say', async () => {
      const { kms, key, ask } = await withKey()
      const found: Record<string, string[]> = {}
      const wanted: Record<string, string[]> = {}
      const root = { Effect: 'Allow', Principal: { AWS: accountId }, Action: 'kms:*', Resource: '*' }
      const put = (condition: Condition) => {
        const both = { AWS: [aliceArn, `arn:aws:iam::${accountId}:role/Deployer`] }
        const Policy = JSON.stringify({ Version: '2012-10-17', Statement: [root, statement(condition, both)] })
        return must(kms, 'PutKeyPolicy', { KeyId: key.KeyId, Policy })
      }
      for (const [Condition, passes, stops] of rows) {
        const name = `${JSON.stringify(Condition)} ${JSON.stringify(stops)}`
        expect(wanted, 'two rows alike').not.toHaveProperty([name])
        wanted[name] = ['passed', 'denied']
        await put(Condition)
        const passed = await ask(passes)
        if ('instead' in stops) await put(stops.instead)
        found[name] = [passed, await ask('instead' in stops ? passes : stops)]
        await attempt(kms, 'CancelKeyDeletion', { KeyId: key.KeyId })
        await must(kms, 'EnableKey', { KeyId: key.KeyId })
      }
      expect(found).toEqual(wanted)
      expect(kms.faults).toEqual([])
    })

    it.each(identityAlone)('%j counts in identity policies alone', async (holds, fails) => {
      const { kms, key, ask } = await withKey()
      const put = (Condition: Condition) => {
        kms.identity.add(alice, { policies: { p: JSON.stringify({ Statement: statement(Condition) }) } })
      }
      put(holds)
      expect(await ask({})).toBe('passed')
      put(fails)
      expect(await ask({})).toBe('denied')
      kms.identity.add(alice)
      const root = { Effect: 'Allow', Principal: { AWS: accountId }, Action: 'kms:*', Resource: '*' }
      const Policy = JSON.stringify({ Statement: [root, statement(holds, { AWS: aliceArn })] })
      await must(kms, 'PutKeyPolicy', { KeyId: key.KeyId, Policy })
      expect(await ask({})).toBe('denied')
    })

    it('of CreateKey come from the request', async () => {
      const kms = await open()
      const conditions: [Condition, passes: object, stops: object][] = [
        [
          { StringEquals: { 'kms:KeySpec': 'SYMMETRIC_DEFAULT' } },
          {},
          { KeySpec: 'HMAC_256', KeyUsage: 'GENERATE_VERIFY_MAC' },
        ],
        [
          { StringEquals: { 'kms:KeyUsage': 'ENCRYPT_DECRYPT' } },
          {},
          { KeySpec: 'HMAC_256', KeyUsage: 'GENERATE_VERIFY_MAC' },
        ],
        [{ StringEquals: { 'kms:KeyOrigin': 'EXTERNAL' } }, { Origin: 'EXTERNAL' }, {}],
        [{ Bool: { 'kms:MultiRegion': 'false' } }, {}, { MultiRegion: true }],
        [{ Null: { 'kms:BypassPolicyLockoutSafetyCheck': 'true' } }, {}, { BypassPolicyLockoutSafetyCheck: false }],
      ]
      for (const [Condition, passes, stops] of conditions) {
        kms.identity.add(alice, { policies: { p: JSON.stringify({ Statement: statement(Condition) }) } })
        const codes = [passes, stops].map(async (input) => codeOf(await attempt(kms, 'CreateKey', input, alice)))
        expect(await Promise.all(codes), JSON.stringify(Condition)).toEqual(['ok', 'AccessDeniedException'])
      }
    })
  })
}
