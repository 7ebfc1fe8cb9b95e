import type { OperationName, OperationOutput } from '../model/generated/types'
import type { GivenInput } from '../model/given-input'
import { decodeOutput, encodeInput } from './json'
import { createSender, type EndpointOptions, type Refusal } from './send'

export type HttpKmsOptions = EndpointOptions

export interface CallOptions {
  /** Ends the call, and the waiting for a further attempt, with the signal's reason. */
  readonly signal?: AbortSignal
}

const called = [
  'DescribeKey',
  'GetPublicKey',
  'GenerateDataKey',
  'GenerateDataKeyWithoutPlaintext',
  'GenerateRandom',
  'Encrypt',
  'Decrypt',
  'ReEncrypt',
  'Sign',
  'Verify',
  'GenerateMac',
  'VerifyMac',
] as const

/** One method for each of the operations that applications call; the others by `call`. They throw KmsRequestError. */
export type HttpKms = {
  readonly [N in (typeof called)[number] as Uncapitalize<N>]: (
    input: GivenInput<N>,
    options?: CallOptions,
  ) => Promise<OperationOutput[N]>
} & {
  /** Any operation by name: `call('ListKeys', {})`. One that changes something may be done twice when it is tried again. */
  call<N extends OperationName>(operation: N, input: GivenInput<N>, options?: CallOptions): Promise<OperationOutput[N]>
}

/**
 * A KMS by HTTPS, this one or AWS's: bytes are Uint8Array, times Date. For pages, Workers and Node, without an SDK. In a
 * page only with credentials that may be seen by it (docs/client.md, scoped credentials). Throws a TypeError for an
 * endpoint that is no URL.
 */
export function httpKms(options: HttpKmsOptions): HttpKms {
  const send = createSender(options, 'kms', readRefusal)
  const call: HttpKms['call'] = async (operation, input, { signal } = {}) => {
    const headers = { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': `TrentService.${operation}` }
    return decodeOutput(await send(headers, encodeInput(input), signal))
  }
  const methods = called.map((name) => [
    name.charAt(0).toLowerCase() + name.slice(1),
    (input: GivenInput<typeof name>, given?: CallOptions) => call(name, input, given),
  ])
  return { ...Object.fromEntries(methods), call } as HttpKms
}

/** `{"__type":"DisabledException","message":"…"}`, the type perhaps with a name in front, the message with a capital. */
function readRefusal(text: string): Refusal {
  try {
    const { __type, message, Message } = JSON.parse(text)
    return { code: __type?.split('#').pop(), message: message ?? Message ?? '' }
  } catch {
    return {} // a proxy's page
  }
}
