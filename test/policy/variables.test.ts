// biome-ignore-all lint/suspicious/noTemplateCurlyInString: policy variables are written so
import { describe, expect, it } from 'vitest'
import { ask, type Context, holds, statementOf } from './asking'

const context: Context = {
  'aws:username': 'alice',
  'aws:PrincipalTag/te am': 'red*',
  'aws:userid': 'AROA:x',
  'aws:m': ['a'],
}
const dollar = '$'

describe('in conditions', () => {
  const cases: [operator: string, value: string, asked: string, holds: boolean][] = [
    ['StringEquals', '${aws:username}', 'alice', true],
    ['StringEquals', "${aws:PrincipalTag/équipe, 'none'}", 'none', true],
    ['StringEquals', '${AWS:UserName}', 'alice', true],
    ['StringEquals', '${ aws:username }', 'alice', true],
    ['StringEquals', 'x-${aws:username}-${aws:userid}', 'x-alice-AROA:x', true],
    ['StringEqualsIgnoreCase', '${aws:username}', 'ALICE', true],
    ['StringLike', '${aws:username}*', 'alice2', true],
    ['StringLike', '${aws:PrincipalTag/te am}', 'red*', true],
    ['StringLike', '${aws:PrincipalTag/te am}', 'reddish', false], // no wildcard comes out of a value
    ['StringLike', 'a${*}b', 'a*b', true],
    ['StringLike', 'a${*}b', 'axb', false],
    ['StringLike', 'a${?}b', 'a?b', true],
    ['StringEquals', `${dollar}{${dollar}}{aws:username}`, `${dollar}{aws:username}`, true],
    ['StringEquals', '$x{aws}', '$x{aws}', true],
    ['StringEquals', "${aws:PrincipalTag/none, 'shared'}", 'shared', true],
    ['StringEquals', "${aws:username, 'shared'}", 'shared', false],
    ['StringEquals', "${aws:PrincipalTag/none,''}", '', true],
    // without a value: false, and true for what is negated
    ['StringEquals', '${aws:PrincipalTag/none}', '', false],
    ['StringLike', '*${aws:PrincipalTag/none}', 'x', false],
    ['StringNotEquals', '${aws:PrincipalTag/none}', 'x', true],
    ['StringNotLike', '*${aws:PrincipalTag/none}', 'x', true],
    ['ArnNotLike', 'arn:aws:iam::1:user/${aws:PrincipalTag/none}', 'arn:aws:iam::1:user/x', true],
    // several values cannot be used
    ['StringEquals', '${aws:m}', 'a', false],
    ['ArnLike', 'arn:aws:iam::1:user/${aws:username}', 'arn:aws:iam::1:user/alice', true],
    ['ArnLike', 'arn:aws:iam::1:${aws:userid}', 'arn:aws:iam::1:AROA:x', true],
    // operators without variables
    ['Bool', '${aws:username}', '${aws:username}', false],
    ['NumericEquals', "${aws:none, '1'}", '1', false],
  ]
  it.each(cases)('%s %j, asked %j: %s', (operator, value, asked, expected) => {
    expect(holds(operator, 'aws:k', value, { ...context, 'aws:k': asked })).toBe(expected)
  })

  it('are text in version 2008-10-17', () => {
    const asked = ['alice', '${aws:username}']
    const held = asked.map((k) =>
      holds('StringEquals', 'aws:k', '${aws:username}', { ...context, 'aws:k': k }, '2008-10-17'),
    )
    expect(held).toEqual([false, true])
  })
})

describe('in resources', () => {
  const cases: [pattern: string, resource: string, covered: boolean][] = [
    ['arn:aws:iam::1:user/${aws:username}', 'arn:aws:iam::1:user/alice', true],
    ['arn:aws:iam::1:user/${aws:username}', 'arn:aws:iam::1:user/bob', false],
    ['arn:aws:iam::1:user/${aws:username}*', 'arn:aws:iam::1:user/alice/x:y', true],
    ['arn:aws:iam::1:user/${aws:PrincipalTag/te am}', 'arn:aws:iam::1:user/redder', false],
    ['arn:aws:iam::1:user/${aws:userid}', 'arn:aws:iam::1:user/AROA:x', true],
    ['arn:aws:iam::1:user/${aws:none}', 'arn:aws:iam::1:user/', false],
    ['arn:aws:iam::1:user/${*}', 'arn:aws:iam::1:user/x', false],
    ['arn:aws:iam::${aws:username}:user/x', 'arn:aws:iam::alice:user/x', false], // before the fifth colon: text
  ]
  it.each(cases)('%s covers %s: %s', (Resource, resource, covered) => {
    expect(statementOf({ Resource }).applies(ask({ resource, context }))).toBe(covered)
    expect(statementOf({ Resource: undefined, NotResource: Resource }).applies(ask({ resource, context }))).toBe(
      !covered,
    )
  })
})

it.each(['${aws:username', '${}', '${a{b}', "${aws:x, 'y}", '${aws:x, y}', '${aws:x,}'])('refuses %s', (value) => {
  expect(() => holds('StringEquals', 'aws:k', value, {})).toThrow('malformed policy variable')
})
