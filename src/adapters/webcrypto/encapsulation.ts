import type { EncapsulationHandle } from '../../ports/crypto'
import type { OpenPair } from './handles'
import { decapsulateBits, encapsulateBits } from './modern'

/** FIPS 203, table 3. */
const ciphertextBytes = { 'ML-KEM-512': 768, 'ML-KEM-768': 1088, 'ML-KEM-1024': 1568 } as const

/** The handle of ML-KEM keys where the runtime has the algorithm. */
export function createEncapsulationHandle({ family, secretKey, publicKey }: OpenPair): EncapsulationHandle {
  const name = Object.keys(family.keys)[0] as keyof typeof ciphertextBytes
  return {
    kind: 'encapsulation',

    async encapsulate() {
      const { sharedKey, ciphertext } = await encapsulateBits(name, await publicKey(name))
      return { sharedSecret: new Uint8Array(sharedKey), ciphertext: new Uint8Array(ciphertext) }
    },

    async decapsulate(ciphertext) {
      if (ciphertext.length !== ciphertextBytes[name]) return undefined
      return new Uint8Array(await decapsulateBits(name, await secretKey(name), ciphertext))
    },
  }
}
