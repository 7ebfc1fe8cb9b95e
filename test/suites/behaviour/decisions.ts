import { describe, expect, it } from 'vitest'
import type { OperationName } from '../../../src/model/operations'
import type { Principal } from '../../../src/policy/principal'
import { accountId, rootPrincipal, type TestKms, userPrincipal } from '../compose'
import { aliasArnOf, bytes, checkRows, must, newKey, type Open, type Row, recordsOf, trail, verdict } from './harness'

const statement = (Effect: 'Allow' | 'Deny', over: object) => ({ Effect, Action: 'kms:*', Resource: '*', ...over })
const policyOf = (...Statement: object[]) => JSON.stringify({ Version: '2012-10-17', Statement })
const allow = (over: object) => policyOf(statement('Allow', over))

const alice = userPrincipal('alice')
const denial = (action: string, resource: string, because: string) =>
  `AccessDeniedException: User: arn:aws:iam::${accountId}:user/alice is not authorized to perform: kms:${action} on resource: ${resource} ${because}`
const unallowed = (action: string, resource: string) =>
  denial(action, resource, `because no identity-based policy allows the kms:${action} action`)
const explicit = (action: string, resource: string) =>
  denial(action, resource, 'with an explicit deny in an identity-based policy')

export function decisions(open: Open): void {
  async function withAlice(...documents: string[]) {
    const kms = await open()
    const [key, other] = [await newKey(kms), await newKey(kms)]
    await must(kms, 'CreateAlias', { AliasName: 'alias/a', TargetKeyId: key.KeyId })
    const { CiphertextBlob } = await must(kms, 'Encrypt', { KeyId: key.KeyId, Plaintext: bytes(1) })
    kms.users.set('alice', Object.fromEntries(documents.map((text, i) => [`p${i}`, text])))
    return { kms, key, other, blob: CiphertextBlob }
  }

  /** The policies of alice, and what DescribeKey of `alias/a` says then. */
  const describing: [what: string, policies: (arn: string) => string[], refused?: 'unallowed' | 'explicit'][] = [
    ['no policy', () => [], 'unallowed'],
    ['everything', () => [allow({})]],
    ['the action', () => [allow({ Action: 'kms:DescribeKey' })]],
    ['the action in other case', () => [allow({ Action: 'KMS:describekey' })]],
    ['a pattern', () => [allow({ Action: 'kms:Des*' })]],
    ['one character each', () => [allow({ Action: 'kms:DescribeK?y' })]],
    ['a list', () => [allow({ Action: ['kms:Encrypt', 'kms:DescribeKey'] })]],
    ['another action', () => [allow({ Action: 'kms:Encrypt' })], 'unallowed'],
    ['another service', () => [allow({ Action: 's3:*' })], 'unallowed'],
    ['this key', (arn) => [allow({ Resource: arn })]],
    ['the keys of the account', () => [allow({ Resource: `arn:aws:kms:*:${accountId}:key/*` })]],
    ['another key', (arn) => [allow({ Resource: `${arn.slice(0, -1)}x` })], 'unallowed'],
    ['the alias, which is not the key', () => [allow({ Resource: aliasArnOf('alias/a') })], 'unallowed'],
    ['resources mind case', (arn) => [allow({ Resource: arn.toUpperCase() })], 'unallowed'],
    ['NotAction of another', () => [policyOf({ Effect: 'Allow', NotAction: 'kms:Encrypt', Resource: '*' })]],
    [
      'NotAction of this',
      () => [policyOf({ Effect: 'Allow', NotAction: 'kms:Describe*', Resource: '*' })],
      'unallowed',
    ],
    ['NotResource of this', (arn) => [policyOf({ Effect: 'Allow', Action: '*', NotResource: arn })], 'unallowed'],
    ['NotResource of another', (arn) => [policyOf({ Effect: 'Allow', Action: '*', NotResource: `${arn}x` })]],
    ['deny alone', () => [policyOf(statement('Deny', {}))], 'explicit'],
    [
      'deny after allow',
      () => [policyOf(statement('Allow', {}), statement('Deny', { Action: 'kms:Des*' }))],
      'explicit',
    ],
    ['deny in another policy', () => [allow({}), policyOf(statement('Deny', {}))], 'explicit'],
    ['deny of another action', () => [policyOf(statement('Allow', {}), statement('Deny', { Action: 'kms:Encrypt' }))]],
    [
      'deny of all but this action',
      () => [policyOf(statement('Allow', {}), { Effect: 'Deny', NotAction: 'kms:DescribeKey', Resource: '*' })],
    ],
  ]

  describe('decisions', () => {
    it('weigh the identity policies of a user', async () => {
      const { kms, key } = await withAlice()
      for (const [what, policies, refused] of describing) {
        kms.users.set('alice', Object.fromEntries(policies(key.arn).map((text, i) => [`p${i}`, text])))
        const expected = { unallowed: unallowed('DescribeKey', key.arn), explicit: explicit('DescribeKey', key.arn) }
        expect(await verdict(kms, 'DescribeKey', { KeyId: 'alias/a' }, alice), what).toBe(
          refused ? expected[refused] : 'ok',
        )
      }
    })

    it('ask for the action of each operation, on its resource', async () => {
      const { kms, key, other, blob } = await withAlice()
      const { KeyId, arn } = key
      const on = (operation: OperationName, input: object, resource = arn, action: string = operation): Row => [
        action,
        operation,
        input,
        unallowed(action, resource),
      ]
      const keyed = (operation: OperationName, more: object = {}) => on(operation, { KeyId, ...more })
      await checkRows(
        kms,
        [
          on('CreateKey', {}, '*'),
          on('ListKeys', {}, '*'),
          on('ListAliases', {}, '*'),
          on('GenerateRandom', { NumberOfBytes: 1 }, '*'),
          on('CreateAlias', { AliasName: 'alias/b', TargetKeyId: KeyId }, aliasArnOf('alias/b')),
          on('UpdateAlias', { AliasName: 'alias/a', TargetKeyId: other.KeyId }, aliasArnOf('alias/a')),
          on('DeleteAlias', { AliasName: 'alias/a' }, aliasArnOf('alias/a')),
          on('Decrypt', { CiphertextBlob: blob }),
          on('ReEncrypt', { CiphertextBlob: blob, DestinationKeyId: other.KeyId }, arn, 'ReEncryptFrom'),
          keyed('Encrypt', { Plaintext: bytes(1) }),
          keyed('GenerateDataKey', { KeySpec: 'AES_256' }),
          keyed('GenerateDataKeyWithoutPlaintext', { KeySpec: 'AES_256' }),
          keyed('DescribeKey'),
          keyed('EnableKey'),
          keyed('DisableKey'),
          keyed('UpdateKeyDescription', { Description: 'x' }),
          keyed('ScheduleKeyDeletion', { PendingWindowInDays: 1 }),
          keyed('CancelKeyDeletion'),
          keyed('EnableKeyRotation'),
          keyed('DisableKeyRotation'),
          keyed('GetKeyRotationStatus'),
          keyed('RotateKeyOnDemand'),
          keyed('ListKeyRotations'),
          keyed('GetKeyLastUsage'),
          keyed('GetKeyPolicy', { PolicyName: 'other' }),
          keyed('PutKeyPolicy', { Policy: 'x' }),
          keyed('ListKeyPolicies'),
          keyed('TagResource', { Tags: [{ TagKey: 'aws:x', TagValue: '' }] }),
          keyed('UntagResource', { TagKeys: ['a'] }),
          keyed('ListResourceTags'),
        ],
        alice,
      )
    })

    it('ask twice where an operation does two things', async () => {
      const { kms, key, other, blob } = await withAlice()
      const may = async (Action: string[], Resource: string | string[], rows: Row[]) => {
        kms.users.set('alice', { p: allow({ Action, Resource }) })
        await checkRows(kms, rows, alice)
      }
      const toB = { AliasName: 'alias/b', TargetKeyId: key.KeyId }
      const move = { AliasName: 'alias/a', TargetKeyId: other.KeyId }
      const reEncrypt = { CiphertextBlob: blob, DestinationKeyId: other.KeyId }
      const tags = { Tags: [{ TagKey: 'a', TagValue: '' }] }
      await may(['kms:CreateKey'], '*', [['untagged', 'CreateKey', {}, 'ok']])
      // The key to be has an ARN of its own, which nobody could have known.
      const { judged, refusal } = await refusedTags(kms, tags)
      expect(judged).toMatch(new RegExp(`^arn:aws:kms:eu-west-1:${accountId}:key/[0-9a-f-]{36}$`))
      expect(refusal).toBe(unallowed('TagResource', judged))
      await may(['kms:CreateKey', 'kms:TagResource'], '*', [['tagged', 'CreateKey', tags, 'ok']])
      const ofKeys = allow({ Action: 'kms:TagResource', Resource: `arn:aws:kms:*:${accountId}:key/*` })
      kms.users.set('alice', { create: allow({ Action: 'kms:CreateKey' }), ofKeys })
      await checkRows(kms, [['tagged, keys alone', 'CreateKey', tags, 'ok']], alice)
      await may(['kms:CreateAlias'], aliasArnOf('alias/b'), [
        ['alias', 'CreateAlias', toB, unallowed('CreateAlias', key.arn)],
      ])
      await may(['kms:CreateAlias'], [aliasArnOf('alias/b'), key.arn], [['both', 'CreateAlias', toB, 'ok']])
      const alias = aliasArnOf('alias/a')
      await may(
        ['kms:UpdateAlias'],
        [alias, other.arn],
        [['old key', 'UpdateAlias', move, unallowed('UpdateAlias', key.arn)]],
      )
      await may(
        ['kms:UpdateAlias'],
        [alias, key.arn],
        [['new key', 'UpdateAlias', move, unallowed('UpdateAlias', other.arn)]],
      )
      await may(['kms:ReEncryptFrom'], '*', [['to', 'ReEncrypt', reEncrypt, unallowed('ReEncryptTo', other.arn)]])
      await may(['kms:ReEncrypt*'], key.arn, [['to', 'ReEncrypt', reEncrypt, unallowed('ReEncryptTo', other.arn)]])
      await may(['kms:ReEncrypt*'], '*', [['both', 'ReEncrypt', reEncrypt, 'ok']])
      await may(['kms:DeleteAlias'], alias, [
        ['key', 'DeleteAlias', { AliasName: 'alias/a' }, unallowed('DeleteAlias', key.arn)],
      ])
      await may(['kms:DeleteAlias'], '*', [['both', 'DeleteAlias', { AliasName: 'alias/a' }, 'ok']])
    })

    it('come after the look-up and before usage, state and the rest', async () => {
      const { kms, key } = await withAlice()
      await must(kms, 'DisableKey', { KeyId: key.KeyId })
      const input = { KeyId: key.KeyId, Plaintext: bytes(1) }
      await checkRows(
        kms,
        [
          ['disabled', 'Encrypt', input, unallowed('Encrypt', key.arn)],
          ['unknown', 'Encrypt', { ...input, KeyId: 'x' }, "NotFoundException: Invalid keyId 'x'"],
        ],
        alice,
      )
    })

    it('do not limit the root user', async () => {
      const { kms, key } = await withAlice(policyOf(statement('Deny', {})))
      expect(await verdict(kms, 'DescribeKey', { KeyId: key.KeyId }, rootPrincipal)).toBe('ok')
    })

    it('need a caller that exists, before anything of the request is looked at', async () => {
      const { kms, key } = await withAlice(allow({}))
      const gone: Principal = userPrincipal('bob')
      const refused = 'UnrecognizedClientException: The security token included in the request is invalid.'
      await checkRows(
        kms,
        [
          ['good', 'DescribeKey', { KeyId: key.KeyId }, refused],
          ['invalid', 'DescribeKey', {}, refused],
          ['undecodable', 'DescribeKey', { KeyId: 1 }, refused],
          ['not built', 'ListGrants', { KeyId: key.KeyId }, refused],
        ],
        gone,
      )
      expect((await recordsOf(kms, 'DescribeKey')).every((entry) => entry.parameters === null)).toBe(true)
    })

    it('refuse a caller of another account, root or user, whatever its policies', async () => {
      const { kms, key } = await withAlice()
      const root: Principal = { kind: 'root', accountId: '444455556666', accessKeyId: 'AKIASTRANGEREXAMPLE1' }
      const user: Principal = { ...userPrincipal('alice'), accountId: '444455556666' }
      kms.users.set('alice', { all: allow({}) })
      for (const [principal, name] of [
        [root, 'root'],
        [user, 'user/alice'],
      ] as const) {
        const foreign = (action: string) =>
          `AccessDeniedException: User: arn:aws:iam::444455556666:${name} is not authorized to perform: kms:${action} on this resource because the resource does not exist in this Region, no resource-based policies allow access, or a resource-based policy explicitly denies access`
        await checkRows(
          kms,
          [
            ['key', 'DescribeKey', { KeyId: key.arn }, foreign('DescribeKey')],
            ['bare id', 'DisableKey', { KeyId: key.KeyId }, foreign('DisableKey')],
            ['alias', 'Encrypt', { KeyId: aliasArnOf('alias/a'), Plaintext: bytes(1) }, foreign('Encrypt')],
            ['account', 'ListKeys', {}, foreign('ListKeys')],
            ['account', 'ListAliases', {}, foreign('ListAliases')],
            ['account', 'CreateKey', {}, foreign('CreateKey')],
            ['account', 'GenerateRandom', { NumberOfBytes: 1 }, foreign('GenerateRandom')],
            ['alias', 'DeleteAlias', { AliasName: 'alias/a' }, foreign('DeleteAlias')],
            ['unknown alias', 'DeleteAlias', { AliasName: 'alias/b' }, foreign('DeleteAlias')],
            ['alias', 'CreateAlias', { AliasName: 'alias/a', TargetKeyId: key.arn }, foreign('CreateAlias')],
          ],
          principal,
        )
      }
      expect((await must(kms, 'DescribeKey', { KeyId: 'alias/a' })).KeyMetadata.KeyState).toBe('Enabled')
    })

    it('count from the very next call on', async () => {
      const { kms, key } = await withAlice(allow({}))
      const ask = () => verdict(kms, 'DescribeKey', { KeyId: key.KeyId }, alice)
      expect(await ask()).toBe('ok')
      kms.users.set('alice', {})
      expect(await ask()).toBe(unallowed('DescribeKey', key.arn))
      kms.users.delete('alice')
      expect(await ask()).toMatch(/^UnrecognizedClientException/)
    })

    it('stand in the record, with the statement that decided', async () => {
      const Sid = 'OnlyReading'
      const { kms, key } = await withAlice(
        policyOf(statement('Allow', { Sid, Action: 'kms:Describe*' }), statement('Deny', { Action: 'kms:Encrypt' })),
      )
      const ask = (operation: OperationName, input: object) =>
        verdict(kms, operation, { KeyId: key.KeyId, ...input }, alice)
      await ask('DescribeKey', {})
      await ask('Encrypt', { Plaintext: bytes(1) })
      await ask('DisableKey', {})
      await must(kms, 'DescribeKey', { KeyId: key.KeyId })
      expect(await decisionsOf(kms, 4)).toEqual([
        'kms:DescribeKey allowed by statement Enable IAM User Permissions of key policy and statement OnlyReading of p0',
        'kms:Encrypt denied by statement 1 of p0',
        'kms:DisableKey not allowed: no identity policy allows it',
        'kms:DescribeKey allowed by statement Enable IAM User Permissions of key policy and root user',
      ])
    })
  })
}

/** CreateKey of alice with tags that she may not set, and the resource that the refusal names. */
async function refusedTags(kms: TestKms, input: object) {
  const refusal = await verdict(kms, 'CreateKey', input, alice)
  return { refusal, judged: / on resource: (\S+)/.exec(refusal)?.[1] ?? '' }
}

const decisionsOf = async (kms: TestKms, count: number) =>
  (await trail(kms)).slice(-count).map((entry) => entry.decision)
