import { isAccountId, isKeyId, isMultiRegionKeyId } from './arn'
import { encodeHex } from './bytes'
import { crc32 } from './crc32'

/**
 * The ciphertext of a symmetric KMS key (docs/formats.md, ciphertext blob).
 *
 *   version 1 | account 6 | key id kind 1 | key id 16 | material id 32 | check 4 | salt 16 | IV 12 | ciphertext | tag 16
 *   `------------------- prefix, 60 bytes ------------------------------------'
 *   `------------------- header, 88 bytes --------------------------------------------------'
 *
 * The account is two digits a byte. The check is the CRC-32 of the 56 bytes before it: AWS answers a damaged blob with
 * InvalidCiphertextException, but an intact one of a key that is not here with AccessDeniedException, and the names in
 * the prefix are not encrypted, so without it damage there would look like a key elsewhere. It is no security measure:
 * authenticity is the AES-GCM tag, whose AAD covers the header, check included. Every accepted blob has exactly one
 * spelling.
 */
export const blobLayout = {
  version: 1,
  prefixBytes: 60,
  saltBytes: 16,
  ivBytes: 12,
  headerBytes: 88,
  tagBytes: 16,
  /** Header and tag: what a blob is longer than its plaintext. */
  overheadBytes: 104,
  /** The limit of CiphertextBlob in the service model. */
  maxBytes: 6144,
  maxPlaintextBytes: 6040,
} as const

const accountAt = 1
const kindAt = 7
const keyIdAt = 8
const materialIdAt = 24
const checkAt = 56
const uuidKind = 0
const multiRegionKind = 1

/** Which material of which key a blob names. A hint until the blob has opened. */
export interface BlobIdentity {
  /** 12 digits. */
  readonly accountId: string
  /** Lower-case UUID, or `mrk-` and 32 hexadecimal digits. */
  readonly keyId: string
  /** 64 lower-case hexadecimal digits. */
  readonly materialId: string
}

/** The first 60 bytes of a blob. Throws RangeError for ids that have another form. */
export function encodeBlobPrefix(identity: BlobIdentity): Bytes {
  const { accountId, keyId, materialId } = identity
  if (!isAccountId(accountId)) throw new RangeError('an account id is 12 digits')
  if (!isKeyId(keyId)) throw new RangeError('a key id is a lower-case UUID or mrk- and 32 hexadecimal digits')
  if (!/^[0-9a-f]{64}$/.test(materialId)) throw new RangeError('a key material id is 64 hexadecimal digits')
  const multiRegion = isMultiRegionKeyId(keyId)
  const prefix = new Uint8Array(blobLayout.prefixBytes)
  prefix[0] = blobLayout.version
  putHex(prefix, accountAt, accountId)
  prefix[kindAt] = multiRegion ? multiRegionKind : uuidKind
  putHex(prefix, keyIdAt, multiRegion ? keyId.slice(4) : keyId)
  putHex(prefix, materialIdAt, materialId)
  // By hand: a DataView would move so small an array off the heap, at the price of all the rest.
  const check = crc32(prefix, checkAt)
  for (let i = 0; i < 4; i++) prefix[checkAt + i] = check >>> (24 - 8 * i)
  return prefix
}

/** Writes checked lower-case hexadecimal, hyphens left out, in place: every Encrypt comes here. */
function putHex(target: Bytes, at: number, hex: string): void {
  let high = -1
  for (let i = 0; i < hex.length; i++) {
    const code = hex.charCodeAt(i)
    if (code === 0x2d) continue
    const digit = code < 0x61 ? code - 0x30 : code - 0x57
    if (high < 0) high = digit
    else {
      target[at++] = (high << 4) | digit
      high = -1
    }
  }
}

/**
 * What a blob says about itself, unauthenticated; undefined for anything that no version of the format can be, and
 * where the check does not match.
 */
export function decodeBlobHeader(blob: Uint8Array): BlobIdentity | undefined {
  if (blob.length < blobLayout.overheadBytes || blob.length > blobLayout.maxBytes) return undefined
  if (blob[0] !== blobLayout.version) return undefined
  if (new DataView(blob.buffer, blob.byteOffset).getUint32(checkAt) !== crc32(blob, checkAt)) return undefined
  const accountId = encodeHex(blob.subarray(accountAt, kindAt))
  if (!isAccountId(accountId)) return undefined
  const kind = blob[kindAt]
  if (kind !== uuidKind && kind !== multiRegionKind) return undefined
  const hex = encodeHex(blob.subarray(keyIdAt, materialIdAt))
  const keyId = kind === multiRegionKind ? `mrk-${hex}` : hexToUuid(hex)
  return { accountId, keyId, materialId: encodeHex(blobMaterialId(blob)) }
}

/** The material id of a blob or of a blob's prefix, 32 bytes, a view. */
export const blobMaterialId = (blob: Uint8Array): Uint8Array => blob.subarray(materialIdAt, checkAt)

const hexToUuid = (hex: string) =>
  `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
