import { principalArn, principalUserId } from '../../policy/principal'
import { decodeAccessKeyId } from '../access-key-id'
import { QueryError, validationError } from '../query-error'
import type { QueryActions, QueryOutput } from '../query-types'
import { assumeRole } from './assume-role'
import { assumeRoleWithWebIdentity } from './assume-role-with-web-identity'
import { requireAllowed, requireCaller, type StsCall, type StsParts } from './call'
import { notAuthorized, webIdentityDenied } from './errors'
import { accessKeyId, roleOf } from './input'
import { getFederationToken, getSessionToken } from './own-sessions'

export type { StsCall, StsParts, StsRole } from './call'

type Action = (parts: StsParts, call: StsCall) => Promise<QueryOutput>

/** Actions by name. Source: AWS STS API reference. */
const actions: Readonly<Record<string, Action>> = {
  GetCallerIdentity: getCallerIdentity,
  AssumeRole: assumeRole,
  AssumeRoleWithWebIdentity: assumeRoleWithWebIdentity,
  GetSessionToken: getSessionToken,
  GetFederationToken: getFederationToken,
  GetAccessKeyInfo: getAccessKeyInfo,
  DecodeAuthorizationMessage: decodeAuthorizationMessage,
}

/** Who asks, how, and what answers: what an action needs besides its input. */
export type StsRequest = Omit<StsCall, 'action' | 'input'> & { readonly parts: StsParts }

/** The Security Token Service of one account. Nothing that it gives out is stored. */
export const stsActions: QueryActions<StsRequest> = Object.fromEntries(
  Object.entries(actions).map(([name, action]) => [
    name,
    ({ input, call: { parts, ...request } }) => action(parts, { ...request, action: name, input }),
  ]),
)

/** The same for whoever has the parts at hand. Throws QueryError or KmsError. */
export const createSts = (parts: StsParts): { answer(call: StsCall): Promise<QueryOutput> } => ({
  async answer(call) {
    const action = Object.hasOwn(actions, call.action) ? actions[call.action] : undefined
    if (!action) throw new QueryError('InvalidAction', `Could not find operation ${call.action}`, 400)
    return action(parts, call)
  },
})

/**
 * The account whose Directory answers: the role's for both AssumeRole actions, else the caller's. A role of an account
 * that is not kept here is answered like one that does not exist, without touching any object.
 */
export function stsAccount(
  { action, input, principal }: Pick<StsCall, 'action' | 'input' | 'principal'>,
  isAccount: (accountId: string) => boolean,
): string {
  if (action !== 'AssumeRole' && action !== 'AssumeRoleWithWebIdentity') {
    if (!principal) throw webIdentityDenied(`sts:${action}`)
    return principal.accountId
  }
  const { accountId, arn } = roleOf(input)
  if (isAccount(accountId)) return accountId
  if (action === 'AssumeRoleWithWebIdentity' || !principal) throw webIdentityDenied()
  throw notAuthorized(principalArn(principal), 'sts:AssumeRole', arn)
}

/** Needs no permission: who has signed may know who they are, if they still are somebody. */
async function getCallerIdentity(parts: StsParts, call: StsCall): Promise<QueryOutput> {
  const { principal } = await requireCaller(parts, call)
  return { Arn: principalArn(principal), UserId: principalUserId(principal), Account: principal.accountId }
}

/** The account is in the id of an issued key; a root user's key has any id, and its account is in the configuration. */
async function getAccessKeyInfo(parts: StsParts, call: StsCall): Promise<QueryOutput> {
  const id = accessKeyId(call.input)
  requireAllowed(parts, call, await requireCaller(parts, call), 'sts:GetAccessKeyInfo', '*')
  const account = parts.rootKeyAccount?.(id) ?? decodeAccessKeyId(id) ?? decodeAccessKeyId(id, 'ASIA')
  if (account === undefined) throw validationError(`The access key id ${id} is not valid.`)
  return { Account: account }
}

/** This service encodes no messages, so that none can be genuine. */
async function decodeAuthorizationMessage(parts: StsParts, call: StsCall): Promise<QueryOutput> {
  await requireCaller(parts, call)
  throw new QueryError('InvalidAuthorizationMessageException', 'The encoded authorization message is not valid.', 400)
}
