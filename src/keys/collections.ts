import type {
  AccessKeyRecord,
  AliasRecord,
  KeyRecord,
  MaterialRecord,
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
  /** id: access key id */
  accessKey: AccessKeyRecord
  /** id: name */
  setting: SettingRecord
}

export type CollectionName = keyof Collections

export const materialRowId = (keyId: string, materialId: string) => `${keyId}/${materialId}`

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
  accessKey: (accessKey) => ({ owner: accessKey.userId, sealedBy: sealedBy(accessKey.secret) }),
  setting: () => ({}),
}

/** When the clock alone changes this key next: its deletion, its automatic rotation, or its material's expiry. */
export function keyDueAtMs(key: KeyRecord): number | undefined {
  const expiries = (key.imports ?? []).map(({ validToMs }) => validToMs)
  const own =
    key.state === 'PendingDeletion' ? key.deleteAtMs : key.state === 'Enabled' ? key.rotation?.nextAtMs : undefined
  const known = [own, ...expiries].filter((atMs) => atMs !== undefined)
  return known.length ? Math.min(...known) : undefined
}
