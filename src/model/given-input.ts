import type { OperationInput, OperationName } from './generated/types'

/** A value as a caller has it: any Uint8Array for bytes, as TextEncoder and Buffer give them, and lists that are readonly. */
type Given<T> = T extends Uint8Array
  ? Uint8Array
  : T extends Date
    ? Date
    : T extends readonly (infer Item)[]
      ? readonly Given<Item>[]
      : T extends object
        ? { readonly [K in keyof T]: Given<T[K]> }
        : T

/** The input of an operation, from a caller: wider than the service's own type, which WebCrypto takes. */
export type GivenInput<N extends OperationName> = Given<OperationInput[N]>
