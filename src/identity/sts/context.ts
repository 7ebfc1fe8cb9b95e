import type { CallerFacts, ConditionContext } from '../../policy/types'

/** How the request came. */
export interface Connection {
  /** Of the signature's scope. */
  readonly region: string
  readonly sourceIp?: string | undefined
  readonly userAgent?: string | undefined
  /** True unless told otherwise. */
  readonly secureTransport?: boolean | undefined
}

/** What an STS request says about the session that it asks for. */
export interface RequestedSession {
  readonly tags?: Readonly<Record<string, string>> | undefined
  readonly transitiveTagKeys?: readonly string[] | undefined
  readonly sourceIdentity?: string | undefined
  readonly roleSessionName?: string | undefined
  readonly externalId?: string | undefined
  /** Of a web identity, by name. */
  readonly claims?: Readonly<Record<string, string | readonly string[] | undefined>> | undefined
}

const principalTypes: { readonly [K in CallerFacts['kind']]?: string } = {
  root: 'Account',
  user: 'User',
  'role-session': 'AssumedRole',
  'federated-user': 'FederatedUser',
  anonymous: 'Anonymous',
}

/**
 * Condition keys of an STS action, made when one is first asked for. Keys without a value are absent. What tells of the
 * caller is absent for a web identity, who has no ARN yet.
 * Source: IAM user guide, global condition keys and keys for STS; AWS STS, web identity federation keys.
 */
export function stsContext(
  caller: CallerFacts,
  connection: Connection,
  requested: RequestedSession,
  nowMs: number,
): () => ConditionContext {
  let context: ConditionContext | undefined
  return () => {
    context ??= makeContext(caller, connection, requested, nowMs)
    return context
  }
}

function makeContext(
  caller: CallerFacts,
  connection: Connection,
  requested: RequestedSession,
  nowMs: number,
): ConditionContext {
  const { kind, arn, parentArn, accountId, mfa, tokenIssuedAtMs } = caller
  const { tags, transitiveTagKeys, claims } = requested
  const now = isoSeconds(nowMs)
  const service = kind === 'service' ? arn : undefined
  const values: Record<string, string | readonly string[] | undefined> = {
    'aws:PrincipalArn': service ? undefined : (kind === 'role-session' ? parentArn : arn) || undefined,
    'aws:PrincipalAccount': accountId ?? undefined,
    'aws:PrincipalType': principalTypes[kind],
    'aws:PrincipalIsAWSService': String(service !== undefined),
    'aws:PrincipalServiceName': service,
    'aws:PrincipalServiceNamesList': service && [service],
    'aws:PrincipalOrgID': caller.orgId,
    'aws:PrincipalOrgPaths': caller.orgPaths,
    'aws:userid': service ? undefined : kind === 'anonymous' ? 'anonymous' : caller.userId,
    'aws:username': caller.userName,
    'aws:SourceIdentity': caller.sourceIdentity,
    'aws:FederatedProvider': caller.federatedProvider,
    'aws:MultiFactorAuthPresent': mfa === undefined ? undefined : String(mfa),
    'aws:TokenIssueTime': tokenIssuedAtMs === undefined ? undefined : isoSeconds(tokenIssuedAtMs),
    'aws:SourceIp': connection.sourceIp,
    'aws:UserAgent': connection.userAgent,
    'aws:SecureTransport': String(connection.secureTransport ?? true),
    'aws:ViaAWSService': 'false',
    'aws:RequestedRegion': connection.region,
    'aws:CurrentTime': now,
    'aws:EpochTime': String(Math.floor(nowMs / 1000)),
    'aws:TagKeys': tags && Object.keys(tags),
    'sts:TransitiveTagKeys': transitiveTagKeys,
    'sts:ExternalId': requested.externalId,
    'sts:RoleSessionName': requested.roleSessionName,
    'sts:SourceIdentity': requested.sourceIdentity,
    ...claims,
  }
  const context = new Map<string, string | readonly string[]>()
  const put = (name: string, value: string | readonly string[] | undefined) => {
    if (value !== undefined && (typeof value === 'string' || value.length)) context.set(name.toLowerCase(), value)
  }
  for (const [name, value] of Object.entries(values)) put(name, value)
  for (const [key, value] of Object.entries(caller.tags ?? {})) put(`aws:PrincipalTag/${key}`, value)
  for (const [key, value] of Object.entries(tags ?? {})) put(`aws:RequestTag/${key}`, value)
  return context
}

/** `2026-11-24T09:00:00Z` */
export const isoSeconds = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19)}Z`
