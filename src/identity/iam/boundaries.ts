import { managedPolicyText } from '../managed-policies'
import { setLink } from '../names'
import type { Transaction } from '../transaction'
import { action, type IamAction, type IamCall } from './action'
import { arn } from './fields'
import {
  checkBounded,
  checkHolder,
  givenName,
  type Holder,
  holderShape,
  idOf,
  requireHolder,
  saveHolder,
} from './holders'
import { boundaryNotFound, noBoundary } from './refusals'

/** The boundary of a new user or role, its link staged. NoSuchEntity (404) for a policy that is not there. */
export async function requireBoundary(
  tx: Transaction,
  call: IamCall,
  ownerId: string,
  boundary: string | undefined,
): Promise<{ readonly boundary?: string }> {
  if (boundary === undefined) return {}
  if ((await managedPolicyText(tx, call.accountId, boundary)) === undefined) throw boundaryNotFound(boundary)
  await setLink(tx, { kind: 'boundary', to: boundary, from: ownerId }, true)
  return { boundary }
}

type Bounded = Exclude<Holder, { readonly groupId: string }>

async function requireBounded(tx: Transaction, kind: 'user' | 'role', name: string): Promise<Bounded> {
  const holder = await requireHolder(tx, kind, name)
  if ('groupId' in holder) throw new Error('groups have no boundary')
  return holder
}

/** The holder without its boundary, whose link is dropped. */
async function unbounded(tx: Transaction, holder: Bounded): Promise<Bounded> {
  const { boundary, ...rest } = holder
  if (boundary !== undefined) await setLink(tx, { kind: 'boundary', to: boundary, from: idOf(holder) }, false)
  return rest
}

const putBoundary = (kind: 'user' | 'role'): IamAction =>
  action({
    shape: { ...holderShape(kind), PermissionsBoundary: arn },
    checks: (request) =>
      checkHolder(request, kind, givenName(kind, request.args), {
        'iam:PermissionsBoundary': request.args.PermissionsBoundary,
      }),
    async handle({ args, tx, call }) {
      const rest = await unbounded(tx, await requireBounded(tx, kind, givenName(kind, args)))
      const boundary = await requireBoundary(tx, call, idOf(rest), args.PermissionsBoundary)
      saveHolder(tx, { ...rest, ...boundary })
    },
  })

const deleteBoundary = (kind: 'user' | 'role'): IamAction =>
  action({
    shape: holderShape(kind),
    checks: (request) => checkBounded(request, kind, givenName(kind, request.args)),
    async handle({ args, tx }) {
      const name = givenName(kind, args)
      const holder = await requireBounded(tx, kind, name)
      if (holder.boundary === undefined) throw noBoundary(kind, name)
      saveHolder(tx, await unbounded(tx, holder))
    },
  })

export const boundaryActions = {
  PutUserPermissionsBoundary: putBoundary('user'),
  PutRolePermissionsBoundary: putBoundary('role'),
  DeleteUserPermissionsBoundary: deleteBoundary('user'),
  DeleteRolePermissionsBoundary: deleteBoundary('role'),
}
