import type { RoleSessionPrincipal } from '../../policy/principal'
import type { StsParts } from './call'
import { type Connection, stsContext } from './context'
import { notAuthorized } from './errors'
import { roleOf, roleSessionName } from './input'
import { findRole, trustPolicyOf } from './role-session'
import { serviceFacts, trustsService } from './trust'

export interface ServiceSessionRequest extends Connection {
  /** The name that the role's trust policy must have under Service. */
  readonly service: string
  readonly roleArn: string
  readonly sessionName: string
}

/**
 * The role that a service of this deployment may work as, asked for in the Directory of the role's account. No token is
 * made: whoever asks builds the session. Throws ValidationError for an ARN or a name that is none, AccessDenied for a
 * role that is not there or does not trust the service.
 */
export async function serviceSession(
  parts: Pick<StsParts, 'accountId' | 'findRole' | 'wallMs'>,
  request: ServiceSessionRequest,
): Promise<Omit<RoleSessionPrincipal, 'accessKeyId' | 'session'>> {
  const { service, roleArn } = request
  const target = roleOf({ RoleArn: roleArn })
  const sessionName = roleSessionName({ RoleSessionName: request.sessionName })
  const role = await findRole(parts, target)
  const context = stsContext(serviceFacts(service), request, { roleSessionName: sessionName }, parts.wallMs())
  const question = role && { action: 'sts:AssumeRole', role: target, policy: trustPolicyOf(role), context }
  if (!question || !trustsService(question, role.trustPolicy, service)) {
    throw notAuthorized(service, 'sts:AssumeRole', roleArn)
  }
  const { roleId, roleName, path } = role
  return { kind: 'role-session', accountId: parts.accountId, roleId, roleName, path, sessionName }
}
