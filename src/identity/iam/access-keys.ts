import { encodeBase64 } from '../../codec/bytes'
import type { AccessKeyRecord } from '../../keys/records'
import { encodeAccessKeyId } from '../access-key-id'
import type { Transaction } from '../transaction'
import { action, type IamCall } from './action'
import { date } from './answers'
import { accessKeyId, keyStatus, paging } from './fields'
import { checkHolder } from './holders'
import { mapSource, pageOf, sourceOf } from './paging'
import { accessKeyNotFound, tooManyAccessKeys } from './refusals'
import { checkOwn, maybeUser, ownName, requireUser } from './users'

export const maxAccessKeys = 2
/** 40 characters of base64, as AWS's are. */
const secretBytes = 30

const keysOf = async (tx: Transaction, userId: string): Promise<readonly AccessKeyRecord[]> =>
  (await tx.list('accessKey', { owner: userId, limit: maxAccessKeys + 1 })).map(({ value }) => value)

const statusOf = ({ active }: AccessKeyRecord) => (active ? 'Active' : 'Inactive')

/** The only answer that ever holds the secret. */
export const createAccessKey = action({
  shape: maybeUser,
  checks: checkOwn,
  async handle({ args, tx, call }) {
    const { userId, userName } = await requireUser(tx, ownName(call, args.UserName))
    if ((await keysOf(tx, userId)).length >= maxAccessKeys) throw tooManyAccessKeys(maxAccessKeys)
    const newId = await freeAccessKeyId(tx, call)
    const SecretAccessKey = encodeBase64(call.crypto.random(secretBytes))
    const secret = await call.crypto.wrapSecret(SecretAccessKey, { accessKeyId: newId, userId })
    const createdAtMs = call.wallMs()
    const key: AccessKeyRecord = { accessKeyId: newId, userId, active: true, createdAtMs, secret }
    tx.put('accessKey', newId, key)
    return {
      AccessKey: {
        UserName: userName,
        AccessKeyId: newId,
        Status: statusOf(key),
        SecretAccessKey,
        CreateDate: date(createdAtMs),
      },
    }
  },
})

/** 40 random bits: two alike are rare, and never both kept. */
async function freeAccessKeyId(tx: Transaction, { accountId, crypto }: IamCall): Promise<string> {
  for (let attempt = 0; attempt < 10; attempt++) {
    const id = encodeAccessKeyId(accountId, crypto.random(5))
    if (!(await tx.find('accessKey', id))) return id
  }
  throw new Error('no access key id is free')
}

async function requireKey(tx: Transaction, userId: string, id: string): Promise<AccessKeyRecord> {
  const key = await tx.find('accessKey', id)
  if (key?.userId !== userId) throw accessKeyNotFound(id)
  return key
}

export const updateAccessKey = action({
  shape: { ...maybeUser, AccessKeyId: accessKeyId, Status: keyStatus },
  checks: checkOwn,
  async handle({ args, tx, call }) {
    const user = await requireUser(tx, ownName(call, args.UserName))
    const key = await requireKey(tx, user.userId, args.AccessKeyId)
    tx.put('accessKey', key.accessKeyId, { ...key, active: args.Status === 'Active' })
  },
})

export const deleteAccessKey = action({
  shape: { ...maybeUser, AccessKeyId: accessKeyId },
  checks: checkOwn,
  async handle({ args, tx, call }) {
    const user = await requireUser(tx, ownName(call, args.UserName))
    const key = await requireKey(tx, user.userId, args.AccessKeyId)
    tx.put('accessKey', key.accessKeyId, null)
  },
})

export const listAccessKeys = action({
  shape: { ...maybeUser, ...paging },
  checks: checkOwn,
  async handle({ args, tx, call }) {
    const { userId, userName } = await requireUser(tx, ownName(call, args.UserName))
    const source = sourceOf(await keysOf(tx, userId), (key) => key.accessKeyId)
    const { items, end } = await pageOf(
      args,
      mapSource(source, (key) => ({
        UserName: userName,
        AccessKeyId: key.accessKeyId,
        Status: statusOf(key),
        CreateDate: date(key.createdAtMs),
      })),
    )
    return { AccessKeyMetadata: items, ...end }
  },
})

export const getAccessKeyLastUsed = action({
  shape: { AccessKeyId: accessKeyId },
  async checks(request) {
    const key = await request.tx.find('accessKey', request.args.AccessKeyId)
    const user = key && (await request.tx.find('user', key.userId))
    return user ? checkHolder(request, 'user', user.userName) : { resource: '*' }
  },
  async handle({ args, tx }) {
    const key = await tx.find('accessKey', args.AccessKeyId)
    const user = key && (await tx.find('user', key.userId))
    if (!user) throw accessKeyNotFound(args.AccessKeyId)
    const { lastUsed } = key
    return {
      UserName: user.userName,
      AccessKeyLastUsed: {
        LastUsedDate: lastUsed && date(lastUsed.atMs),
        ServiceName: lastUsed?.service ?? 'N/A',
        Region: lastUsed?.region ?? 'N/A',
      },
    }
  },
})
