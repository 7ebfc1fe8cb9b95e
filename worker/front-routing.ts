import type { OperationName } from '../src/model/operations'

/**
 * Where a KMS call runs: in its Vault, or in this isolate over what the Vault answers, which may be kept for a lease
 * (`leased`) or is asked for anew (`fresh`).
 */
export type Place = 'vault' | FrontPlace
export type FrontPlace = 'leased' | 'fresh'

/** What runs in the Worker's isolate under a lease: the cryptographic operations and GetPublicKey. */
const dataPlane: ReadonlySet<OperationName> = new Set<OperationName>([
  'Decapsulate',
  'Decrypt',
  'DeriveSharedSecret',
  'Encapsulate',
  'Encrypt',
  'GenerateDataKey',
  'GenerateDataKeyPair',
  'GenerateDataKeyPairWithoutPlaintext',
  'GenerateDataKeyWithoutPlaintext',
  'GenerateMac',
  'GenerateRandom',
  'GetPublicKey',
  'ReEncrypt',
  'Sign',
  'Verify',
  'VerifyMac',
])

/**
 * `json`: the request body, not looked at by anybody yet. An RSA pair takes up to a second, during which its thread
 * answers nobody, and an account and Region have one Vault: so pairs are made where there are many threads.
 */
export function placeOf(operation: OperationName, json: string, leaseMs: number): Place {
  if (leaseMs > 0 && dataPlane.has(operation)) return 'leased'
  return mayMakeRsaPair(operation, json) ? 'fresh' : 'vault'
}

/** A hint, never a check: both places decide alike, and what is malformed is refused in either. */
function mayMakeRsaPair(operation: OperationName, json: string): boolean {
  switch (operation) {
    case 'GetParametersForImport':
      return true
    case 'CreateKey':
      return namesRsa(json, 'KeySpec', 'CustomerMasterKeySpec')
    case 'GenerateDataKeyPair':
    case 'GenerateDataKeyPairWithoutPlaintext':
      return namesRsa(json, 'KeyPairSpec')
    default:
      return false
  }
}

function namesRsa(json: string, ...members: readonly string[]): boolean {
  let input: unknown
  try {
    input = JSON.parse(json)
  } catch {
    return false // the Vault tells the caller
  }
  if (typeof input !== 'object' || input === null) return false
  const given = input as Readonly<Record<string, unknown>>
  return members.some((member) => {
    const spec = given[member]
    return typeof spec === 'string' && spec.startsWith('RSA_')
  })
}
