import { KmsError } from '../../src/model/errors'
import { isOperationName, type OperationName } from '../../src/model/operations'
import { checksOf, type OperationCheck } from '../../src/policy/checks'
import { compilePolicy } from '../../src/policy/compile'
import { type ContextFacts, encryptionContextOf, type KeyFacts, lazyContext } from '../../src/policy/context'
import { decide } from '../../src/policy/decision'
import { locksOut } from '../../src/policy/lockout'
import type {
  CallerFacts,
  CallerPolicies,
  DecidedBy,
  Decision,
  GrantFacts,
  Policy,
  PolicyKind,
  Question,
} from '../../src/policy/types'

/**
 * Reads files of decision cases (test/vectors/authorization-cases.json; its `about` explains the members) and asks the
 * policy engine, check by check, as the service does.
 */
export interface Case {
  readonly id: string
  readonly title?: string
  readonly kind?: 'lockout'
  readonly keyPolicy?: Document | null
  readonly identityPolicies?: readonly Document[] | null
  readonly boundary?: Document | null
  readonly sessionPolicy?: Document | null
  readonly scp?: readonly (readonly Document[])[] | null
  readonly rcp?: readonly Document[] | null
  readonly grants?: readonly CaseGrant[] | null
  readonly principal: CasePrincipal
  readonly request: CaseRequest
  readonly key?: CaseKey | null
  readonly otherKey?:
    | (CaseKey & { readonly keyPolicy?: Document | null; readonly grants?: readonly CaseGrant[] })
    | null
  readonly expected: 'allow' | 'deny'
  readonly denial?: 'explicit' | 'implicit' | 'lockout'
  readonly sureness?: 'docs' | 'inferred' | 'unsure'
}

type Document = string | object
type Pairs = Readonly<Record<string, string>>

interface CasePrincipal {
  readonly type: CallerFacts['kind']
  readonly arn?: string | null
  readonly account?: string | null
  readonly roleArn?: string
  readonly userArn?: string
  readonly userId?: string
  readonly username?: string
  readonly service?: string
  readonly tags?: Pairs
  readonly orgId?: string
  readonly orgPaths?: readonly string[]
  readonly tokenIssueTime?: string
  readonly mfa?: boolean
}

interface CaseRequest {
  readonly operation: string
  readonly region: string
  readonly alias?: string
  readonly otherAlias?: string
  readonly encryptionContext?: Pairs
  readonly destinationEncryptionContext?: Pairs
  readonly grantTokens?: readonly string[]
  readonly viaService?: string
  readonly onBehalfOfAwsService?: boolean
  readonly params?: Readonly<Record<string, unknown>>
  readonly context?: Readonly<Record<string, string | readonly string[] | number | boolean>>
}

interface CaseKey {
  readonly arn: string
  readonly account: string
  readonly region: string
  readonly spec: string
  readonly usage: string
  readonly origin: string
  readonly multiRegion: boolean
  readonly multiRegionKeyType?: 'PRIMARY' | 'REPLICA'
  readonly tags?: Pairs
  readonly aliases?: readonly string[]
}

interface CaseGrant extends Omit<GrantFacts, 'issuingAccount'> {
  readonly issuingAccount?: string
  /** False: made a moment ago, usable with its token alone. */
  readonly effective?: boolean
  readonly token?: string
}

export interface Outcome {
  readonly expected: string
  readonly got: string
  readonly passed: boolean
  /** What decided, in one line. */
  readonly by: string
}

/** The cases of a file. Throws an Error that says what is wrong with it. */
export function readCases(text: string): readonly Case[] {
  const value: unknown = JSON.parse(text)
  const cases: unknown = Array.isArray(value) ? value : (value as { cases?: unknown } | null)?.cases
  if (!Array.isArray(cases)) throw new Error('there is no list of cases')
  for (const [index, each] of cases.entries()) {
    const { id, principal, request, expected } = (each ?? {}) as Partial<Case>
    const isCase =
      typeof id === 'string' && typeof principal?.type === 'string' && typeof request?.operation === 'string'
    if (!isCase || (expected !== 'allow' && expected !== 'deny')) throw new Error(`entry ${index} is no decision case`)
  }
  return cases as readonly Case[]
}

/** Asks the engine. Where the case says what kind of denial, it counts too. */
export function runCase(each: Case): Outcome {
  const { expected, denial } = each
  let answer: { readonly got: string; readonly denial?: string; readonly by: string }
  try {
    answer = each.kind === 'lockout' ? askLockout(each) : askDecision(each)
  } catch (error) {
    answer = { got: 'error', by: String(error) }
  }
  const passed = answer.got === expected && (denial === undefined || expected === 'allow' || denial === answer.denial)
  const words = (verdict: string, kind: string | undefined) => (kind ? `${verdict} (${kind})` : verdict)
  return {
    expected: words(expected, expected === 'deny' ? denial : undefined),
    got: words(answer.got, answer.denial),
    passed,
    by: answer.by,
  }
}

function askDecision(each: Case) {
  const decisions = questionsOf(each).map((question) => decide(question))
  const denied = decisions.filter((decision) => !decision.allowed)
  const first = denied.find((decision) => decision.denial === 'explicit') ?? denied[0]
  if (!first) return { got: 'allow', by: decisions.map(describe).join('; ') }
  return { got: 'deny', denial: first.denial, by: `${describe(first)}, ${first.because}` }
}

function askLockout(each: Case) {
  const { request, key } = each
  if (request.params?.BypassPolicyLockoutSafetyCheck === true) return { got: 'allow', by: 'bypass' }
  let policy: Policy
  try {
    policy = compile('key', 'new key policy', request.params?.Policy as Document)
  } catch (error) {
    // The same error refuses it, though for another reason.
    if (!(error instanceof KmsError)) throw error
    return { got: 'deny', denial: 'malformed', by: error.message }
  }
  const facts = { ...factsOf(each, 'kms:PutKeyPolicy'), ...(key ? { key: keyFacts(key) } : {}) }
  const locks = locksOut(policy, {
    caller: facts.caller,
    resource: key?.arn ?? newKeyArn(each, request.region),
    context: lazyContext(facts),
  })
  return locks ? { got: 'deny', denial: 'lockout', by: 'lockout check' } : { got: 'allow', by: 'lockout check' }
}

/** One question for each check that the operation makes. */
export function questionsOf(each: Case): Question[] {
  const { operation, params } = each.request
  if (!isOperationName(operation)) throw new Error(`unknown operation ${operation}`)
  const caller = callerOf(each.principal)
  const policies = policiesOf(each)
  let keysSeen = 0
  return checksOf(operation)
    .filter((check) => !check.when || (params?.[check.when] as readonly unknown[] | undefined)?.length)
    .flatMap((check) => {
      if (check.resource !== 'key') return [withoutKey(each, check, caller, policies)]
      // The second check on a key is about the other one: destination, new target, replica.
      const isOther = keysSeen++ > 0
      const key = (isOther ? each.otherKey : undefined) ?? each.key
      // An alias that leads to no key: the check on the alias is all.
      if (!key) return operation === 'DeleteAlias' ? [] : [{ ...withoutKey(each, check, caller, policies) }]
      const second = isOther && each.otherKey ? each.otherKey : undefined
      const document = second ? second.keyPolicy : each.keyPolicy
      const grants = (second ? second.grants : each.grants) ?? []
      const { alias, otherAlias } = each.request
      const facts: ContextFacts = {
        ...factsOf(each, check.action),
        // UpdatePrimaryRegion asks about the replica in the Region of the replica.
        ...(operation === 'UpdatePrimaryRegion' ? { region: key.region } : {}),
        key: keyFacts(key),
        ...(operation === 'ReEncrypt' ? { sameKey: !each.otherKey || each.otherKey.arn === each.key?.arn } : {}),
        ...optional('requestAlias', isOther ? otherAlias : alias),
        ...optional('grantConstraints', operation === 'RetireGrant' ? retired(each)?.constraints : undefined),
      }
      return [
        {
          caller,
          policies,
          check,
          resource: key.arn,
          key: {
            accountId: key.account,
            policy: document ? compile('key', 'key policy', document) : emptyPolicy,
            rcp: (each.rcp ?? []).map((rcp, index) => compile('rcp', `rcp ${index}`, rcp)),
            grants: grants.filter((grant) => isUsable(grant, each.request)).map(grantFacts),
          },
          ...optional('encryptionContext', encryptionContextOf(check.action, facts.input)),
          ...optional('childGrant', operation === 'CreateGrant' ? childGrant(each) : undefined),
          ...optional('retiredGrant', operation === 'RetireGrant' ? retired(each) : undefined),
          context: lazyContext(facts),
        },
      ]
    })
}

function withoutKey(each: Case, check: OperationCheck, caller: CallerFacts, policies: CallerPolicies): Question {
  const { operation, region, params } = each.request
  const replicaRegion = operation === 'ReplicateKey' ? (params?.ReplicaRegion as string | undefined) : undefined
  const place = replicaRegion ?? region
  const facts: ContextFacts = {
    ...factsOf(each, check.action),
    region: place,
    // The replica will be like its primary.
    ...(check.action === 'kms:CreateKey' && operation === 'ReplicateKey' && each.key
      ? { key: keyFacts(each.key) }
      : {}),
  }
  const resource = {
    key: '*',
    alias: `arn:aws:kms:${region}:${caller.accountId}:${String(params?.AliasName)}`,
    retiringPrincipalArn: String(params?.RetiringPrincipal ?? params?.RetiringServicePrincipal),
    // The key to be is the resource of tagging it.
    '*': check.action === 'kms:TagResource' ? newKeyArn(each, place) : '*',
  }[check.resource]
  return { caller, policies, check, resource, context: lazyContext(facts) }
}

const newKeyArn = ({ principal }: Case, region: string) =>
  `arn:aws:kms:${region}:${principal.account}:key/00000000-0000-4000-8000-000000000000`

function factsOf(each: Case, action: string): ContextFacts {
  const { request } = each
  const { context = {}, params = {} } = request
  const extra = Object.fromEntries(
    Object.entries(context).map(([name, value]) => [name, Array.isArray(value) ? value : String(value)]),
  )
  const time = extra['aws:CurrentTime']
  const epoch = extra['aws:EpochTime']
  return {
    action,
    input: inputOf(request.operation as OperationName, params, request),
    caller: callerOf(each.principal),
    region: request.region,
    secureTransport: true,
    nowMs: time ? Date.parse(String(time)) : epoch ? Number(epoch) * 1000 : Date.parse('2026-11-24T12:00:00Z'),
    ...optional('viaService', request.viaService),
    ...optional('forAwsResource', request.onBehalfOfAwsService),
    extra,
  }
}

const inputOf = (operation: OperationName, params: Readonly<Record<string, unknown>>, request: CaseRequest) => ({
  ...params,
  ...optional(operation === 'ReEncrypt' ? 'SourceEncryptionContext' : 'EncryptionContext', request.encryptionContext),
  ...optional('DestinationEncryptionContext', request.destinationEncryptionContext),
})

function callerOf(principal: CasePrincipal): CallerFacts {
  const { type, account, userId, username, tokenIssueTime } = principal
  return {
    kind: type,
    arn: (type === 'service' ? principal.service : undefined) ?? principal.arn ?? '',
    accountId: account ?? null,
    ...optional('parentArn', principal.roleArn ?? principal.userArn),
    ...optional('uniqueId', userId?.split(':', 1)[0]),
    userId: userId ?? '',
    ...optional('userName', username),
    ...optional('tags', principal.tags),
    ...optional('orgId', principal.orgId),
    ...optional('orgPaths', principal.orgPaths),
    ...optional('tokenIssuedAtMs', tokenIssueTime === undefined ? undefined : Date.parse(tokenIssueTime)),
    ...optional('mfa', principal.mfa),
  }
}

function policiesOf({ identityPolicies, boundary, sessionPolicy, scp }: Case): CallerPolicies {
  const compileAll = (kind: PolicyKind, documents: readonly Document[]) =>
    documents.map((document, index) => compile(kind, `${kind} ${index}`, document))
  return {
    identity: compileAll('identity', identityPolicies ?? []),
    ...optional('boundary', boundary ? compile('boundary', 'boundary', boundary) : undefined),
    ...optional('session', sessionPolicy ? compileAll('session', [sessionPolicy]) : undefined),
    ...optional(
      'scp',
      scp?.map((level) => compileAll('scp', level)),
    ),
  }
}

const compile = (kind: PolicyKind, name: string, document: Document): Policy =>
  compilePolicy(typeof document === 'string' ? document : JSON.stringify(document), { kind, name })

const emptyPolicy: Policy = { kind: 'key', name: 'key policy', statements: [], usedKeys: new Set() }

const keyFacts = (key: CaseKey): KeyFacts => ({
  arn: key.arn,
  accountId: key.account,
  keySpec: key.spec,
  keyUsage: key.usage,
  origin: key.origin,
  multiRegion: key.multiRegion,
  ...optional('multiRegionKeyType', key.multiRegionKeyType),
  tags: key.tags ?? {},
  aliases: key.aliases ?? [],
})

const isUsable = ({ effective, token }: CaseGrant, { grantTokens = [] }: CaseRequest) =>
  effective !== false || (token !== undefined && grantTokens.includes(token))

const grantFacts = (grant: CaseGrant): GrantFacts => ({ ...grant, issuingAccount: grant.issuingAccount ?? '' })

function retired({ grants, request }: Case): GrantFacts | undefined {
  const { GrantId, GrantToken } = request.params ?? {}
  const grant = grants?.find((each) => each.grantId === GrantId || (GrantToken && each.token === GrantToken))
  return grant && grantFacts(grant)
}

function childGrant({ request, principal }: Case): GrantFacts {
  const { params = {} } = request
  return {
    grantId: '',
    ...optional('granteePrincipal', params.GranteePrincipal as string | undefined),
    ...optional('granteeServicePrincipal', params.GranteeServicePrincipal as string | undefined),
    ...optional('retiringPrincipal', params.RetiringPrincipal as string | undefined),
    operations: (params.Operations ?? []) as readonly string[],
    ...optional('constraints', params.Constraints as GrantFacts['constraints']),
    issuingAccount: `arn:aws:iam::${principal.account}:root`,
  }
}

function describe(decision: Decision): string {
  return decision.by.map(describeOne).join(', ')
}

function describeOne(by: DecidedBy): string {
  switch (by.kind) {
    case 'statement':
      return `${by.policy}, statement ${by.statement}`
    case 'grant':
      return `grant ${by.grantId}`
    case 'rule':
      return by.rule
    case 'missing':
      return `no ${by.policyKind}`
  }
}

/** A member that may be left out, but not be undefined. */
const optional = <N extends string, V>(name: N, value: V | undefined) =>
  (value === undefined ? {} : { [name]: value }) as { readonly [K in N]?: V }
