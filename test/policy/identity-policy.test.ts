import { describe, expect, it } from 'vitest'
import type { KmsError } from '../../src/model/errors'
import { parseIdentityPolicy, statementsOf } from '../../src/policy/identity-policy'

const of = (statement: object) => JSON.stringify({ Version: '2012-10-17', Statement: statement })
const good = { Effect: 'Allow', Action: 'kms:*', Resource: '*' }

function codeOf(text: string): string {
  try {
    parseIdentityPolicy('p', text)
    return 'ok'
  } catch (error) {
    return (error as KmsError).code
  }
}

describe('parseIdentityPolicy', () => {
  const cases: [what: string, text: string, code: string][] = [
    ['one statement', of(good), 'ok'],
    ['a list', of([good, good]), 'ok'],
    ['the old version', JSON.stringify({ Version: '2008-10-17', Statement: good }), 'ok'],
    ['a Sid', of({ ...good, Sid: 'a' }), 'ok'],
    ['no JSON', 'x', 'MalformedPolicyDocumentException'],
    ['a list for a document', '[]', 'MalformedPolicyDocumentException'],
    ['another version', JSON.stringify({ Version: '2020-01-01', Statement: good }), 'MalformedPolicyDocumentException'],
    ['no statement', '{}', 'MalformedPolicyDocumentException'],
    ['empty list', of([]), 'MalformedPolicyDocumentException'],
    ['a text for a statement', of(['x']), 'MalformedPolicyDocumentException'],
    ['no Effect', of({ Action: '*', Resource: '*' }), 'MalformedPolicyDocumentException'],
    ['Effect in other case', of({ ...good, Effect: 'allow' }), 'MalformedPolicyDocumentException'],
    ['no Action', of({ Effect: 'Allow', Resource: '*' }), 'MalformedPolicyDocumentException'],
    ['Action and NotAction', of({ ...good, NotAction: '*' }), 'MalformedPolicyDocumentException'],
    ['empty Action', of({ ...good, Action: [] }), 'MalformedPolicyDocumentException'],
    ['a number for an Action', of({ ...good, Action: [1] }), 'MalformedPolicyDocumentException'],
    ['no Resource', of({ Effect: 'Allow', Action: '*' }), 'MalformedPolicyDocumentException'],
    ['a Principal', of({ ...good, Principal: '*' }), 'MalformedPolicyDocumentException'],
    ['a typing error', of({ ...good, Ressource: '*' }), 'MalformedPolicyDocumentException'],
    ['a Condition', of({ ...good, Condition: {} }), 'UnsupportedOperationException'],
    [
      'a variable',
      of({ ...good, Resource: 'arn:aws:kms:*:*:key/$' + '{aws:username}' }),
      'UnsupportedOperationException',
    ],
  ]
  it.each(cases)('%s: %s', (_, text, code) => {
    expect(codeOf(text)).toBe(code)
  })

  it('knows what a statement covers', () => {
    const [statement] = parseIdentityPolicy(
      'p',
      of({ Effect: 'Deny', NotAction: 'kms:Get*', NotResource: ['a', 'b*'] }),
    )
    const asked = [
      ['kms:Encrypt', 'c'],
      ['kms:GetKeyPolicy', 'c'],
      ['KMS:getkeypolicy', 'c'],
      ['kms:Encrypt', 'a'],
      ['kms:Encrypt', 'bee'],
    ] as const
    expect(asked.map(([action, resource]) => statement?.covers(action, resource))).toEqual([
      true,
      false,
      false,
      false,
      false,
    ])
    expect(statement).toMatchObject({ policyName: 'p', index: 0, effect: 'Deny' })
  })

  it('is done once for each copy of an entry', () => {
    const policies = { p: of(good) }
    expect(statementsOf(policies)).toBe(statementsOf(policies))
    expect(statementsOf({ ...policies })).not.toBe(statementsOf(policies))
  })
})
