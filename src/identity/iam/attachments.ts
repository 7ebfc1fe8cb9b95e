import { awsPolicies } from '../managed-policies'
import { findPolicy, setLink } from '../names'
import type { Transaction } from '../transaction'
import { action, type IamAction } from './action'
import { arn, paging, pathPrefix } from './fields'
import {
  checkBounded,
  checkHolder,
  givenName,
  type HolderKind,
  holderShape,
  idOf,
  requireHolder,
  saveHolder,
} from './holders'
import { mapSource, pageOf, sourceOf } from './paging'
import { policyNotAttachable, policyNotFound, tooManyAttached } from './refusals'

/** Managed policies of one user, group or role (IAM user guide, quotas). */
export const maxAttached = 10

const attach = (kind: HolderKind): IamAction =>
  action({
    shape: { ...holderShape(kind), PolicyArn: arn },
    checks: (request) =>
      checkBounded(request, kind, givenName(kind, request.args), { 'iam:PolicyARN': request.args.PolicyArn }),
    async handle({ args: { PolicyArn, ...args }, tx, call }) {
      const holder = await requireHolder(tx, kind, givenName(kind, args))
      const isThere = awsPolicies.has(PolicyArn) || (await findPolicy(tx, call.accountId, PolicyArn))
      if (!isThere) throw policyNotAttachable(PolicyArn)
      if (holder.attached.includes(PolicyArn)) return
      if (holder.attached.length >= maxAttached) throw tooManyAttached(kind, maxAttached)
      await setLink(tx, { kind: 'attached', to: PolicyArn, from: idOf(holder) }, true)
      saveHolder(tx, { ...holder, attached: [...holder.attached, PolicyArn] })
    },
  })

const detach = (kind: HolderKind): IamAction =>
  action({
    shape: { ...holderShape(kind), PolicyArn: arn },
    checks: (request) =>
      checkBounded(request, kind, givenName(kind, request.args), { 'iam:PolicyARN': request.args.PolicyArn }),
    async handle({ args: { PolicyArn, ...args }, tx }) {
      const holder = await requireHolder(tx, kind, givenName(kind, args))
      if (!holder.attached.includes(PolicyArn)) throw policyNotFound(PolicyArn)
      await setLink(tx, { kind: 'attached', to: PolicyArn, from: idOf(holder) }, false)
      saveHolder(tx, { ...holder, attached: holder.attached.filter((each) => each !== PolicyArn) })
    },
  })

const list = (kind: HolderKind): IamAction =>
  action({
    shape: { ...holderShape(kind), PathPrefix: pathPrefix, ...paging },
    checks: (request) => checkHolder(request, kind, givenName(kind, request.args)),
    async handle({ args, tx, call }) {
      const { attached } = await requireHolder(tx, kind, givenName(kind, args))
      const { items, end } = await pageOf(
        { Marker: args.Marker, MaxItems: args.MaxItems },
        mapSource(
          sourceOf(attached, (each) => each),
          async (each) => {
            const policy = await nameAndPath(tx, call.accountId, each)
            if (!policy?.path.startsWith(args.PathPrefix)) return undefined
            return { PolicyName: policy.policyName, PolicyArn: each }
          },
        ),
      )
      return { AttachedPolicies: items, ...end }
    },
  })

async function nameAndPath(tx: Transaction, accountId: string, policyArn: string) {
  const known = awsPolicies.get(policyArn)
  return known ? { policyName: known.policyName, path: '/' } : findPolicy(tx, accountId, policyArn)
}

export const attachmentActions = {
  AttachUserPolicy: attach('user'),
  AttachGroupPolicy: attach('group'),
  AttachRolePolicy: attach('role'),
  DetachUserPolicy: detach('user'),
  DetachGroupPolicy: detach('group'),
  DetachRolePolicy: detach('role'),
  ListAttachedUserPolicies: list('user'),
  ListAttachedGroupPolicies: list('group'),
  ListAttachedRolePolicies: list('role'),
}
