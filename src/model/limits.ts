/** Resource limits of AWS KMS (behaviours 9; AWS KMS developer guide, quotas). */
export const limits = {
  plaintextBytes: 4096,
  tagsPerKey: 50,
  aliasesPerKey: 50,
  onDemandRotationsPerKey: 25,
  grantsPerKey: 50_000,
  /** Of a constraint of a grant. */
  grantContext: { pairs: 8, chars: 384 },
  keyPolicyBytes: 32_768,
  deletionWindowDays: { min: 7, max: 30, default: 30 },
  rotationPeriodDays: { default: 365 },
} as const
