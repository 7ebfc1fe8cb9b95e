import { iamNameId } from '../../keys/collections'
import type { ManagedPolicyRecord } from '../../keys/records'
import { type AwsPolicy, awsPolicies } from '../managed-policies'
import { findPolicy, linksTo, newUniqueId, policyArn } from '../names'
import type { QueryOutput } from '../query-types'
import type { Reader } from '../transaction'
import { action, type IamCall, type IamCheck } from './action'
import { date } from './answers'
import { policySize, requireIdentityPolicy } from './documents'
import {
  arn,
  document,
  flag,
  maybePolicyDescription,
  paging,
  pathPrefix,
  policyName,
  policyPath,
  policyScope,
  policyUsage,
  tags,
} from './fields'
import { requestTagFacts, resourceTagFacts } from './holders'
import { mapSource, namedSource, pageOf, type Source, sourceOf } from './paging'
import {
  awsPolicyFixed,
  policyHasVersions,
  policyInUse,
  policyNameInUse,
  policyNotFound,
  policyTooLarge,
} from './refusals'

/** Characters without white space (IAM user guide, quotas). */
export const maxManagedSize = 6144

interface Looking {
  readonly tx: Reader
  readonly call: Pick<IamCall, 'accountId'>
}

/** The permission check on a managed policy, which need not be there. */
export async function checkPolicy({ tx, call }: Looking, policy: string): Promise<IamCheck> {
  const found = await findPolicy(tx, call.accountId, policy)
  return { resource: policy, facts: found ? resourceTagFacts(found.tags) : {} }
}

/** A policy of the account, which its owner may change. */
export async function requireOwnPolicy({ tx, call }: Looking, policy: string): Promise<ManagedPolicyRecord> {
  const found = await findPolicy(tx, call.accountId, policy)
  if (found) return found
  throw awsPolicies.has(policy) ? awsPolicyFixed(policy) : policyNotFound(policy)
}

export async function requirePolicy(looking: Looking, policy: string): Promise<ManagedPolicyRecord | AwsPolicy> {
  return awsPolicies.get(policy) ?? requireOwnPolicy(looking, policy)
}

export function requireManagedDocument(text: string): void {
  requireIdentityPolicy(text)
  if (policySize(text) > maxManagedSize) throw policyTooLarge(maxManagedSize)
}

const isAws = (policy: ManagedPolicyRecord | AwsPolicy): policy is AwsPolicy => 'arn' in policy
const arnOfPolicy = (accountId: string, policy: ManagedPolicyRecord | AwsPolicy): string =>
  isAws(policy) ? policy.arn : policyArn({ accountId, ...policy })

async function countLinks(reader: Reader, kind: 'attached' | 'boundary', to: string): Promise<number> {
  let count = 0
  for await (const _ of linksTo(reader, kind, to)) count++
  return count
}

/** As listings show it: without description and tags. */
async function policyItem({ tx, call }: Looking, policy: ManagedPolicyRecord | AwsPolicy) {
  const Arn = arnOfPolicy(call.accountId, policy)
  return {
    PolicyName: policy.policyName,
    PolicyId: policy.policyId,
    Arn,
    Path: isAws(policy) ? '/' : policy.path,
    DefaultVersionId: isAws(policy) ? policy.versionId : policy.defaultVersionId,
    AttachmentCount: await countLinks(tx, 'attached', Arn),
    PermissionsBoundaryUsageCount: await countLinks(tx, 'boundary', Arn),
    IsAttachable: true,
    CreateDate: date(policy.createdAtMs),
    UpdateDate: date(policy.updatedAtMs),
  }
}

async function policyAnswer(looking: Looking, policy: ManagedPolicyRecord | AwsPolicy): Promise<QueryOutput> {
  const own = isAws(policy) ? [] : policy.tags
  return {
    ...(await policyItem(looking, policy)),
    Description: policy.description,
    ...(own.length ? { Tags: own.map((tag) => ({ ...tag })) } : {}),
  }
}

export const createPolicy = action({
  shape: {
    PolicyName: policyName,
    Path: policyPath,
    PolicyDocument: document,
    Description: maybePolicyDescription,
    Tags: tags,
  },
  checks({ args, call }) {
    const resource = policyArn({ accountId: call.accountId, path: args.Path, policyName: args.PolicyName })
    const facts = requestTagFacts(args.Tags)
    return [{ resource, facts }, ...(args.Tags.length ? [{ action: 'iam:TagPolicy', resource, facts }] : [])]
  },
  async handle(request) {
    const { args, tx, call } = request
    requireManagedDocument(args.PolicyDocument)
    const nameId = iamNameId('policy', args.PolicyName)
    if (await tx.find('iamName', nameId)) throw policyNameInUse(args.PolicyName)
    const createdAtMs = call.wallMs()
    const policyId = newUniqueId('ANPA', (byteLength) => call.crypto.random(byteLength))
    const policy: ManagedPolicyRecord = {
      policyId,
      policyName: args.PolicyName,
      path: args.Path,
      createdAtMs,
      updatedAtMs: createdAtMs,
      ...(args.Description === undefined ? {} : { description: args.Description }),
      versions: [{ versionId: 'v1', document: args.PolicyDocument, createdAtMs }],
      defaultVersionId: 'v1',
      versionCount: 1,
      tags: args.Tags,
    }
    await tx.find('managedPolicy', policyId)
    tx.put('managedPolicy', policyId, policy)
    tx.put('iamName', nameId, { kind: 'policy', uniqueId: policyId })
    return { Policy: await policyAnswer(request, policy) }
  },
})

export const getPolicy = action({
  shape: { PolicyArn: arn },
  checks: (request) => checkPolicy(request, request.args.PolicyArn),
  async handle(request) {
    return { Policy: await policyAnswer(request, await requirePolicy(request, request.args.PolicyArn)) }
  },
})

export const deletePolicy = action({
  shape: { PolicyArn: arn },
  checks: (request) => checkPolicy(request, request.args.PolicyArn),
  async handle(request) {
    const { args, tx } = request
    const policy = await requireOwnPolicy(request, args.PolicyArn)
    for (const kind of ['attached', 'boundary'] as const) {
      for await (const _ of linksTo(tx, kind, args.PolicyArn)) throw policyInUse()
    }
    if (policy.versions.length > 1) throw policyHasVersions()
    tx.put('managedPolicy', policy.policyId, null)
    tx.put('iamName', iamNameId('policy', policy.policyName), null)
  },
})

/** Policies of AWS first; a key begins with where it comes from. */
const policySource = (reader: Reader, scope: 'All' | 'AWS' | 'Local'): Source<ManagedPolicyRecord | AwsPolicy> =>
  async function* (after) {
    if (scope !== 'Local') {
      yield* sourceOf([...awsPolicies.values()], (policy) => `aws/${policy.policyName}`)(after)
    }
    if (scope === 'AWS') return
    const local = after?.startsWith('local/') ? after.slice('local/'.length) : undefined
    for await (const [key, policy] of namedSource(reader, 'policy')(local)) yield [`local/${key}`, policy]
  }

export const listPolicies = action({
  shape: {
    Scope: policyScope,
    OnlyAttached: flag,
    PathPrefix: pathPrefix,
    PolicyUsageFilter: policyUsage,
    ...paging,
  },
  checks: ({ args }) => ({ resource: `policy path ${args.PathPrefix}` }),
  async handle(request) {
    const { args, tx } = request
    const policies = mapSource(policySource(tx, args.Scope), async (policy) => {
      const item = await policyItem(request, policy)
      const { AttachmentCount: attached, PermissionsBoundaryUsageCount: bounding, Path } = item
      if (!Path.startsWith(args.PathPrefix)) return undefined
      if (args.PolicyUsageFilter === 'PermissionsPolicy' && !attached) return undefined
      if (args.PolicyUsageFilter === 'PermissionsBoundary' && !bounding) return undefined
      return args.OnlyAttached && !attached && !bounding ? undefined : item
    })
    const { items, end } = await pageOf(args, policies)
    return { Policies: items, ...end }
  },
})
