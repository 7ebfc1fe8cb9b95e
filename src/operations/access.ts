import { grantOwner } from '../keys/grant-records'
import type { KeyRecord } from '../keys/records'
import { dayMs } from '../keys/rotation'
import { KmsError } from '../model/errors'
import { type CheckedResource, checkOf } from '../policy/checks'
import { compiledPolicy } from '../policy/compile'
import { encryptionContextOf, lazyContext } from '../policy/context'
import { decide } from '../policy/decision'
import type { CallerFacts, CallerPolicies, Check, Decision, GrantFacts, Policy, Question } from '../policy/types'
import type { Call } from './call'
import { grantsOfTokens } from './grant-tokens'

/** What a handler knows beside the key and the action. */
export interface AccessDetails {
  /** Both halves of ReEncrypt are about one key. */
  readonly sameKey?: boolean
  /** CreateGrant: what the new grant would be. */
  readonly childGrant?: GrantFacts
  /** RetireGrant: the grant that is to go. */
  readonly retiredGrant?: GrantFacts
}

/** How many grants one look-up for one grantee brings; whoever has more on one key names them by token. */
const maxGrantsPerGrantee = 1_000

const compiledPolicies = new WeakMap<KeyRecord, Policy>()

/** The key's policy, compiled once for each copy of its record. */
export function keyPolicyOf(key: KeyRecord): Policy {
  let policy = compiledPolicies.get(key)
  if (!policy) {
    const pins = key.policyPins
    const repeatedSids = key.manager === 'AWS'
    policy = compiledPolicy(key.policy, { kind: 'key', name: 'key policy', repeatedSids, ...(pins ? { pins } : {}) })
    compiledPolicies.set(key, policy)
  }
  return policy
}

/** A check on a key as a question, its context made only when something asks for it. */
export async function keyQuestion(
  call: Call,
  key: KeyRecord,
  action: string,
  details: AccessDetails = {},
): Promise<Question> {
  const check = checkOf(`kms:${action}`, 'key')
  const policy = keyPolicyOf(key)
  const uses = (name: string) => usesKey(call.policies, policy, name)
  const aliases = uses('kms:resourcealiases') ? await aliasNames(call, key.keyId) : undefined
  const daysSinceUse = uses('kms:trailingdayswithoutkeyusage') ? await daysWithoutUse(call, key) : undefined
  const rcp = key.manager === 'AWS' ? undefined : call.kms.governance?.(key.accountId).rcp
  const facts = {
    ...connectionFacts(call, action),
    key: {
      arn: key.arn,
      accountId: key.accountId,
      keySpec: key.keySpec,
      keyUsage: key.keyUsage,
      origin: key.origin,
      multiRegion: key.multiRegion,
      ...(key.multiRegion ? { multiRegionKeyType: 'PRIMARY' as const } : {}),
      tags: Object.fromEntries(key.tags.map(({ TagKey, TagValue }) => [TagKey, TagValue])),
      ...(aliases ? { aliases } : {}),
      ...(daysSinceUse === undefined ? {} : { daysSinceUse }),
    },
    ...(details.sameKey === undefined ? {} : { sameKey: details.sameKey }),
    ...(details.retiredGrant?.constraints ? { grantConstraints: details.retiredGrant.constraints } : {}),
  }
  const encryptionContext = encryptionContextOf(check.action, call.input)
  return {
    ...questionFrame(call, check, key.arn),
    context: lazyContext(facts),
    key: { accountId: key.accountId, policy, ...(rcp ? { rcp } : {}) },
    ...(encryptionContext ? { encryptionContext } : {}),
    ...(details.childGrant ? { childGrant: details.childGrant } : {}),
    ...(details.retiredGrant ? { retiredGrant: details.retiredGrant } : {}),
  }
}

/** A check on an alias, or on nothing in particular: identity policies alone decide. */
export function resourceQuestion(call: Call, resource: string, action: string, kind: CheckedResource): Question {
  const facts = connectionFacts(call, action)
  return { ...questionFrame(call, checkOf(`kms:${action}`, kind), resource), context: lazyContext(facts) }
}

/** Grants are asked only where policies do not allow: they can add to them, never take away. */
export async function decideOnKey(call: Call, key: KeyRecord, question: Question): Promise<Decision> {
  const shown = await grantsOfTokens(call, key).catch((refusal: unknown) => {
    // Tokens that nobody has given out are refused even where no grant is needed; but a caller of another account must
    // not see by them whether there is a key.
    if (call.isLocal || !(refusal instanceof KmsError)) throw refusal
    return refusal
  })
  if (!(shown instanceof KmsError)) return decideWith(call, key, question, shown)
  const decision = await decideWith(call, key, question, [])
  if (decision.allowed) throw shown
  return decision
}

async function decideWith(
  call: Call,
  key: KeyRecord,
  question: Question,
  shown: readonly GrantFacts[],
): Promise<Decision> {
  const byPolicy = decide(question)
  if (byPolicy.allowed || byPolicy.denial === 'explicit' || question.check.grantOperation === null) return byPolicy
  const grants = [...(await grantsFor(call, key)), ...shown]
  return grants.length && question.key ? decide({ ...question, key: { ...question.key, grants } }) : byPolicy
}

/** The question with every grant that names the caller, whether one is needed or not. */
export async function grantedQuestion(call: Call, key: KeyRecord, question: Question): Promise<Question> {
  const grants = [...(await grantsFor(call, key)), ...(await grantsOfTokens(call, key))]
  return question.key ? { ...question, key: { ...question.key, grants } } : question
}

const questionFrame = ({ caller, policies }: Call, check: Check, resource: string) => ({
  caller,
  policies,
  check,
  resource,
})

function connectionFacts(call: Call, action: string) {
  const { operation, sourceIp, userAgent, secureTransport = true, forwarding } = call.request
  const extra = {
    ...(forwarding?.sourceArn === undefined ? {} : { 'aws:SourceArn': forwarding.sourceArn }),
    ...(forwarding?.sourceAccount === undefined ? {} : { 'aws:SourceAccount': forwarding.sourceAccount }),
  }
  return {
    action: `kms:${action}`,
    operation,
    input: call.input,
    caller: call.caller,
    region: call.kms.home.region,
    secureTransport,
    // Policies look at when a call is made, not at how far the life of keys was moved.
    nowMs: call.kms.clock.wallMs(),
    ...(sourceIp === undefined ? {} : { sourceIp }),
    ...(userAgent === undefined ? {} : { userAgent }),
    ...(forwarding ? { viaService: forwarding.viaService, extra } : {}),
    ...(forwarding?.forResource ? { forAwsResource: true } : {}),
  }
}

function usesKey({ identity, boundary, session, scp }: CallerPolicies, keyPolicy: Policy, name: string): boolean {
  const uses = (policy: Policy) => policy.usedKeys.has(name)
  return (
    uses(keyPolicy) ||
    identity.some(uses) ||
    (boundary !== undefined && uses(boundary)) ||
    (session?.some(uses) ?? false) ||
    (scp?.some((level) => level.some(uses)) ?? false)
  )
}

async function aliasNames(call: Call, keyId: string): Promise<string[]> {
  const rows = await call.kms.storage.list('alias', { owner: keyId, limit: 100 })
  // The alias of an AWS managed key that this very call makes is not in the listing yet.
  return [...rows.map((row) => row.id), ...call.pendingAliases(keyId)]
}

async function daysWithoutUse(call: Call, key: KeyRecord): Promise<number> {
  const use = await call.kms.storage.lastUse(key.keyId)
  return Math.floor((call.nowMs - (use?.atMs ?? key.createdAtMs)) / dayMs)
}

/** The grants on the key that name the caller, its role or its account. */
async function grantsFor(call: Call, key: KeyRecord): Promise<GrantFacts[]> {
  const grants: GrantFacts[] = []
  for (const party of partiesOf(call.caller)) {
    const owner = grantOwner(key.keyId, party)
    for (const { value } of await call.kms.storage.list('grant', { owner, limit: maxGrantsPerGrantee })) {
      grants.push(value)
    }
  }
  return grants
}

/** What grants may name the caller by (partyId): itself, its role, its account. */
function partiesOf({ kind, arn, uniqueId, userId, accountId }: CallerFacts): ReadonlySet<string> {
  const account = `arn:aws:iam::${accountId}:root`
  switch (kind) {
    case 'user':
      return new Set([userId, account])
    case 'role-session':
      return new Set([userId, uniqueId ?? arn, account])
    case 'service':
      return new Set([arn])
    default:
      return new Set([arn, account])
  }
}
