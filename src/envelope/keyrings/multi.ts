import { concatBytes } from '../../codec/bytes'
import { EnvelopeError, failure, type KeyringReason } from '../errors'
import type { Keyring } from '../keyring'

export interface MultiKeyringOptions {
  /** Makes the data key. Without it the keyring only reads. */
  readonly generator?: Keyring
  /** Each wraps the same data key. */
  readonly children?: readonly Keyring[]
}

/** Several keyrings: all must wrap, one is enough to unwrap. Source: AWS Encryption SDK specification, multi-keyring. */
export function multi({ generator, children = [] }: MultiKeyringOptions): Keyring {
  return {
    async wrap(request) {
      if (!generator) throw failure('invalidOption', 'generator')
      const made = await generator.wrap(request)
      const encryptedDataKeys = [...made.encryptedDataKeys]
      try {
        // Each child has a copy, so that one that overwrites what it was given takes it from nobody else.
        for (const child of children) {
          const dataKey = concatBytes(made.dataKey)
          const wrapped = await child.wrap({ ...request, dataKey }).finally(() => dataKey.fill(0))
          encryptedDataKeys.push(...wrapped.encryptedDataKeys)
        }
      } catch (error) {
        made.dataKey.fill(0)
        throw error
      }
      return { dataKey: made.dataKey, encryptedDataKeys }
    },
    async unwrap(request) {
      const reasons: KeyringReason[] = []
      for (const keyring of generator ? [generator, ...children] : children) {
        try {
          return await keyring.unwrap(request)
        } catch (error) {
          const known = error instanceof EnvelopeError && error.reasons.length > 0
          reasons.push(...(known ? error.reasons : [{ key: 'keyring', error }]))
        }
      }
      throw new EnvelopeError('noDataKeyOpened', '', reasons)
    },
  }
}
