/** ARNs of KMS keys and aliases, and the forms of key ids (AWS KMS developer guide, key identifiers). */

/** Where a key or an alias lives. */
export interface KmsHome {
  readonly partition: string
  readonly region: string
  /** 12 digits. */
  readonly accountId: string
}

/**
 * What a caller names a key by, taken apart but not looked up. `given` is the id as it was written: error texts echo
 * it; `keyId` is its stored spelling, absent when it has neither form of a key id.
 */
export type KeyIdentifier =
  | { readonly form: 'keyId'; readonly given: string; readonly keyId?: string }
  | { readonly form: 'keyArn'; readonly home: KmsHome; readonly given: string; readonly keyId?: string }
  | { readonly form: 'aliasName'; readonly aliasName: string }
  | { readonly form: 'aliasArn'; readonly home: KmsHome; readonly aliasName: string }

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/
const anyCaseUuid = new RegExp(uuid.source, 'i')
const multiRegionId = /^mrk-[0-9a-f]{32}$/
const arnForm = /^arn:([a-z][a-z0-9-]*):kms:([a-z0-9-]+):([0-9]{12}):(key|alias)\/(.+)$/s

/** KeyId and TargetKeyId are at most 2,048 characters in the service model. */
const maxIdentifierChars = 2048

export const isAccountId = (text: string): boolean => /^[0-9]{12}$/.test(text)

/** Lower-case UUID, or `mrk-` and 32 lower-case hexadecimal digits: the spelling that is stored. */
export const isKeyId = (text: string): boolean => uuid.test(text) || multiRegionId.test(text)

export const isMultiRegionKeyId = (keyId: string): boolean => multiRegionId.test(keyId)

/** The stored spelling of a key id: UUIDs are taken in any case; undefined for anything that has neither form. */
export function normalizeKeyId(text: string): string | undefined {
  if (anyCaseUuid.test(text)) return text.toLowerCase()
  return multiRegionId.test(text) ? text : undefined
}

/** Any text has a form: what is neither ARN nor alias name counts as a bare key id, as with AWS. */
export function parseKeyIdentifier(text: string): KeyIdentifier {
  if (text.startsWith('alias/')) return { form: 'aliasName', aliasName: text }
  return parseKmsArn(text) ?? { form: 'keyId', ...takeKeyId(text) }
}

/** A key or alias ARN taken apart; undefined for every other text. */
export function parseKmsArn(text: string): Extract<KeyIdentifier, { readonly home: KmsHome }> | undefined {
  const match = text.length <= maxIdentifierChars ? arnForm.exec(text) : null
  if (!match) return undefined
  const [, partition, region, accountId, type, name] = match
  const home = { partition, region, accountId } as KmsHome
  if (type === 'alias') return { form: 'aliasArn', home, aliasName: `alias/${name}` }
  return { form: 'keyArn', home, ...takeKeyId(name as string) }
}

function takeKeyId(given: string): { readonly given: string; readonly keyId?: string } {
  const keyId = normalizeKeyId(given)
  return keyId === undefined ? { given } : { given, keyId }
}

/** `arn:{partition}:kms:{region}:{account}:key/{id}` */
export const formatKeyArn = (home: KmsHome, keyId: string): string => `${formatHome(home)}:key/${keyId}`

/** `arn:{partition}:kms:{region}:{account}:{alias/name}`; the name comes with its prefix. */
export const formatAliasArn = (home: KmsHome, aliasName: string): string => `${formatHome(home)}:${aliasName}`

const formatHome = (home: KmsHome) => `arn:${home.partition}:kms:${home.region}:${home.accountId}`

const partitions: readonly (readonly [regionPrefix: string, partition: string])[] = [
  ['cn-', 'aws-cn'],
  ['us-gov-', 'aws-us-gov'],
  ['us-iso-', 'aws-iso'],
  ['us-isob-', 'aws-iso-b'],
  ['us-isof-', 'aws-iso-f'],
  ['eu-isoe-', 'aws-iso-e'],
  ['eusc-', 'aws-eusc'],
]

/** The partition of a Region (AWS general reference, partitions). */
export const partitionOf = (region: string): string =>
  partitions.find(([prefix]) => region.startsWith(prefix))?.[1] ?? 'aws'
