import { action, type IamAction } from './action'
import { encodeDocument } from './answers'
import { policySize, requireIdentityPolicy } from './documents'
import { document, paging, policyName } from './fields'
import {
  checkBounded,
  checkHolder,
  givenName,
  type Holder,
  type HolderKind,
  holderShape,
  nameOf,
  requireHolder,
  saveHolder,
} from './holders'
import { pageOf, sourceOf } from './paging'
import { inlineNotFound, inlineTooLarge } from './refusals'

/** Characters without white space, all inline policies of one holder together (IAM user guide, quotas). */
export const maxInlineSize: { readonly [K in HolderKind]: number } = { user: 2048, group: 5120, role: 10_240 }

function requireInline(kind: HolderKind, { policies }: Holder, name: string): string {
  const text = Object.hasOwn(policies, name) ? policies[name] : undefined
  if (text === undefined) throw inlineNotFound(kind, name)
  return text
}

const put = (kind: HolderKind): IamAction =>
  action({
    shape: { ...holderShape(kind), PolicyName: policyName, PolicyDocument: document },
    checks: (request) => checkBounded(request, kind, givenName(kind, request.args)),
    async handle({ args, tx }) {
      const holder = await requireHolder(tx, kind, givenName(kind, args))
      requireIdentityPolicy(args.PolicyDocument)
      const policies = { ...holder.policies, [args.PolicyName]: args.PolicyDocument }
      const size = Object.values(policies).reduce((sum, text) => sum + policySize(text), 0)
      if (size > maxInlineSize[kind]) throw inlineTooLarge(kind, nameOf(holder), maxInlineSize[kind])
      saveHolder(tx, { ...holder, policies })
    },
  })

/** The member that answers the holder's name is the one that asks for it. */
const get = (kind: HolderKind): IamAction =>
  action({
    shape: { ...holderShape(kind), PolicyName: policyName },
    checks: (request) => checkHolder(request, kind, givenName(kind, request.args)),
    async handle({ args, tx }) {
      const holder = await requireHolder(tx, kind, givenName(kind, args))
      const text = requireInline(kind, holder, args.PolicyName)
      const [member = ''] = Object.keys(holderShape(kind))
      return { [member]: nameOf(holder), PolicyName: args.PolicyName, PolicyDocument: encodeDocument(text) }
    },
  })

const remove = (kind: HolderKind): IamAction =>
  action({
    shape: { ...holderShape(kind), PolicyName: policyName },
    checks: (request) => checkBounded(request, kind, givenName(kind, request.args)),
    async handle({ args, tx }) {
      const holder = await requireHolder(tx, kind, givenName(kind, args))
      requireInline(kind, holder, args.PolicyName)
      const kept = Object.entries(holder.policies).filter(([name]) => name !== args.PolicyName)
      saveHolder(tx, { ...holder, policies: Object.fromEntries(kept) })
    },
  })

const list = (kind: HolderKind): IamAction =>
  action({
    shape: { ...holderShape(kind), ...paging },
    checks: (request) => checkHolder(request, kind, givenName(kind, request.args)),
    async handle({ args, tx }) {
      const holder = await requireHolder(tx, kind, givenName(kind, args))
      const { items, end } = await pageOf(
        args,
        sourceOf(Object.keys(holder.policies), (name) => name),
      )
      return { PolicyNames: items, ...end }
    },
  })

export const inlinePolicyActions = {
  PutUserPolicy: put('user'),
  PutGroupPolicy: put('group'),
  PutRolePolicy: put('role'),
  GetUserPolicy: get('user'),
  GetGroupPolicy: get('group'),
  GetRolePolicy: get('role'),
  DeleteUserPolicy: remove('user'),
  DeleteGroupPolicy: remove('group'),
  DeleteRolePolicy: remove('role'),
  ListUserPolicies: list('user'),
  ListGroupPolicies: list('group'),
  ListRolePolicies: list('role'),
}
