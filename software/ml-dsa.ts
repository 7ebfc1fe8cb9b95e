import { type DSA, ml_dsa44, ml_dsa65, ml_dsa87 } from '@noble/post-quantum/ml-dsa.js'
import { latticeAlgorithms } from '../src/codec/key-algorithms'
import type { ToSign } from '../src/ports/crypto'
import { publicKeyOf } from './key-files'
import { type NewPair, refused, type SignatureScheme } from './material'
import { newSeedPair, type SeedFamily, withSecretKey } from './seeds'

const parameterSets = { ML_DSA_44: ml_dsa44, ML_DSA_65: ml_dsa65, ML_DSA_87: ml_dsa87 } as const

export type MlDsaSpec = keyof typeof parameterSets

/** ξ of FIPS 204, algorithm 1. */
const seedLength = 32
const muLength = 64

const familyOf = (keySpec: MlDsaSpec): SeedFamily => ({
  algorithm: latticeAlgorithms[keySpec],
  seedLength,
  keygen: parameterSets[keySpec].keygen,
})

/** Whether the message is μ itself (FIPS 204 section 6.2) and not what μ is made of. */
function isMu({ algorithm, messageType, message }: ToSign): boolean {
  if (algorithm !== 'ML_DSA_SHAKE_256') throw refused()
  if (messageType === 'RAW') return false
  if (messageType !== 'EXTERNAL_MU' || message.length !== muLength) throw refused()
  return true
}

/** ML-DSA (FIPS 204), hedged, with an empty context. */
export function mlDsaScheme(keySpec: MlDsaSpec): SignatureScheme {
  const dsa: DSA = parameterSets[keySpec]
  const family = familyOf(keySpec)
  return {
    sign(privateKey, toSign) {
      const external = isMu(toSign)
      return withSecretKey(family, privateKey, (secretKey) => {
        const signature = external
          ? dsa.internal.sign(toSign.message, secretKey, { externalMu: true })
          : dsa.sign(toSign.message, secretKey)
        return signature as Bytes
      })
    },
    verify(publicKey, toSign, signature) {
      const external = isMu(toSign)
      const key = publicKeyOf(family.algorithm, publicKey)
      if (signature.length !== dsa.lengths.signature) return false
      return external
        ? dsa.internal.verify(signature, toSign.message, key, { externalMu: true })
        : dsa.verify(signature, toSign.message, key)
    },
  }
}

export const newMlDsaPair = (keySpec: MlDsaSpec): NewPair => newSeedPair(familyOf(keySpec))
