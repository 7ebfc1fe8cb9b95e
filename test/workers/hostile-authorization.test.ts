import { describe, expect, it } from 'vitest'
import {
  allow,
  base64,
  deployed,
  kms,
  kmsRequest,
  newKey,
  newRegion,
  newUser,
  otherRoot,
  readAnswer,
  root,
} from './front-door'
import { harmless, logStaysEmpty } from './harmless'
import { newRole, query, sts } from './identities'

logStaysEmpty()

const statement = (more: object) => ({ Effect: 'Allow', Principal: '*', Action: 'kms:*', Resource: '*', ...more })
const document = (...statements: object[]) => JSON.stringify({ Version: '2012-10-17', Statement: statements })

describe('policies of the largest size', () => {
  const budget = 32_000
  const many = (pattern: string) => Array.from({ length: Math.floor(budget / (pattern.length + 3)) }, () => pattern)
  const long = (piece: string, end: string) => `*${piece.repeat(Math.floor((budget - 200) / piece.length))}${end}`
  const value = 'a'.repeat(4_000)

  const conditionOn = (patterns: string | string[]) =>
    statement({ Condition: { StringLike: { 'kms:EncryptionContext:k': patterns } } })
  const policies: [what: string, policy: string][] = [
    ['one Action of a*a*a*…', document(statement({ Action: `kms:${long('a*', 'b')}` }))],
    ['one Action of ???…', document(statement({ Action: `kms:${long('?', 'b')}` }))],
    ['many Actions', document(statement({ Action: many('kms:*n*c*r*y*p*t*x') }))],
    ['one Resource of *a*a*…', document(statement({ Resource: long('a*', 'b') }))],
    ['many Resources', document(statement({ Resource: many('arn:aws:kms:*:*:key/*-*-*-*-*x') }))],
    ['one condition value of *a*a*…', document(conditionOn(long('a*', 'b')))],
    [
      'condition values of *a?a?…b*',
      document(conditionOn(Array.from({ length: 8 }, () => `*${'a?'.repeat(1_900)}b*`))),
    ],
    ['many condition values', document(conditionOn(many('*a*a*a*a*b')))],
    ['many variables', document(conditionOn(many(`\${aws:username}*b`)))],
    ['many statements', document(...many('x'.repeat(90)).map(() => statement({ Action: 'kms:*ncryp' })))],
    [
      'many principals',
      document(statement({ Principal: { AWS: many(`arn:aws:iam::${otherRoot.accountId}:root`) }, Action: 'kms:x' })),
    ],
    [
      'many negations',
      document(statement({}), {
        ...statement({ NotAction: many('kms:*n*c*r*y*p*x') }),
        Action: undefined,
        Effect: 'Deny',
      }),
    ],
  ]
  it.each(policies)('%s', async (_what, Policy) => {
    expect(Policy.length).toBeGreaterThan(20_000)
    const region = newRegion()
    const KeyId = await newKey(region)
    const begunMs = Date.now()
    const put = { KeyId, Policy, BypassPolicyLockoutSafetyCheck: true }
    expect(await kms(deployed, root, region, 'PutKeyPolicy', put)).toMatchObject({ status: 200 })
    const user = await newUser({})
    const input = { KeyId, Plaintext: base64('x'), EncryptionContext: { k: value } }
    const answer = await kms(deployed, user, region, 'Encrypt', input)
    expect(answer.code).toBe('AccessDeniedException')
    expect(Date.now() - begunMs).toBeLessThan(5_000)
  })

  it('one byte more is refused, and a text of a MiB', async () => {
    const region = newRegion()
    const KeyId = await newKey(region)
    const of = (length: number) => {
      const empty = document(statement({ Sid: '' }))
      return document(statement({ Sid: 'a'.repeat(length - empty.length) }))
    }
    const put = (Policy: string) => kms(deployed, root, region, 'PutKeyPolicy', { KeyId, Policy })
    expect((await put(of(32_768))).status).toBe(200)
    await harmless(region, async () => {
      expect((await put(of(32_769))).code).toBe('LimitExceededException')
      expect(['ValidationException', 'LimitExceededException']).toContain((await put(of(600_000))).code)
    })
  })
})

describe('documents that are none', () => {
  const nested = (depth: number) => `${'['.repeat(depth)}${']'.repeat(depth)}`
  const objects = (depth: number) => `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`
  const documents: [what: string, text: string][] = [
    ['lists in lists', nested(15_000)],
    ['objects in objects', objects(6_000)],
    ['lists in lists, open', '['.repeat(30_000)],
    ['a statement of lists', `{"Version":"2012-10-17","Statement":${nested(10_000)}}`],
    ['a condition of objects', document(statement({})).replace('"Effect"', `"Condition":${objects(5_000)},"Effect"`)],
    ['a prototype', '{"__proto__":{"Version":"2012-10-17"},"Statement":[]}'],
    ['a member twice', document(statement({})).replace('"Effect":"Allow"', '"Effect":"Deny","Effect":"Allow"')],
    ['a member twice, once escaped', document(statement({})).replace('"Effect"', '"Eff\\u0065ct":"Deny","Effect"')],
    ['a control character', document(statement({})).replace('kms', 'k\u0001ms')],
    ['quotes that do not end', '{"Version":"2012-10-17","Statement":"'],
  ]
  it.each(documents)('%s', async (_what, Policy) => {
    const region = newRegion()
    const KeyId = await newKey(region)
    const user = await newUser({ p: allow('sts:*', 'iam:*') })
    const { arn } = await newRole({ AWS: root.accountId }, ['kms:ListKeys'])
    await harmless(region, async () => {
      for (const [operation, more] of [
        ['PutKeyPolicy', { KeyId }],
        ['CreateKey', {}],
      ] as const) {
        const input = { ...more, Policy, BypassPolicyLockoutSafetyCheck: true }
        const { code } = await kms(deployed, root, region, operation, input)
        expect(code).toMatch(/^(MalformedPolicyDocument|Validation)Exception$/)
      }
      const put = { Action: 'PutUserPolicy', UserName: 'nobody', PolicyName: 'p', PolicyDocument: Policy }
      const create = { Action: 'CreatePolicy', PolicyName: 'hostile', PolicyDocument: Policy }
      for (const parameters of [put, create]) {
        const { status, code } = await query('iam', root, parameters)
        expect(status).toBeLessThan(500)
        expect(['MalformedPolicyDocument', 'ValidationError', 'LimitExceeded', 'NoSuchEntity']).toContain(code)
      }
      const assuming = { Action: 'AssumeRole', RoleArn: arn, RoleSessionName: 'job', Policy }
      const assumed = await sts(user, assuming)
      expect(['MalformedPolicyDocument', 'ValidationError', 'PackedPolicyTooLarge']).toContain(assumed.code)
    })
  })

  it('a request body that is nested deeply', async () => {
    const region = newRegion()
    const KeyId = await newKey(region)
    await harmless(region, async () => {
      for (const body of [nested(400_000), objects(100_000), `{"KeyId":"${KeyId}","Constraints":${objects(50_000)}}`]) {
        const answer = await readAnswer(await deployed.fetch(await kmsRequest(root, region, 'CreateGrant', body)))
        expect([400, 413]).toContain(answer.status)
        expect(answer.code).toMatch(/^(SerializationException|ValidationException)$/)
      }
    })
  })

  it('form parameters of many kinds', async () => {
    const region = newRegion()
    await newKey(region)
    const parameters: Record<string, string>[] = [
      { 'Tags.member.999999999.Key': 'a', 'Tags.member.999999999.Value': 'b' },
      { 'Tags.member.1.Key.Key.Key': 'a' },
      { 'Tags.member.-1.Key': 'a' },
      { '__proto__.x': 'a', 'constructor.prototype.x': 'b' },
      Object.fromEntries(Array.from({ length: 20_000 }, (_, i) => [`Tags.member.${i + 1}.Key`, `k${i}`])),
      { [Array.from({ length: 20_000 }, () => 'a').join('.')]: 'x' },
    ]
    await harmless(region, async () => {
      for (const more of parameters) {
        const { status, text } = await query('iam', root, { Action: 'TagUser', UserName: 'no-such-user', ...more })
        expect([400, 404, 409, 413]).toContain(status)
        expect(text).not.toContain('InternalFailure')
      }
    })
  })
})
