import { type EncryptionContext, encodeContext, invalidContext, pickContext } from './context'
import { failure } from './errors'
import type { DataKeyOptions, SerializedHeader } from './header'
import type { Keyring } from './keyring'
import { aesGcm } from './keys'
import { type Materials, materialsOf } from './materials'
import { joinBytes } from './numbers'
import type { SuiteOptions } from './suites'

export interface OpenOptions extends SuiteOptions, DataKeyOptions {
  /** Unwraps the data key; or cachingMaterials in front of a keyring. */
  readonly keyring: Keyring | Materials
  /** Pairs that the message must be bound to: stored in it with this value, or authenticated without being stored. */
  readonly requiredContext?: EncryptionContext
}

/** The message key, once commitment and header tag hold. */
export async function openHeader(serialized: SerializedHeader, options: OpenOptions): Promise<CryptoKey> {
  const { header, suite, body, iv, tag, commitment } = serialized
  const { encryptedDataKeys, encryptionContext: stored } = header
  const unstored = pickContext({ ...options.requiredContext }, (name, value) => {
    const isStored = Object.hasOwn(stored, name)
    if (isStored && stored[name] !== value) throw invalidContext(name)
    return !isStored
  })

  const request = { suite, encryptedDataKeys, encryptionContext: { ...stored, ...unstored } }
  const dataKey = await materialsOf(options.keyring).toDecrypt(request)
  const [key, derived] = await suite.format.deriveMessageKey(suite, dataKey, header.messageId)
  // Both are 32 bytes, or none; in a time that does not tell where they differ.
  if (commitment.reduce((difference, byte, i) => difference | (byte ^ (derived[i] as number)), 0)) {
    throw failure('commitmentMismatch')
  }
  // The tag covers the pairs that are not stored too.
  await aesGcm('decrypt', key, iv, joinBytes([body, encodeContext(unstored)]))(tag, 'headerNotAuthentic')
  return key
}
