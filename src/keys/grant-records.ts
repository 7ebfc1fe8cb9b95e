/** A grant on one key. Plain JSON; its shape is that of GrantFacts in src/policy, which decides by it. */
export interface GrantRecord {
  readonly keyId: string
  /** 64 lower-case hexadecimal digits. */
  readonly grantId: string
  readonly name?: string
  /** Service clock, ms. */
  readonly createdAtMs: number
  readonly granteePrincipal?: string
  readonly granteeServicePrincipal?: string
  readonly retiringPrincipal?: string
  readonly retiringServicePrincipal?: string
  readonly operations: readonly string[]
  readonly constraints?: {
    readonly EncryptionContextEquals?: Readonly<Record<string, string>>
    readonly EncryptionContextSubset?: Readonly<Record<string, string>>
    readonly SourceArn?: string
  }
  /** `arn:aws:iam::{account}:root` of the account whose principal created it. */
  readonly issuingAccount: string
  /** Unique ids of the users and roles named above, by ARN. */
  readonly pins?: Readonly<Record<string, string>>
}

/** Grants of one name on one key: CreateGrant with the same name and parameters gives the same grant again. */
export interface GrantNameRecord {
  readonly keyId: string
  readonly grantIds: readonly string[]
}

/** How many grants a key has. */
export interface GrantTallyRecord {
  readonly keyId: string
  readonly count: number
}

/** A grant as its retiring principal finds it, in the Vault of the retiring principal's own account. */
export interface RetirableRecord {
  /** partyId() of the retiring principal, or the name of a service. */
  readonly retiringParty: string
  /** Of the key, which may belong to another account. */
  readonly keyArn: string
  readonly grant: GrantRecord
}

/** Something that another Vault has to be told; delivered at least once, taken once. */
export interface OutboxRecord {
  readonly to: { readonly accountId: string; readonly region: string }
  /** Service clock, ms: when it is tried next. */
  readonly dueAtMs: number
  readonly message: OutboxMessage
}

export type OutboxMessage =
  /** `json`: an AuditEntry as it is stored. */
  | { readonly kind: 'audit'; readonly wallMs: number; readonly json: string }
  | { readonly kind: 'retirable'; readonly id: string; readonly record: RetirableRecord | null }

/** A message that was taken; kept until its sender cannot send it again. */
export interface ReceiptRecord {
  readonly dueAtMs: number
}

export const grantRowId = (keyId: string, grantId: string) => `${keyId}/${grantId}`
export const grantNameRowId = (keyId: string, name: string) => `${keyId}/${name}`
/**
 * Who a party of a grant is, whatever its name is now: its unique id, of a session of a role with the session's name; the
 * ARN of who has none. Of callers it is `aws:userid`, of accounts and federated users their ARN.
 */
export function partyId(arn: string, pins: Readonly<Record<string, string>> | undefined): string {
  const id = pins && Object.hasOwn(pins, arn) ? pins[arn] : undefined
  if (id === undefined) return arn
  return arn.includes(':assumed-role/') ? `${id}:${arn.slice(arn.lastIndexOf('/') + 1)}` : id
}
/** What grants are looked up by when a caller needs one. */
export const grantOwner = (keyId: string, party: string) => `${keyId} ${party}`
