import type { KeySpec } from '../../model/generated/types'
import type { KeyHandle, SigningHandle } from '../../ports/crypto'
import { createAgreementHandle } from './agreement'
import { createCipherHandle } from './cipher'
import { createEncapsulationHandle } from './encapsulation'
import type { Family } from './families'
import { createMacHandle } from './mac'
import { createSigningHandle, type RsaPrivateOperation } from './signing'
import { createSymmetricHandle } from './symmetric'

/** Gives a non-extractable key by its name in the family: opened when first asked for, then kept. */
export type KeySource = (name: string) => Promise<CryptoKey>

/** An opened material. */
export interface OpenMaterial {
  readonly family: Family
  readonly keySpec: KeySpec
  readonly materialId: Bytes
  readonly secretKey: KeySource
  readonly publicKey: Bytes | undefined
  /** Signs and verifies the message types that WebCrypto lacks, where there is such a copy. */
  readonly prehashed: SigningHandle | undefined
  readonly rsaPrivate: RsaPrivateOperation | undefined
}

/** What a handle has of a pair. */
export interface OpenPair extends Omit<OpenMaterial, 'publicKey'> {
  /** SubjectPublicKeyInfo, DER. */
  readonly spki: Bytes
  readonly publicKey: KeySource
}

export async function createHandle(material: OpenMaterial): Promise<KeyHandle> {
  const { family, secretKey, materialId } = material
  if (family.kind === 'symmetric') return createSymmetricHandle(await secretKey('HKDF'), materialId)
  if (family.kind === 'mac') return createMacHandle(await secretKey('HMAC'))
  const spki = material.publicKey
  if (!spki) throw new Error('stored material of a pair has no public key')
  const publicKey = keepKeys(async (name) => {
    const recipe = family.publicKeys[name]
    if (!recipe) throw new Error('a family has no such public key')
    return crypto.subtle.importKey('spki', spki, recipe.algorithm, false, [...recipe.usages])
  })
  const pair: OpenPair = { ...material, spki, publicKey }
  switch (family.kind) {
    case 'cipher':
      return createCipherHandle(pair)
    case 'signing':
      return createSigningHandle(pair)
    case 'agreement':
      return createAgreementHandle(pair)
    case 'encapsulation':
      return createEncapsulationHandle(pair)
  }
}

/** Keeps settled keys alone: workerd forbids one request to wait for another's promise. */
export function keepKeys(open: KeySource): KeySource {
  const keys = new Map<string, CryptoKey>()
  return async (name) => {
    const known = keys.get(name)
    if (known) return known
    const key = await open(name)
    keys.set(name, key)
    return key
  }
}

/** The modulus of an RSA key spec, in bytes. */
export const modulusBytes = (keySpec: KeySpec): number => Number(keySpec.slice('RSA_'.length)) / 8
