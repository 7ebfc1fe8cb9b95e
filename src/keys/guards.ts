import { signingAlgorithms } from '../model/algorithms'
import {
  asymmetricContext,
  digestLength,
  externalMuLength,
  invalidState,
  keyDisabled,
  messageTypeOfAlgorithm,
  messageTypeOfSpec,
  plaintextTooLong,
  wrongAlgorithm,
  wrongUsage,
} from '../model/errors'
import type { EncryptionAlgorithmSpec, KeyUsageType, MessageType, SigningAlgorithmSpec } from '../model/generated/types'
import { type KeySpecRow, keySpecs } from '../model/key-specs'
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

type AlgorithmList = Extract<keyof KeySpecRow, `${string}Algorithms`>

/** InvalidKeyUsageException unless the algorithm belongs to the key's spec; the algorithm, known to belong. */
export function requireAlgorithm<L extends AlgorithmList>(
  key: KeyRecord,
  list: L,
  algorithm: string,
): KeySpecRow[L][number] {
  const found = (keySpecs[key.keySpec][list] as readonly string[]).find((known) => known === algorithm)
  if (found === undefined) throw wrongAlgorithm(algorithm, key.keySpec)
  return found as KeySpecRow[L][number]
}

/** ValidationException for a context where no cipher authenticates one: with asymmetric keys. An empty one is none. */
export function requireContextFits(key: KeyRecord, context: { readonly [name: string]: string } | undefined): void {
  if (keySpecs[key.keySpec].family === 'symmetric' || !context) return
  if (Object.keys(context).length > 0) throw asymmetricContext()
}

/** ValidationException unless the algorithm takes so much with the key's spec. */
export function requirePlaintextFits(key: KeyRecord, algorithm: EncryptionAlgorithmSpec, byteLength: number): void {
  const maxBytes = keySpecs[key.keySpec].maxPlaintextBytes[algorithm]
  if (maxBytes !== undefined && byteLength > maxBytes) throw plaintextTooLong(algorithm, key.keySpec, maxBytes)
}

/** ValidationException unless spec and algorithm, in this order, take such a message, and of this length. */
export function requireMessageFits(
  key: KeyRecord,
  algorithm: SigningAlgorithmSpec,
  messageType: MessageType,
  byteLength: number,
): void {
  const { messageTypes, digestBytes, muBytes } = signingAlgorithms[algorithm]
  const ofSpec = keySpecs[key.keySpec].signingAlgorithms.some((each) =>
    signingAlgorithms[each].messageTypes.includes(messageType),
  )
  if (!ofSpec) throw messageTypeOfSpec(messageType, key.keySpec)
  if (!messageTypes.includes(messageType)) throw messageTypeOfAlgorithm(messageType, algorithm)
  if (messageType === 'DIGEST' && byteLength !== digestBytes) throw digestLength(algorithm)
  if (messageType === 'EXTERNAL_MU' && byteLength !== muBytes) throw externalMuLength(algorithm)
}
