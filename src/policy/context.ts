import { findCheck } from './checks'
import { keyMakers, makers, type Put } from './context-keys'
import type { CallerFacts, ConditionContext, GrantFacts } from './types'

export type Pairs = Readonly<Record<string, string>>

export { encryptionContextOf } from './context-keys'

/** The key that a check is about, as conditions see it. */
export interface KeyFacts {
  readonly arn: string
  readonly accountId: string
  readonly keySpec: string
  readonly keyUsage: string
  readonly origin: string
  readonly multiRegion: boolean
  /** Of multi-Region keys alone. */
  readonly multiRegionKeyType?: 'PRIMARY' | 'REPLICA'
  readonly tags: Pairs
  /** Alias names (`alias/x`); may be left out when no policy asks for them. */
  readonly aliases?: readonly string[]
  /** Whole days since the last use; may be left out when no policy asks. */
  readonly daysSinceUse?: number
}

/** What the condition keys of one check are made of. */
export interface ContextFacts {
  /** `kms:Encrypt`; each half of ReEncrypt has its own action. */
  readonly action: string
  /** The decoded request, by the API's member names. */
  readonly input?: unknown
  readonly caller: CallerFacts
  /** The key of the check; for kms:CreateKey of ReplicateKey the primary key. */
  readonly key?: KeyFacts
  /** ReEncrypt: source and destination are one key. */
  readonly sameKey?: boolean
  /** The alias name by which the request names the key; read from the request where it is left out. */
  readonly requestAlias?: string
  /** Read from the request where it is left out. */
  readonly encryptionContext?: Pairs
  /** Of the endpoint that authorizes. */
  readonly region: string
  readonly sourceIp?: string
  readonly secureTransport: boolean
  readonly userAgent?: string
  readonly referer?: string
  readonly nowMs: number
  /** `ec2.us-west-2.amazonaws.com` when a service calls with the caller's credentials. */
  readonly viaService?: string
  /** A service calls for a resource of its own. */
  readonly forAwsResource?: boolean
  /** Condition keys that come from the connection or the calling service, as they are; they win over computed ones. */
  readonly extra?: Readonly<Record<string, string | readonly string[]>>
  /** RetireGrant: constraints of the grant that is to go. */
  readonly grantConstraints?: NonNullable<GrantFacts['constraints']>
}

/**
 * The condition keys that one check has, by lower-case name. A key that the request does not produce is absent.
 * Source: KMS developer guide, condition keys; IAM user guide, global condition keys; docs/behaviour.md, authorization.
 */
export function conditionContext(facts: ContextFacts): ConditionContext {
  const context = new Map<string, string | readonly string[]>()
  const put: Put = (name, value) => {
    if (value !== undefined) context.set(name, typeof value === 'object' ? value : String(value))
  }
  const resource = facts.key ? 'key' : '*'
  const check = findCheck(facts.action, resource)
  putGlobal(facts, put)
  putCaller(facts.caller, put)
  if (check?.resource === 'key' && facts.key) putKey(facts, facts.key, put)
  for (const name of check?.conditionKeys ?? []) makers[name]?.(facts, put)
  for (const [name, value] of Object.entries(facts.extra ?? {})) put(name.toLowerCase(), value)
  return context
}

/** `conditionContext`, made when it is first asked for and then kept. */
export function lazyContext(facts: ContextFacts): () => ConditionContext {
  let context: ConditionContext | undefined
  return () => {
    context ??= conditionContext(facts)
    return context
  }
}

function putGlobal(facts: ContextFacts, put: Put): void {
  const calledVia = calledViaOf(facts)
  put('aws:requestedregion', facts.region)
  put('aws:securetransport', facts.secureTransport)
  put('aws:currenttime', isoSeconds(facts.nowMs))
  put('aws:epochtime', Math.floor(facts.nowMs / 1000))
  put('aws:sourceip', facts.sourceIp)
  put('aws:useragent', facts.userAgent)
  put('aws:referer', facts.referer)
  put('aws:viaawsservice', calledVia !== undefined)
  if (calledVia?.length) {
    put('aws:calledvia', calledVia)
    put('aws:calledviafirst', calledVia[0])
    put('aws:calledvialast', calledVia.at(-1))
  }
}

/** The services that hand the call on, first one first; of `ec2.us-west-2.amazonaws.com`, `ec2.amazonaws.com`. */
function calledViaOf({ extra, viaService }: ContextFacts): readonly string[] | undefined {
  const name = extra && Object.keys(extra).find((each) => each.toLowerCase() === 'aws:calledvia')
  const given = name === undefined ? undefined : extra?.[name]
  if (given !== undefined) return typeof given === 'string' ? [given] : given
  return viaService === undefined ? undefined : [`${viaService.split('.', 1)[0]}.amazonaws.com`]
}

const principalTypes: Readonly<Partial<Record<CallerFacts['kind'], string>>> = {
  root: 'Account',
  user: 'User',
  'role-session': 'AssumedRole',
  'federated-user': 'FederatedUser',
  anonymous: 'Anonymous',
}

function putCaller(caller: CallerFacts, put: Put): void {
  const { kind, accountId } = caller
  const isService = kind === 'service'
  put('aws:principalisawsservice', isService)
  put('aws:principaltype', principalTypes[kind])
  if (isService) {
    put('aws:principalservicename', caller.arn)
    put('aws:principalservicenameslist', [caller.arn])
    return
  }
  put('aws:userid', kind === 'anonymous' ? 'anonymous' : caller.userId)
  if (kind === 'anonymous') return
  // A session is known by its role here, and by its own ARN in Principal.
  put('aws:principalarn', kind === 'role-session' ? caller.parentArn : caller.arn)
  put('aws:principalaccount', accountId ?? undefined)
  put('aws:username', caller.userName)
  for (const [name, value] of Object.entries(caller.tags ?? {})) put(`aws:principaltag/${name.toLowerCase()}`, value)
  put('aws:principalorgid', caller.orgId)
  put('aws:principalorgpaths', caller.orgPaths)
  put('aws:sourceidentity', caller.sourceIdentity)
  put('aws:federatedprovider', caller.federatedProvider)
  if (caller.tokenIssuedAtMs !== undefined) {
    put('aws:tokenissuetime', isoSeconds(caller.tokenIssuedAtMs))
    put('aws:multifactorauthpresent', caller.mfa ?? false)
  }
}

/** Keys of every check on a key. `aws:ResourceTag` and `kms:ResourceAliases` mean nothing in key policies, which skip them. */
function putKey(facts: ContextFacts, key: KeyFacts, put: Put): void {
  for (const make of keyMakers) make(facts, put)
  put('aws:resourceaccount', key.accountId)
  put('kms:resourcealiases', key.aliases)
  for (const [name, value] of Object.entries(key.tags)) put(`aws:resourcetag/${name.toLowerCase()}`, value)
}

/** `2026-11-24T08:00:00Z` */
const isoSeconds = (ms: number) => `${new Date(ms).toISOString().slice(0, 19)}Z`
