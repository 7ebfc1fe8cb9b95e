import { expect, it } from 'vitest'
import { type Principal, principalArn, principalUserId } from '../../src/policy/principal'

const accountId = '111122223333'
const accessKeyId = 'AKIAEXAMPLE'
const user = { kind: 'user', accountId, accessKeyId, userId: 'AIDAEXAMPLE', userName: 'bob' } as const

// Source of the forms: IAM user guide, IAM identifiers.
const rows: [string, Principal, string, string][] = [
  ['root', { kind: 'root', accountId, accessKeyId }, 'arn:aws:iam::111122223333:root', '111122223333'],
  ['user', { ...user, path: '/' }, 'arn:aws:iam::111122223333:user/bob', 'AIDAEXAMPLE'],
  ['user with a path', { ...user, path: '/a/b/' }, 'arn:aws:iam::111122223333:user/a/b/bob', 'AIDAEXAMPLE'],
]

it.each(rows)('%s', (_name, principal, arn, userId) => {
  expect([principalArn(principal), principalUserId(principal)]).toEqual([arn, userId])
  expect(structuredClone(principal)).toEqual(principal)
})
