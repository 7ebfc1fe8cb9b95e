import type { OperationInput, OperationName, OperationOutput } from '../model/generated/types'
import type { Call } from './call'

/** One operation: reads through the call, decides, computes. Throws KmsError in AWS's order of checks. */
export type Handler<N extends OperationName> = (
  call: Call,
  input: OperationInput[N],
) => Promise<OperationOutput[N] extends undefined ? void : OperationOutput[N]>
