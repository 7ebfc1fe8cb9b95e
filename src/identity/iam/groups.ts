import { iamNameId } from '../../keys/collections'
import type { GroupRecord } from '../../keys/records'
import { findNamed, linksTo, newUniqueId, setLink } from '../names'
import type { Reader } from '../transaction'
import { action } from './action'
import { groupAnswer, userItem } from './answers'
import { groupName, maybeGroupName, newPath, paging, path, pathPrefix, userName } from './fields'
import { checkHolder } from './holders'
import { mapSource, namedSource, pageOf, type Source, sourceOf } from './paging'
import { notFound, stillAttached, stillHasPolicies, stillInGroup, tooManyGroups } from './refusals'
import { rename, requireFreeName, requireUser } from './users'

/** Groups that one user is in (IAM user guide, quotas). */
export const maxGroups = 10

async function requireGroup(reader: Reader, name: string): Promise<GroupRecord> {
  const group = await findNamed(reader, 'group', name)
  if (!group) throw notFound('group', name)
  return group
}

export const createGroup = action({
  shape: { GroupName: groupName, Path: path },
  checks: ({ args, call }) => ({ resource: `arn:aws:iam::${call.accountId}:group${args.Path}${args.GroupName}` }),
  async handle({ args, tx, call }) {
    await requireFreeName(tx, 'group', args.GroupName)
    const groupId = newUniqueId('AGPA', (byteLength) => call.crypto.random(byteLength))
    const group: GroupRecord = {
      groupId,
      groupName: args.GroupName,
      path: args.Path,
      createdAtMs: call.wallMs(),
      policies: {},
      attached: [],
    }
    await tx.find('group', groupId)
    tx.put('group', groupId, group)
    tx.put('iamName', iamNameId('group', group.groupName), { kind: 'group', uniqueId: groupId })
    return { Group: groupAnswer(call, group) }
  },
})

/** The group and a page of its users. */
export const getGroup = action({
  shape: { GroupName: groupName, ...paging },
  checks: (request) => checkHolder(request, 'group', request.args.GroupName),
  async handle({ args, tx, call }) {
    const group = await requireGroup(tx, args.GroupName)
    const members: Source<string> = async function* (after) {
      for await (const { from } of linksTo(tx, 'member', group.groupId, after)) yield [from, from]
    }
    const { items, end } = await pageOf(
      args,
      mapSource(members, async (userId) => {
        const user = await tx.find('user', userId)
        return user && userItem(call, user)
      }),
    )
    return { Group: groupAnswer(call, group), Users: items, ...end }
  },
})

export const updateGroup = action({
  shape: { GroupName: groupName, NewPath: newPath, NewGroupName: maybeGroupName },
  /** On the group under both names. */
  async checks(request) {
    const { args, tx, call } = request
    const found = await findNamed(tx, 'group', args.GroupName)
    const toPath = args.NewPath ?? found?.path ?? '/'
    const toName = args.NewGroupName ?? found?.groupName ?? args.GroupName
    const check = await checkHolder(request, 'group', args.GroupName)
    return [check, { ...check, resource: `arn:aws:iam::${call.accountId}:group${toPath}${toName}` }]
  },
  async handle({ args, tx }) {
    const group = await requireGroup(tx, args.GroupName)
    const to = args.NewGroupName ?? group.groupName
    await rename(tx, 'group', [group.groupName, to], group.groupId)
    tx.put('group', group.groupId, { ...group, groupName: to, path: args.NewPath ?? group.path })
  },
})

export const deleteGroup = action({
  shape: { GroupName: groupName },
  checks: (request) => checkHolder(request, 'group', request.args.GroupName),
  async handle({ args, tx }) {
    const group = await requireGroup(tx, args.GroupName)
    for await (const _ of linksTo(tx, 'member', group.groupId)) throw stillInGroup()
    if (group.attached.length) throw stillAttached()
    if (Object.keys(group.policies).length) throw stillHasPolicies()
    tx.put('group', group.groupId, null)
    tx.put('iamName', iamNameId('group', group.groupName), null)
  },
})

export const listGroups = action({
  shape: { PathPrefix: pathPrefix, ...paging },
  checks: ({ args, call }) => ({ resource: `arn:aws:iam::${call.accountId}:group${args.PathPrefix}` }),
  async handle({ args, tx, call }) {
    const groups = mapSource(namedSource(tx, 'group'), (group) =>
      group.path.startsWith(args.PathPrefix) ? groupAnswer(call, group) : undefined,
    )
    const { items, end } = await pageOf(args, groups)
    return { Groups: items, ...end }
  },
})

export const addUserToGroup = action({
  shape: { GroupName: groupName, UserName: userName },
  checks: (request) => checkHolder(request, 'group', request.args.GroupName),
  async handle({ args, tx }) {
    const { groupId } = await requireGroup(tx, args.GroupName)
    const user = await requireUser(tx, args.UserName)
    if (user.groups.includes(groupId)) return
    if (user.groups.length >= maxGroups) throw tooManyGroups(maxGroups)
    await setLink(tx, { kind: 'member', to: groupId, from: user.userId }, true)
    tx.put('user', user.userId, { ...user, groups: [...user.groups, groupId] })
  },
})

/** No error for a user who is not in the group. */
export const removeUserFromGroup = action({
  shape: { GroupName: groupName, UserName: userName },
  checks: (request) => checkHolder(request, 'group', request.args.GroupName),
  async handle({ args, tx }) {
    const { groupId } = await requireGroup(tx, args.GroupName)
    const user = await requireUser(tx, args.UserName)
    if (!user.groups.includes(groupId)) return
    await setLink(tx, { kind: 'member', to: groupId, from: user.userId }, false)
    tx.put('user', user.userId, { ...user, groups: user.groups.filter((each) => each !== groupId) })
  },
})

export const listGroupsForUser = action({
  shape: { UserName: userName, ...paging },
  checks: (request) => checkHolder(request, 'user', request.args.UserName),
  async handle({ args, tx, call }) {
    const user = await requireUser(tx, args.UserName)
    const { items, end } = await pageOf(
      args,
      mapSource(
        sourceOf(user.groups, (groupId) => groupId),
        async (groupId) => {
          const group = await tx.find('group', groupId)
          return group && groupAnswer(call, group)
        },
      ),
    )
    return { Groups: items, ...end }
  },
})
