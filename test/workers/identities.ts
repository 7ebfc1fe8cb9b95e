import { createRootCrypto, importRootKeys } from '../../src/adapters/webcrypto'
import { encodeAccessKeyId } from '../../src/identity/access-key-id'
import { sealSessionToken } from '../../src/identity/session-token'
import type { RoleSessionPrincipal } from '../../src/policy/principal'
import { allow, type Caller, deployed, env, type Front, origin, root, signedRequest } from './front-door'

/** IAM and STS over signed HTTP, and what the tests of authorization make with them. */

export type Parameters = Readonly<Record<string, string>>

const versions = { sts: '2011-06-15', iam: '2010-05-08' } as const
const formType = { 'content-type': 'application/x-www-form-urlencoded' }

export interface QueryAnswer {
  readonly status: number
  readonly code: string | undefined
  readonly message: string | undefined
  readonly text: string
  /** The text of the first element of that name. */
  of(name: string): string | undefined
}

/** One call of the Query protocol, signed unless there is no caller. */
export async function query(
  service: 'sts' | 'iam',
  caller: Caller | undefined,
  parameters: Parameters,
  to: Front = deployed,
): Promise<QueryAnswer> {
  const body = new URLSearchParams({ Version: versions[service], ...parameters }).toString()
  const request = caller
    ? await signedRequest(caller, { service, body, headers: formType })
    : new Request(`${origin}/`, { method: 'POST', headers: formType, body })
  const response = await to.fetch(request)
  const text = await response.text()
  const of = (name: string) => new RegExp(`<${name}>([^<]*)</${name}>`).exec(text)?.[1]
  return { status: response.status, code: of('Code'), message: of('Message'), text, of }
}

export const sts = (caller: Caller | undefined, parameters: Parameters, to: Front = deployed) =>
  query('sts', caller, parameters, to)

/** An IAM call that must succeed. */
export async function iam(caller: Caller, parameters: Parameters): Promise<QueryAnswer> {
  const answer = await query('iam', caller, parameters)
  if (answer.status !== 200) throw new Error(`${parameters.Action}: ${answer.text}`)
  return answer
}

export type SessionCaller = Caller & { readonly sessionToken: string }

/** The caller with temporary or long-term credentials of an answer. */
export function callerOf({ status, text, of }: QueryAnswer, accountId = root.accountId): SessionCaller {
  const [accessKeyId, secretAccessKey, sessionToken] = ['AccessKeyId', 'SecretAccessKey', 'SessionToken'].map(of)
  if (status !== 200 || !accessKeyId || !secretAccessKey) throw new Error(text)
  return { accountId, accessKeyId, secretAccessKey, ...(sessionToken ? { sessionToken } : {}) } as SessionCaller
}

/** A document with one statement that trusts these principals to assume a role. */
export const trust = (Principal: object, Action: string | readonly string[] = 'sts:AssumeRole') =>
  JSON.stringify({ Version: '2012-10-17', Statement: [{ Effect: 'Allow', Principal, Action }] })

export interface Role {
  readonly RoleName: string
  readonly roleId: string
  readonly arn: string
}

let roles = 0
/** A role of the account of `caller`, its root user, with one policy. */
export async function newRole(trusted: object, actions: readonly string[], caller = root): Promise<Role> {
  const RoleName = `role-${roles++}-${crypto.randomUUID().slice(0, 8)}`
  const made = await iam(caller, { Action: 'CreateRole', RoleName, AssumeRolePolicyDocument: trust(trusted) })
  const PolicyDocument = allow(...actions)
  await iam(caller, { Action: 'PutRolePolicy', RoleName, PolicyName: 'work', PolicyDocument })
  return { RoleName, roleId: made.of('RoleId') ?? '', arn: `arn:aws:iam::${caller.accountId}:role/${RoleName}` }
}

export const assume = (caller: Caller, RoleArn: string, more: Parameters = {}, to: Front = deployed) =>
  sts(caller, { Action: 'AssumeRole', RoleArn, RoleSessionName: 'job', ...more }, to)

/** A session of a role of the first account unless told otherwise. */
export const session = async (caller: Caller, arn: string, more: Parameters = {}): Promise<SessionCaller> =>
  callerOf(await assume(caller, arn, more), arn.split(':')[4])

/** What the Directory of an account seals session tokens with. */
const directoryCrypto = async (accountId: string) =>
  createRootCrypto({ roots: await importRootKeys(env.KMS_ROOT_KEYS ?? ''), accountId, region: 'directory' })

/** A session as STS would give it out, its times chosen by hand: no role and no user was asked. */
export async function sealedSession(
  principal: Omit<RoleSessionPrincipal, 'accessKeyId' | 'session'>,
  times: { readonly issuedAtMs: number; readonly expiresAtMs: number },
): Promise<SessionCaller> {
  const { accountId } = principal
  const accessKeyId = encodeAccessKeyId(accountId, crypto.getRandomValues(new Uint8Array(5)), 'ASIA')
  const secretAccessKey = `secret-of-session-${crypto.randomUUID()}`.slice(0, 40)
  const credential = { principal: { ...principal, accessKeyId, session: times }, secretAccessKey }
  const sessionToken = await sealSessionToken(await directoryCrypto(accountId), credential)
  return { accountId, accessKeyId, secretAccessKey, sessionToken }
}
