import { decodeInput } from '../../src/codec/decode'
import { validateInput } from '../../src/codec/validate'
import { KmsError } from '../../src/model/errors'
import type { OperationName } from '../../src/model/operations'

/** The text a decoded JSON body is refused with; undefined when it passes. */
export function refusal(operation: OperationName, body: object): string | undefined {
  const input = decodeInput(operation, { json: JSON.stringify(body) })
  try {
    validateInput(operation, input)
  } catch (error) {
    if (error instanceof KmsError && error.code === 'ValidationException') return error.message
    throw error
  }
  return undefined
}

export const one = (rest: string) => `1 validation error detected: ${rest}`

export const sign = { KeyId: 'k', Message: 'YQ==', SigningAlgorithm: 'ECDSA_SHA_256' }
export const grant = { KeyId: 'k', GranteePrincipal: 'p', Operations: ['Encrypt'] }
