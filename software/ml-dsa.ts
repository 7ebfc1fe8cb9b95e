import { type DSA, ml_dsa44, ml_dsa65, ml_dsa87 } from '@noble/post-quantum/ml-dsa.js'
import type { ToSign } from '../src/ports/crypto'
import { algorithms, encodePkcs8, encodeSeed, encodeSpki, privateKeyOf, publicKeyOf, seedOf } from './key-files'
import { type NewPair, refused, type SignatureScheme } from './material'

interface ParameterSet {
  readonly dsa: DSA
  readonly algorithm: Bytes
}

const parameterSets = {
  ML_DSA_44: { dsa: ml_dsa44, algorithm: algorithms.mlDsa44 },
  ML_DSA_65: { dsa: ml_dsa65, algorithm: algorithms.mlDsa65 },
  ML_DSA_87: { dsa: ml_dsa87, algorithm: algorithms.mlDsa87 },
} as const satisfies Record<string, ParameterSet>

export type MlDsaSpec = keyof typeof parameterSets

const seedLength = 32
const muLength = 64

/** Whether the message is μ itself (FIPS 204 section 6.2) and not what μ is made of. */
function isMu({ algorithm, messageType, message }: ToSign): boolean {
  if (algorithm !== 'ML_DSA_SHAKE_256') throw refused()
  if (messageType === 'RAW') return false
  if (messageType !== 'EXTERNAL_MU' || message.length !== muLength) throw refused()
  return true
}

/** ML-DSA (FIPS 204), hedged, with an empty context. */
export function mlDsaScheme(keySpec: MlDsaSpec): SignatureScheme {
  const { dsa, algorithm }: ParameterSet = parameterSets[keySpec]
  return {
    sign(privateKey, toSign) {
      const external = isMu(toSign)
      const { secretKey } = dsa.keygen(seedOf(privateKeyOf(algorithm, privateKey), seedLength))
      try {
        const signature = external
          ? dsa.internal.sign(toSign.message, secretKey, { externalMu: true })
          : dsa.sign(toSign.message, secretKey)
        return signature as Bytes
      } finally {
        secretKey.fill(0)
      }
    },
    verify(publicKey, toSign, signature) {
      const external = isMu(toSign)
      const key = publicKeyOf(algorithm, publicKey)
      if (signature.length !== dsa.lengths.signature) return false
      return external
        ? dsa.internal.verify(signature, toSign.message, key, { externalMu: true })
        : dsa.verify(signature, toSign.message, key)
    },
  }
}

export function newMlDsaPair(keySpec: MlDsaSpec): NewPair {
  const { dsa, algorithm } = parameterSets[keySpec]
  const seed = crypto.getRandomValues(new Uint8Array(seedLength))
  const { secretKey, publicKey } = dsa.keygen(seed)
  secretKey.fill(0)
  const material = encodePkcs8(algorithm, encodeSeed(seed))
  seed.fill(0)
  return { material, publicKey: encodeSpki(algorithm, publicKey) }
}
