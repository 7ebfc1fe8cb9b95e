import type { KeySpec } from '../../model/generated/types'

/** How one CryptoKey is made: parameters of SubtleCrypto. */
export interface KeyRecipe {
  readonly algorithm: HmacRecipe | 'HKDF'
  readonly usages: readonly ('sign' | 'deriveKey')[]
}

export interface HmacRecipe {
  readonly name: 'HMAC'
  readonly hash: 'SHA-256'
  /** Bits; left out where the length of the bytes decides. */
  readonly length?: number
}

/**
 * Key specs whose material is born, kept and used alike. A family is a row; what its handles can do is a function of
 * the keys (symmetric.ts).
 */
export interface Family {
  readonly keySpecs: readonly KeySpec[]
  /** In what form material is wrapped. */
  readonly format: 'raw'
  /** The key that is extractable until it is wrapped. It is never used for anything else. */
  readonly birth: KeyRecipe & { readonly algorithm: HmacRecipe }
  /** The non-extractable keys that a handle works with, by algorithm name: what the native form stores. */
  readonly keys: { readonly HKDF: KeyRecipe }
}

export const symmetricFamily: Family = {
  keySpecs: ['SYMMETRIC_DEFAULT'],
  format: 'raw',
  // HMAC is the one algorithm that gives 32 random bytes and lets them be wrapped as they are.
  birth: { algorithm: { name: 'HMAC', hash: 'SHA-256', length: 256 }, usages: ['sign'] },
  keys: { HKDF: { algorithm: 'HKDF', usages: ['deriveKey'] } },
}

const families: readonly Family[] = [symmetricFamily]

/** The family of a key spec, or undefined where WebCrypto has no such keys here. */
export const findFamily = (keySpec: KeySpec): Family | undefined =>
  families.find((family) => family.keySpecs.includes(keySpec))
