import { ml_kem512, ml_kem768, ml_kem1024 } from '@noble/post-quantum/ml-kem.js'
import { latticeAlgorithms } from '../src/codec/key-algorithms'
import { publicKeyOf } from './key-files'
import type { NewPair } from './material'
import { newSeedPair, type SeedFamily, withSecretKey } from './seeds'

const parameterSets = { ML_KEM_512: ml_kem512, ML_KEM_768: ml_kem768, ML_KEM_1024: ml_kem1024 } as const

export type MlKemSpec = keyof typeof parameterSets

/** d and z of FIPS 203, algorithm 19. */
const seedLength = 64

const familyOf = (keySpec: MlKemSpec): SeedFamily => ({
  algorithm: latticeAlgorithms[keySpec],
  seedLength,
  keygen: parameterSets[keySpec].keygen,
})

export function encapsulateMlKem(keySpec: MlKemSpec, publicKey: Bytes): { sharedSecret: Bytes; ciphertext: Bytes } {
  const key = publicKeyOf(latticeAlgorithms[keySpec], publicKey)
  const { sharedSecret, cipherText } = parameterSets[keySpec].encapsulate(key)
  return { sharedSecret: sharedSecret as Bytes, ciphertext: cipherText as Bytes }
}

/** How long a ciphertext is. */
export const mlKemCiphertextLength = (keySpec: MlKemSpec): number | undefined =>
  parameterSets[keySpec].lengths.cipherText

/** 32 bytes for every ciphertext of the right length (implicit rejection). */
export const decapsulateMlKem = (keySpec: MlKemSpec, privateKey: Bytes, ciphertext: Bytes): Bytes =>
  withSecretKey(
    familyOf(keySpec),
    privateKey,
    (secretKey) => parameterSets[keySpec].decapsulate(ciphertext, secretKey) as Bytes,
  )

export const newMlKemPair = (keySpec: MlKemSpec): NewPair => newSeedPair(familyOf(keySpec))
