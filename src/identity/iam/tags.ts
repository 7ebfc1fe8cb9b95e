import type { IdentityTag } from '../../keys/records'
import type { Transaction } from '../transaction'
import { type ActionRequest, action, type IamAction, type IamCheck } from './action'
import { arn, type Field, maxTags, paging, roleName, tagKeys, tags, userName } from './fields'
import { checkHolder, requestTagFacts, requireHolder, resourceTagFacts, saveHolder } from './holders'
import { mapSource, pageOf, sourceOf } from './paging'
import { checkPolicy, requireOwnPolicy, requirePolicy } from './policies'
import { findProviderByArn, requireProvider } from './providers'
import { tooManyTags } from './refusals'

/** A kind of thing that has tags: how a request names it, who may touch it, and what it has. */
interface Tagged {
  readonly member: string
  readonly field: Field<string>
  check(request: ActionRequest<unknown>, name: string): Promise<IamCheck>
  read(request: ActionRequest<unknown>, name: string): Promise<readonly IdentityTag[]>
  /** Only after `read`. */
  write(request: ActionRequest<unknown>, name: string, tags: readonly IdentityTag[]): Promise<void>
}

const holderTags = (kind: 'user' | 'role', member: string, field: Field<string>): Tagged => {
  const find = async (tx: Transaction, name: string) => {
    const holder = await requireHolder(tx, kind, name)
    if ('groupId' in holder) throw new Error('groups have no tags')
    return holder
  }
  return {
    member,
    field,
    check: (request, name) => checkHolder(request, kind, name),
    read: async ({ tx }, name) => (await find(tx, name)).tags,
    write: async ({ tx }, name, list) => saveHolder(tx, { ...(await find(tx, name)), tags: list }),
  }
}

const user = holderTags('user', 'UserName', userName)
const role = holderTags('role', 'RoleName', roleName)

const policy: Tagged = {
  member: 'PolicyArn',
  field: arn,
  check: checkPolicy,
  async read(request, name) {
    const found = await requirePolicy(request, name)
    return 'tags' in found ? found.tags : []
  },
  async write(request, name, list) {
    const found = await requireOwnPolicy(request, name)
    request.tx.put('managedPolicy', found.policyId, { ...found, tags: list })
  },
}

const provider: Tagged = {
  member: 'OpenIDConnectProviderArn',
  field: arn,
  async check({ tx, call }, name) {
    const found = await findProviderByArn(tx, call, name)
    return { resource: name, facts: found ? resourceTagFacts(found.tags) : {} }
  },
  read: async ({ tx, call }, name) => (await requireProvider(tx, call, name)).tags,
  async write({ tx, call }, name, list) {
    const found = await requireProvider(tx, call, name)
    tx.put('oidcProvider', found.url, { ...found, tags: list })
  },
}

const sameKey = (a: string, b: string) => a.toLowerCase() === b.toLowerCase()
const shapeOf = ({ member, field }: Tagged): Readonly<Record<string, Field<string>>> => ({ [member]: field })
const nameIn = ({ member }: Tagged, args: { readonly [name: string]: unknown }) => args[member] as string

/** A tag replaces the one whose key differs in case alone, spelling included. */
const tag = (tagged: Tagged): IamAction =>
  action({
    shape: { ...shapeOf(tagged), Tags: tags },
    async checks(request) {
      const check = await tagged.check(request, nameIn(tagged, request.args))
      return { ...check, facts: { ...check.facts, ...requestTagFacts(request.args.Tags) } }
    },
    async handle(request) {
      const { args } = request
      const name = nameIn(tagged, args)
      const known = await tagged.read(request, name)
      const kept = known.filter(({ Key }) => !args.Tags.some((each) => sameKey(each.Key, Key)))
      const list = [...kept, ...args.Tags]
      if (list.length > maxTags) throw tooManyTags(maxTags)
      await tagged.write(request, name, list)
    },
  })

const untag = (tagged: Tagged): IamAction =>
  action({
    shape: { ...shapeOf(tagged), TagKeys: tagKeys },
    async checks(request) {
      const check = await tagged.check(request, nameIn(tagged, request.args))
      const keys = request.args.TagKeys.length ? request.args.TagKeys : undefined
      return { ...check, facts: { ...check.facts, 'aws:TagKeys': keys } }
    },
    async handle(request) {
      const { args } = request
      const name = nameIn(tagged, args)
      const known = await tagged.read(request, name)
      await tagged.write(
        request,
        name,
        known.filter(({ Key }) => !args.TagKeys.some((key) => sameKey(key, Key))),
      )
    },
  })

const list = (tagged: Tagged): IamAction =>
  action({
    shape: { ...shapeOf(tagged), ...paging },
    checks: (request) => tagged.check(request, nameIn(tagged, request.args)),
    async handle(request) {
      const { args } = request
      const known = await tagged.read(request, nameIn(tagged, args))
      const { items, end } = await pageOf(
        { Marker: args.Marker, MaxItems: args.MaxItems },
        mapSource(
          sourceOf(known, ({ Key }) => Key),
          (each) => ({ ...each }),
        ),
      )
      return { Tags: items, ...end }
    },
  })

export const tagActions = {
  TagUser: tag(user),
  UntagUser: untag(user),
  ListUserTags: list(user),
  TagRole: tag(role),
  UntagRole: untag(role),
  ListRoleTags: list(role),
  TagPolicy: tag(policy),
  UntagPolicy: untag(policy),
  ListPolicyTags: list(policy),
  TagOpenIDConnectProvider: tag(provider),
  UntagOpenIDConnectProvider: untag(provider),
  ListOpenIDConnectProviderTags: list(provider),
}
