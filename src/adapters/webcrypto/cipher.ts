import type { EncryptionAlgorithmSpec } from '../../model/generated/types'
import type { CipherHandle } from '../../ports/crypto'
import { isOpenFailure } from './aes-gcm'
import { modulusBytes, type OpenPair } from './handles'

const oaep = { name: 'RSA-OAEP' }

/** The handle of RSA keys that encrypt. */
export function createCipherHandle({ keySpec, family, secretKey, publicKey }: OpenPair): CipherHandle {
  const requireName = (algorithm: EncryptionAlgorithmSpec) => {
    if (!Object.hasOwn(family.keys, algorithm)) throw new RangeError('the key has no such algorithm')
    return algorithm
  }
  return {
    kind: 'cipher',

    async encrypt(algorithm, plaintext) {
      const key = await publicKey(requireName(algorithm))
      return new Uint8Array(await crypto.subtle.encrypt(oaep, key, plaintext))
    },

    async decrypt(algorithm, ciphertext) {
      if (ciphertext.length !== modulusBytes(keySpec)) return undefined
      const key = await secretKey(requireName(algorithm))
      try {
        return new Uint8Array(await crypto.subtle.decrypt(oaep, key, ciphertext))
      } catch (error) {
        if (isOpenFailure(error)) return undefined
        throw error
      }
    },
  }
}
