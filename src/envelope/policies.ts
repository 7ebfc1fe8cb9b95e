import { failure } from './errors'
import type { CommitmentPolicy, Suite, SuiteOptions } from './suites'
import { version1 } from './version-1'
import { version2 } from './version-2'

/** Which messages are written and read. Source: AWS Encryption SDK specification, commitment policy. */

/** Nothing without commitment. */
export const requireEncryptRequireDecrypt: CommitmentPolicy = [version2]
/** Writes with commitment; reads all, while old messages are about. */
export const requireEncryptAllowDecrypt: CommitmentPolicy = [version2, version1]
/** Writes without commitment, for readers that know no version 2; reads all. */
export const forbidEncryptAllowDecrypt: CommitmentPolicy = [version1, version2]

/** The suite to write. Throws `suiteAgainstPolicy`, `signaturesOptionNeeded`. */
export function suiteToWrite(options: SuiteOptions & { readonly suite?: number }): Suite {
  const [format] = policyOf(options)
  const suite = format.suiteOf(options.suite)
  if (!suite) throw failure('suiteAgainstPolicy', options.suite)
  return requireSignatures(suite, options)
}

export const policyOf = ({ commitmentPolicy = requireEncryptRequireDecrypt }: SuiteOptions): CommitmentPolicy =>
  commitmentPolicy

export function requireSignatures(suite: Suite, { signatures }: SuiteOptions): Suite {
  if (suite.curve && !signatures) throw failure('signaturesOptionNeeded')
  return suite
}
