import { type MLKEM, ml_kem512, ml_kem768, ml_kem1024 } from '@noble/post-quantum/ml-kem.js'
import { algorithms, encodePkcs8, encodeSeed, encodeSpki, privateKeyOf, publicKeyOf, seedOf } from './key-files'
import type { NewPair } from './material'

interface ParameterSet {
  readonly kem: MLKEM
  readonly algorithm: Bytes
}

const parameterSets = {
  ML_KEM_512: { kem: ml_kem512, algorithm: algorithms.mlKem512 },
  ML_KEM_768: { kem: ml_kem768, algorithm: algorithms.mlKem768 },
  ML_KEM_1024: { kem: ml_kem1024, algorithm: algorithms.mlKem1024 },
} as const satisfies Record<string, ParameterSet>

export type MlKemSpec = keyof typeof parameterSets

/** d and z of FIPS 203, algorithm 19. */
const seedLength = 64

export function encapsulateMlKem(keySpec: MlKemSpec, publicKey: Bytes): { sharedSecret: Bytes; ciphertext: Bytes } {
  const { kem, algorithm }: ParameterSet = parameterSets[keySpec]
  const { sharedSecret, cipherText } = kem.encapsulate(publicKeyOf(algorithm, publicKey))
  return { sharedSecret: sharedSecret as Bytes, ciphertext: cipherText as Bytes }
}

/** How long a ciphertext is. */
export const mlKemCiphertextLength = (keySpec: MlKemSpec): number | undefined =>
  parameterSets[keySpec].kem.lengths.cipherText

/** 32 bytes for every ciphertext of the right length (implicit rejection). */
export function decapsulateMlKem(keySpec: MlKemSpec, privateKey: Bytes, ciphertext: Bytes): Bytes {
  const { kem, algorithm }: ParameterSet = parameterSets[keySpec]
  const { secretKey } = kem.keygen(seedOf(privateKeyOf(algorithm, privateKey), seedLength))
  try {
    return kem.decapsulate(ciphertext, secretKey) as Bytes
  } finally {
    secretKey.fill(0)
  }
}

export function newMlKemPair(keySpec: MlKemSpec): NewPair {
  const { kem, algorithm } = parameterSets[keySpec]
  const seed = crypto.getRandomValues(new Uint8Array(seedLength))
  const { secretKey, publicKey } = kem.keygen(seed)
  secretKey.fill(0)
  const material = encodePkcs8(algorithm, encodeSeed(seed))
  seed.fill(0)
  return { material, publicKey: encodeSpki(algorithm, publicKey) }
}
