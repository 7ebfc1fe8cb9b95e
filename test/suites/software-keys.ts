import { createSoftwareProvider } from '../../software'
import type { KeySpec, KeyUsageType } from '../../src/model/generated/types'
import type { EncapsulationHandle, KeyHandle, MacHandle, SigningHandle, ToSign } from '../../src/ports/crypto'

export const provider = createSoftwareProvider()

export interface SoftwareKey<H extends KeyHandle = KeyHandle> {
  readonly handle: H
  /** PKCS#8, or raw bytes of a MAC key. */
  readonly material: Bytes
  readonly publicKey: Bytes | undefined
  /** What `open` gave, call by call: the very bytes. */
  readonly opened: Bytes[]
}

export function keyOf<H extends KeyHandle>(
  keySpec: KeySpec,
  keyUsage: KeyUsageType,
  material: Bytes,
  publicKey: Bytes | undefined,
): SoftwareKey<H> {
  const opened: Bytes[] = []
  const open = async () => {
    const copy = material.slice()
    opened.push(copy)
    return copy
  }
  const binding = { keyArn: 'arn:aws:kms:eu-west-1:111122223333:key/k', keyId: 'k', keySpec, keyUsage }
  return { handle: provider.handle(binding, open, publicKey) as H, material, publicKey, opened }
}

async function newKey<H extends KeyHandle>(keySpec: KeySpec, keyUsage: KeyUsageType): Promise<SoftwareKey<H>> {
  const { material, publicKey } = await provider.generate(keySpec)
  return keyOf<H>(keySpec, keyUsage, material, publicKey)
}

export const newSigningKey = (keySpec: KeySpec) => newKey<SigningHandle>(keySpec, 'SIGN_VERIFY')
export const newMacKey = (keySpec: KeySpec) => newKey<MacHandle>(keySpec, 'GENERATE_VERIFY_MAC')
export const newEncapsulationKey = (keySpec: KeySpec) => newKey<EncapsulationHandle>(keySpec, 'ENCAPSULATE_DECAPSULATE')

export const signingKey = (keySpec: KeySpec, pkcs8: Bytes, spki: Bytes) =>
  keyOf<SigningHandle>(keySpec, 'SIGN_VERIFY', pkcs8, spki)

/** A handle that verifies alone. */
export const verifier = (keySpec: KeySpec, spki: Bytes) => signingKey(keySpec, new Uint8Array(), spki).handle

export const toSign = (algorithm: ToSign['algorithm'], messageType: ToSign['messageType'], message: Bytes): ToSign => ({
  algorithm,
  messageType,
  message,
})

export const randomBytes = (byteLength: number) => crypto.getRandomValues(new Uint8Array(byteLength))

export const digest = async (hash: string, message: Bytes): Promise<Bytes> =>
  new Uint8Array((await crypto.subtle.digest(hash, message)) as ArrayBuffer)

/** `bytes` with one bit changed. */
export function flip(bytes: Bytes, bit: number): Bytes {
  const changed = bytes.slice()
  const at = (bit >> 3) % changed.length
  changed[at] = (changed[at] as number) ^ (1 << (bit & 7))
  return changed
}
