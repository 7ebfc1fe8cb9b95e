import { describe, expect, it } from 'vitest'
import { accountId } from '../compose'
import { checkRows, invalid, must, newKey, type Open, type Row, verdict } from './harness'

/** The default policy as GetKeyPolicy of AWS prints it (behaviours 7, CreateKey). */
const printed = `{\n  "Version" : "2012-10-17",\n  "Id" : "key-default-1",\n  "Statement" : [ {\n    "Sid" : "Enable IAM User Permissions",\n    "Effect" : "Allow",\n    "Principal" : {\n      "AWS" : "arn:aws:iam::${accountId}:root"\n    },\n    "Action" : "kms:*",\n    "Resource" : "*"\n  } ]\n}`

const rootArn = `arn:aws:iam::${accountId}:root`
const statement = (over: object = {}) => ({
  Effect: 'Allow',
  Principal: { AWS: rootArn },
  Action: 'kms:*',
  Resource: '*',
  ...over,
})
const document = (over: object = {}, more: object = {}) =>
  JSON.stringify({ Version: '2012-10-17', Statement: [statement(over)], ...more })

const spellings: [what: string, text: string][] = [
  ['as printed', printed],
  ['without Id and Sid', document()],
  ['one statement, no list', JSON.stringify({ Version: '2012-10-17', Statement: statement() })],
  ['lists of one', document({ Principal: { AWS: [rootArn] }, Action: ['kms:*'], Resource: ['*'] })],
  ['account number', document({ Principal: { AWS: accountId } })],
  ['white space', `\n ${document().replaceAll(',', ' ,\t')} `],
  ['escapes', document().replace('kms', '\\u006bms')],
]

const malformed = (text: string) => `MalformedPolicyDocumentException: ${text}`
const invalidPrincipals = malformed('Policy contains a statement with one or more invalid principals.')
const named = (AWS: string | string[]) => document({ Principal: { AWS } })

/** What no key takes, whoever asks and whether the lockout check is bypassed. */
const refusals: [what: string, text: string, expected: string][] = [
  ['no JSON', 'x', malformed('The policy document is not a JSON object.')],
  ['a list', '[]', malformed('The policy document is not a JSON object.')],
  ['empty', '{}', malformed('Missing required field Statement')],
  ['no statement', '{"Statement":[]}', malformed('The policy document has no statement.')],
  [
    'a member twice',
    '{"Statement":[],"Statement":[]}',
    malformed('The policy document has a member name twice in one object.'),
  ],
  ['an unknown element', document({}, { Foo: 1 }), malformed('The policy document has an unknown element.')],
  [
    'an unknown Version',
    document({}, { Version: '2026-01-01' }),
    malformed('The policy document has an unknown Version.'),
  ],
  ['no Effect', document({ Effect: undefined }), malformed('Missing required field Effect')],
  ['another Effect', document({ Effect: 'allow' }), malformed('Effect must be Allow or Deny.')],
  ['no Action', document({ Action: undefined }), malformed('Missing required field Action')],
  [
    'Action and NotAction',
    document({ NotAction: 'kms:Encrypt' }),
    malformed('A statement has both Action and NotAction.'),
  ],
  ['no principal', document({ Principal: undefined }), malformed('Policy contains a statement with no principal.')],
  ['an empty principal', named([]), malformed('Policy contains a statement with no principal.')],
  [
    'NotPrincipal with Allow',
    document({ Principal: undefined, NotPrincipal: '*' }),
    malformed('NotPrincipal is not allowed with Allow.'),
  ],
  ['an unknown user', named(`arn:aws:iam::${accountId}:user/nobody`), invalidPrincipals],
  ['a known and an unknown user', named([rootArn, `arn:aws:iam::${accountId}:user/nobody`]), invalidPrincipals],
  ['a role of an account that is not here', named('arn:aws:iam::999999999999:role/r'), invalidPrincipals],
  ['a session of an unknown role', named(`arn:aws:sts::${accountId}:assumed-role/nobody/s1`), invalidPrincipals],
  ['a group', named(`arn:aws:iam::${accountId}:group/g`), invalidPrincipals],
  ['part of an ARN', named(`arn:aws:iam::${accountId}:user/*`), invalidPrincipals],
  ['a unique id that is gone', named('AIDACKCEVSQ6C2EXAMPLE'), invalidPrincipals],
  [
    'an unknown operator',
    document({ Condition: { StringSame: { 'aws:userid': 'x' } } }),
    malformed('Policy contains an unknown condition operator.'),
  ],
  [
    'a loose set operator',
    document({ Condition: { 'ForAllValues:StringEquals': { 'kms:EncryptionContext:a': 'x' } } }),
    malformed(
      'OverlyPermissiveCondition: Using the ForAllValues set operator with a single-valued condition key matches requests without the specified encryption context or with an unspecified encryption context. To fix, remove ForAllValues.',
    ),
  ],
  [
    'over 32,768 bytes',
    document({ Sid: 'ä'.repeat(16_384) }),
    'LimitExceededException: The key policy is longer than 32768 bytes.',
  ],
]

/** What means something else than the default policy, and is as good. */
const accepted: [what: string, text: string][] = [
  ['more actions', document({ Action: ['kms:*', 'kms:Encrypt', 's3:GetObject'] })],
  ['all but one action', document({ Action: undefined, NotAction: 'kms:Encrypt' })],
  ['everybody', document({ Principal: { AWS: '*' } })],
  ['everybody, short', document({ Principal: '*' })],
  ['a service too', document({ Principal: { AWS: rootArn, Service: 's3.amazonaws.com' } })],
  ['a user too', named([rootArn, `arn:aws:iam::${accountId}:user/alice`])],
  ['a condition that holds', document({ Condition: { Bool: { 'aws:SecureTransport': true } } })],
  ['two statements', JSON.stringify({ Version: '2012-10-17', Statement: [statement(), statement()] })],
  ['keys by pattern', document({ Resource: `arn:aws:kms:*:${accountId}:key/*` })],
  [
    'a statement without effect',
    JSON.stringify({ Statement: [statement(), statement({ Resource: undefined, Effect: 'Deny' })] }),
  ],
  ['32,768 bytes', document({ Sid: 'x'.repeat(32_768 - document({ Sid: '' }).length) })],
]

export function policies(open: Open): void {
  describe('key policies', () => {
    it('are the default one, printed as AWS prints it', async () => {
      const kms = await open()
      const { KeyId } = await newKey(kms)
      expect(await must(kms, 'GetKeyPolicy', { KeyId })).toEqual({ Policy: printed, PolicyName: 'default' })
      expect(await must(kms, 'GetKeyPolicy', { KeyId, PolicyName: 'default' })).toMatchObject({ Policy: printed })
      expect(await must(kms, 'ListKeyPolicies', { KeyId })).toEqual({ PolicyNames: ['default'], Truncated: false })
    })

    it.each(spellings)('are taken when they mean the same: %s', async (_, Policy) => {
      const kms = await open()
      const { KeyId } = await newKey(kms, { Policy })
      expect(await must(kms, 'PutKeyPolicy', { KeyId, Policy, PolicyName: 'default' })).toBeUndefined()
      const answer = await must(kms, 'GetKeyPolicy', { KeyId })
      expect(JSON.parse(answer.Policy)).toEqual(JSON.parse(Policy))
      expect(Object.keys(JSON.parse(answer.Policy))).toEqual(Object.keys(JSON.parse(Policy)))
      expect(answer.Policy).toMatch(/^\{\n {2}"Version" : "2012-10-17",\n {2}"/)
      await must(kms, 'PutKeyPolicy', { KeyId, Policy: answer.Policy })
      expect(await must(kms, 'GetKeyPolicy', { KeyId })).toEqual(answer)
    })

    it('are refused when they are none, and the old one stays', async () => {
      const kms = await open()
      const { KeyId } = await newKey(kms)
      await checkRows(
        kms,
        refusals.flatMap(([what, Policy, expected]): Row[] => [
          [what, 'PutKeyPolicy', { KeyId, Policy }, expected],
          [what, 'CreateKey', { Policy, BypassPolicyLockoutSafetyCheck: true }, expected],
        ]),
      )
      expect(await must(kms, 'GetKeyPolicy', { KeyId })).toMatchObject({ Policy: printed })
      expect((await must(kms, 'ListKeys', {})).Keys).toHaveLength(1)
    })

    it('are taken whatever else they say, and printed as they were written', async () => {
      const kms = await open()
      kms.users.set('alice', {})
      for (const [what, Policy] of accepted) {
        const { KeyId } = await newKey(kms, { Policy })
        expect(await verdict(kms, 'PutKeyPolicy', { KeyId, Policy }), what).toBe('ok')
        const read = (await must(kms, 'GetKeyPolicy', { KeyId })).Policy
        expect(JSON.parse(read), what).toEqual(JSON.parse(Policy))
        expect(await verdict(kms, 'PutKeyPolicy', { KeyId, Policy: read }), `${what}, as read`).toBe('ok')
        expect((await must(kms, 'GetKeyPolicy', { KeyId })).Policy).toBe(read)
      }
    })

    it('have one name', async () => {
      const kms = await open()
      const { KeyId } = await newKey(kms)
      const none = 'NotFoundException: No such policy exists'
      await checkRows(kms, [
        ['other', 'GetKeyPolicy', { KeyId, PolicyName: 'other' }, none],
        ['other', 'PutKeyPolicy', { KeyId, PolicyName: 'other', Policy: printed }, none],
        ['other before a bad document', 'PutKeyPolicy', { KeyId, PolicyName: 'other', Policy: 'x' }, none],
        [
          'no word',
          'GetKeyPolicy',
          { KeyId, PolicyName: 'a b' },
          invalid(
            "Value 'a b' at 'policyName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\w]+",
          ),
        ],
      ])
    })
  })
}
