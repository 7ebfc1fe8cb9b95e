import type { StoredMaterial } from '../keys/records'
import type { KeySpec, KeyUsageType } from '../model/generated/types'

/** What material is bound to: authenticated with the wrapped bytes, so that moved to another row they do not open. */
export interface MaterialBinding {
  readonly keyArn: string
  readonly keyId: string
  readonly keySpec: KeySpec
  readonly keyUsage: KeyUsageType
}

export interface BornMaterial {
  /** HKDF-SHA-256 of material and key id, 64 hexadecimal digits. */
  readonly materialId: string
  readonly stored: StoredMaterial
}

/**
 * A key in use. It can encrypt and decrypt; there is no way to its bytes.
 */
export interface SymmetricHandle {
  /**
   * AES-256-GCM under a fresh per-message key. `prefix` is the blob header up to the key identification, `context` the
   * encoded encryption context; header and context are authenticated. Returns the whole blob of docs/formats.md.
   */
  seal(prefix: Bytes, context: Bytes, plaintext: Bytes): Promise<Bytes>
  /** The plaintext of a whole blob, or undefined whatever is wrong with it. */
  open(blob: Bytes, context: Bytes): Promise<Bytes | undefined>
}

/** What a token is for. Each purpose has a key of its own. */
export type TokenPurpose = 'marker' | 'session' | 'grant-token' | 'import-token'

/** The boundary: the only door to cryptography. One per account and Region. IVs and key bytes come from here alone. */
export interface CryptoPort {
  /** Whether this runtime can make and use such keys. */
  supports(keySpec: KeySpec): boolean
  /** The single moment when a key is extractable: made, wrapped, forgotten. */
  createMaterial(binding: MaterialBinding): Promise<BornMaterial>
  /** Opened handles are cached by material id, bounded. Throws when the bytes do not open under this binding. */
  openMaterial(stored: StoredMaterial, materialId: string, binding: MaterialBinding): Promise<SymmetricHandle>
  random(byteLength: number): Bytes
  /** Authenticated encryption of a small value handed to a caller, bound to purpose and `binding`. */
  sealToken(purpose: TokenPurpose, binding: Bytes, value: Bytes): Promise<Bytes>
  /** The value, or undefined whatever is wrong with the token. */
  openToken(purpose: TokenPurpose, binding: Bytes, token: Bytes): Promise<Bytes | undefined>
}

/** What a secret access key is bound to: moved to another row it does not open. */
export interface SecretBinding {
  readonly accessKeyId: string
  readonly userId: string
}

/** Secret access keys at rest. Part of the boundary, used by the Directory alone. */
export interface SecretPort {
  /** Keeps "AWS4" and the secret, the first key of SigV4's chain. RangeError unless 16 to 128 printable ASCII. */
  wrapSecret(secretAccessKey: string, binding: SecretBinding): Promise<StoredMaterial>
  /** A non-extractable HMAC-SHA-256 key with the usage sign. Throws when the bytes do not open under this binding. */
  openSecret(stored: StoredMaterial, binding: SecretBinding): Promise<CryptoKey>
  /** The same secret under the root key that seals now; undefined when it already is. */
  rewrapSecret(stored: StoredMaterial, binding: SecretBinding): Promise<StoredMaterial | undefined>
}
