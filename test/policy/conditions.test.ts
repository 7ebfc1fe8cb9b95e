// biome-ignore-all lint/suspicious/noTemplateCurlyInString: policy variables are written so
import { describe, expect, it } from 'vitest'
import { compilePolicy } from '../../src/policy/compile'
import { ask, type Context, documentOf, holds, statementOf } from './asking'

const several = { 'aws:m': ['a', 'b'] }

describe('a key that the request does not have', () => {
  const cases: [operator: string, value: unknown, holds: boolean][] = [
    ['StringEquals', 'a', false],
    ['StringLike', '*', false],
    ['Bool', 'false', false],
    ['IpAddress', '0.0.0.0/0', false],
    ['ArnLike', '*', false],
    ['NumericLessThan', '1', false],
    ['DateGreaterThan', '1970', false],
    ['StringNotEquals', 'a', true],
    ['StringNotLike', '*', true],
    ['StringNotEqualsIgnoreCase', 'a', true],
    ['NumericNotEquals', '1', true],
    ['DateNotEquals', '2026', true],
    ['NotIpAddress', '0.0.0.0/0', true],
    ['ArnNotEquals', '*', true],
    ['ArnNotLike', '*', true],
    ['StringEqualsIfExists', 'a', true],
    ['BoolIfExists', 'true', true],
    ['StringNotEqualsIfExists', 'a', true],
    ['ForAllValues:StringEquals', 'a', true],
    ['ForAllValues:StringNotEquals', 'a', true],
    ['ForAnyValue:StringEquals', 'a', false],
    ['ForAnyValue:StringNotEquals', 'a', false],
    ['ForAnyValue:StringEqualsIfExists', 'a', true],
    ['Null', 'true', true],
    ['Null', true, true],
    ['Null', 'false', false],
    ['Null', ['true', 'false'], true],
  ]
  it.each(cases)('%s %j: %s', (operator, value, expected) => {
    expect([{}, { 'aws:k': [] }].map((context) => holds(operator, 'aws:k', value, context))).toEqual([
      expected,
      expected,
    ])
  })
})

describe('a key that the request has', () => {
  const cases: [operator: string, values: unknown, context: Context, holds: boolean][] = [
    ['Null', 'false', { 'aws:m': 'x' }, true],
    ['Null', false, { 'aws:m': '' }, true],
    ['Null', 'true', { 'aws:m': 'x' }, false],
    ['StringEqualsIfExists', 'a', { 'aws:m': 'b' }, false],
    ['ForAllValues:StringEquals', ['a', 'b', 'c'], several, true],
    ['ForAllValues:StringEquals', ['a'], several, false],
    ['ForAllValues:StringLike', ['?'], several, true],
    ['ForAllValues:StringNotEquals', ['b'], several, false],
    ['ForAllValues:StringNotEquals', ['x'], several, true],
    ['ForAnyValue:StringEquals', ['b'], several, true],
    ['ForAnyValue:StringEquals', ['x'], several, false],
    ['ForAnyValue:StringNotEquals', ['a'], several, true],
    ['ForAnyValue:StringNotEquals', ['a', 'b'], several, false],
    ['ForAnyValue:StringEqualsIgnoreCase', 'B', several, true],
    ['ForAllValues:StringEquals', 'x', { 'aws:m': 'x' }, true],
    ['ForAnyValue:StringEquals', 'x', { 'aws:m': 'x' }, true],
    // several values without a set operator
    ['StringEquals', ['a', 'b'], several, false],
    ['StringNotEquals', ['x'], several, false],
    ['StringEqualsIfExists', ['a', 'b'], several, false],
    ['StringEquals', ['a'], { 'aws:m': ['a'] }, false],
  ]
  it.each(cases)('%s %j in %j: %s', (operator, values, context, expected) => {
    expect(holds(operator, 'aws:m', values, context)).toBe(expected)
  })
})

describe('together', () => {
  it('needs every operator and every key', () => {
    const statement = statementOf({
      Condition: { StringEquals: { 'kms:A': 'a', 'kms:B': 'b' }, Null: { 'kms:C': true } },
    })
    const contexts: Context[] = [{}, { 'kms:A': 'a' }, { 'kms:A': 'a', 'kms:B': 'b', 'kms:C': 'c' }]
    expect(contexts.map((context) => statement.mismatch(ask({ context })))).toEqual([
      { element: 'Condition', condition: 'StringEquals kms:A' },
      { element: 'Condition', condition: 'StringEquals kms:B' },
      { element: 'Condition', condition: 'Null kms:C' },
    ])
    expect(statement.mismatch(ask({ context: { 'kms:A': 'a', 'kms:B': 'b' } }))).toBeUndefined()
  })

  it('takes no notice of the case of keys, but of operators', () => {
    expect(holds('StringEquals', 'KMS:EncryptionContext:Dept', 'x', { 'kms:encryptioncontext:dEPT': 'x' })).toBe(true)
    expect(() => holds('stringequals', 'kms:A', 'x', {})).toThrow('unknown condition operator')
  })

  it('asks for the context only when a condition or a variable needs it', () => {
    const unused = {
      ...ask(),
      context: () => {
        throw new Error('asked')
      },
    }
    expect(statementOf({}).applies(unused)).toBe(true)
    const conditional = statementOf({ Action: 'kms:Encrypt', Condition: { Null: { 'kms:A': true } } })
    expect(conditional.applies(unused)).toBe(false)
    expect(() => conditional.applies({ ...unused, action: 'kms:Encrypt' })).toThrow('asked')
  })

  it('is no condition at all when it is empty', () => {
    expect(statementOf({ Condition: {} }).applies(ask())).toBe(true)
  })
})

describe('keys of identity policies in a key policy', () => {
  const context = {
    'kms:ResourceAliases': ['alias/x'],
    'aws:ResourceTag/team': 'red',
    'kms:EncryptionContext:t': 'red',
  }
  const cases: [condition: object, inIdentity: boolean, inKey: boolean][] = [
    [{ 'ForAnyValue:StringEquals': { 'kms:ResourceAliases': 'alias/x' } }, true, false],
    [{ StringEquals: { 'aws:ResourceTag/Team': 'red' } }, true, false],
    [{ StringNotEquals: { 'aws:ResourceTag/team': 'red' } }, false, true],
    [{ Null: { 'aws:ResourceTag/team': 'true' } }, false, true],
    [{ StringEquals: { 'kms:EncryptionContext:t': '${aws:ResourceTag/team}' } }, true, false],
    [{ StringEquals: { 'kms:EncryptionContext:t': "${aws:ResourceTag/team, 'red'}" } }, true, true],
  ]
  it.each(cases)('%j: identity %s, key %s', (Condition, inIdentity, inKey) => {
    const asked = ask({ context })
    expect([
      statementOf({ Condition }, { kind: 'identity' }).applies(asked),
      statementOf({ Condition }, { kind: 'key' }).applies(asked),
    ]).toEqual([inIdentity, inKey])
  })
})

it('notes the keys of conditions and variables, with their families', () => {
  const text = documentOf('identity', {
    Resource: 'arn:aws:kms:*:*:alias/${aws:PrincipalTag/Team}',
    Condition: {
      StringEquals: { 'kms:EncryptionContext:Dept': ['${aws:username}', 'x'] },
      Null: { 'kms:ViaService': true },
    },
  })
  const { usedKeys } = compilePolicy(text, { kind: 'identity', name: 'policy' })
  expect([...usedKeys].sort()).toEqual([
    'aws:principaltag/',
    'aws:principaltag/team',
    'aws:username',
    'kms:encryptioncontext:',
    'kms:encryptioncontext:dept',
    'kms:viaservice',
  ])
})
