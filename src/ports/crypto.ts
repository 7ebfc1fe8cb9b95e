import type { StoredMaterial } from '../keys/records'
import type {
  DataKeyPairSpec,
  EncryptionAlgorithmSpec,
  KeySpec,
  KeyUsageType,
  MessageType,
  SigningAlgorithmSpec,
} from '../model/generated/types'

/** What material is bound to: authenticated with the wrapped bytes, so that moved to another row they do not open. */
export interface MaterialBinding {
  readonly keyArn: string
  readonly keyId: string
  readonly keySpec: KeySpec
  readonly keyUsage: KeyUsageType
}

export interface BornMaterial {
  /** 64 hexadecimal digits. HKDF-SHA-256 of secret material, or of the public key of a pair, and the key id. */
  readonly materialId: string
  readonly stored: StoredMaterial
  /** SubjectPublicKeyInfo, DER; of asymmetric material alone. Authenticated with the stored bytes. */
  readonly publicKey?: Bytes
}

/** Material as it rests in its row. */
export interface RestingMaterial {
  readonly materialId: string
  readonly stored: StoredMaterial
  readonly publicKey?: Bytes
}

/**
 * A key in use. It can do what its usage says; there is no way to its bytes. A handle throws UnsupportedOperationException,
 * without message, for what this runtime cannot do with this key.
 */
export type KeyHandle =
  | SymmetricHandle
  | CipherHandle
  | SigningHandle
  | MacHandle
  | AgreementHandle
  | EncapsulationHandle

export interface SymmetricHandle {
  readonly kind: 'symmetric'
  /**
   * AES-256-GCM under a fresh per-message key. `prefix` is the blob header up to the key identification, `context` the
   * encoded encryption context; header and context are authenticated. Returns the whole blob of docs/formats.md.
   */
  seal(prefix: Bytes, context: Bytes, plaintext: Bytes): Promise<Bytes>
  /** The plaintext of a whole blob, or undefined whatever is wrong with it. */
  open(blob: Bytes, context: Bytes): Promise<Bytes | undefined>
}

/** RSA-OAEP with an empty label (RFC 8017 section 7.1). Lengths have been checked. */
export interface CipherHandle {
  readonly kind: 'cipher'
  encrypt(algorithm: EncryptionAlgorithmSpec, plaintext: Bytes): Promise<Bytes>
  /** Undefined whatever is wrong with the ciphertext, its length included. */
  decrypt(algorithm: EncryptionAlgorithmSpec, ciphertext: Bytes): Promise<Bytes | undefined>
}

export interface ToSign {
  readonly algorithm: SigningAlgorithmSpec
  /** Fits the algorithm; a digest or μ has the right length. */
  readonly messageType: MessageType
  readonly message: Bytes
}

/** ECDSA signatures are DER, RSASSA-PSS salts as long as the digest (AWS KMS developer guide, Sign). */
export interface SigningHandle {
  readonly kind: 'signing'
  sign(toSign: ToSign): Promise<Bytes>
  /** False whatever is wrong with the signature, its form and length included. */
  verify(toSign: ToSign, signature: Bytes): Promise<boolean>
}

/** HMAC of the key's one algorithm (RFC 2104). */
export interface MacHandle {
  readonly kind: 'mac'
  generate(message: Bytes): Promise<Bytes>
  /** In constant time; false for a MAC of another length. */
  verify(message: Bytes, mac: Bytes): Promise<boolean>
}

/** ECDH (NIST SP 800-56A section 5.7.1.2): the X coordinate, as long as the field. */
export interface AgreementHandle {
  readonly kind: 'agreement'
  /** `peer`: SubjectPublicKeyInfo, DER. Undefined for anything that is no point of this curve. */
  derive(peer: Bytes): Promise<Bytes | undefined>
}

/** ML-KEM (FIPS 203). */
export interface EncapsulationHandle {
  readonly kind: 'encapsulation'
  encapsulate(): Promise<{ readonly sharedSecret: Bytes; readonly ciphertext: Bytes }>
  /** Undefined for a ciphertext of another length; anything else of the right length gives 32 bytes (implicit rejection). */
  decapsulate(ciphertext: Bytes): Promise<Bytes | undefined>
}

/** A new pair for the caller: PKCS#8 and SubjectPublicKeyInfo, both DER. Whoever gets `privateKey` overwrites it after use. */
export interface DataKeyPair {
  readonly privateKey: Bytes
  readonly publicKey: Bytes
}

/** What a token is for. Each purpose has a key of its own. */
export type TokenPurpose = 'marker' | 'session' | 'grant-token' | 'import-token'

/** The boundary: the only door to cryptography. One per account and Region. IVs and key bytes come from here alone. */
export interface CryptoPort {
  /** Whether this runtime can make and use such keys. */
  supports(keySpec: KeySpec, keyUsage: KeyUsageType): boolean
  /** The single moment when a key is extractable: made, wrapped, forgotten. */
  createMaterial(binding: MaterialBinding): Promise<BornMaterial>
  /** Opened handles are cached by material id, bounded. Throws when the bytes do not open under this binding. */
  openMaterial(material: RestingMaterial, binding: MaterialBinding): Promise<KeyHandle>
  /**
   * Material that a caller brought, checked and in its one form (raw bytes, or PKCS#8 DER): wrapped and bound like any
   * other. Overwrites `bytes`. `publicKey` of a pair as it was derived at import.
   */
  adoptMaterial(bytes: Bytes, publicKey: Bytes | undefined, binding: MaterialBinding): Promise<BornMaterial>
  supportsKeyPair(spec: DataKeyPairSpec): boolean
  generateKeyPair(spec: DataKeyPairSpec): Promise<DataKeyPair>
  random(byteLength: number): Bytes
  /** Authenticated encryption of a small value handed to a caller, bound to purpose and `binding`. */
  sealToken(purpose: TokenPurpose, binding: Bytes, value: Bytes): Promise<Bytes>
  /** The value, or undefined whatever is wrong with the token. */
  openToken(purpose: TokenPurpose, binding: Bytes, token: Bytes): Promise<Bytes | undefined>
}

/**
 * Cryptography that WebCrypto lacks (software/): key bytes pass through JavaScript, opened for one call and overwritten
 * after it. The boundary seals and opens the bytes; this does the arithmetic. Loaded when such a key is first used.
 */
export interface SoftwareProvider {
  /** Specs whose keys live here altogether. */
  supports(keySpec: KeySpec, keyUsage: KeyUsageType): boolean
  /** New material: raw bytes of a MAC key, else PKCS#8 DER. The boundary overwrites it after sealing. */
  generate(keySpec: KeySpec): Promise<{ readonly material: Bytes; readonly publicKey?: Bytes }>
  /**
   * A handle whose every private operation asks `open` for the material and overwrites it afterwards. `open` gives the
   * bytes that `generate` gave, or the PKCS#8 DER of a native key whose runtime cannot do one of its message types.
   */
  handle(binding: MaterialBinding, open: () => Promise<Bytes>, publicKey: Bytes | undefined): KeyHandle
  /**
   * The public half of a brought private key, PKCS#8 DER whose numbers are in range, as SubjectPublicKeyInfo, points
   * uncompressed. UnsupportedOperationException for a spec whose keys do not live here or cannot be imported.
   */
  derivePublicKey(keySpec: KeySpec, pkcs8: Bytes): Promise<Bytes>
  supportsKeyPair(spec: DataKeyPairSpec): boolean
  generateKeyPair(spec: DataKeyPairSpec): Promise<DataKeyPair>
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
