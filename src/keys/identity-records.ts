import type { StoredMaterial } from './records'

/** What the Directory of one account keeps: plain JSON. All times in ms since the epoch, wall clock. */

/** Spelled as IAM answers it. No two tags of one resource differ in the case of their keys alone. */
export interface IdentityTag {
  readonly Key: string
  readonly Value: string
}

/** What users, groups and roles have alike. */
interface PolicyHolder {
  /** Begins and ends with a slash. */
  readonly path: string
  readonly createdAtMs: number
  /** Inline policies: documents as text, by name. */
  readonly policies: Readonly<Record<string, string>>
  /** ARNs of attached managed policies, in the order of attachment. */
  readonly attached: readonly string[]
}

/** An IAM user. */
export interface UserRecord extends PolicyHolder {
  /** AIDA and 17 more characters. */
  readonly userId: string
  readonly userName: string
  /** Unique ids of the groups that the user is in. */
  readonly groups: readonly string[]
  /** ARN of the managed policy that is the permissions boundary. */
  readonly boundary?: string
  readonly tags: readonly IdentityTag[]
}

/** An IAM group. Its members are links (IamLinkRecord). */
export interface GroupRecord extends PolicyHolder {
  /** AGPA and 17 more characters. */
  readonly groupId: string
  readonly groupName: string
}

/** An IAM role. */
export interface RoleRecord extends PolicyHolder {
  /** AROA and 17 more characters. */
  readonly roleId: string
  readonly roleName: string
  /** The trust policy as it was written. */
  readonly trustPolicy: string
  /** Unique ids of the users and roles that the trust policy names, by the ARN as it is written there. */
  readonly trustPins: Readonly<Record<string, string>>
  /** 3,600 to 43,200. */
  readonly maxSessionSeconds: number
  readonly description?: string
  /** ARN of the managed policy that is the permissions boundary. */
  readonly boundary?: string
  readonly tags: readonly IdentityTag[]
}

/** One version of a managed policy. */
export interface PolicyVersion {
  /** `v1`, `v2`, …: numbers are not used again. */
  readonly versionId: string
  readonly document: string
  readonly createdAtMs: number
}

/** A customer managed policy. Who it is attached to are links (IamLinkRecord). */
export interface ManagedPolicyRecord {
  /** ANPA and 17 more characters. */
  readonly policyId: string
  readonly policyName: string
  /** Begins and ends with a slash. */
  readonly path: string
  readonly createdAtMs: number
  /** When a version was last made or made the default. */
  readonly updatedAtMs: number
  readonly description?: string
  /** Oldest first; at most 5. */
  readonly versions: readonly PolicyVersion[]
  readonly defaultVersionId: string
  /** How many versions there have been. */
  readonly versionCount: number
  readonly tags: readonly IdentityTag[]
}

/** An access key of an IAM user; its secret rests wrapped as an HMAC key over "AWS4" and the secret. */
export interface AccessKeyRecord {
  readonly accessKeyId: string
  readonly userId: string
  readonly active: boolean
  readonly createdAtMs: number
  readonly secret: StoredMaterial
  /** Exact to a minute. */
  readonly lastUsed?: { readonly atMs: number; readonly service: string; readonly region: string }
}

/** An OpenID Connect provider whose tokens roles of the account may trust. */
export interface OidcProviderRecord {
  /** The issuer without `https://`: host and path. */
  readonly url: string
  readonly createdAtMs: number
  readonly clientIds: readonly string[]
  readonly thumbprints: readonly string[]
  readonly tags: readonly IdentityTag[]
  /** A pinned JWK Set (RFC 7517 section 5) as text: used in place of a fetched one. */
  readonly jwks?: string
}

/** What has a name that is unique in its account, whatever the case of its letters. */
export type NamedKind = 'user' | 'group' | 'role' | 'policy'

/** Whose name it is. */
export interface IamNameRecord {
  readonly kind: NamedKind
  readonly uniqueId: string
}

/** `member`: group id and user id. `attached`, `boundary`: ARN of a managed policy and id of a user, group or role. */
export interface IamLinkRecord {
  readonly kind: 'member' | 'attached' | 'boundary'
  readonly to: string
  readonly from: string
}
