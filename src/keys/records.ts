import type { KeyLastUsageTrackingOperation, KeySpec, KeyUsageType, OriginType } from '../model/generated/types'

export type * from './identity-records'

/** The states that a record can be in. Creating, Updating and Unavailable pass too quickly here to be stored. */
export type StoredKeyState = 'Enabled' | 'Disabled' | 'PendingDeletion' | 'PendingImport'

export interface KeyTag {
  readonly TagKey: string
  readonly TagValue: string
}

/** Everything about one KMS key but its material. One per key; plain JSON. All times in ms since the epoch, service clock. */
export interface KeyRecord {
  /** Lower-case UUID, or `mrk-` and 32 hexadecimal digits. */
  readonly keyId: string
  readonly arn: string
  readonly accountId: string
  readonly region: string
  readonly keySpec: KeySpec
  readonly keyUsage: KeyUsageType
  readonly origin: OriginType
  readonly multiRegion: boolean
  readonly description: string
  readonly state: StoredKeyState
  readonly createdAtMs: number
  /** Present while the deletion is pending. */
  readonly deleteAtMs?: number
  /** The key policy, as it was written: principals by ARN. */
  readonly policy: string
  /** Unique ids of the users and roles that the policy names, by ARN: a namesake made later gets nothing. */
  readonly policyPins?: Readonly<Record<string, string>>
  /** AWS: made and kept by the service for an integration (`alias/aws/…`). Absent: the customer's own. */
  readonly manager?: 'AWS'
  /** Sorted by TagKey. */
  readonly tags: readonly KeyTag[]
  readonly aliasCount: number
  /** Symmetric keys with material: 64 hexadecimal digits. */
  readonly currentMaterialId?: string
  /** How many materials the key has had; the next one gets this number. */
  readonly materialCount: number
  readonly onDemandRotationCount: number
  /** Present while automatic rotation is enabled. */
  readonly rotation?: { readonly periodDays: number; readonly nextAtMs: number }
  /** Of keys with imported material: every material that the key has, oldest first (keys/import.ts). */
  readonly imports?: readonly ImportedMaterial[]
}

/** What a key knows of one imported material, be its bytes here or not. */
export interface ImportedMaterial {
  /** 64 hexadecimal digits. */
  readonly materialId: string
  /** 0 for the first material of the key. */
  readonly sequence: number
  /** Whether its row, and with it the bytes, is there: false once deleted or expired. */
  readonly present: boolean
  /** New material of a key that has another one: waits for RotateKeyOnDemand. */
  readonly pending?: true
  /** When it expires, a whole second; absent when it does not, or is not there. */
  readonly validToMs?: number
  /** KeyMaterialDescription of the last import that had one. */
  readonly description?: string
  /** Absent for the first material and while pending. */
  readonly rotation?: { readonly atMs: number; readonly type: 'AUTOMATIC' | 'ON_DEMAND' }
}

export interface AliasRecord {
  /** With its prefix: `alias/orders`. */
  readonly aliasName: string
  readonly keyId: string
  readonly createdAtMs: number
  readonly updatedAtMs: number
}

/** Key material at rest, one of the forms of docs/formats.md. */
export type StoredMaterial =
  /**
   * Base64 of the wrapped-material format; `rootId` is the root key that seals it. `software`: the same key once more,
   * under the software KEK, for the message types that WebCrypto lacks.
   */
  | { readonly form: 'wrapped'; readonly rootId: string; readonly bytes: string; readonly software?: string }
  /** Non-extractable CryptoKeys by algorithm name; only stores with structured clone can hold them. */
  | { readonly form: 'native'; readonly keys: Readonly<Record<string, CryptoKey>> }
  /** Base64 of the wrapped-material format under the software KEK: opened as bytes, for one call at a time. */
  | { readonly form: 'software'; readonly rootId: string; readonly bytes: string }

/** One key material of one key. */
export interface MaterialRecord {
  readonly keyId: string
  /** 64 hexadecimal digits. */
  readonly materialId: string
  /** 0 for the first material of the key. */
  readonly sequence: number
  readonly createdAtMs: number
  /** Absent for the first material. */
  readonly rotation?: { readonly atMs: number; readonly type: 'AUTOMATIC' | 'ON_DEMAND' }
  readonly stored: StoredMaterial
  /** Base64 of the SubjectPublicKeyInfo, DER; of asymmetric material alone. */
  readonly publicKey?: string
}

/** The newest cryptographic use of a key (GetKeyLastUsage). */
export interface UseRecord {
  readonly keyId: string
  readonly operation: KeyLastUsageTrackingOperation
  readonly atMs: number
  readonly eventId: string
  readonly requestId: string
}

/** A small named value of the store itself, such as a root key's check value or the clock's offset. */
export interface SettingRecord {
  readonly name: string
  readonly value: string
  /** Non-extractable CryptoKeys by name; only stores with structured clone can hold them. */
  readonly keys?: Readonly<Record<string, CryptoKey>>
}
