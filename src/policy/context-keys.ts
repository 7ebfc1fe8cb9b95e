import { parseKeyIdentifier } from '../codec/arn'
import type { ContextFacts, KeyFacts, Pairs } from './context'
import type { GrantFacts } from './types'

export type Put = (name: string, value: string | number | boolean | readonly string[] | undefined) => void
export type Maker = (facts: ContextFacts, put: Put) => void

/**
 * The encryption context that a check is about: of the request, or of its half of ReEncrypt. Grant constraints are
 * compared with it.
 */
export function encryptionContextOf(action: string, input: unknown): Pairs | undefined {
  if (action === 'kms:ReEncryptFrom') return member(input, 'SourceEncryptionContext')
  if (action === 'kms:ReEncryptTo') return member(input, 'DestinationEncryptionContext')
  return member(input, 'EncryptionContext')
}

function member<T>(input: unknown, name: string): T | undefined {
  return (input as Readonly<Record<string, T | undefined>> | undefined)?.[name]
}

function putPairs(pairs: Pairs | undefined, put: Put): void {
  for (const [name, value] of Object.entries(pairs ?? {})) put(`kms:encryptioncontext:${name.toLowerCase()}`, value)
}

/** The pairs that conditions see: of the request, of CreateGrant's constraint, or of the constraint of a grant. */
function pairsOf(facts: ContextFacts): Pairs | undefined {
  if (facts.encryptionContext) return facts.encryptionContext
  const constraints = constraintsOf(facts)
  return constraints
    ? { ...constraints.EncryptionContextSubset, ...constraints.EncryptionContextEquals }
    : encryptionContextOf(facts.action, facts.input)
}

function constraintsOf({ action, input, grantConstraints }: ContextFacts): GrantFacts['constraints'] {
  if (action === 'kms:RetireGrant') return grantConstraints ?? {}
  return action === 'kms:CreateGrant' ? (member<GrantFacts['constraints']>(input, 'Constraints') ?? {}) : undefined
}

function constraintType(facts: ContextFacts): string | undefined {
  const constraints = constraintsOf(facts)
  if (constraints?.EncryptionContextEquals) return 'EncryptionContextEquals'
  return constraints?.EncryptionContextSubset && 'EncryptionContextSubset'
}

/** The alias name in the member that names the key of this check. */
function aliasOf({ action, input, requestAlias }: ContextFacts): string | undefined {
  if (requestAlias !== undefined) return requestAlias
  const names: Readonly<Record<string, string>> = {
    'kms:ReEncryptFrom': 'SourceKeyId',
    'kms:ReEncryptTo': 'DestinationKeyId',
  }
  const given = member<unknown>(input, names[action] ?? 'KeyId')
  const identifier = typeof given === 'string' ? parseKeyIdentifier(given) : undefined
  return identifier && 'aliasName' in identifier ? identifier.aliasName : undefined
}

function algorithmOf({ action, input }: ContextFacts): string {
  const names: Readonly<Record<string, string>> = {
    'kms:ReEncryptFrom': 'SourceEncryptionAlgorithm',
    'kms:ReEncryptTo': 'DestinationEncryptionAlgorithm',
  }
  return member<string>(input, names[action] ?? 'EncryptionAlgorithm') ?? 'SYMMETRIC_DEFAULT'
}

/** The value of a parameter, under the name of the condition key; absent when the parameter is omitted. */
const parameter =
  (name: string, from: string): Maker =>
  ({ input }, put) =>
    put(name, member(input, from))

/** A parameter of CreateKey with its default, or the property of the key. */
const property =
  (names: readonly string[], of: (key: KeyFacts) => string, parameters: readonly string[], byDefault: string): Maker =>
  ({ key, input }, put) => {
    const given = parameters.map((each) => member<string>(input, each)).find((value) => value !== undefined)
    for (const name of names) put(name, key ? of(key) : (given ?? byDefault))
  }

/** Makers of the keys that the table of checks names. Attested enclaves bring theirs with `extra`. */
export const makers: Readonly<Record<string, Maker>> = {
  'kms:calleraccount': ({ caller }, put) => put('kms:calleraccount', caller.accountId ?? undefined),
  'kms:viaservice': ({ viaService }, put) => put('kms:viaservice', viaService),
  'kms:keyspec': property(
    ['kms:keyspec', 'kms:customermasterkeyspec'],
    (key) => key.keySpec,
    ['KeySpec', 'CustomerMasterKeySpec'],
    'SYMMETRIC_DEFAULT',
  ),
  'kms:keyusage': property(
    ['kms:keyusage', 'kms:customermasterkeyusage'],
    (key) => key.keyUsage,
    ['KeyUsage'],
    'ENCRYPT_DECRYPT',
  ),
  'kms:keyorigin': property(['kms:keyorigin'], (key) => key.origin, ['Origin'], 'AWS_KMS'),
  'kms:multiregion': ({ key, input }, put) =>
    put('kms:multiregion', key ? key.multiRegion : (member<boolean>(input, 'MultiRegion') ?? false)),
  'kms:multiregionkeytype': ({ action, key, input }, put) => {
    // kms:CreateKey with a key is that of ReplicateKey.
    if (key) put('kms:multiregionkeytype', action === 'kms:CreateKey' ? 'REPLICA' : key.multiRegionKeyType)
    else if (member(input, 'MultiRegion') === true) put('kms:multiregionkeytype', 'PRIMARY')
  },
  'kms:requestalias': (facts, put) => put('kms:requestalias', aliasOf(facts)),
  'kms:encryptioncontext:': (facts, put) => putPairs(pairsOf(facts), put),
  'kms:encryptioncontextkeys': (facts, put) => {
    const names = Object.keys(pairsOf(facts) ?? {})
    if (names.length) put('kms:encryptioncontextkeys', names)
  },
  'kms:encryptionalgorithm': (facts, put) => put('kms:encryptionalgorithm', algorithmOf(facts)),
  'kms:reencryptonsamekey': ({ sameKey = false }, put) => put('kms:reencryptonsamekey', sameKey),
  'kms:signingalgorithm': parameter('kms:signingalgorithm', 'SigningAlgorithm'),
  'kms:messagetype': ({ input }, put) => put('kms:messagetype', member<string>(input, 'MessageType') ?? 'RAW'),
  'kms:macalgorithm': parameter('kms:macalgorithm', 'MacAlgorithm'),
  'kms:keyagreementalgorithm': parameter('kms:keyagreementalgorithm', 'KeyAgreementAlgorithm'),
  'kms:datakeypairspec': parameter('kms:datakeypairspec', 'KeyPairSpec'),
  'kms:grantoperations': parameter('kms:grantoperations', 'Operations'),
  'kms:grantconstrainttype': (facts, put) => put('kms:grantconstrainttype', constraintType(facts)),
  'kms:grantconstraintsourcearn': (facts, put) => put('kms:grantconstraintsourcearn', constraintsOf(facts)?.SourceArn),
  'kms:granteeprincipal': parameter('kms:granteeprincipal', 'GranteePrincipal'),
  'kms:retiringprincipal': parameter('kms:retiringprincipal', 'RetiringPrincipal'),
  'kms:granteeserviceprincipal': parameter('kms:granteeserviceprincipal', 'GranteeServicePrincipal'),
  'kms:retiringserviceprincipal': parameter('kms:retiringserviceprincipal', 'RetiringServicePrincipal'),
  'kms:grantisforawsresource': ({ forAwsResource = false }, put) => put('kms:grantisforawsresource', forAwsResource),
  'kms:bypasspolicylockoutsafetycheck': parameter(
    'kms:bypasspolicylockoutsafetycheck',
    'BypassPolicyLockoutSafetyCheck',
  ),
  'kms:rotationperiodindays': parameter('kms:rotationperiodindays', 'RotationPeriodInDays'),
  'kms:schedulekeydeletionpendingwindowindays': parameter(
    'kms:schedulekeydeletionpendingwindowindays',
    'PendingWindowInDays',
  ),
  'kms:trailingdayswithoutkeyusage': ({ key }, put) => put('kms:trailingdayswithoutkeyusage', key?.daysSinceUse),
  'kms:expirationmodel': parameter('kms:expirationmodel', 'ExpirationModel'),
  'kms:validto': ({ input }, put) => put('kms:validto', epochSeconds(member(input, 'ValidTo'))),
  'kms:wrappingalgorithm': parameter('kms:wrappingalgorithm', 'WrappingAlgorithm'),
  'kms:wrappingkeyspec': parameter('kms:wrappingkeyspec', 'WrappingKeySpec'),
  'kms:replicaregion': parameter('kms:replicaregion', 'ReplicaRegion'),
  'kms:primaryregion': parameter('kms:primaryregion', 'PrimaryRegion'),
  'aws:requesttag/': ({ input }, put) => {
    for (const { TagKey, TagValue } of requestTags(input)) put(`aws:requesttag/${TagKey.toLowerCase()}`, TagValue)
  },
  'aws:tagkeys': ({ input }, put) => {
    const names = member<readonly string[]>(input, 'TagKeys') ?? requestTags(input).map((tag) => tag.TagKey)
    if (names.length) put('aws:tagkeys', names)
  },
}

const requestTags = (input: unknown) =>
  member<readonly { readonly TagKey: string; readonly TagValue: string }[]>(input, 'Tags') ?? []

const epochSeconds = (value: Date | number | undefined) =>
  value instanceof Date ? Math.floor(value.getTime() / 1000) : value

/** Those that every check on a key has. */
export const keyMakers: readonly Maker[] = [
  'kms:calleraccount',
  'kms:viaservice',
  'kms:keyspec',
  'kms:keyusage',
  'kms:keyorigin',
  'kms:multiregion',
  'kms:multiregionkeytype',
].map((name) => makers[name] as Maker)
