import {
  type GrantNameRecord,
  type GrantRecord,
  type GrantTallyRecord,
  grantOwner,
  type OutboxRecord,
  partyId,
  type ReceiptRecord,
  type RetirableRecord,
} from './grant-records'
import type {
  AccessKeyRecord,
  AliasRecord,
  GroupRecord,
  IamLinkRecord,
  IamNameRecord,
  KeyRecord,
  ManagedPolicyRecord,
  MaterialRecord,
  NamedKind,
  OidcProviderRecord,
  RoleRecord,
  SettingRecord,
  StoredMaterial,
  UserRecord,
} from './records'

/** Every collection of versioned rows, with the type of its values. A row's id is unique within its collection. */
export interface Collections {
  /** id: key id */
  key: KeyRecord
  /** id: alias name */
  alias: AliasRecord
  /** id: materialRowId() */
  material: MaterialRecord
  /** id: user id */
  user: UserRecord
  /** id: group id */
  group: GroupRecord
  /** id: role id */
  role: RoleRecord
  /** id: policy id */
  managedPolicy: ManagedPolicyRecord
  /** id: access key id */
  accessKey: AccessKeyRecord
  /** id: url */
  oidcProvider: OidcProviderRecord
  /** id: iamNameId() */
  iamName: IamNameRecord
  /** id: iamLinkId() */
  iamLink: IamLinkRecord
  /** id: name */
  setting: SettingRecord
  /** id: grantRowId() */
  grant: GrantRecord
  /** id: grantNameRowId() */
  grantName: GrantNameRecord
  /** id: key id */
  grantTally: GrantTallyRecord
  /** id: grantRowId() */
  retirable: RetirableRecord
  /** id: UUID */
  outbox: OutboxRecord
  /** id: the outbox row's, in the store that took its message */
  receipt: ReceiptRecord
}

export type CollectionName = keyof Collections

export const materialRowId = (keyId: string, materialId: string) => `${keyId}/${materialId}`

/** IAM names are unique regardless of case. */
export const iamNameId = (kind: NamedKind, name: string) => `${kind}/${name.toLowerCase()}`

/** What all links of one kind to one thing belong to. */
export const iamLinkOwner = (kind: IamLinkRecord['kind'], to: string) => `${kind}/${to}`
export const iamLinkId = ({ kind, to, from }: IamLinkRecord) => `${iamLinkOwner(kind, to)}/${from}`

/** What a store can look rows up by, besides their id. */
export interface RowIndex {
  /** The id of the row that this one belongs to. */
  readonly owner?: string | undefined
  /** When the row wants to be settled, ms of the service clock. */
  readonly dueAtMs?: number | undefined
  /** The root key that seals something in the row. */
  readonly sealedBy?: string | undefined
}

const sealedBy = (stored: StoredMaterial) => (stored.form === 'native' ? undefined : stored.rootId)

/** The index of each collection, derived from the value alone so that no two adapters can disagree. */
export const rowIndex: { readonly [C in CollectionName]: (value: Collections[C]) => RowIndex } = {
  key: (key) => ({ dueAtMs: keyDueAtMs(key) }),
  alias: (alias) => ({ owner: alias.keyId }),
  material: (material) => ({ owner: material.keyId, sealedBy: sealedBy(material.stored) }),
  user: () => ({}),
  group: () => ({}),
  role: () => ({}),
  managedPolicy: () => ({}),
  accessKey: (accessKey) => ({ owner: accessKey.userId, sealedBy: sealedBy(accessKey.secret) }),
  oidcProvider: () => ({}),
  iamName: ({ kind }) => ({ owner: kind }),
  iamLink: ({ kind, to }) => ({ owner: iamLinkOwner(kind, to) }),
  setting: () => ({}),
  grant: (grant) => ({
    owner: grantOwner(
      grant.keyId,
      grant.granteePrincipal === undefined
        ? (grant.granteeServicePrincipal ?? '')
        : partyId(grant.granteePrincipal, grant.pins),
    ),
  }),
  grantName: (name) => ({ owner: name.keyId }),
  grantTally: () => ({}),
  retirable: ({ retiringParty }) => ({ owner: retiringParty }),
  outbox: ({ dueAtMs }) => ({ dueAtMs }),
  receipt: ({ dueAtMs }) => ({ dueAtMs }),
}

/** When the clock alone changes this key next: its deletion, its automatic rotation, or its material's expiry. */
export function keyDueAtMs(key: KeyRecord): number | undefined {
  const expiries = (key.imports ?? []).map(({ validToMs }) => validToMs)
  const own =
    key.state === 'PendingDeletion' ? key.deleteAtMs : key.state === 'Enabled' ? key.rotation?.nextAtMs : undefined
  const known = [own, ...expiries].filter((atMs) => atMs !== undefined)
  return known.length ? Math.min(...known) : undefined
}
