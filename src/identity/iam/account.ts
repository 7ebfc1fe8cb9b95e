import type { NamedKind } from '../../keys/records'
import { scanRows } from '../names'
import type { QueryOutput } from '../query-types'
import type { Transaction } from '../transaction'
import { maxAccessKeys } from './access-keys'
import { action, type IamAction } from './action'
import { maxAttached } from './attachments'
import { paging, userName } from './fields'
import { maxGroups } from './groups'
import { checkHolder } from './holders'
import { maxInlineSize } from './inline-policies'
import { maxManagedSize } from './policies'
import { maxVersions } from './policy-versions'
import { noLoginProfile } from './refusals'
import { maxTrustSize } from './trust'
import { checkOwn, maybeUser, ownName, requireUser } from './users'

async function countNames(tx: Transaction, kind: NamedKind): Promise<number> {
  let count = 0
  for (let after: string | undefined; ; ) {
    const rows = await tx.list('iamName', { owner: kind, limit: scanRows, ...(after === undefined ? {} : { after }) })
    count += rows.length
    after = rows.at(-1)?.id
    if (rows.length < scanRows) return count
  }
}

export const getAccountSummary = action({
  shape: {},
  checks: () => ({ resource: '*' }),
  async handle({ tx }) {
    const summary: [name: string, value: number][] = [
      ['Users', await countNames(tx, 'user')],
      ['Groups', await countNames(tx, 'group')],
      ['Roles', await countNames(tx, 'role')],
      ['Policies', await countNames(tx, 'policy')],
      ['Providers', (await tx.list('oidcProvider', { limit: 1000 })).length],
      ['AccessKeysPerUserQuota', maxAccessKeys],
      ['GroupsPerUserQuota', maxGroups],
      ['AttachedPoliciesPerUserQuota', maxAttached],
      ['AttachedPoliciesPerGroupQuota', maxAttached],
      ['AttachedPoliciesPerRoleQuota', maxAttached],
      ['UserPolicySizeQuota', maxInlineSize.user],
      ['GroupPolicySizeQuota', maxInlineSize.group],
      ['RolePolicySizeQuota', maxInlineSize.role],
      ['AssumeRolePolicySizeQuota', maxTrustSize],
      ['PolicySizeQuota', maxManagedSize],
      ['VersionsPerPolicyQuota', maxVersions],
      ['AccountMFAEnabled', 0],
      ['MFADevices', 0],
      ['MFADevicesInUse', 0],
      ['InstanceProfiles', 0],
      ['ServerCertificates', 0],
    ]
    return { SummaryMap: new Map(summary) }
  },
})

/** What is not kept here at all. */
const nothing = (answer: QueryOutput): IamAction =>
  action({ shape: paging, checks: () => ({ resource: '*' }), handle: () => answer })

/** The same of one user, who has to be there. */
const nothingOfUser = (answer: QueryOutput): IamAction =>
  action({
    shape: { ...maybeUser, ...paging },
    checks: checkOwn,
    async handle({ args, tx, call }) {
      await requireUser(tx, ownName(call, args.UserName))
      return answer
    },
  })

/** Nobody has a password here. */
const noPassword = action({
  shape: { UserName: userName },
  checks: (request) => checkHolder(request, 'user', request.args.UserName),
  async handle({ args, tx }): Promise<never> {
    await requireUser(tx, args.UserName)
    throw noLoginProfile(args.UserName)
  },
})

export const emptyActions = {
  ListAccountAliases: nothing({ AccountAliases: [], IsTruncated: false }),
  ListVirtualMFADevices: nothing({ VirtualMFADevices: [], IsTruncated: false }),
  ListSSHPublicKeys: nothingOfUser({ SSHPublicKeys: [], IsTruncated: false }),
  ListServiceSpecificCredentials: nothingOfUser({ ServiceSpecificCredentials: [], IsTruncated: false }),
  ListMFADevices: nothingOfUser({ MFADevices: [], IsTruncated: false }),
  ListSigningCertificates: nothingOfUser({ Certificates: [], IsTruncated: false }),
  GetLoginProfile: noPassword,
  DeleteLoginProfile: noPassword,
}
