import { describe, expect, it } from 'vitest'
import { principalValues } from '../../src/policy/compile'
import type { CallerFacts } from '../../src/policy/types'
import { account, alice, anonymous, cloudtrail, documentOf, federated, root, session, statementOf } from './asking'

const rootArn = `arn:aws:iam::${account}:root`
const other: CallerFacts = {
  ...alice,
  arn: 'arn:aws:iam::444455556666:user/alice',
  accountId: '444455556666',
  uniqueId: 'AIDAOOOOOOOOOOOOOTHER',
}
const webIdentity: CallerFacts = {
  ...anonymous,
  federatedProvider: 'arn:aws:iam::111122223333:oidc-provider/idp.example',
}
const bob: CallerFacts = { ...alice, arn: `arn:aws:iam::${account}:user/bob`, uniqueId: 'AIDABBBBBBBBBBBBBBBOB' }
const callers = { alice, bob, session, root, federated, cloudtrail, anonymous, webIdentity, other }
type Levels = Partial<Record<keyof typeof callers, string>>

const levelsOf = (elements: object, pins?: Record<string, string>): Levels => {
  const statement = statementOf(elements, { kind: 'key', ...(pins ? { pins } : {}) })
  const found = Object.entries(callers).map(([name, caller]) => [name, statement.level(caller)] as const)
  return Object.fromEntries(found.filter(([, level]) => level !== undefined))
}

const everybody: Levels = Object.fromEntries(
  Object.keys(callers)
    .filter((name) => name !== 'anonymous' && name !== 'webIdentity')
    .map((name) => [name, 'direct']),
)
const accountLevels: Levels = {
  alice: 'account',
  bob: 'account',
  session: 'account',
  root: 'account',
  federated: 'account',
}

describe('Principal', () => {
  const cases: [principal: unknown, levels: Levels][] = [
    ['*', everybody],
    [{ AWS: '*' }, everybody],
    [{ AWS: alice.arn }, { alice: 'direct', federated: 'parent' }],
    [{ AWS: alice.arn.toUpperCase() }, {}],
    [{ AWS: session.arn }, { session: 'direct' }],
    [{ AWS: session.parentArn }, { session: 'role' }],
    [{ AWS: `arn:aws:iam::${account}:role/App` }, {}], // without its path
    [{ AWS: federated.arn }, { federated: 'direct' }],
    [{ AWS: rootArn }, accountLevels],
    [{ AWS: account }, accountLevels],
    [
      { AWS: [rootArn, session.parentArn, alice.arn] },
      { ...accountLevels, session: 'role', alice: 'direct', federated: 'parent' },
    ],
    [
      { AWS: '444455556666', Service: 'cloudtrail.amazonaws.com' },
      { other: 'account', cloudtrail: 'direct' },
    ],
    [{ Service: 'sns.amazonaws.com' }, {}],
    [{ AWS: 'AIDAAAAAAAAAAAAAALICE' }, {}],
    [{ AWS: `arn:aws:iam::${account}:user/*` }, {}],
    [{ Federated: webIdentity.federatedProvider }, { webIdentity: 'direct' }],
    [{ CanonicalUser: 'x' }, {}],
  ]
  it.each(cases)('%j', (Principal, levels) => {
    expect(levelsOf({ Principal })).toEqual(levels)
  })

  it('is everybody where documents have none', () => {
    expect(Object.values(callers).map((caller) => statementOf({}).level(caller))).toEqual(
      Object.values(callers).map(() => 'direct'),
    )
  })
})

describe('pins', () => {
  const role = session.parentArn as string
  const cases: [name: string, principal: unknown, pins: Record<string, string>, levels: Levels][] = [
    ['user', { AWS: alice.arn }, { [alice.arn]: 'AIDAAAAAAAAAAAAAALICE' }, { alice: 'direct', federated: 'parent' }],
    ['user made anew', { AWS: alice.arn }, { [alice.arn]: 'AIDAOLD' }, {}],
    ['role', { AWS: role }, { [role]: 'AROAAAAAAAAAAAAAAAAPP' }, { session: 'role' }],
    ['role made anew', { AWS: role }, { [role]: 'AROAOLD' }, {}],
    ['session', { AWS: session.arn }, { [session.arn]: 'AROAAAAAAAAAAAAAAAAPP' }, { session: 'direct' }],
    ['session of a role made anew', { AWS: session.arn }, { [session.arn]: 'AROAOLD' }, {}],
    [
      'former name',
      { AWS: `arn:aws:iam::${account}:user/al` },
      { [`arn:aws:iam::${account}:user/al`]: alice.uniqueId as string },
      { alice: 'direct', federated: 'parent' },
    ],
    ['another ARN', { AWS: alice.arn }, { [role]: 'AROAOLD' }, { alice: 'direct', federated: 'parent' }],
    ['account beside it', { AWS: [account, alice.arn] }, { [alice.arn]: 'AIDAOLD' }, accountLevels],
  ]
  it.each(cases)('%s', (_, Principal, pins, levels) => {
    expect(levelsOf({ Principal }, pins)).toEqual(levels)
  })
})

describe('NotPrincipal', () => {
  const all = Object.keys(callers)
  const cases: [principal: unknown, spared: string[]][] = [
    [{ AWS: [alice.arn, rootArn] }, ['alice', 'root']],
    [{ AWS: alice.arn }, ['alice']],
    [{ AWS: [session.arn, session.parentArn, rootArn] }, ['session', 'root']],
    [{ AWS: [session.parentArn, rootArn] }, ['root']],
    [{ AWS: account }, ['root']],
    [{ Service: 'cloudtrail.amazonaws.com' }, ['cloudtrail']],
    ['*', all],
    [{ AWS: 'AIDAAAAAAAAAAAAAALICE' }, []],
  ]
  it.each(cases)('%j spares %j', (NotPrincipal, spared) => {
    const levels = levelsOf({ Effect: 'Deny', Principal: undefined, NotPrincipal })
    expect(levels).toEqual(
      Object.fromEntries(all.filter((name) => !spared.includes(name)).map((name) => [name, 'direct'])),
    )
  })

  it('spares nobody who is made anew', () => {
    const elements = { Effect: 'Deny', Principal: undefined, NotPrincipal: { AWS: alice.arn } }
    expect(levelsOf(elements, { [alice.arn]: 'AIDAOLD' }).alice).toBe('direct')
  })
})

describe('principalValues', () => {
  const none = { everyone: false, accounts: [], arns: [], services: [], federated: [], uniqueIds: [], invalid: [] }
  const arns = [
    alice.arn,
    `arn:aws:iam::${account}:user/a/b/c+=,.@-_`,
    `arn:aws-cn:iam::${account}:role/service-role/x`,
    session.arn,
    federated.arn,
  ]
  const invalid = [
    `arn:aws:iam::${account}:group/g`,
    `arn:aws:iam::${account}:user/*`,
    `arn:aws:iam::${account}:user/a*/b`,
    'arn:aws:iam::*:root',
    `arn:aws:iam::${account}:user`,
    `arn:aws:iam::${account}:user/`,
    `arn:aws:iam::${account}:role//x`,
    `arn:aws:sts::${account}:assumed-role/App`,
    `arn:aws:sts::${account}:assumed-role/App/*`,
    'arn:aws:iam::12345:root',
    '12345',
    'alice',
    '',
    'AGPAAAAAAAAAAAAAAAAAA',
    ` ${alice.arn}`,
    `arn:aws:iam::${account}:user/${'a'.repeat(65)}`,
    `arn:aws:iam::${account}:user/${'a/'.repeat(2000)}x`,
  ]
  const cases: [principal: unknown, values: object][] = [
    ['*', { everyone: true }],
    [{ AWS: [account, rootArn, '444455556666', '*'] }, { everyone: true, accounts: [account, '444455556666'] }],
    [{ AWS: arns }, { arns }],
    [
      { AWS: ['AIDAEXAMPLEDELETED123', 'AROAEXAMPLEDELETED123'] },
      { uniqueIds: ['AIDAEXAMPLEDELETED123', 'AROAEXAMPLEDELETED123'] },
    ],
    [{ AWS: invalid }, { invalid }],
    [
      { Service: ['sns.amazonaws.com', '*', 'sns', 's*s.amazonaws.com'] },
      { services: ['sns.amazonaws.com'], invalid: ['*', 'sns', 's*s.amazonaws.com'] },
    ],
    [{ Federated: ['accounts.google.com', '*'] }, { federated: ['accounts.google.com'], invalid: ['*'] }],
    [{ CanonicalUser: 'abc' }, { invalid: ['abc'] }],
  ]
  it.each(cases)('%j', (Principal, values) => {
    const text = documentOf('key', { Principal })
    expect(principalValues(text)).toEqual({ ...none, ...values })
    const spared = documentOf('key', { Effect: 'Deny', Principal: undefined, NotPrincipal: Principal })
    expect(principalValues(spared)).toEqual({ ...none, ...values })
  })
})
