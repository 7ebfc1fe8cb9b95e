import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  formatAliasArn,
  formatKeyArn,
  isKeyId,
  isMultiRegionKeyId,
  type KeyIdentifier,
  normalizeKeyId,
  parseKeyIdentifier,
  parseKmsArn,
  partitionOf,
} from '../../src/codec/arn'

const home = { partition: 'aws', region: 'eu-central-1', accountId: '111122223333' }
const uuid = '1234abcd-12ab-34cd-56ef-1234567890ab'
const mrk = 'mrk-1234abcd12ab34cd56ef1234567890ab'
const arn = 'arn:aws:kms:eu-central-1:111122223333'

describe('key identifiers', () => {
  const forms: [string, KeyIdentifier][] = [
    [uuid, { form: 'keyId', given: uuid, keyId: uuid }],
    [uuid.toUpperCase(), { form: 'keyId', given: uuid.toUpperCase(), keyId: uuid }],
    [mrk, { form: 'keyId', given: mrk, keyId: mrk }],
    [`${arn}:key/${uuid}`, { form: 'keyArn', home, given: uuid, keyId: uuid }],
    [`${arn}:key/${mrk}`, { form: 'keyArn', home, given: mrk, keyId: mrk }],
    [`${arn}:key/orders`, { form: 'keyArn', home, given: 'orders' }],
    [`${arn}:key/a\nb`, { form: 'keyArn', home, given: 'a\nb' }],
    ['alias/orders', { form: 'aliasName', aliasName: 'alias/orders' }],
    ['alias/', { form: 'aliasName', aliasName: 'alias/' }],
    [`${arn}:alias/a/b:c_d-e`, { form: 'aliasArn', home, aliasName: 'alias/a/b:c_d-e' }],
    [
      'arn:aws-us-gov:kms:us-gov-west-1:000000000000:alias/aws/s3',
      {
        form: 'aliasArn',
        home: { partition: 'aws-us-gov', region: 'us-gov-west-1', accountId: '000000000000' },
        aliasName: 'alias/aws/s3',
      },
    ],
    ...[
      '',
      'orders',
      'mrk-',
      mrk.toUpperCase(),
      `mrk-${uuid}`,
      ` ${uuid}`,
      `${uuid}\n`,
      `key/${uuid}`,
      'Alias/x',
      arn,
      `${arn}:key/`,
      `${arn}:alias/`,
      `${arn}:key:${uuid}`,
      `arn:aws:kms:eu-central-1:11112222333:key/${uuid}`,
      `arn:aws:kms::111122223333:key/${uuid}`,
      `arn:aws:s3:eu-central-1:111122223333:key/${uuid}`,
      `ARN:aws:kms:eu-central-1:111122223333:key/${uuid}`,
    ].map((given): [string, KeyIdentifier] => [given, { form: 'keyId', given }]),
  ]
  it.each(forms)('%j', (text, expected) => expect(parseKeyIdentifier(text)).toEqual(expected))

  it('ARNs are formatted and parsed alike', () => {
    expect(formatKeyArn(home, uuid)).toBe(`${arn}:key/${uuid}`)
    expect(formatAliasArn(home, 'alias/orders')).toBe(`${arn}:alias/orders`)
    expect(parseKmsArn(uuid)).toBeUndefined()
    expect(parseKmsArn('alias/orders')).toBeUndefined()
    const tails = fc.oneof(fc.string({ minLength: 1 }), fc.uuid())
    fc.assert(
      fc.property(tails, fc.boolean(), (tail, alias) => {
        const text = alias ? formatAliasArn(home, `alias/${tail}`) : formatKeyArn(home, tail)
        const parsed = parseKmsArn(text)
        if (parsed?.form === 'aliasArn') expect(formatAliasArn(parsed.home, parsed.aliasName)).toBe(text)
        else expect(parsed && formatKeyArn(parsed.home, parsed.given)).toBe(text)
      }),
    )
  })

  it('any text has a form, long ones soon', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 3000 }), (text) => void parseKeyIdentifier(text)))
    const hostile = `${arn}:alias/${'a'.repeat(1 << 20)}`
    expect(parseKeyIdentifier(hostile)).toEqual({ form: 'keyId', given: hostile })
  })

  it('key ids have one stored spelling', () => {
    expect([uuid, mrk, uuid.toUpperCase(), mrk.toUpperCase(), 'x'].map(isKeyId)).toEqual([
      true,
      true,
      false,
      false,
      false,
    ])
    expect([uuid, mrk].map(isMultiRegionKeyId)).toEqual([false, true])
    expect([uuid.toUpperCase(), 'x'].map(normalizeKeyId)).toEqual([uuid, undefined])
  })

  it('partitions follow the Region', () => {
    const regions = ['eu-central-1', 'cn-north-1', 'us-gov-west-1', 'us-iso-east-1', 'us-isob-east-1', 'eusc-de-east-1']
    expect(regions.map(partitionOf)).toEqual(['aws', 'aws-cn', 'aws-us-gov', 'aws-iso', 'aws-iso-b', 'aws-eusc'])
  })
})
