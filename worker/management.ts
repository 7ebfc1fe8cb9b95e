import { encodeError } from '../src/codec/encode'
import { KmsError } from '../src/model/errors'
import { jsonReply, type SignedCall } from '../src/wire'
import type { Config } from './config'
import type { Env } from './env'
import type { ManagementRequest } from './manage'
import { directoryStub, vaultStub } from './stubs'

const maxAdvanceSeconds = 100 * 366 * 86_400

/** The routes under /api, by method and path. Each throws KmsError for a request that it does not take. */
export const managementRoutes: Readonly<Record<string, (bodyText: string, config: Config) => ManagementRequest>> = {
  'POST clock': (bodyText, config) => {
    if (!config.clockControl) throw new KmsError('UnsupportedOperationException', 'KMS_CLOCK_CONTROL is not on.')
    return { action: 'subtle-kms:MoveClock', advanceSeconds: readAdvanceSeconds(bodyText) }
  },
  'POST rewrap': () => ({ action: 'subtle-kms:Rewrap' }),
  'GET status': () => ({ action: 'subtle-kms:GetStatus' }),
}

/** `{"advanceSeconds": n}`. */
function readAdvanceSeconds(text: string): number {
  const seconds = parseObject(text)?.advanceSeconds
  if (typeof seconds === 'number' && Number.isInteger(seconds) && seconds >= 0 && seconds <= maxAdvanceSeconds)
    return seconds
  throw new KmsError('ValidationException', `advanceSeconds must be a whole number from 0 to ${maxAdvanceSeconds}.`)
}

function parseObject(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined
  } catch {
    return undefined // not JSON: the caller has the error text
  }
}

/** Answers an authenticated management call in the form of the JSON protocol, refusals included. */
export async function answerManagement(route: string, call: SignedCall, env: Env, config: Config): Promise<Response> {
  const { credential, requestId } = call
  const { principal, region } = credential
  const home = { accountId: principal.accountId, region }
  const reply = (answer: { status: number; body: string; errorType?: string }) =>
    jsonReply({ ...answer, requestId, nowMs: Date.now() })
  try {
    const request = managementRoutes[route]?.(call.bodyText, config)
    if (!request) throw new KmsError('UnknownOperationException')
    const answer = await vaultStub(env, home).manage(home, { principal, requestId }, request)
    if (answer.status !== 200) return reply(answer)
    const directory = directoryStub(env, home.accountId)
    if (request.action === 'subtle-kms:Rewrap') await directory.rewrap(home.accountId)
    const secretsByRootId = await directory.countSecrets(home.accountId)
    return reply({ ...answer, body: JSON.stringify({ ...JSON.parse(answer.body), secretsByRootId }) })
  } catch (fault) {
    if (!(fault instanceof KmsError)) throw fault
    return reply({ ...encodeError(fault), errorType: fault.code })
  }
}
