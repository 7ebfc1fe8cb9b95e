import type { EncapsulationHandle, MacHandle, SigningHandle } from '../src/ports/crypto'
import { type SignatureScheme, withMaterial } from './material'
import type { MlKemSpec } from './ml-kem'

/** The material for one operation: whoever asked overwrites it. */
export type Open = () => Promise<Bytes>

/** A pair's public key, which every operation of a pair may need. */
function requirePublicKey(publicKey: Bytes | undefined): Bytes {
  if (!publicKey) throw new TypeError('a pair came without its public key')
  return publicKey
}

export function signingHandle(
  load: () => Promise<SignatureScheme>,
  open: Open,
  publicKey: Bytes | undefined,
): SigningHandle {
  return {
    kind: 'signing',
    async sign(toSign) {
      const scheme = await load()
      return withMaterial(open, (privateKey) => scheme.sign(privateKey, toSign))
    },
    async verify(toSign, signature) {
      return (await load()).verify(requirePublicKey(publicKey), toSign, signature)
    },
  }
}

export function macHandle(load: () => Promise<typeof import('./hmac-224')>, open: Open): MacHandle {
  return {
    kind: 'mac',
    async generate(message) {
      const { hmacSha224 } = await load()
      return withMaterial(open, (key) => hmacSha224(key, message))
    },
    async verify(message, mac) {
      const { verifyHmacSha224 } = await load()
      return withMaterial(open, (key) => verifyHmacSha224(key, message, mac))
    },
  }
}

export function encapsulationHandle(
  load: () => Promise<typeof import('./ml-kem')>,
  keySpec: MlKemSpec,
  open: Open,
  publicKey: Bytes | undefined,
): EncapsulationHandle {
  return {
    kind: 'encapsulation',
    async encapsulate() {
      return (await load()).encapsulateMlKem(keySpec, requirePublicKey(publicKey))
    },
    async decapsulate(ciphertext) {
      const { decapsulateMlKem, mlKemCiphertextLength } = await load()
      if (ciphertext.length !== mlKemCiphertextLength(keySpec)) return undefined
      return withMaterial(open, (privateKey) => decapsulateMlKem(keySpec, privateKey, ciphertext))
    },
  }
}
