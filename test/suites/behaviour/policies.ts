import { describe, expect, it } from 'vitest'
import { accountId } from '../compose'
import { checkRows, invalid, must, newKey, type Open, type Row } from './harness'

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

const unsupported = 'UnsupportedOperationException: Key policies other than the default key policy are not supported.'
const refusals: [what: string, text: string, expected: string][] = [
  ['no JSON', 'x', 'MalformedPolicyDocumentException: The policy document is not a JSON object.'],
  ['a list', '[]', 'MalformedPolicyDocumentException: The policy document is not a JSON object.'],
  ['empty', '{}', unsupported],
  ['deny', document({ Effect: 'Deny' }), unsupported],
  ['fewer actions', document({ Action: 'kms:Encrypt' }), unsupported],
  ['more actions', document({ Action: ['kms:*', 'kms:Encrypt'] }), unsupported],
  ['NotAction', document({ NotAction: 'kms:Encrypt' }), unsupported],
  ['another account', document({ Principal: { AWS: 'arn:aws:iam::444455556666:root' } }), unsupported],
  ['everybody', document({ Principal: { AWS: '*' } }), unsupported],
  ['everybody, short', document({ Principal: '*' }), unsupported],
  ['a service too', document({ Principal: { AWS: rootArn, Service: 's3.amazonaws.com' } }), unsupported],
  ['a user too', document({ Principal: { AWS: [rootArn, `arn:aws:iam::${accountId}:user/a`] } }), unsupported],
  ['a condition', document({ Condition: { Bool: { 'aws:SecureTransport': 'true' } } }), unsupported],
  ['two statements', JSON.stringify({ Statement: [statement(), statement()] }), unsupported],
  ['one resource', document({ Resource: 'arn:aws:kms:*:*:key/*' }), unsupported],
  [
    'over 32,768 bytes',
    document({ Sid: 'ä'.repeat(16_384) }),
    'LimitExceededException: The key policy is longer than 32768 bytes.',
  ],
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

    it('are refused when they mean anything else, and the old one stays', async () => {
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
