import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { account, ask, keyArn, statementOf } from './asking'

const alias = `arn:aws:kms:us-west-2:${account}:alias/app`

describe('Resource', () => {
  const cases: [patterns: string | string[], resource: string, covered: boolean][] = [
    ['*', keyArn, true],
    ['*', '*', true],
    ['**', '*', true],
    ['?', '*', false],
    ['arn:*', '*', false],
    [keyArn, '*', false],
    [keyArn, keyArn, true],
    [keyArn.toUpperCase(), keyArn, false],
    [keyArn.slice(0, -1), keyArn, false],
    [`${keyArn.slice(0, -1)}?`, keyArn, true],
    ['arn:aws:kms:us-west-2:111122223333:*', keyArn, true],
    ['arn:aws:kms:us-west-2:111122223333:*', alias, true],
    ['arn:aws:kms:us-west-2:111122223333:key/*', alias, false],
    ['arn:aws:kms:*:111122223333:key/*', keyArn, true],
    ['arn:aws:kms:us-?est-2:*:key/1234*', keyArn, true],
    ['arn:aws:kms:*:key/1234abcd-12ab-34cd-56ef-1234567890ab', keyArn, false], // no wildcard crosses a colon
    ['arn:aws:kms*', keyArn, true], // but at the end
    ['arn:aws:kms:us-*-12ab*', keyArn, false], // and only the last one
    ['*:key/*', keyArn, false],
    ['1234abcd-12ab-34cd-56ef-1234567890ab', keyArn, false],
    ['alias/app', alias, false],
    [[alias, keyArn], keyArn, true],
    [[alias], keyArn, false],
    ['', keyArn, false],
  ]
  it.each(cases)('%j covers %s: %s', (Resource, resource, covered) => {
    expect(statementOf({ Resource }).applies(ask({ resource }))).toBe(covered)
    expect(statementOf({ Resource: undefined, NotResource: Resource }).applies(ask({ resource }))).toBe(!covered)
    expect(statementOf({ Resource }, { kind: 'key' }).applies(ask({ resource }))).toBe(covered)
  })

  it('is what a regular expression says', () => {
    const patterns = fc.string({ unit: fc.constantFrom('a', 'b', ':', '*', '?'), maxLength: 8 })
    const resources = fc.string({ unit: fc.constantFrom('a', 'b', ':'), maxLength: 10 })
    const property = fc.property(patterns, resources, (pattern, resource) => {
      const [, body = '', end = ''] = /^(.*?)(\**)$/s.exec(pattern) ?? []
      const inside = body.replaceAll('*', '[^:]*').replaceAll('?', '[^:]')
      const expression = new RegExp(`^${inside}${end ? '.*' : ''}$`, 's')
      expect(statementOf({ Resource: pattern }).applies(ask({ resource }))).toBe(expression.test(resource))
    })
    fc.assert(property, { numRuns: 3000 })
  })

  it('is what gives a key policy statement its effect', () => {
    const elements = { Resource: undefined }
    for (const Effect of ['Allow', 'Deny']) {
      const statement = statementOf({ ...elements, Effect }, { kind: 'key' })
      expect(statement.applies(ask())).toBe(false)
      expect(statement.mismatch(ask())).toEqual({ element: 'Resource' })
    }
  })

  it('is nothing that a trust policy has', () => {
    expect(statementOf({}, { kind: 'trust' }).applies(ask())).toBe(true)
    expect(() => statementOf({ Resource: '*' }, { kind: 'trust' })).toThrow('Has prohibited field Resource')
  })
})

describe('Action', () => {
  const cases: [patterns: string | string[], action: string, covered: boolean][] = [
    ['*', 'kms:Encrypt', true],
    ['kms:*', 'kms:Encrypt', true],
    ['KMS:eNCRYPT', 'kms:Encrypt', true],
    ['kms:*crypt', 'kms:Decrypt', true],
    ['kms:De?rypt', 'kms:Decrypt', true],
    ['kms:De??rypt', 'kms:Decrypt', false],
    ['kms:ReEncrypt*', 'kms:ReEncryptFrom', true],
    ['kms:ReEncrypt*', 'kms:Encrypt', false],
    ['kms:Encrypt', 'kms:EncryptMore', false],
    ['kms:Generate', 'kms:GenerateDataKey', false],
    [['s3:GetObject', 'kms:Decrypt'], 'kms:Decrypt', true],
    ['kms:Nonsense', 'kms:Decrypt', false],
  ]
  it.each(cases)('%j covers %s: %s', (Action, action, covered) => {
    expect(statementOf({ Action }).applies(ask({ action }))).toBe(covered)
    expect(statementOf({ Action: undefined, NotAction: Action }).applies(ask({ action }))).toBe(!covered)
  })
})
