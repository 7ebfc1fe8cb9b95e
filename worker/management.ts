import { encodeError } from '../src/codec/encode'
import { KmsError } from '../src/model/errors'
import { isOperationName } from '../src/model/operations'
import type { JsonObject } from '../src/ports/audit'
import { jsonReply, type SignedCall } from '../src/wire'
import type { Config } from './config'
import type { Env } from './env'
import type { Asked, ManagementRequest } from './manage'
import { answerAs } from './signing-keys'
import { directoryStub, vaultStub } from './stubs'

const maxAdvanceSeconds = 100 * 366 * 86_400

/** The routes under /api, by method and path. Each throws KmsError for a request that it does not take. */
export const managementRoutes: Readonly<Record<string, (text: string, config: Config) => ManagementRequest>> = {
  'POST explain': (text) => ({ action: 'iam:SimulatePrincipalPolicy', asked: readAsked(text) }),
  'POST clock': (text, config) => {
    if (!config.clockControl) throw new KmsError('UnsupportedOperationException', 'KMS_CLOCK_CONTROL is not on.')
    return { action: 'subtle-kms:MoveClock', advanceSeconds: readAdvanceSeconds(text) }
  },
  'POST rewrap': () => ({ action: 'subtle-kms:Rewrap' }),
  'GET status': () => ({ action: 'subtle-kms:GetStatus' }),
  'POST provider-keys': (text) => ({ action: 'subtle-kms:PinProviderKeys', ...readProviderKeys(text) }),
}

/** `{"requestId": "…"}`, or `{"operation": "Decrypt", "input": {…}, "principal": "arn:…", "sourceIp": "…"}`. */
function readAsked(text: string): Asked {
  const { requestId, operation, input = {}, principal, sourceIp } = parseObject(text) ?? {}
  if (typeof requestId === 'string') return { requestId }
  const isRequest = typeof operation === 'string' && isOperationName(operation)
  const isInput = typeof input === 'object' && input !== null && !Array.isArray(input)
  const isFrom = sourceIp === undefined || typeof sourceIp === 'string'
  if (!isRequest || !isInput || !isFrom || (principal !== undefined && typeof principal !== 'string')) {
    throw new KmsError('ValidationException', 'The body must have a requestId, or an operation with its input.')
  }
  return {
    operation,
    input: input as JsonObject,
    ...(sourceIp === undefined ? {} : { sourceIp }),
    ...(principal === undefined ? {} : { principalArn: principal }),
  }
}

/** `{"advanceSeconds": n}`. */
function readAdvanceSeconds(text: string): number {
  const seconds = parseObject(text)?.advanceSeconds
  if (typeof seconds === 'number' && Number.isInteger(seconds) && seconds >= 0 && seconds <= maxAdvanceSeconds)
    return seconds
  throw new KmsError('ValidationException', `advanceSeconds must be a whole number from 0 to ${maxAdvanceSeconds}.`)
}

const maxJwks = { bytes: 65_536, keys: 50 } as const

/** `{"url": "https://issuer", "jwks": {"keys": […]}}`: public keys alone; `"jwks": null` lets them be fetched again. */
function readProviderKeys(text: string): { readonly url: string; readonly jwks: string | undefined } {
  const { url, jwks } = parseObject(text) ?? {}
  if (typeof url === 'string' && jwks === null) return { url: issuerOf(url), jwks: undefined }
  const keys: unknown = typeof jwks === 'object' && jwks !== null && 'keys' in jwks ? jwks.keys : undefined
  const isSet = Array.isArray(keys) && keys.length > 0 && keys.length <= maxJwks.keys && keys.every(isPublicKey)
  if (typeof url !== 'string' || !isSet || text.length > maxJwks.bytes) {
    throw new KmsError(
      'ValidationException',
      'The body must have the url of a provider, and public keys as jwks or null.',
    )
  }
  return { url: issuerOf(url), jwks: JSON.stringify({ keys }) }
}

/** RSA, elliptic-curve and Edwards-curve keys have their private half in `d`, symmetric ones all of it in `k`. */
const isPublicKey = (key: unknown): boolean =>
  typeof key === 'object' && key !== null && 'kty' in key && !('d' in key) && !('k' in key)

/** Providers are kept by their issuer without `https://`. */
const issuerOf = (url: string) => url.replace(/^https:\/\//, '')

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
  const { credential, requestId, sourceIp, userAgent, secureTransport } = call
  const { principal: signer, region } = credential
  const home = { accountId: signer.accountId, region }
  const reply = (answer: { status: number; body: string; errorType?: string }) =>
    jsonReply({ ...answer, requestId, nowMs: Date.now() })
  try {
    const readRoute = managementRoutes[route]
    if (!readRoute) throw new KmsError('UnknownOperationException')
    const request = readRoute(call.bodyText, config)
    const answer = await answerAs(
      env,
      credential,
      (principal) =>
        vaultStub(env, home).manage(home, { principal, requestId, sourceIp, userAgent, secureTransport }, request),
      ({ errorType }) => errorType === 'UnrecognizedClientException',
    )
    if (answer.status !== 200 || request.action === 'iam:SimulatePrincipalPolicy') return reply(answer)
    const directory = directoryStub(env, home.accountId)
    if (request.action === 'subtle-kms:PinProviderKeys') {
      if (await directory.pinJwks(home.accountId, request.url, request.jwks)) return reply(answer)
      throw new KmsError('NotFoundException', 'The account has no identity provider of this url.')
    }
    if (request.action === 'subtle-kms:Rewrap') await directory.rewrap(home.accountId)
    const secretsByRootId = await directory.countSecrets(home.accountId)
    return reply({ ...answer, body: JSON.stringify({ ...JSON.parse(answer.body), secretsByRootId }) })
  } catch (fault) {
    if (!(fault instanceof KmsError)) throw fault
    return reply({ ...encodeError(fault), errorType: fault.code })
  }
}
