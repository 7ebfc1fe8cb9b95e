import { compiledPolicy } from '../../policy/compile'
import { principalArn, principalUserId, roleArn } from '../../policy/principal'
import type { Policy } from '../../policy/types'
import { validationError } from '../query-error'
import type { QueryOutput } from '../query-types'
import type { StsParts, StsRole } from './call'
import type { RoleName } from './input'
import { issue, type SessionBody } from './sessions'

/** The most that a role's own maximum may be. */
export const maxRoleSeconds = 43_200
const defaultSeconds = 3600
/** IAM user guide, role chaining. */
const maxChainedSeconds = 3600

/** Undefined unless the role's ARN, path and spelling included, is the one that was named. */
export async function findRole(
  parts: Pick<StsParts, 'accountId' | 'findRole'>,
  target: RoleName,
): Promise<StsRole | undefined> {
  if (target.accountId !== parts.accountId) return undefined
  const role = await parts.findRole(target.roleName)
  return role && roleArn({ accountId: parts.accountId, path: role.path, roleName: role.roleName }) === target.arn
    ? role
    : undefined
}

export const trustPolicyOf = ({ roleName, trustPolicy, trustPins }: StsRole): Policy =>
  compiledPolicy(trustPolicy, { kind: 'trust', name: `trust policy of role ${roleName}`, pins: trustPins })

/** How long the session may last. Throws ValidationError for longer than the role, or a chain of roles, allows. */
export function requireDuration(asked: number | undefined, { maxSessionSeconds }: StsRole, chained: boolean): number {
  const seconds = asked ?? defaultSeconds
  if (seconds > maxSessionSeconds) {
    throw validationError('The requested DurationSeconds exceeds the MaxSessionDuration set for this role.')
  }
  if (chained && seconds > maxChainedSeconds) {
    throw validationError(
      'The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.',
    )
  }
  return seconds
}

/** A session of the role, as the answers of both AssumeRole actions have it. */
export async function issueRoleSession(
  parts: StsParts,
  { roleId, roleName, path }: StsRole,
  sessionName: string,
  seconds: number,
  body: SessionBody,
): Promise<QueryOutput> {
  const { principal, credentials, packedPolicySize } = await issue(parts, seconds, body, (common) => ({
    kind: 'role-session',
    ...common,
    roleId,
    roleName,
    path,
    sessionName,
  }))
  return {
    Credentials: credentials,
    AssumedRoleUser: { AssumedRoleId: principalUserId(principal), Arn: principalArn(principal) },
    PackedPolicySize: packedPolicySize,
    SourceIdentity: body.sourceIdentity,
  }
}
