import { iamNameId } from '../../keys/collections'
import type { UserRecord } from '../../keys/records'
import { findNamed, newUniqueId, setLink } from '../names'
import type { Reader, Transaction } from '../transaction'
import { type ActionRequest, action, type IamCall } from './action'
import { userAnswer, userItem } from './answers'
import { requireBoundary } from './boundaries'
import { maybeArn, maybeUserName, newPath, paging, path, pathPrefix, tags, userName } from './fields'
import { checkHolder, requestTagFacts } from './holders'
import { mapSource, namedSource, pageOf } from './paging'
import {
  nameInUse,
  noOwnUser,
  notFound,
  stillAttached,
  stillHasAccessKeys,
  stillHasPolicies,
  stillInGroup,
} from './refusals'

export async function requireUser(reader: Reader, name: string): Promise<UserRecord> {
  const user = await findNamed(reader, 'user', name)
  if (!user) throw notFound('user', name)
  return user
}

/** The user that a request names, else the caller; ValidationError when the caller is no user. */
export function ownName(call: IamCall, name: string | undefined): string {
  if (name !== undefined) return name
  if (call.principal.kind === 'user') return call.principal.userName
  throw noOwnUser()
}

/** The parameter of actions that are about the caller unless told otherwise. */
export const maybeUser = { UserName: maybeUserName }
export const checkOwn = (request: ActionRequest<{ readonly UserName: string | undefined }>) =>
  checkHolder(request, 'user', ownName(request.call, request.args.UserName))

/** A name that nobody has; `tx` has looked for it afterwards. */
export async function requireFreeName(tx: Transaction, kind: 'user' | 'group' | 'role', name: string): Promise<void> {
  if (await tx.find('iamName', iamNameId(kind, name))) throw nameInUse(kind, name)
}

export const createUser = action({
  shape: { UserName: userName, Path: path, PermissionsBoundary: maybeArn, Tags: tags },
  checks({ args, call }) {
    const resource = `arn:aws:iam::${call.accountId}:user${args.Path}${args.UserName}`
    const facts = { ...requestTagFacts(args.Tags), 'iam:PermissionsBoundary': args.PermissionsBoundary }
    return [{ resource, facts }, ...(args.Tags.length ? [{ action: 'iam:TagUser', resource, facts }] : [])]
  },
  async handle({ args, tx, call }) {
    await requireFreeName(tx, 'user', args.UserName)
    const userId = newUniqueId('AIDA', (byteLength) => call.crypto.random(byteLength))
    const user: UserRecord = {
      userId,
      userName: args.UserName,
      path: args.Path,
      createdAtMs: call.wallMs(),
      policies: {},
      attached: [],
      groups: [],
      tags: args.Tags,
      ...(await requireBoundary(tx, call, userId, args.PermissionsBoundary)),
    }
    await tx.find('user', userId)
    tx.put('user', userId, user)
    tx.put('iamName', iamNameId('user', user.userName), { kind: 'user', uniqueId: userId })
    return { User: userAnswer(call, user) }
  },
})

export const getUser = action({
  shape: maybeUser,
  checks(request) {
    const { args, call } = request
    if (args.UserName === undefined && call.principal.kind === 'root') {
      return { resource: `arn:aws:iam::${call.accountId}:root` }
    }
    return checkOwn(request)
  },
  async handle({ args, tx, call }) {
    const { accountId } = call
    if (args.UserName === undefined && call.principal.kind === 'root') {
      return { User: { UserId: accountId, Arn: `arn:aws:iam::${accountId}:root` } }
    }
    return { User: userAnswer(call, await requireUser(tx, ownName(call, args.UserName))) }
  },
})

export const updateUser = action({
  shape: { UserName: userName, NewPath: newPath, NewUserName: maybeUserName },
  /** On the user under both names. */
  async checks(request) {
    const { args, tx, call } = request
    const found = await findNamed(tx, 'user', args.UserName)
    const [toPath, toName] = [args.NewPath ?? found?.path ?? '/', args.NewUserName ?? found?.userName ?? args.UserName]
    const check = await checkHolder(request, 'user', args.UserName)
    return [check, { ...check, resource: `arn:aws:iam::${call.accountId}:user${toPath}${toName}` }]
  },
  async handle({ args, tx }) {
    const user = await requireUser(tx, args.UserName)
    const to = args.NewUserName ?? user.userName
    await rename(tx, 'user', [user.userName, to], user.userId)
    tx.put('user', user.userId, { ...user, userName: to, path: args.NewPath ?? user.path })
  },
})

/** Moves a name; another case of the own name is free. */
export async function rename(
  tx: Transaction,
  kind: 'user' | 'group',
  [from, to]: readonly [from: string, to: string],
  uniqueId: string,
): Promise<void> {
  const [fromId, toId] = [iamNameId(kind, from), iamNameId(kind, to)]
  if (fromId === toId) return
  await requireFreeName(tx, kind, to)
  await tx.find('iamName', fromId)
  tx.put('iamName', fromId, null)
  tx.put('iamName', toId, { kind, uniqueId })
}

export const deleteUser = action({
  shape: { UserName: userName },
  checks: (request) => checkHolder(request, 'user', request.args.UserName),
  async handle({ args, tx }) {
    const user = await requireUser(tx, args.UserName)
    if (user.groups.length) throw stillInGroup()
    if (user.attached.length) throw stillAttached()
    if (Object.keys(user.policies).length) throw stillHasPolicies()
    if ((await tx.list('accessKey', { owner: user.userId, limit: 1 })).length) throw stillHasAccessKeys()
    if (user.boundary !== undefined) {
      await setLink(tx, { kind: 'boundary', to: user.boundary, from: user.userId }, false)
    }
    tx.put('user', user.userId, null)
    tx.put('iamName', iamNameId('user', user.userName), null)
  },
})

export const listUsers = action({
  shape: { PathPrefix: pathPrefix, ...paging },
  checks: ({ args, call }) => ({ resource: `arn:aws:iam::${call.accountId}:user${args.PathPrefix}` }),
  async handle({ args, tx, call }) {
    const users = mapSource(namedSource(tx, 'user'), (user) =>
      user.path.startsWith(args.PathPrefix) ? userItem(call, user) : undefined,
    )
    const { items, end } = await pageOf(args, users)
    return { Users: items, ...end }
  },
})
