import { iamLinkId } from '../../keys/collections'
import type { PolicyVersion } from '../../keys/records'
import { linksTo } from '../names'
import { action } from './action'
import { date, encodeDocument } from './answers'
import { arn, document, entityFilter, flag, paging, pathPrefix, policyUsage, versionId } from './fields'
import { mapSource, pageOf, type Source, sourceOf } from './paging'
import { checkPolicy, requireManagedDocument, requireOwnPolicy, requirePolicy } from './policies'
import { defaultVersion, tooManyVersions, versionNotFound } from './refusals'

/** Of one managed policy (IAM user guide, quotas). */
export const maxVersions = 5

interface Versions {
  readonly versions: readonly PolicyVersion[]
  readonly defaultVersionId: string
}

const versionItem = (version: PolicyVersion, { defaultVersionId }: Versions) => ({
  VersionId: version.versionId,
  IsDefaultVersion: version.versionId === defaultVersionId,
  CreateDate: date(version.createdAtMs),
})

/** A policy of AWS has its default version alone here. */
async function versionsOf(looking: Parameters<typeof requirePolicy>[0], policyArn: string): Promise<Versions> {
  const policy = await requirePolicy(looking, policyArn)
  if ('versions' in policy) return policy
  const { versionId: id, document: text, updatedAtMs } = policy
  return { versions: [{ versionId: id, document: text, createdAtMs: updatedAtMs }], defaultVersionId: id }
}

function requireVersion({ versions }: Versions, policyArn: string, id: string): PolicyVersion {
  const version = versions.find((each) => each.versionId === id)
  if (!version) throw versionNotFound(policyArn, id)
  return version
}

export const createPolicyVersion = action({
  shape: { PolicyArn: arn, PolicyDocument: document, SetAsDefault: flag },
  checks: (request) => checkPolicy(request, request.args.PolicyArn),
  async handle(request) {
    const { args, tx, call } = request
    const policy = await requireOwnPolicy(request, args.PolicyArn)
    requireManagedDocument(args.PolicyDocument)
    if (policy.versions.length >= maxVersions) throw tooManyVersions(maxVersions)
    const createdAtMs = call.wallMs()
    const versionCount = policy.versionCount + 1
    const version = { versionId: `v${versionCount}`, document: args.PolicyDocument, createdAtMs }
    const changed = {
      ...policy,
      versions: [...policy.versions, version],
      versionCount,
      updatedAtMs: createdAtMs,
      ...(args.SetAsDefault ? { defaultVersionId: version.versionId } : {}),
    }
    tx.put('managedPolicy', policy.policyId, changed)
    return { PolicyVersion: versionItem(version, changed) }
  },
})

export const getPolicyVersion = action({
  shape: { PolicyArn: arn, VersionId: versionId },
  checks: (request) => checkPolicy(request, request.args.PolicyArn),
  async handle(request) {
    const { args } = request
    const versions = await versionsOf(request, args.PolicyArn)
    const version = requireVersion(versions, args.PolicyArn, args.VersionId)
    return { PolicyVersion: { Document: encodeDocument(version.document), ...versionItem(version, versions) } }
  },
})

export const deletePolicyVersion = action({
  shape: { PolicyArn: arn, VersionId: versionId },
  checks: (request) => checkPolicy(request, request.args.PolicyArn),
  async handle(request) {
    const { args, tx } = request
    const policy = await requireOwnPolicy(request, args.PolicyArn)
    const version = requireVersion(policy, args.PolicyArn, args.VersionId)
    if (version.versionId === policy.defaultVersionId) throw defaultVersion()
    tx.put('managedPolicy', policy.policyId, {
      ...policy,
      versions: policy.versions.filter((each) => each !== version),
    })
  },
})

export const setDefaultPolicyVersion = action({
  shape: { PolicyArn: arn, VersionId: versionId },
  checks: (request) => checkPolicy(request, request.args.PolicyArn),
  async handle(request) {
    const { args, tx, call } = request
    const policy = await requireOwnPolicy(request, args.PolicyArn)
    const { versionId: defaultVersionId } = requireVersion(policy, args.PolicyArn, args.VersionId)
    tx.put('managedPolicy', policy.policyId, { ...policy, defaultVersionId, updatedAtMs: call.wallMs() })
  },
})

/** Newest first, as AWS lists them. */
export const listPolicyVersions = action({
  shape: { PolicyArn: arn, ...paging },
  checks: (request) => checkPolicy(request, request.args.PolicyArn),
  async handle(request) {
    const { args } = request
    const versions = await versionsOf(request, args.PolicyArn)
    const newestFirst = [...versions.versions].reverse().map((version, index) => [String(index), version] as const)
    const { items, end } = await pageOf(
      args,
      mapSource(
        sourceOf(newestFirst, ([index]) => index),
        ([, version]) => versionItem(version, versions),
      ),
    )
    return { Versions: items, ...end }
  },
})

/** Users, groups and roles that a policy is attached to, or whose boundary it is. */
export const listEntitiesForPolicy = action({
  shape: {
    PolicyArn: arn,
    EntityFilter: entityFilter,
    PathPrefix: pathPrefix,
    PolicyUsageFilter: policyUsage,
    ...paging,
  },
  checks: (request) => checkPolicy(request, request.args.PolicyArn),
  async handle(request) {
    const { args, tx } = request
    await requirePolicy(request, args.PolicyArn)
    const kinds = (['attached', 'boundary'] as const).filter(
      (kind) =>
        args.PolicyUsageFilter === undefined ||
        (args.PolicyUsageFilter === 'PermissionsPolicy') === (kind === 'attached'),
    )
    const isAttached = async (from: string) =>
      (await tx.find('iamLink', iamLinkId({ kind: 'attached', to: args.PolicyArn, from }))) !== undefined
    const links: Source<string> = async function* (after) {
      for (const kind of kinds) {
        const from = after?.startsWith(`${kind}/`) ? after.slice(kind.length + 1) : undefined
        // What stands before the marker has been answered.
        if (after !== undefined && after > `${kind}/~`) continue
        for await (const link of linksTo(tx, kind, args.PolicyArn, from)) {
          // Who has both stands among those that it is attached to.
          const isRepeated = kind === 'boundary' && kinds.length > 1 && (await isAttached(link.from))
          yield [`${kind}/${link.from}`, isRepeated ? undefined : link.from]
        }
      }
    }
    const { items, end } = await pageOf(
      args,
      mapSource(links, async (uniqueId) => {
        const [user, group, role] = [
          await tx.find('user', uniqueId),
          await tx.find('group', uniqueId),
          await tx.find('role', uniqueId),
        ]
        const word = user ? 'User' : group ? 'Group' : 'Role'
        const holder = user ?? group ?? role
        if (!holder?.path.startsWith(args.PathPrefix)) return undefined
        if (args.EntityFilter && args.EntityFilter !== word) return undefined
        return { user, group, role }
      }),
    )
    return {
      PolicyGroups: items.flatMap(({ group }) =>
        group ? [{ GroupName: group.groupName, GroupId: group.groupId }] : [],
      ),
      PolicyUsers: items.flatMap(({ user }) => (user ? [{ UserName: user.userName, UserId: user.userId }] : [])),
      PolicyRoles: items.flatMap(({ role }) => (role ? [{ RoleName: role.roleName, RoleId: role.roleId }] : [])),
      ...end,
    }
  },
})
