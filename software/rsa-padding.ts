import { concatBytes, equalBytes } from '../src/codec/bytes'
import { fromHex } from '../src/codec/der'
import type { Hash } from './digests'

/** DigestInfo up to the digest (RFC 8017 section 9.2, notes), by the length of the digest. */
const digestInfos: Readonly<Record<number, Bytes>> = {
  32: fromHex('3031300d060960864801650304020105000420'),
  48: fromHex('3041300d060960864801650304020205000430'),
  64: fromHex('3051300d060960864801650304020305000440'),
}

/** EMSA-PKCS1-v1_5 (RFC 8017 section 9.2) over a digest. */
export function encodePkcs1(digest: Uint8Array, byteLength: number): Bytes {
  const info = digestInfos[digest.length]
  const filler = byteLength - (info?.length ?? 0) - digest.length - 3
  if (!info || filler < 8) throw new RangeError('no such digest in a message of this length')
  return concatBytes(Uint8Array.of(0, 1), new Uint8Array(filler).fill(0xff), Uint8Array.of(0), info, digest)
}

/** MGF1 (RFC 8017 appendix B.2.1), XORed onto `target`. */
function mask(target: Bytes, seed: Uint8Array, hash: Hash): void {
  for (let at = 0, counter = 0; at < target.length; at += hash.outputLen, counter++) {
    const block = hash(concatBytes(seed, Uint8Array.of(counter >>> 24, counter >>> 16, counter >>> 8, counter)))
    for (let i = 0; i < block.length && at + i < target.length; i++) {
      target[at + i] = (target[at + i] as number) ^ (block[i] as number)
    }
  }
}

const saltedDigest = (hash: Hash, digest: Uint8Array, salt: Uint8Array) =>
  hash(concatBytes(new Uint8Array(8), digest, salt))

/** 0x00 … 0x01, then the salt: DB of RFC 8017 section 9.1, the salt as long as the digest. */
const dataBlockLength = (bits: number, hash: Hash) => Math.ceil(bits / 8) - hash.outputLen - 1

/** The bits of the first byte that an encoded message of `bits` bits may use. */
const firstByteMask = (bits: number) => 0xff >> (8 * Math.ceil(bits / 8) - bits)

/** EMSA-PSS-ENCODE (RFC 8017 section 9.1.1) over a digest, the salt as long as the digest. */
export function encodePss(digest: Uint8Array, salt: Uint8Array, bits: number, hash: Hash): Bytes {
  const block = new Uint8Array(dataBlockLength(bits, hash))
  block[block.length - salt.length - 1] = 1
  block.set(salt, block.length - salt.length)
  const check = saltedDigest(hash, digest, salt)
  mask(block, check, hash)
  block[0] = (block[0] as number) & firstByteMask(bits)
  return concatBytes(block, check, Uint8Array.of(0xbc))
}

/** EMSA-PSS-VERIFY (RFC 8017 section 9.1.2): whether `encoded` is an encoding of the digest under some salt. */
export function isPss(digest: Uint8Array, encoded: Bytes, bits: number, hash: Hash): boolean {
  const length = dataBlockLength(bits, hash)
  if (encoded.length !== Math.ceil(bits / 8) || length < hash.outputLen + 1 || encoded.at(-1) !== 0xbc) return false
  if ((encoded[0] as number) & ~firstByteMask(bits)) return false
  const block = encoded.slice(0, length)
  const check = encoded.slice(length, -1)
  mask(block, check, hash)
  block[0] = (block[0] as number) & firstByteMask(bits)
  const start = length - hash.outputLen
  const filler = block.subarray(0, start)
  if (filler.at(-1) !== 1 || filler.subarray(0, -1).some((byte) => byte !== 0)) return false
  return equalBytes(saltedDigest(hash, digest, block.subarray(start)), check)
}
