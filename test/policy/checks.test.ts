import { describe, expect, it } from 'vitest'
import { operationNames } from '../../src/model/operations'
import { checkOf, checksOf, findCheck } from '../../src/policy/checks'
import { makers } from '../../src/policy/context-keys'

describe('checksOf', () => {
  it('every operation makes one at least', () => {
    for (const name of operationNames) expect(checksOf(name).length, name).toBeGreaterThan(0)
  })

  const cases: [operation: Parameters<typeof checksOf>[0], checks: string[]][] = [
    ['Encrypt', ['kms:Encrypt on key by key']],
    ['ReEncrypt', ['kms:ReEncryptFrom on key by key', 'kms:ReEncryptTo on key by key']],
    ['UpdateAlias', ['kms:UpdateAlias on alias by iam', ...Array(2).fill('kms:UpdateAlias on key by key')]],
    ['CreateKey', ['kms:CreateKey on * by iam', 'kms:TagResource on * by iam when Tags']],
    ['ListRetirableGrants', ['kms:ListRetirableGrants on retiringPrincipalArn by iam']],
    ['RetireGrant', ['kms:RetireGrant on key by grant']],
  ]
  it.each(cases)('%s', (operation, expected) => {
    const words = checksOf(operation).map(
      ({ action, resource, decidedBy, when }) =>
        `${action} on ${resource} by ${decidedBy}${when ? ` when ${when}` : ''}`,
    )
    expect(words).toEqual(expected)
  })

  it('does not know other operations', () => expect(() => checksOf('Nope' as 'Encrypt')).toThrow('no operation'))
})

describe('checkOf', () => {
  it('knows grants and other accounts', () => {
    expect(checkOf('kms:Decrypt', 'key')).toMatchObject({ grantOperation: 'Decrypt', crossAccount: true })
    expect(checkOf('kms:DisableKey', 'key')).toMatchObject({ grantOperation: null, crossAccount: false })
  })

  it('tells alike checks of one action apart by their resource', () => {
    expect(checkOf('kms:TagResource', '*').decidedBy).toBe('iam')
    expect(checkOf('kms:TagResource', 'key').decidedBy).toBe('key')
  })

  it('throws where no operation makes such a check', () => {
    expect(() => checkOf('kms:Encrypt', 'alias')).toThrow('no operation')
    expect(() => checkOf('s3:GetObject')).toThrow('no operation')
    expect(findCheck('s3:GetObject', '*')).toBeUndefined()
    expect(findCheck('kms:CreateAlias', '*')?.resource).toBe('alias')
  })
})

it('every condition key of the table can be made, but for those that only come with the call', () => {
  const names = new Set(operationNames.flatMap((name) => checksOf(name).flatMap((check) => check.conditionKeys)))
  const unmade = [...names].filter((name) => !(name in makers))
  expect(unmade.sort()).toEqual(['aws:resourcetag/', 'kms:recipientattestation:'])
})
