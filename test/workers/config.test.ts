import { describe, expect, it } from 'vitest'
import { ConfigError, configOf, readConfig } from '../../worker/config'
import type { Env } from '../../worker/env'
import { env } from './front-door'

const key = btoa('k'.repeat(32))
const read = (changes: Partial<Env>) => readConfig({ ...env, ...changes })

function problemsOf(changes: Partial<Env>): readonly string[] {
  try {
    read(changes)
  } catch (error) {
    if (error instanceof ConfigError) return error.problems
    throw error
  }
  return []
}

const user = { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 'leaked-leaked-leaked' }
const accounts = (value: unknown) => JSON.stringify(value)
const organization = (members: unknown) => JSON.stringify({ id: 'o-exampleorgid', accounts: members })

describe('refusals name the variable and quote no value', () => {
  const refusals: [string, keyof Env, string][] = [
    ['no root keys', 'KMS_ROOT_KEYS', ''],
    ['a root key without id', 'KMS_ROOT_KEYS', 'bGVha2Vk'],
    ['a short root key', 'KMS_ROOT_KEYS', 'a:bGVha2Vk'],
    ['a root key that is no base64', 'KMS_ROOT_KEYS', 'a:leaked!'],
    ['one id twice', 'KMS_ROOT_KEYS', `leaked:${key},leaked:${btoa('l'.repeat(32))}`],
    ['one key twice', 'KMS_ROOT_KEYS', `a:${key},b:${key}`],
    ['no accounts', 'KMS_ACCOUNTS', ''],
    ['accounts that are no JSON', 'KMS_ACCOUNTS', '{"leaked"'],
    ['accounts in a list', 'KMS_ACCOUNTS', '["leaked"]'],
    ['no account at all', 'KMS_ACCOUNTS', '{}'],
    ['null for a user', 'KMS_ACCOUNTS', '{"111122223333":null}'],
    ['a short account id', 'KMS_ACCOUNTS', accounts({ '1111': user })],
    ['a short secret', 'KMS_ACCOUNTS', accounts({ '111122223333': { ...user, secretAccessKey: 'leaked' } })],
    [
      'an id with spaces',
      'KMS_ACCOUNTS',
      accounts({ '111122223333': { ...user, accessKeyId: 'leaked leaked leaked' } }),
    ],
    ['one access key for two', 'KMS_ACCOUNTS', accounts({ '111122223333': user, '444455556666': user })],
    ['a lease that is too long', 'KMS_LEASE_SECONDS', '301'],
    ['a lease that is no number', 'KMS_LEASE_SECONDS', '1e1'],
    ['a negative lease', 'KMS_LEASE_SECONDS', '-1'],
    ['an audit mode', 'KMS_AUDIT', 'leaked'],
    ['no days', 'KMS_AUDIT_DAYS', '0'],
    ['too few bytes', 'KMS_AUDIT_BYTES', '65535'],
    ['a Region', 'KMS_REGIONS', 'us-east-1,leaked'],
    ['a prefix', 'KMS_BASE_PATH', 'leaked'],
    ['a switch', 'KMS_CLOCK_CONTROL', 'yes'],
    ['software crypto', 'KMS_SOFTWARE_CRYPTO', 'leaked'],
    ['quotas', 'KMS_QUOTAS', 'leaked'],
    ['an organisation that is no JSON', 'KMS_ORGANIZATION', '{"leaked"'],
    ['an organisation without id', 'KMS_ORGANIZATION', '{"id":"leaked","accounts":{}}'],
    ['a member that is no account', 'KMS_ORGANIZATION', organization({ leaked: {} })],
    [
      'levels that are no list',
      'KMS_ORGANIZATION',
      organization({ '111122223333': { serviceControlPolicies: 'leaked' } }),
    ],
    [
      'a policy that is none',
      'KMS_ORGANIZATION',
      organization({ '111122223333': { resourceControlPolicies: [{ leaked: 1 }] } }),
    ],
  ]
  it.each(refusals)('%s', (_, name, value) => {
    const problems = problemsOf({ [name]: value })
    expect(problems).toHaveLength(1)
    expect(problems[0]).toContain(name)
    expect(problems[0]).not.toContain('leaked')
    if (value.length > 10) expect(problems[0]).not.toContain(value)
  })

  it('all of them at once', () => {
    expect(problemsOf({ KMS_ROOT_KEYS: '', KMS_ACCOUNTS: '', KMS_LEASE_SECONDS: 'x', KMS_REGIONS: '?' })).toHaveLength(
      4,
    )
  })
})

describe('what is read', () => {
  it('defaults: strong, batched, 90 days, 2 GiB, every Region, no origins, no clock control', () => {
    const config = readConfig({ ...env, ...Object.fromEntries(unset.map((name) => [name, undefined])) } as Env)
    expect(config).toMatchObject({
      leaseMs: 0,
      strictAudit: false,
      audit: { days: 90, bytes: 2 ** 31 },
      corsOrigins: [],
      basePath: '/',
      clockControl: false,
    })
    expect(config.isRegion('eu-central-2')).toBe(true)
    expect(config.isRegion('../../us-east-1')).toBe(false)
  })

  it('a list of Regions lets in no other', () => {
    const config = read({ KMS_REGIONS: 'us-east-1, eu-west-1' })
    expect(['us-east-1', 'eu-west-1', 'us-east-2', '*'].map((region) => config.isRegion(region))).toEqual([
      true,
      true,
      false,
      false,
    ])
  })

  it('leases of up to 300 seconds, strict audit', () => {
    expect(read({ KMS_LEASE_SECONDS: '300', KMS_AUDIT: 'strict' })).toMatchObject({
      leaseMs: 300_000,
      strictAudit: true,
    })
  })

  it('is kept per environment, faults too', () => {
    const [one, two] = [{ ...env }, { ...env, KMS_ACCOUNTS: '' }]
    expect(configOf(one)).toBe(configOf(one))
    expect(configOf(two)).toBeInstanceOf(ConfigError)
    expect(configOf({ ...env })).not.toBe(configOf(one))
  })
})

const unset = [
  'KMS_LEASE_SECONDS',
  'KMS_AUDIT',
  'KMS_AUDIT_DAYS',
  'KMS_AUDIT_BYTES',
  'KMS_REGIONS',
  'KMS_CORS_ORIGINS',
  'KMS_BASE_PATH',
  'KMS_CLOCK_CONTROL',
] as const

describe('the organisation', () => {
  it('lays its policies on its members and nothing on others', () => {
    const document = { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }] }
    const denial = {
      Version: '2012-10-17',
      Statement: [{ Effect: 'Deny', Principal: '*', Action: 'kms:*', Resource: '*' }],
    }
    const member = {
      paths: ['o-exampleorgid/r-1/'],
      serviceControlPolicies: [[document]],
      resourceControlPolicies: [denial],
    }
    const config = read({ KMS_ORGANIZATION: organization({ '111122223333': member }) })
    const { orgId, orgPaths, scp, rcp } = config.governance('111122223333')
    expect({ orgId, orgPaths }).toEqual({ orgId: 'o-exampleorgid', orgPaths: ['o-exampleorgid/r-1/'] })
    expect(scp?.map((level) => level.map(({ kind }) => kind))).toEqual([['scp']])
    expect(rcp?.map(({ statements }) => statements.map(({ effect }) => effect))).toEqual([['Deny']])
    expect(config.governance('444455556666')).toEqual({})
  })
})
