import { sha256, sha384, sha512 } from '@noble/hashes/sha2.js'
import type { ToSign } from '../src/ports/crypto'
import { refused } from './material'

const hashes = { SHA_256: sha256, SHA_384: sha384, SHA_512: sha512 } as const

export type Hash = (typeof hashes)[keyof typeof hashes]

/** The hash that the name of a signing algorithm ends with. */
export function hashOf(algorithm: ToSign['algorithm']): Hash {
  const hash = hashes[algorithm.slice(-'SHA_256'.length) as keyof typeof hashes]
  if (!hash) throw refused()
  return hash
}

/** The digest to sign: of the message, or the message itself where it is one already. */
export function digestOf({ algorithm, messageType, message }: ToSign): Uint8Array {
  const hash = hashOf(algorithm)
  if (messageType === 'RAW') return hash(message)
  if (messageType !== 'DIGEST' || message.length !== hash.outputLen) throw refused()
  return message
}
