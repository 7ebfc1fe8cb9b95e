import { KmsError } from '../model/errors'
import type { OperationInput, OperationName, OperationOutput } from '../model/generated/types'
import type { GivenInput } from '../model/given-input'
import { operationNames } from '../model/operations'
import type { Kms } from '../operations/kms'
import { formatUuid } from '../operations/working-set'
import type { Principal } from '../policy/principal'
import { perform } from './perform'

/** One method per operation, named as in the AWS SDKs: `client.encrypt({ KeyId, Plaintext })`. */
export type KmsClient = {
  readonly [N in OperationName as Uncapitalize<N>]: (input: GivenInput<N>) => Promise<OperationOutput[N]>
}

/**
 * An in-process client: typed inputs and outputs (Bytes, Date), the same checks, decisions and audit as over HTTP.
 * Its methods throw KmsError.
 */
export function kmsClient(kms: Kms, principal: Principal): KmsClient {
  const call = async <N extends OperationName>(operation: N, input: OperationInput[N]): Promise<OperationOutput[N]> => {
    const requestId = formatUuid(kms.crypto.random(16))
    const result = await perform(kms, { principal, operation, body: { input }, requestId })
    if (!result.ok) throw new KmsError(result.error.code, result.error.message)
    return result.output
  }
  return Object.fromEntries(
    operationNames.map((name) => [
      name.charAt(0).toLowerCase() + name.slice(1),
      (input: OperationInput[OperationName]) => call(name, input),
    ]),
  ) as unknown as KmsClient
}
