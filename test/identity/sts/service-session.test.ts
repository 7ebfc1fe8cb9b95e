import { describe, expect, it } from 'vitest'
import { QueryError } from '../../../src/identity/query-error'
import { type ServiceSessionRequest, serviceSession } from '../../../src/identity/sts/service-session'

const accountId = '111122223333'
const service = 'rpc.subtle-kms'
const roleArn = `arn:aws:iam::${accountId}:role/jobs/shop`
const request: ServiceSessionRequest = { service, roleArn, sessionName: 'shop', region: 'eu-west-1' }

type Statement = Readonly<Record<string, unknown>>
const allow: Statement = { Effect: 'Allow', Principal: { Service: service }, Action: 'sts:AssumeRole' }

/** What the Directory answers when its one role has this trust policy. */
const ask = (statements: readonly Statement[] | Statement, changes: Partial<ServiceSessionRequest> = {}) =>
  serviceSession(
    {
      accountId,
      wallMs: () => Date.UTC(2026, 10, 24),
      findRole: async (roleName) =>
        roleName === 'shop'
          ? {
              roleId: 'AROAEXAMPLE',
              roleName,
              path: '/jobs/',
              trustPolicy: JSON.stringify({ Version: '2012-10-17', Statement: statements }),
              trustPins: {},
              maxSessionSeconds: 3600,
            }
          : undefined,
    },
    { ...request, ...changes },
  )

const codeOf = (work: Promise<unknown>): Promise<string | undefined> =>
  work.then(
    () => undefined,
    (error: unknown) => (error instanceof QueryError ? error.code : Promise.reject(error)),
  )

describe('a role for a service', () => {
  it('is a role session without a token', async () => {
    expect(await ask(allow)).toEqual({
      kind: 'role-session',
      accountId,
      roleId: 'AROAEXAMPLE',
      roleName: 'shop',
      path: '/jobs/',
      sessionName: 'shop',
    })
  })

  const when = (key: string, value: string) => ({ ...allow, Condition: { StringEquals: { [key]: value } } })
  const denyAll = { ...allow, Effect: 'Deny', Principal: '*' }
  const cases: [string, readonly Statement[], 'AccessDenied' | undefined][] = [
    ['named among others', [{ ...allow, Principal: { Service: ['a.example', service], AWS: accountId } }], undefined],
    ['named in the second statement', [{ ...allow, Principal: { AWS: accountId } }, allow], undefined],
    ['all actions of STS', [{ ...allow, Action: 'sts:*' }], undefined],
    ['only another action', [{ ...allow, Action: 'sts:TagSession' }], 'AccessDenied'],
    ['another service', [{ ...allow, Principal: { Service: 'rpc.other' } }], 'AccessDenied'],
    ['the name in other letters', [{ ...allow, Principal: { Service: 'RPC.subtle-kms' } }], 'AccessDenied'],
    ['the account', [{ ...allow, Principal: { AWS: accountId } }], 'AccessDenied'],
    ['everybody', [{ ...allow, Principal: '*' }], 'AccessDenied'],
    ['everybody of AWS', [{ ...allow, Principal: { AWS: '*' } }], 'AccessDenied'],
    ['denied by name', [allow, { ...allow, Effect: 'Deny' }], 'AccessDenied'],
    ['denied as anybody', [allow, denyAll], 'AccessDenied'],
    ['a deny of others', [allow, { ...denyAll, Principal: { Service: 'rpc.other' } }], undefined],
    ['its session name', [when('sts:RoleSessionName', 'shop')], undefined],
    ['another session name', [when('sts:RoleSessionName', 'till')], 'AccessDenied'],
    ['that it is a service', [when('aws:PrincipalIsAWSService', 'true')], undefined],
    ['its name as a condition', [when('aws:PrincipalServiceName', service)], undefined],
    ['its Region', [when('aws:RequestedRegion', 'eu-west-1')], undefined],
    ['what only users have', [{ ...allow, Condition: { Null: { 'aws:userid': 'false' } } }], 'AccessDenied'],
    [
      'what only users have: an ARN',
      [{ ...allow, Condition: { Null: { 'aws:PrincipalArn': 'false' } } }],
      'AccessDenied',
    ],
  ]
  it.each(cases)('%s', async (_, statements, expected) => {
    expect(await codeOf(ask(statements))).toBe(expected)
  })

  const requests: [string, Partial<ServiceSessionRequest>, string][] = [
    ['a role that is not there', { roleArn: `arn:aws:iam::${accountId}:role/jobs/till` }, 'AccessDenied'],
    ['another path', { roleArn: `arn:aws:iam::${accountId}:role/shop` }, 'AccessDenied'],
    ['another account', { roleArn: 'arn:aws:iam::444455556666:role/jobs/shop' }, 'AccessDenied'],
    ['the root user', { roleArn: `arn:aws:iam::${accountId}:root` }, 'ValidationError'],
    ['a user', { roleArn: `arn:aws:iam::${accountId}:user/shop` }, 'ValidationError'],
    ['no ARN', { roleArn: '' }, 'ValidationError'],
    ['a session name that is none', { sessionName: 'a b' }, 'ValidationError'],
    ['a session name too short', { sessionName: 'a' }, 'ValidationError'],
  ]
  it.each(requests)('%s: refused', async (_, changes, expected) => {
    expect(await codeOf(ask(allow, changes))).toBe(expected)
  })
})
