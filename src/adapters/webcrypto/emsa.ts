import { concatBytes, decodeHex, equalBytes } from '../../codec/bytes'

/** Encodings of a digest before the RSA operation (RFC 8017 sections 9.1 and 9.2), for moduli of whole bytes. */

export type RsaHash = 'SHA-256' | 'SHA-384' | 'SHA-512'

/** DigestInfo up to the digest (RFC 8017 section 9.2, note 1). */
const digestInfo: Readonly<Record<RsaHash, Bytes>> = {
  'SHA-256': decodeHex('3031300d060960864801650304020105000420') as Bytes,
  'SHA-384': decodeHex('3041300d060960864801650304020205000430') as Bytes,
  'SHA-512': decodeHex('3051300d060960864801650304020305000440') as Bytes,
}

/** EMSA-PKCS1-v1_5, as long as the modulus. */
export function encodePkcs1(hash: RsaHash, digest: Bytes, modulusBytes: number): Bytes {
  const block = new Uint8Array(modulusBytes).fill(0xff)
  const tail = concatBytes(Uint8Array.of(0), digestInfo[hash], digest)
  block.set([0, 1])
  block.set(tail, modulusBytes - tail.length)
  return block
}

/** By encoding again: no parser that could accept a second form. */
export const isPkcs1 = (hash: RsaHash, digest: Bytes, block: Bytes): boolean =>
  equalBytes(block, encodePkcs1(hash, digest, block.length))

const trailer = 0xbc

/** EMSA-PSS with MGF1 of the same hash and a random salt as long as the digest. */
export async function encodePss(hash: RsaHash, digest: Bytes, modulusBytes: number): Promise<Bytes> {
  const salt = crypto.getRandomValues(new Uint8Array(digest.length))
  const h = await pssHash(hash, digest, salt)
  const block = new Uint8Array(modulusBytes)
  const db = block.subarray(0, modulusBytes - h.length - 1)
  db[db.length - salt.length - 1] = 1
  db.set(salt, db.length - salt.length)
  xor(db, await mgf1(hash, h, db.length))
  // The encoded message has one bit less than the modulus.
  db[0] = (db[0] as number) & 0x7f
  block.set(h, db.length)
  block[modulusBytes - 1] = trailer
  return block
}

/** EMSA-PSS-VERIFY; the salt must be as long as the digest. */
export async function isPss(hash: RsaHash, digest: Bytes, block: Bytes): Promise<boolean> {
  const dbBytes = block.length - digest.length - 1
  const h = block.subarray(dbBytes, block.length - 1)
  const db = block.slice(0, dbBytes)
  if (block[block.length - 1] !== trailer || (block[0] as number) > 0x7f) return false
  xor(db, await mgf1(hash, h, dbBytes))
  db[0] = (db[0] as number) & 0x7f
  const saltAt = dbBytes - digest.length
  if (db.subarray(0, saltAt - 1).some((byte) => byte !== 0) || db[saltAt - 1] !== 1) return false
  return equalBytes(h, await pssHash(hash, digest, db.subarray(saltAt)))
}

const pssHash = async (hash: RsaHash, digest: Bytes, salt: Bytes): Promise<Bytes> =>
  new Uint8Array(await crypto.subtle.digest(hash, concatBytes(new Uint8Array(8), digest, salt)))

/** RFC 8017 appendix B.2.1. */
async function mgf1(hash: RsaHash, seed: Bytes, length: number): Promise<Bytes> {
  const mask = new Uint8Array(length)
  let at = 0
  for (let counter = 0; at < length; counter++) {
    const block = new Uint8Array(await crypto.subtle.digest(hash, concatBytes(seed, Uint8Array.of(0, 0, 0, counter))))
    mask.set(block.subarray(0, length - at), at)
    at += block.length
  }
  return mask
}

function xor(bytes: Bytes, mask: Bytes): void {
  for (let i = 0; i < bytes.length; i++) bytes[i] = (bytes[i] as number) ^ (mask[i] as number)
}
