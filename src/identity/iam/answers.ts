import type { GroupRecord, RoleRecord, UserRecord } from '../../keys/records'
import type { QueryOutput } from '../query-types'
import type { IamCall } from './action'
import { arnOf } from './holders'
import { shownTrust } from './trust'

/** Users, groups and roles as IAM answers them. Source: IAM API reference, data types. */

export const date = (ms: number): Date => new Date(ms)

/** As IAM writes documents into answers: percent-encoded after RFC 3986 section 2.3. */
export const encodeDocument = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`)

const boundaryAnswer = (boundary: string | undefined): QueryOutput =>
  boundary === undefined
    ? {}
    : { PermissionsBoundary: { PermissionsBoundaryType: 'Policy', PermissionsBoundaryArn: boundary } }

/** As listings show it: without tags and boundary. */
export const userItem = (call: IamCall, user: UserRecord): QueryOutput => ({
  Path: user.path,
  UserName: user.userName,
  UserId: user.userId,
  Arn: arnOf(call.accountId, user),
  CreateDate: date(user.createdAtMs),
})

export const userAnswer = (call: IamCall, user: UserRecord): QueryOutput => ({
  ...userItem(call, user),
  ...boundaryAnswer(user.boundary),
  ...(user.tags.length ? { Tags: user.tags.map((tag) => ({ ...tag })) } : {}),
})

export const groupAnswer = (call: IamCall, group: GroupRecord): QueryOutput => ({
  Path: group.path,
  GroupName: group.groupName,
  GroupId: group.groupId,
  Arn: arnOf(call.accountId, group),
  CreateDate: date(group.createdAtMs),
})

/** As listings show it: without tags, boundary and last use. */
export const roleItem = async (call: IamCall, role: RoleRecord): Promise<QueryOutput> => ({
  Path: role.path,
  RoleName: role.roleName,
  RoleId: role.roleId,
  Arn: arnOf(call.accountId, role),
  CreateDate: date(role.createdAtMs),
  AssumeRolePolicyDocument: encodeDocument(await shownTrust(call, role)),
  Description: role.description,
  MaxSessionDuration: role.maxSessionSeconds,
})

export const roleAnswer = async (call: IamCall, role: RoleRecord): Promise<QueryOutput> => ({
  ...(await roleItem(call, role)),
  ...boundaryAnswer(role.boundary),
  ...(role.tags.length ? { Tags: role.tags.map((tag) => ({ ...tag })) } : {}),
  RoleLastUsed: {},
})
