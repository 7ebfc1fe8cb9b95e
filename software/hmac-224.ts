import { hmac } from '@noble/hashes/hmac.js'
import { sha224 } from '@noble/hashes/sha2.js'
import { equalBytes } from '../src/codec/bytes'
import type { NewMaterial } from './material'

/** 28 bytes. */
export const hmacSha224 = (key: Bytes, message: Bytes): Bytes => hmac(sha224, key, message) as Bytes

export function verifyHmacSha224(key: Bytes, message: Bytes, mac: Bytes): boolean {
  return equalBytes(hmacSha224(key, message), mac)
}

/** A key as long as its output. */
export const newHmac224Key = (): NewMaterial => ({ material: crypto.getRandomValues(new Uint8Array(sha224.outputLen)) })
