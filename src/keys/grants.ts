import { validation } from '../model/errors'
import type { CreateGrantRequest, GrantConstraints, GrantOperation, KeyUsageType } from '../model/generated/types'
import { keySpecs } from '../model/key-specs'
import { limits } from '../model/limits'
import type { GrantRecord } from './grant-records'
import type { KeyRecord } from './records'

/** What a grant of every key may allow besides what its usage brings (AWS KMS developer guide, grant operations). */
const ofEveryKey: readonly GrantOperation[] = ['CreateGrant', 'DescribeKey', 'RetireGrant']

const ofUsage: Readonly<Record<KeyUsageType, readonly GrantOperation[]>> = {
  ENCRYPT_DECRYPT: ['Decrypt', 'Encrypt', 'GetPublicKey', 'ReEncryptFrom', 'ReEncryptTo'],
  SIGN_VERIFY: ['GetPublicKey', 'Sign', 'Verify'],
  GENERATE_VERIFY_MAC: ['GenerateMac', 'VerifyMac'],
  KEY_AGREEMENT: ['DeriveSharedSecret', 'GetPublicKey'],
  ENCAPSULATE_DECAPSULATE: ['Decapsulate', 'Encapsulate', 'GetPublicKey'],
}

const ofSymmetricEncryption: readonly GrantOperation[] = [
  'Decrypt',
  'Encrypt',
  'GenerateDataKey',
  'GenerateDataKeyPair',
  'GenerateDataKeyPairWithoutPlaintext',
  'GenerateDataKeyWithoutPlaintext',
  'ReEncryptFrom',
  'ReEncryptTo',
]

const isSymmetricEncryption = (key: KeyRecord) => keySpecs[key.keySpec].family === 'symmetric'

/** The operations that a grant on this key may hold. */
export const grantOperationsOf = (key: KeyRecord): readonly GrantOperation[] => [
  ...(isSymmetricEncryption(key) ? ofSymmetricEncryption : ofUsage[key.keyUsage]),
  ...ofEveryKey,
]

/** ValidationException for parties, operations and constraints that do not go together or not with the key. */
export function requireGrantable(key: KeyRecord, input: CreateGrantRequest): void {
  requireParties(input)
  const allowed = grantOperationsOf(key)
  const unfit = input.Operations.find((operation) => !allowed.includes(operation))
  if (unfit) throw validation(`Operation ${unfit} is not supported for key spec ${key.keySpec}.`)
  if (input.Operations.every((operation) => operation === 'CreateGrant')) {
    throw validation('Grants must not contain only the CreateGrant operation.')
  }
  if (input.Constraints) requireConstraints(key, input.Constraints)
}

function requireParties(input: CreateGrantRequest): void {
  const { GranteePrincipal, GranteeServicePrincipal, RetiringPrincipal, RetiringServicePrincipal } = input
  if ((GranteePrincipal === undefined) === (GranteeServicePrincipal === undefined)) {
    throw validation('Exactly one of GranteePrincipal and GranteeServicePrincipal must be specified.')
  }
  if (RetiringPrincipal !== undefined && RetiringServicePrincipal !== undefined) {
    throw validation('Only one of RetiringPrincipal and RetiringServicePrincipal can be specified.')
  }
  if (GranteeServicePrincipal === undefined) return
  if (input.Constraints?.SourceArn === undefined) {
    throw validation('A grant to a GranteeServicePrincipal needs the SourceArn constraint.')
  }
  if (RetiringPrincipal === undefined && RetiringServicePrincipal === undefined) {
    throw validation('A grant to a GranteeServicePrincipal needs a retiring principal.')
  }
}

function requireConstraints(key: KeyRecord, constraints: GrantConstraints): void {
  const { EncryptionContextEquals: equals, EncryptionContextSubset: subset } = constraints
  if (equals && subset) {
    throw validation('Only one of EncryptionContextEquals and EncryptionContextSubset can be specified.')
  }
  const context = equals ?? subset
  if (!context) return
  if (!isSymmetricEncryption(key)) {
    throw validation('Encryption context constraints are supported for symmetric encryption keys only.')
  }
  const pairs = Object.entries(context)
  const { pairs: maxPairs, chars } = limits.grantContext
  if (pairs.length > maxPairs || pairs.some(([, value]) => value.length > chars)) {
    throw validation(
      `An encryption context constraint has at most ${maxPairs} pairs, with at most ${chars} characters.`,
    )
  }
}

/** The members of a grant that a request decides. */
export type GrantTerms = Omit<GrantRecord, 'grantId' | 'createdAtMs' | 'pins'>

/** `issuingAccount`: 12 digits. */
export function grantTerms(key: KeyRecord, input: CreateGrantRequest, issuingAccount: string): GrantTerms {
  return {
    keyId: key.keyId,
    ...(input.Name === undefined ? {} : { name: input.Name }),
    ...(input.GranteePrincipal === undefined ? {} : { granteePrincipal: asArn(input.GranteePrincipal) }),
    ...(input.GranteeServicePrincipal === undefined ? {} : { granteeServicePrincipal: input.GranteeServicePrincipal }),
    ...(input.RetiringPrincipal === undefined ? {} : { retiringPrincipal: asArn(input.RetiringPrincipal) }),
    ...(input.RetiringServicePrincipal === undefined
      ? {}
      : { retiringServicePrincipal: input.RetiringServicePrincipal }),
    operations: [...new Set(input.Operations)],
    ...(input.Constraints ? { constraints: plainConstraints(input.Constraints) } : {}),
    issuingAccount: `arn:aws:iam::${issuingAccount}:root`,
  }
}

/** An account number means its root ARN. */
export const asArn = (principal: string): string =>
  /^[0-9]{12}$/.test(principal) ? `arn:aws:iam::${principal}:root` : principal

function plainConstraints({ EncryptionContextEquals, EncryptionContextSubset, SourceArn }: GrantConstraints) {
  return {
    ...(EncryptionContextEquals ? { EncryptionContextEquals: { ...EncryptionContextEquals } } : {}),
    ...(EncryptionContextSubset ? { EncryptionContextSubset: { ...EncryptionContextSubset } } : {}),
    ...(SourceArn === undefined ? {} : { SourceArn }),
  }
}

type ComparedTerms = Omit<GrantRecord, 'grantId' | 'createdAtMs'>

/** Whether a new request asks for the grant that is there: all but id and date, orders aside. */
export function sameTerms(a: ComparedTerms, b: ComparedTerms): boolean {
  return canonical(a) === canonical(b)
}

function canonical(terms: ComparedTerms): string {
  const { keyId, name, granteePrincipal, granteeServicePrincipal, retiringPrincipal, retiringServicePrincipal } = terms
  const { EncryptionContextEquals: equals, EncryptionContextSubset: subset, SourceArn } = terms.constraints ?? {}
  const sorted = (pairs: Readonly<Record<string, string>> | undefined) =>
    pairs && Object.entries(pairs).sort(([one], [other]) => (one < other ? -1 : 1))
  return JSON.stringify([
    [keyId, name, terms.issuingAccount],
    [granteePrincipal, granteeServicePrincipal, retiringPrincipal, retiringServicePrincipal],
    [...terms.operations].sort(),
    [sorted(equals), sorted(subset), SourceArn],
    sorted(terms.pins),
  ])
}
