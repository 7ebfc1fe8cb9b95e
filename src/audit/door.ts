import { encodeError } from '../codec/encode'
import { KmsError } from '../model/errors'
import { CloudTrailError, unknownOperation } from './errors'
import { type LookupDeps, lookupEvents } from './lookup'
import { decodeLookup } from './lookup-input'

export interface CloudTrailDeps extends LookupDeps {
  /** Throws a KmsError, AccessDeniedException, unless the caller may do this. */
  authorize(action: 'cloudtrail:LookupEvents'): void | Promise<void>
}

/** Content type application/x-amz-json-1.1, whatever the status. */
export interface CloudTrailReply {
  readonly status: number
  readonly body: string
}

/** CLI and boto3 send the first form of X-Amz-Target, AWS SDKs that are made from Smithy models the second. */
const targetPrefixes = ['com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.', 'CloudTrail_20131101.']

/**
 * One authenticated call of CloudTrail's API, AWS JSON 1.1. `target` is the value of X-Amz-Target, or the bare name of
 * the operation when the wire has taken the prefix off. Refusals are answers; only an unexpected error is thrown.
 * Checks in this order: operation, JSON and values, permission, page token.
 */
export async function handleCloudTrail(
  target: string,
  bodyText: string,
  deps: CloudTrailDeps,
): Promise<CloudTrailReply> {
  try {
    if (operationOf(target) !== 'LookupEvents') throw unknownOperation()
    const input = decodeLookup(bodyText)
    await deps.authorize('cloudtrail:LookupEvents')
    return { status: 200, body: JSON.stringify(await lookupEvents(input, deps)) }
  } catch (error) {
    if (error instanceof CloudTrailError || error instanceof KmsError) return cloudTrailReply(error)
    throw error
  }
}

function operationOf(target: string): string {
  const prefix = targetPrefixes.find((text) => target.startsWith(text)) ?? ''
  return target.slice(prefix.length)
}

/** A refusal as CloudTrail sends it; without a message there is no such member. */
export function cloudTrailReply(error: CloudTrailError | KmsError): CloudTrailReply {
  if (error instanceof KmsError) return encodeError(error)
  const { code, message } = error
  return { status: 400, body: JSON.stringify(message ? { __type: code, message } : { __type: code }) }
}
