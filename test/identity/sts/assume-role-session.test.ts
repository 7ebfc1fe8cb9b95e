import { describe, expect, it } from 'vitest'
import type { QueryInput } from '../../../src/identity/query-types'
import { alice, denied, input, mayAssume } from './assuming'
import { accountId, allow, document, otherAccount, outcome, roleSession, sts, trust, user } from './helpers'

describe('session policies', () => {
  const managed = {
    [`arn:aws:iam::${accountId}:policy/a`]: document(allow('kms:*')),
    'arn:aws:iam::aws:policy/B': document(allow('*')),
  }
  const text = document(allow('kms:Encrypt'))

  it('go along, without white space, and are told in percent', async () => {
    const { answer, open } = await sts({ entry: mayAssume, managed })
    const PolicyArns = Object.keys(managed).map((arn) => ({ arn }))
    const given = await answer(
      'AssumeRole',
      user(),
      input({ Policy: JSON.stringify(JSON.parse(text), null, 2), PolicyArns }),
    )
    expect(given.PackedPolicySize).toBeGreaterThan(0)
    expect((await open(given)).principal.session).toMatchObject({ policies: [text], policyArns: Object.keys(managed) })
  })

  const rows: [string, QueryInput, string | RegExp][] = [
    ['no JSON', { Policy: '{' }, /^MalformedPolicyDocumentException: /],
    ['a principal', { Policy: document({ ...allow('*'), Principal: '*' }) }, /^MalformedPolicyDocumentException: /],
    [
      'an unknown operator',
      { Policy: document({ ...allow('*'), Condition: { Like: { 'aws:userid': 'a' } } }) },
      /^MalformedPolicyDocumentException: /,
    ],
    [
      'a managed policy that is gone',
      { PolicyArns: [{ arn: `arn:aws:iam::${accountId}:policy/gone` }] },
      /^ValidationError 400: Policy arn:aws:iam::111122223333:policy\/gone does not exist/,
    ],
    [
      'a managed policy of another account',
      { PolicyArns: [{ arn: `arn:aws:iam::${otherAccount}:policy/a` }] },
      /^ValidationError 400: Policy .* does not exist/,
    ],
    [
      'more tags than a token holds',
      { Tags: Array.from({ length: 20 }, (_, i) => ({ Key: `k${i}`, Value: 'x'.repeat(200) })) },
      /^PackedPolicyTooLarge 400: /,
    ],
  ]
  it.each(rows)('%s', async (_name, more, expected) => {
    const trustPolicy = document(trust('*', ['sts:AssumeRole', 'sts:TagSession']))
    const { answer } = await sts({ entry: mayAssume, managed, role: { trustPolicy } })
    expect(await outcome(answer('AssumeRole', user(), input(more)))).toMatch(expected)
  })

  it('of a role that does not trust the caller are not looked at', async () => {
    const { answer } = await sts({ role: { trustPolicy: document(trust({ AWS: otherAccount })) } })
    expect(await outcome(answer('AssumeRole', user(), input({ Policy: '{' })))).toBe(denied(alice))
  })
})

describe('tags and source identity', () => {
  const Tags = [{ Key: 'Team', Value: 'blue' }]
  const trusts = (...actions: string[]) => ({ trustPolicy: document(trust('*', actions)) })

  it('tags need sts:TagSession of the trust policy', async () => {
    const without = await sts({ role: trusts('sts:AssumeRole') })
    expect(await outcome(without.answer('AssumeRole', user(), input({ Tags })))).toBe(denied(alice, 'sts:TagSession'))
    const { answer, open } = await sts({ role: trusts('sts:AssumeRole', 'sts:TagSession') })
    const given = await answer('AssumeRole', user(), input({ Tags, TransitiveTagKeys: ['Team'] }))
    expect((await open(given)).principal.session).toMatchObject({ tags: { Team: 'blue' }, transitiveTagKeys: ['Team'] })
  })

  it('a source identity needs sts:SetSourceIdentity', async () => {
    const more = input({ SourceIdentity: 'alice' })
    const without = await sts({ role: trusts('sts:AssumeRole') })
    expect(await outcome(without.answer('AssumeRole', user(), more))).toBe(denied(alice, 'sts:SetSourceIdentity'))
    const { answer, open } = await sts({ role: trusts('sts:AssumeRole', 'sts:SetSourceIdentity') })
    const given = await answer('AssumeRole', user(), more)
    expect([given.SourceIdentity, (await open(given)).principal.session.sourceIdentity]).toEqual(['alice', 'alice'])
  })

  it('conditions see what is asked for', async () => {
    const Condition = {
      StringEquals: { 'aws:RequestTag/team': 'blue', 'sts:SourceIdentity': 'alice' },
      'ForAllValues:StringEquals': { 'aws:TagKeys': ['Team'], 'sts:TransitiveTagKeys': ['Team'] },
    }
    const trustPolicy = document(
      trust('*', ['sts:AssumeRole', 'sts:TagSession', 'sts:SetSourceIdentity'], { Condition }),
    )
    const { answer } = await sts({ role: { trustPolicy } })
    const whole = { Tags, TransitiveTagKeys: ['Team'], SourceIdentity: 'alice' }
    expect(await outcome(answer('AssumeRole', user(), input(whole)))).toBe('ok')
    for (const other of [
      { Tags: [{ Key: 'Team', Value: 'red' }] },
      { SourceIdentity: 'bob' },
      { Tags: [...Tags, { Key: 'x', Value: '' }] },
    ]) {
      expect(await outcome(answer('AssumeRole', user(), input({ ...whole, ...other })))).toBe(denied(alice))
    }
  })

  const chained = roleSession('builder', {
    tags: { Team: 'blue', Local: 'x' },
    transitiveTagKeys: ['Team'],
    sourceIdentity: 'alice',
  })
  const session = `arn:aws:sts::${accountId}:assumed-role/builder/job`

  it('transitive ones and the source identity go on in a chain, the others do not', async () => {
    const { answer, open } = await sts({ role: trusts('sts:*') })
    const given = await answer('AssumeRole', chained, input({ Tags: [{ Key: 'More', Value: '1' }] }))
    expect((await open(given)).principal.session).toMatchObject({
      tags: { Team: 'blue', More: '1' },
      transitiveTagKeys: ['Team'],
      sourceIdentity: 'alice',
    })
  })

  const rows: [string, string[], QueryInput, string][] = [
    [
      'inherited tags need the action',
      ['sts:AssumeRole', 'sts:SetSourceIdentity'],
      {},
      denied(session, 'sts:TagSession'),
    ],
    [
      'an inherited source identity needs the action',
      ['sts:AssumeRole', 'sts:TagSession'],
      {},
      denied(session, 'sts:SetSourceIdentity'),
    ],
    ['the same source identity again', ['sts:*'], { SourceIdentity: 'alice' }, 'ok'],
    [
      'another source identity',
      ['sts:*'],
      { SourceIdentity: 'bob' },
      'AccessDenied 403: The source identity of a session cannot be changed by role chaining.',
    ],
    [
      'another value for a transitive tag',
      ['sts:*'],
      { Tags: [{ Key: 'team', Value: 'red' }] },
      "ValidationError 400: One of the specified transitive tag keys can't be set because it conflicts with a transitive tag key from the calling session.",
    ],
    ['a tag that was not transitive', ['sts:*'], { Tags: [{ Key: 'Local', Value: 'y' }] }, 'ok'],
  ]
  it.each(rows)('%s', async (_name, actions, more, expected) => {
    const { answer } = await sts({ role: trusts(...actions) })
    expect(await outcome(answer('AssumeRole', chained, input(more)))).toBe(expected)
  })
})
