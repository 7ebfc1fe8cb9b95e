import { iamNameId } from '../../keys/collections'
import type { RoleRecord } from '../../keys/records'
import { findNamed, newUniqueId, setLink } from '../names'
import type { Reader } from '../transaction'
import { action } from './action'
import { roleAnswer, roleItem } from './answers'
import { requireBoundary } from './boundaries'
import {
  document,
  maybeArn,
  maybeRoleDescription,
  maybeSessionSeconds,
  paging,
  path,
  pathPrefix,
  roleDescription,
  roleName,
  sessionSecondsOrHour,
  tags,
} from './fields'
import { checkHolder, requestTagFacts } from './holders'
import { mapSource, namedSource, pageOf } from './paging'
import { notFound, stillAttached, stillHasPolicies } from './refusals'
import { takeTrust } from './trust'
import { requireFreeName } from './users'

async function requireRole(reader: Reader, name: string): Promise<RoleRecord> {
  const role = await findNamed(reader, 'role', name)
  if (!role) throw notFound('role', name)
  return role
}

export const createRole = action({
  shape: {
    RoleName: roleName,
    Path: path,
    AssumeRolePolicyDocument: document,
    Description: maybeRoleDescription,
    MaxSessionDuration: sessionSecondsOrHour,
    PermissionsBoundary: maybeArn,
    Tags: tags,
  },
  checks({ args, call }) {
    const resource = `arn:aws:iam::${call.accountId}:role${args.Path}${args.RoleName}`
    const facts = { ...requestTagFacts(args.Tags), 'iam:PermissionsBoundary': args.PermissionsBoundary }
    return [{ resource, facts }, ...(args.Tags.length ? [{ action: 'iam:TagRole', resource, facts }] : [])]
  },
  async handle({ args, tx, call }) {
    await requireFreeName(tx, 'role', args.RoleName)
    const roleId = newUniqueId('AROA', (byteLength) => call.crypto.random(byteLength))
    const role: RoleRecord = {
      roleId,
      roleName: args.RoleName,
      path: args.Path,
      createdAtMs: call.wallMs(),
      ...(await takeTrust(call, args.AssumeRolePolicyDocument)),
      maxSessionSeconds: args.MaxSessionDuration,
      ...(args.Description === undefined ? {} : { description: args.Description }),
      policies: {},
      attached: [],
      tags: args.Tags,
      ...(await requireBoundary(tx, call, roleId, args.PermissionsBoundary)),
    }
    await tx.find('role', roleId)
    tx.put('role', roleId, role)
    tx.put('iamName', iamNameId('role', role.roleName), { kind: 'role', uniqueId: roleId })
    return { Role: await roleAnswer(call, role) }
  },
})

export const getRole = action({
  shape: { RoleName: roleName },
  checks: (request) => checkHolder(request, 'role', request.args.RoleName),
  handle: async ({ args, tx, call }) => ({ Role: await roleAnswer(call, await requireRole(tx, args.RoleName)) }),
})

/** What is left out stays as it is. */
export const updateRole = action({
  shape: { RoleName: roleName, Description: maybeRoleDescription, MaxSessionDuration: maybeSessionSeconds },
  checks: (request) => checkHolder(request, 'role', request.args.RoleName),
  async handle({ args, tx }) {
    const role = await requireRole(tx, args.RoleName)
    tx.put('role', role.roleId, {
      ...role,
      ...(args.Description === undefined ? {} : { description: args.Description }),
      maxSessionSeconds: args.MaxSessionDuration ?? role.maxSessionSeconds,
    })
    return {}
  },
})

export const updateRoleDescription = action({
  shape: { RoleName: roleName, Description: roleDescription },
  checks: (request) => checkHolder(request, 'role', request.args.RoleName),
  async handle({ args, tx, call }) {
    const role = { ...(await requireRole(tx, args.RoleName)), description: args.Description }
    tx.put('role', role.roleId, role)
    return { Role: await roleAnswer(call, role) }
  },
})

export const updateAssumeRolePolicy = action({
  shape: { RoleName: roleName, PolicyDocument: document },
  checks: (request) => checkHolder(request, 'role', request.args.RoleName),
  async handle({ args, tx, call }) {
    const role = await requireRole(tx, args.RoleName)
    tx.put('role', role.roleId, { ...role, ...(await takeTrust(call, args.PolicyDocument)) })
  },
})

export const deleteRole = action({
  shape: { RoleName: roleName },
  checks: (request) => checkHolder(request, 'role', request.args.RoleName),
  async handle({ args, tx }) {
    const role = await requireRole(tx, args.RoleName)
    if (role.attached.length) throw stillAttached()
    if (Object.keys(role.policies).length) throw stillHasPolicies()
    if (role.boundary !== undefined) {
      await setLink(tx, { kind: 'boundary', to: role.boundary, from: role.roleId }, false)
    }
    tx.put('role', role.roleId, null)
    tx.put('iamName', iamNameId('role', role.roleName), null)
  },
})

export const listRoles = action({
  shape: { PathPrefix: pathPrefix, ...paging },
  checks: ({ args, call }) => ({ resource: `arn:aws:iam::${call.accountId}:role${args.PathPrefix}` }),
  async handle({ args, tx, call }) {
    const roles = mapSource(namedSource(tx, 'role'), (role) =>
      role.path.startsWith(args.PathPrefix) ? roleItem(call, role) : undefined,
    )
    const { items, end } = await pageOf(args, roles)
    return { Roles: items, ...end }
  },
})

/** There are no instances here. */
export const listInstanceProfilesForRole = action({
  shape: { RoleName: roleName, ...paging },
  checks: (request) => checkHolder(request, 'role', request.args.RoleName),
  async handle({ args, tx }) {
    await requireRole(tx, args.RoleName)
    return { InstanceProfiles: [], IsTruncated: false }
  },
})
