import type { QueryInput } from '../../../src/identity/query-types'
import { accountId, allow, document, roleArn } from './helpers'

/** A call of AssumeRole for the role of `sts()`. */
export const input = (more: QueryInput = {}): QueryInput => ({ RoleArn: roleArn, RoleSessionName: 'build-17', ...more })
export const alice = `arn:aws:iam::${accountId}:user/alice`
/** Who may assume every role, as far as their own policies go. */
export const mayAssume = { policies: { p: document(allow('sts:*')) } }
/** The refusal of AssumeRole, as `outcome` tells it. */
export const denied = (who: string, action = 'sts:AssumeRole', clause = '') =>
  `AccessDenied 403: User: ${who} is not authorized to perform: ${action} on resource: ${roleArn}${clause}`
