import { failure } from './errors'
import type { Signatures } from './materials'

/** An algorithm suite of the AWS Encryption SDK. AES-GCM with 96-bit IVs and 128-bit tags in all of them. */
export interface Suite {
  readonly id: number
  /** Length of the data key and of the message key. */
  readonly keyBytes: number
  /** Hash of HKDF; without one the data key is the message key. */
  readonly hash?: string | undefined
  /** Version 2 commits to its key. */
  readonly version: 1 | 2
  /** Curve of the ECDSA signature in the footer, if there is one. */
  readonly curve?: Curve | undefined
}

export type Curve = 'P-256' | 'P-384'

/** Source: AWS Encryption SDK specification, algorithm suites. */
/** By the high byte of the id: bits of the HKDF hash, 0 for none; shortest and longest key; curve. */
const families = [
  [0, 16, 32],
  [256, 16, 32],
  [256, 16, 16, 'P-256'],
  [384, 24, 32, 'P-384'],
  [512, 32, 32],
  [512, 32, 32, 'P-384'],
] as const

/** Throws `unknownSuite` for an id that is none of the eleven. */
export function suiteOf(id: number): Suite {
  const [bits, shortest = 0, longest = 0, curve] = families[id >> 8] ?? []
  // The low byte is 20, 70 or 120 for 16, 24 or 32 bytes.
  const keyBytes = ((id & 0xff) * 4 + 320) / 25
  if (keyBytes % 8 || keyBytes < shortest || keyBytes > longest) throw failure('unknownSuite', id)
  return { id, keyBytes, hash: bits ? `SHA-${bits}` : undefined, version: bits === 512 ? 2 : 1, curve }
}

/**
 * Which suites are written and read. Version 2 commits to its key, version 1 does not.
 * `forbid-encrypt-allow-decrypt`: write without commitment, for readers that know no version 2; read all.
 * `require-encrypt-allow-decrypt`: write with commitment; read all, while old messages are about.
 * `require-encrypt-require-decrypt`: the default; nothing without commitment.
 */
export type CommitmentPolicy = (typeof policies)[number]

const policies = [
  'forbid-encrypt-allow-decrypt',
  'require-encrypt-allow-decrypt',
  'require-encrypt-require-decrypt',
] as const

/** The options that say which suites may be used. */
export interface SuiteOptions {
  /** `require-encrypt-require-decrypt` unless given. */
  readonly commitmentPolicy?: CommitmentPolicy
  /** `ecdsa`, where signed messages are written or read. */
  readonly signatures?: Signatures
}

/**
 * The suite of an id if it may be used: to write, without an id, the unsigned one of 256 bits that the policy wants.
 * Throws `unknownSuite`, `suiteAgainstPolicy`, `signaturesOptionNeeded`.
 */
export function suiteFor(
  id: number | undefined,
  { commitmentPolicy = policies[2], signatures }: SuiteOptions,
  isWriting?: boolean,
): Suite {
  const strictness = policies.indexOf(commitmentPolicy)
  if (strictness < 0) throw failure('invalidOption', 'commitmentPolicy')
  const suite = suiteOf(id ?? (strictness ? 0x0478 : 0x0178))
  const { version, curve } = suite
  if (version < strictness || (isWriting && version !== (strictness ? 2 : 1))) throw failure('suiteAgainstPolicy', id)
  if (curve && !signatures) throw failure('signaturesOptionNeeded')
  return suite
}
