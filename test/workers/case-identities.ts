import { encodeAccessKeyId } from '../../src/identity/access-key-id'
import type { Case } from '../policy/cases'
import { allow, type Caller, directoryOf, otherRoot, root } from './front-door'
import { callerOf, iam, session, sts, trust } from './identities'

/** The users and roles of decision cases. They stay from case to case; what they may do does not. */

const roots: Readonly<Record<string, Caller>> = { [root.accountId]: root, [otherRoot.accountId]: otherRoot }
export const rootOf = (accountId: string): Caller => roots[accountId] ?? root

const known = new Map<string, Caller | undefined>()
const helpers = new Map<string, Caller>()
let boundaries = 0
let held: (() => Promise<unknown>)[] = []

const identityArn = /arn:aws:iam::(\d{12}):(user|role)((?:\/[\w+=,.@-]+)+)(?![\w+=,.@/*?-])/g

/** Every user and role that the case names. A role of a known name and another path takes its place. */
export async function makeIdentities(each: Case): Promise<void> {
  for (const [arn, accountId, kind, path] of JSON.stringify(each).matchAll(identityArn)) {
    if (!accountId || !path || !roots[accountId] || known.has(arn)) continue
    const name = path.slice(path.lastIndexOf('/') + 1)
    if (kind === 'role') await makeRole(arn, accountId, path, name)
    else known.set(arn, await makeUser(accountId, name))
  }
}

async function makeUser(accountId: string, UserName: string): Promise<Caller> {
  const owner = rootOf(accountId)
  await iam(owner, { Action: 'CreateUser', UserName })
  return callerOf(await iam(owner, { Action: 'CreateAccessKey', UserName }), accountId)
}

async function makeRole(arn: string, accountId: string, path: string, RoleName: string): Promise<void> {
  const owner = rootOf(accountId)
  for (const other of known.keys()) {
    if (!other.startsWith(`arn:aws:iam::${accountId}:role/`) || !other.endsWith(`/${RoleName}`)) continue
    await iam(owner, { Action: 'DeleteRole', RoleName })
    known.delete(other)
  }
  const AssumeRolePolicyDocument = trust({ AWS: accountId })
  const Path = path.slice(0, path.lastIndexOf('/') + 1)
  await iam(owner, { Action: 'CreateRole', RoleName, Path, AssumeRolePolicyDocument })
  known.set(arn, undefined)
}

/** A user who may assume roles, and nothing else. */
async function helperOf(accountId: string): Promise<Caller> {
  const known = helpers.get(accountId)
  if (known) return known
  const accessKeyId = encodeAccessKeyId(accountId, crypto.getRandomValues(new Uint8Array(5)))
  const accessKey = { accessKeyId, secretAccessKey: crypto.randomUUID() }
  const policies = { p: allow('sts:AssumeRole') }
  await directoryOf(accountId).createUser(accountId, { userName: 'case-helper', policies, accessKey })
  const made = { accountId, ...accessKey }
  helpers.set(accountId, made)
  return made
}

export const jsonText = (document: unknown): string =>
  typeof document === 'string' ? document : JSON.stringify(document)

/** The caller with the policies, boundary and tags of the case; `leave` takes them away again. */
export async function becomePrincipal(each: Case): Promise<Caller> {
  const { principal, identityPolicies, boundary, sessionPolicy } = each
  const accountId = String(principal.account)
  const owner = rootOf(accountId)
  if (principal.type === 'root') return owner
  const arn = String(principal.roleArn ?? principal.userArn ?? principal.arn)
  const kind = principal.type === 'role-session' ? 'Role' : 'User'
  const holder = { [`${kind}Name`]: arn.slice(arn.lastIndexOf('/') + 1) }
  const act = (action: string, more: Readonly<Record<string, string>> = {}) =>
    iam(owner, { Action: action, ...holder, ...more })
  const put = async (PolicyName: string, document: unknown) => {
    await act(`Put${kind}Policy`, { PolicyName, PolicyDocument: jsonText(document) })
    held.push(() => act(`Delete${kind}Policy`, { PolicyName }))
  }
  for (const [index, document] of (identityPolicies ?? []).entries()) await put(`p${index}`, document)
  if (principal.type === 'federated-user') await put('federate', JSON.parse(allow('sts:GetFederationToken')))
  if (boundary) {
    const made = await iam(owner, {
      Action: 'CreatePolicy',
      PolicyName: `boundary-${boundaries++}`,
      PolicyDocument: jsonText(boundary),
    })
    const PolicyArn = made.of('Arn') ?? ''
    await act(`Put${kind}PermissionsBoundary`, { PermissionsBoundary: PolicyArn })
    held.push(
      () => iam(owner, { Action: 'DeletePolicy', PolicyArn }),
      () => act(`Delete${kind}PermissionsBoundary`),
    )
  }
  for (const [Key, Value] of Object.entries(principal.tags ?? {})) {
    await act(`Tag${kind}`, { 'Tags.member.1.Key': Key, 'Tags.member.1.Value': Value })
    held.push(() => act(`Untag${kind}`, { 'TagKeys.member.1': Key }))
  }
  const limited: Readonly<Record<string, string>> = sessionPolicy ? { Policy: jsonText(sessionPolicy) } : {}
  const name = String(principal.arn).split('/').at(-1) ?? ''
  switch (principal.type) {
    case 'role-session':
      return session(await helperOf(accountId), arn, { RoleSessionName: name, ...limited })
    case 'federated-user': {
      const issuer = known.get(arn)
      return callerOf(await sts(issuer, { Action: 'GetFederationToken', Name: name, ...limited }), accountId)
    }
    default: {
      const user = known.get(arn)
      if (!user) throw new Error(`${arn} was not made`)
      return user
    }
  }
}

export async function leave(): Promise<void> {
  const steps = held.reverse()
  held = []
  for (const step of steps) await step()
}
