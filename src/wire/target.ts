import { isOperationName } from '../model/operations'

const prefixes = [
  { prefix: 'TrentService.', service: 'kms' },
  // The AWS CLI and boto3 write the long form, the newer SDKs the short one.
  { prefix: 'com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.', service: 'cloudtrail' },
  { prefix: 'CloudTrail_20131101.', service: 'cloudtrail' },
] as const

const cloudTrailOperations: readonly string[] = ['LookupEvents']

/** The operation that X-Amz-Target names, if the service knows it: exact spelling and prefix, as at AWS. */
export function parseTarget(service: string, target: string | null): string | undefined {
  if (target === null) return undefined
  for (const row of prefixes) {
    if (row.service !== service || !target.startsWith(row.prefix)) continue
    const name = target.slice(row.prefix.length)
    return (service === 'kms' ? isOperationName(name) : cloudTrailOperations.includes(name)) ? name : undefined
  }
  return undefined
}
