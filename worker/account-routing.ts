import { parseKmsArn } from '../src/codec/arn'
import { decodeBase64 } from '../src/codec/bytes'
import { decodeBlobHeader } from '../src/codec/ciphertext-blob'
import { decodeGrantToken } from '../src/codec/grant-token'
import { type OperationName, operations } from '../src/model/operations'
import type { VaultName } from './stubs'

/** Which Vault a call belongs to. `destination`: ReEncrypt to a key of another account than its source. */
export interface Route {
  readonly home: VaultName
  readonly destination?: VaultName
}

type Members = Readonly<Record<string, unknown>>

/**
 * The account of the key that the request names, by ARN, by ciphertext or by grant token, where this service keeps that
 * account; else the caller's own, whose Vault answers for absent and foreign keys alike. A hint, never a check: the Vault
 * finds the key and decides. Nothing but cross-account operations leaves the caller's account.
 */
export function routeOf(
  operation: OperationName,
  json: string,
  caller: VaultName,
  isKept: (accountId: string) => boolean,
): Route {
  if (operations[operation].crossAccount !== 'yes') return { home: caller }
  const input = membersOf(operation, json)
  if (!input) return { home: caller }
  const at = (accountId: string | undefined): VaultName =>
    accountId !== undefined && accountId !== caller.accountId && isKept(accountId) ? { ...caller, accountId } : caller
  switch (operation) {
    case 'Decrypt':
      return { home: at(sourceAccount(input, 'KeyId', 'EncryptionAlgorithm', caller)) }
    case 'ReEncrypt': {
      const home = at(sourceAccount(input, 'SourceKeyId', 'SourceEncryptionAlgorithm', caller))
      const destination = at(arnAccount(input.DestinationKeyId, caller))
      return destination.accountId === home.accountId ? { home } : { home, destination }
    }
    case 'RetireGrant':
      return { home: at(arnAccount(input.KeyId, caller) ?? tokenAccount(input.GrantToken)) }
    default:
      return { home: at(arnAccount(input.KeyId, caller)) }
  }
}

/** Read only where it may matter: most requests name keys of the caller's own account without an ARN. */
function membersOf(operation: OperationName, json: string): Members | undefined {
  const byContent = operation === 'Decrypt' || operation === 'ReEncrypt' || operation === 'RetireGrant'
  if (!byContent && !json.includes(':kms:') && !json.includes('\\u')) return undefined
  try {
    const value: unknown = JSON.parse(json)
    return typeof value === 'object' && value !== null ? (value as Members) : undefined
  } catch {
    return undefined // the Vault tells the caller
  }
}

/** Undefined for ARNs of other Regions, which no Vault of this one has. */
function arnAccount(given: unknown, { region }: VaultName): string | undefined {
  const arn = typeof given === 'string' ? parseKmsArn(given) : undefined
  return arn?.home.region === region ? arn.home.accountId : undefined
}

function sourceAccount(input: Members, keyId: string, algorithm: string, caller: VaultName): string | undefined {
  if (input[keyId] !== undefined) return arnAccount(input[keyId], caller)
  const isSymmetric = input[algorithm] === undefined || input[algorithm] === 'SYMMETRIC_DEFAULT'
  const blob = isSymmetric && typeof input.CiphertextBlob === 'string' ? decodeBase64(input.CiphertextBlob) : undefined
  return blob && decodeBlobHeader(blob)?.accountId
}

const tokenAccount = (token: unknown): string | undefined =>
  typeof token === 'string' ? decodeGrantToken(token)?.accountId : undefined
