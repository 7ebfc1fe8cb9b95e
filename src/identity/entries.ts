import type { IdentityTag, UserRecord } from '../keys/records'
import type {
  FederatedUserPrincipal,
  Principal,
  RoleSessionPrincipal,
  Session,
  SignedPrincipal,
} from '../policy/principal'
import type { CallerEntry } from '../ports/identity'
import { managedPolicyText } from './managed-policies'
import { uniqueIdOf } from './names'
import type { Reader } from './transaction'

/** What an entry is made of besides rows. */
export interface EntryParts {
  readonly reader: Reader
  readonly accountId: string
  /** Whether an access key belongs to the account's root user. */
  isRootKey(accessKeyId: string): boolean
}

type Entry = Omit<CallerEntry, 'version'>

/** A document that allows nothing: it stands for a policy that is gone, so that its session is limited all the more. */
const allowsNothing = JSON.stringify({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', NotAction: '*', Resource: '*' }],
})

/** The caller's documents and tags, or undefined when it is gone (IdentityPort). */
export async function findEntryOf(parts: EntryParts, principal: Principal): Promise<Entry | undefined> {
  switch (principal.kind) {
    case 'root':
      return parts.isRootKey(principal.session?.issuerAccessKeyId ?? principal.accessKeyId)
        ? withSession(parts, { policies: {} }, principal.session)
        : undefined
    case 'user': {
      const { session } = principal
      const user = await userWithKey(parts, principal, session ? session.issuerAccessKeyId : principal.accessKeyId)
      return user && withSession(parts, await userEntry(parts, user), session)
    }
    case 'role-session':
      return roleEntry(parts, principal)
    case 'federated-user':
      return federatedEntry(parts, principal)
    case 'service':
      return undefined
  }
}

/**
 * The user, if the access key is its own and active. Whoever still goes by a former name or path is refused: policies
 * would take it for whoever has that name now.
 */
async function userWithKey(
  { reader }: EntryParts,
  { userId, userName, path }: { readonly userId: string; readonly userName: string; readonly path: string },
  accessKeyId: string | undefined,
): Promise<UserRecord | undefined> {
  const key = accessKeyId === undefined ? undefined : await reader.find('accessKey', accessKeyId)
  if (!key?.active || key.userId !== userId) return undefined
  const user = await reader.find('user', userId)
  return user?.userName === userName && user.path === path ? user : undefined
}

async function userEntry(parts: EntryParts, user: UserRecord): Promise<Entry> {
  const policies = new Map(inlinePolicies(user.policies, `user ${user.userName}`))
  await addManaged(parts, policies, user.attached)
  for (const groupId of user.groups) {
    const group = await parts.reader.find('group', groupId)
    if (!group) continue
    for (const [name, text] of inlinePolicies(group.policies, `group ${group.groupName}`)) policies.set(name, text)
    await addManaged(parts, policies, group.attached)
  }
  return {
    policies: Object.fromEntries(policies),
    ...(await boundaryOf(parts, user.boundary)),
    ...tagsOf(user.tags),
  }
}

async function roleEntry(parts: EntryParts, principal: RoleSessionPrincipal): Promise<Entry | undefined> {
  const role = await parts.reader.find('role', principal.roleId)
  if (!role) return undefined
  const policies = new Map(inlinePolicies(role.policies, `role ${role.roleName}`))
  await addManaged(parts, policies, role.attached)
  const entry = {
    policies: Object.fromEntries(policies),
    ...(await boundaryOf(parts, role.boundary)),
    ...tagsOf(role.tags),
  }
  return withSession(parts, entry, principal.session)
}

/** Federated users have no tags but those of their session; what their issuer may do limits them. */
async function federatedEntry(parts: EntryParts, principal: FederatedUserPrincipal): Promise<Entry | undefined> {
  const { issuer, session } = principal
  const { issuerAccessKeyId } = session
  if (!issuer) {
    const isThere = issuerAccessKeyId !== undefined && parts.isRootKey(issuerAccessKeyId)
    return isThere ? withSession(parts, { policies: {} }, session) : undefined
  }
  const user = await userWithKey(parts, issuer, issuerAccessKeyId)
  if (!user) return undefined
  const { tags: _, ...entry } = await userEntry(parts, user)
  return withSession(parts, entry, session)
}

/** How long the session that stands for a role lasts. */
const describedMs = 3_600_000

/** See DirectoryService.describePrincipal. */
export async function describeArn(
  parts: EntryParts,
  arn: string,
  nowMs: number,
): Promise<{ readonly principal: SignedPrincipal; readonly entry: Entry } | undefined> {
  const { reader, accountId } = parts
  const common = { accountId, accessKeyId: '' }
  if (arn === `arn:aws:iam::${accountId}:root`) {
    return { principal: { kind: 'root', ...common }, entry: { policies: {} } }
  }
  const uniqueId = await uniqueIdOf(reader, accountId, arn)
  if (uniqueId === undefined) return undefined
  const user = await reader.find('user', uniqueId)
  if (user) {
    const { userId, userName, path } = user
    return { principal: { kind: 'user', ...common, userId, userName, path }, entry: await userEntry(parts, user) }
  }
  const role = await reader.find('role', uniqueId)
  if (!role) return undefined
  const { roleId, roleName, path } = role
  const sessionName = arn.startsWith('arn:aws:sts:') ? arn.slice(arn.lastIndexOf('/') + 1) : 'described'
  const session = { issuedAtMs: nowMs, expiresAtMs: nowMs + describedMs }
  const principal = { kind: 'role-session', ...common, roleId, roleName, path, sessionName, session } as const
  const entry = await roleEntry(parts, principal)
  return entry && { principal, entry }
}

const inlinePolicies = (policies: Readonly<Record<string, string>>, owner: string) =>
  Object.entries(policies).map(([name, text]) => [`policy ${name} of ${owner}`, text] as const)

/** A policy that is attached cannot be deleted, so that each is there. */
async function addManaged(
  { reader, accountId }: EntryParts,
  policies: Map<string, string>,
  arns: readonly string[],
): Promise<void> {
  for (const arn of arns) {
    const text = await managedPolicyText(reader, accountId, arn)
    if (text !== undefined) policies.set(arn, text)
  }
}

async function boundaryOf(parts: EntryParts, arn: string | undefined): Promise<Pick<CallerEntry, 'boundary'>> {
  if (arn === undefined) return {}
  return { boundary: (await managedPolicyText(parts.reader, parts.accountId, arn)) ?? allowsNothing }
}

async function withSession(parts: EntryParts, entry: Entry, session: Session | undefined): Promise<Entry> {
  if (!session) return entry
  const { policies, policyArns } = session
  const managed = []
  for (const arn of policyArns ?? []) {
    managed.push((await managedPolicyText(parts.reader, parts.accountId, arn)) ?? allowsNothing)
  }
  return {
    ...entry,
    ...(policies || policyArns ? { sessionPolicies: [...(policies ?? []), ...managed] } : {}),
    ...(session.tags ? { tags: mergeTags(entry.tags ?? {}, session.tags) } : {}),
  }
}

const tagsOf = (tags: readonly IdentityTag[]): Pick<CallerEntry, 'tags'> =>
  tags.length ? { tags: Object.fromEntries(tags.map(({ Key, Value }) => [Key, Value])) } : {}

/** Tag keys differ by more than case, so that a session tag replaces one of another spelling. */
function mergeTags(
  own: Readonly<Record<string, string>>,
  session: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  const replaced = new Set(Object.keys(session).map((key) => key.toLowerCase()))
  const kept = Object.entries(own).filter(([key]) => !replaced.has(key.toLowerCase()))
  return Object.fromEntries([...kept, ...Object.entries(session)])
}
