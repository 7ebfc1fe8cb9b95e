import { invalidState, keyDisabled, wrongAlgorithm, wrongUsage } from '../model/errors'
import type { EncryptionAlgorithmSpec, KeyUsageType } from '../model/generated/types'
import { keySpecs } from '../model/key-specs'
import { refusedStates, type StatefulOperation, stateWords } from '../model/key-states'
import type { KeyRecord } from './records'

/** InvalidKeyUsageException unless the key was made for this. `operation` is the name that AWS prints. */
export function requireUsage(key: KeyRecord, usage: KeyUsageType, operation: string): void {
  if (key.keyUsage !== usage) throw wrongUsage(key.arn, key.keyUsage, operation)
}

/** DisabledException or KMSInvalidStateException when the operation is not for the key's state (behaviours 5). */
export function requireState(key: KeyRecord, operation: StatefulOperation): void {
  const state = key.state
  if (state === 'Enabled' || !(refusedStates[operation] as readonly string[]).includes(state)) return
  throw state === 'Disabled' ? keyDisabled(key.arn) : invalidState(key.arn, stateWords[state])
}

/** InvalidKeyUsageException unless the algorithm belongs to the key's spec. */
export function requireEncryptionAlgorithm(key: KeyRecord, algorithm: EncryptionAlgorithmSpec): void {
  if (!keySpecs[key.keySpec].encryptionAlgorithms.includes(algorithm)) throw wrongAlgorithm(algorithm, key.keySpec)
}
