import { type Collections, iamLinkId, iamLinkOwner, iamNameId } from '../keys/collections'
import type { IamLinkRecord, ManagedPolicyRecord, NamedKind } from '../keys/records'
import { roleArn, userArn } from '../policy/principal'
import type { Reader, Transaction } from './transaction'

/** Users, groups, roles and managed policies by name, by ARN and by what they are linked to. */

const collectionOf = { user: 'user', group: 'group', role: 'role', policy: 'managedPolicy' } as const

/** The record of a kind of named thing. */
export type NamedRecord<K extends NamedKind> = Collections[(typeof collectionOf)[K]]

/** By name, whatever the case of its letters. */
export async function findNamed<K extends NamedKind>(
  reader: Reader,
  kind: K,
  name: string,
): Promise<NamedRecord<K> | undefined> {
  const found = await reader.find('iamName', iamNameId(kind, name))
  return found && findById(reader, kind, found.uniqueId)
}

export const findById = async <K extends NamedKind>(
  reader: Reader,
  kind: K,
  uniqueId: string,
): Promise<NamedRecord<K> | undefined> =>
  (await reader.find(collectionOf[kind], uniqueId)) as NamedRecord<K> | undefined

/** `arn:aws:iam::{account}:group{path}{name}` */
export const groupArn = (group: { accountId: string; path: string; groupName: string }): string =>
  `arn:aws:iam::${group.accountId}:group${group.path}${group.groupName}`

/** `arn:aws:iam::{account}:policy{path}{name}` */
export const policyArn = (policy: { accountId: string; path: string; policyName: string }): string =>
  `arn:aws:iam::${policy.accountId}:policy${policy.path}${policy.policyName}`

/** `arn:aws:iam::{account}:oidc-provider/{url}` */
export const providerArn = (accountId: string, url: string): string => `arn:aws:iam::${accountId}:oidc-provider/${url}`

const arnForm = /^arn:aws:(iam|sts)::([0-9]{12}):([a-z-]+)(\/(?:.*\/)?)([^/]*)$/

/** An ARN of something in an account, taken apart: `path` begins and ends with a slash. */
export interface IdentityArn {
  readonly service: 'iam' | 'sts'
  readonly accountId: string
  /** `user`, `group`, `role`, `policy`, `assumed-role`, … */
  readonly type: string
  readonly path: string
  readonly name: string
}

export function parseIdentityArn(arn: string): IdentityArn | undefined {
  const match = arn.length <= 2048 ? arnForm.exec(arn) : null
  if (!match) return undefined
  const [, service, accountId, type, path, name] = match
  return { service, accountId, type, path, name } as IdentityArn
}

/** The customer managed policy of an ARN; ARNs compare exactly. */
export async function findPolicy(
  reader: Reader,
  accountId: string,
  arn: string,
): Promise<ManagedPolicyRecord | undefined> {
  const parts = parseIdentityArn(arn)
  if (parts?.service !== 'iam' || parts.type !== 'policy' || parts.accountId !== accountId) return undefined
  const policy = await findNamed(reader, 'policy', parts.name)
  return policy && policyArn({ accountId, ...policy }) === arn ? policy : undefined
}

/** The unique id of the user or role that an ARN names, of a role session its role's; undefined when there is none. */
export async function uniqueIdOf(reader: Reader, accountId: string, arn: string): Promise<string | undefined> {
  const parts = parseIdentityArn(arn)
  if (!parts || parts.accountId !== accountId) return undefined
  const { service, type, path, name } = parts
  if (service === 'iam' && type === 'user') {
    const user = await findNamed(reader, 'user', name)
    return user && userArn({ accountId, ...user }) === arn ? user.userId : undefined
  }
  if (service === 'iam' && type === 'role') {
    const role = await findNamed(reader, 'role', name)
    return role && roleArn({ accountId, ...role }) === arn ? role.roleId : undefined
  }
  if (service !== 'sts' || type !== 'assumed-role') return undefined
  const roleName = path.slice(1, -1)
  const role = await findNamed(reader, 'role', roleName)
  return role?.roleName === roleName ? role.roleId : undefined
}

/** The ARN of a user or role as it is now. */
export async function arnOfId(reader: Reader, accountId: string, uniqueId: string): Promise<string | undefined> {
  if (uniqueId.startsWith('AIDA')) {
    const user = await reader.find('user', uniqueId)
    return user && userArn({ accountId, ...user })
  }
  if (!uniqueId.startsWith('AROA')) return undefined
  const role = await reader.find('role', uniqueId)
  return role && roleArn({ accountId, ...role })
}

/** Makes or drops the link. Nothing happens when it already is as it should be. */
export async function setLink(tx: Transaction, link: IamLinkRecord, wanted: boolean): Promise<void> {
  const id = iamLinkId(link)
  const known = await tx.find('iamLink', id)
  if ((known !== undefined) !== wanted) tx.put('iamLink', id, wanted ? link : null)
}

/** What is linked to a thing, in ascending order of id. */
export async function* linksTo(
  reader: Reader,
  kind: IamLinkRecord['kind'],
  to: string,
  after?: string,
): AsyncGenerator<IamLinkRecord> {
  const owner = iamLinkOwner(kind, to)
  let last = after === undefined ? undefined : iamLinkId({ kind, to, from: after })
  for (;;) {
    const rows = await reader.list('iamLink', {
      owner,
      limit: scanRows,
      ...(last === undefined ? {} : { after: last }),
    })
    for (const { value } of rows) yield value
    last = rows.at(-1)?.id
    if (rows.length < scanRows) return
  }
}

/** How many rows of a listing are read at once. */
export const scanRows = 200

const idAlphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'

/** A unique id of IAM: `AIDA` and the like and 17 characters, 85 random bits. */
export const newUniqueId = (prefix: string, random: (byteLength: number) => Bytes): string =>
  prefix + Array.from(random(17), (byte) => idAlphabet[byte & 31]).join('')
