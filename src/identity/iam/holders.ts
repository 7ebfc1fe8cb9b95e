import type { GroupRecord, IdentityTag, RoleRecord, UserRecord } from '../../keys/records'
import { roleArn, userArn } from '../../policy/principal'
import { findNamed, groupArn } from '../names'
import type { Reader, Transaction } from '../transaction'
import type { CheckFacts, IamCall, IamCheck } from './action'
import { type Field, groupName, roleName, type Shape, userName } from './fields'
import { notFound } from './refusals'

/** Users, groups and roles: what has inline policies and attached ones. */
export type Holder = UserRecord | GroupRecord | RoleRecord
export type HolderKind = 'user' | 'group' | 'role'

export const kindOf = (holder: Holder): HolderKind =>
  'userId' in holder ? 'user' : 'groupId' in holder ? 'group' : 'role'
export const idOf = (holder: Holder): string =>
  'userId' in holder ? holder.userId : 'groupId' in holder ? holder.groupId : holder.roleId
export const nameOf = (holder: Holder): string =>
  'userId' in holder ? holder.userName : 'groupId' in holder ? holder.groupName : holder.roleName

export function arnOf(accountId: string, holder: Holder): string {
  if ('userId' in holder) return userArn({ accountId, ...holder })
  return 'groupId' in holder ? groupArn({ accountId, ...holder }) : roleArn({ accountId, ...holder })
}

/** Stages the record under its id; it has been read before. */
export function saveHolder(tx: Transaction, holder: Holder): void {
  if ('userId' in holder) tx.put('user', holder.userId, holder)
  else if ('groupId' in holder) tx.put('group', holder.groupId, holder)
  else tx.put('role', holder.roleId, holder)
}

const members: { readonly [K in HolderKind]: readonly [member: string, field: Field<string>] } = {
  user: ['UserName', userName],
  group: ['GroupName', groupName],
  role: ['RoleName', roleName],
}

/** The parameter that names a holder of this kind. */
export const holderShape = (kind: HolderKind): Readonly<Record<string, Field<string>>> =>
  Object.fromEntries([members[kind]])

/** The name that a request with holderShape has given. */
export const givenName = (kind: HolderKind, args: { readonly [N in keyof Shape]: unknown }): string =>
  args[members[kind][0]] as string

export async function requireHolder(reader: Reader, kind: HolderKind, name: string): Promise<Holder> {
  const holder: Holder | undefined = await findNamed(reader, kind, name)
  if (!holder) throw notFound(kind, name)
  return holder
}

interface Looking {
  readonly tx: Reader
  readonly call: Pick<IamCall, 'accountId'>
}

/** The permission check on a user, group or role; one that is not there is asked for by its name alone. */
export async function checkHolder(
  { tx, call }: Looking,
  kind: HolderKind,
  name: string,
  facts: CheckFacts = {},
): Promise<IamCheck> {
  const { accountId } = call
  const holder: Holder | undefined = await findNamed(tx, kind, name)
  if (!holder) return { resource: `arn:aws:iam::${accountId}:${kind}/${name}`, facts }
  const own = 'tags' in holder ? resourceTagFacts(holder.tags) : {}
  return { resource: arnOf(accountId, holder), facts: { ...own, ...facts } }
}

/** The same for a change of what a user or role may do: its boundary counts as a condition key. */
export async function checkBounded(
  looking: Looking,
  kind: HolderKind,
  name: string,
  facts: CheckFacts = {},
): Promise<IamCheck> {
  const holder: Holder | undefined = await findNamed(looking.tx, kind, name)
  const boundary = holder && 'boundary' in holder ? holder.boundary : undefined
  return checkHolder(looking, kind, name, { 'iam:PermissionsBoundary': boundary, ...facts })
}

/** Both spellings that IAM has of it. */
export const resourceTagFacts = (tags: readonly IdentityTag[]): CheckFacts =>
  Object.fromEntries(
    tags.flatMap(({ Key, Value }) => [
      [`aws:ResourceTag/${Key}`, Value],
      [`iam:ResourceTag/${Key}`, Value],
    ]),
  )

export const requestTagFacts = (tags: readonly IdentityTag[]): CheckFacts => ({
  ...Object.fromEntries(tags.map(({ Key, Value }) => [`aws:RequestTag/${Key}`, Value])),
  'aws:TagKeys': tags.length ? tags.map(({ Key }) => Key) : undefined,
})
