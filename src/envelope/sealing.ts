import { type EncryptionContext, encodeContext, invalidContext, pickContext } from './context'
import { failure } from './errors'
import { type DataKeyOptions, encodeHeader, type MessageHeader, requireFewKeys } from './header'
import type { Keyring } from './keyring'
import { aesGcm } from './keys'
import { type Materials, materialsOf, type Signer } from './materials'
import { joinBytes, none } from './numbers'
import { suiteToWrite } from './policies'
import type { SuiteOptions } from './suites'

export interface EncryptOptions extends SuiteOptions, DataKeyOptions {
  /** Wraps the data key; or cachingMaterials in front of a keyring. */
  readonly keyring: Keyring | Materials
  readonly encryptionContext?: EncryptionContext
  /** Keys of `encryptionContext` that are authenticated but not stored: a reader must bring those pairs. */
  readonly requiredContext?: readonly string[]
  /** Plaintext bytes of a frame, 1 to 2^32 - 1; 65,536 unless given. */
  readonly frameLength?: number
  /** 0x0478 unless given; 0x0178 under `forbidEncryptAllowDecrypt`. */
  readonly suite?: number
}

/** A message whose header has been written. */
export interface Sealing {
  readonly header: MessageHeader
  /** The whole header. */
  readonly headerBytes: Bytes
  readonly key: CryptoKey
  readonly signer: Signer | undefined
}

/** Looks at the options before it asks the keyring for anything. */
export async function sealHeader(options: EncryptOptions, plaintextBytes?: number): Promise<Sealing> {
  const { keyring, encryptionContext: given = {}, requiredContext = [], frameLength = 65_536, signatures } = options
  const suite = suiteToWrite(options)
  // A whole number of 32 bits.
  if (!frameLength || frameLength >>> 0 !== frameLength) throw failure('invalidOption', 'frameLength')
  encodeContext(given)
  for (const name of Object.keys(given)) if (name.startsWith('aws-crypto-')) throw invalidContext(name)
  for (const name of requiredContext) if (!Object.hasOwn(given, name)) throw invalidContext(name)

  // A copy: what is authenticated is what was looked at.
  const request = { suite, encryptionContext: { ...given }, plaintextBytes, signatures }
  const { dataKey, encryptedDataKeys, encryptionContext, signer } = await materialsOf(keyring).toEncrypt(request)
  if (!encryptedDataKeys.length) throw failure('keyringFailed')
  requireFewKeys(encryptedDataKeys.length, options)

  const [messageIdBytes, , , , ivBytes] = suite.format.layout
  const messageId = crypto.getRandomValues(new Uint8Array(messageIdBytes))
  const [key, commitment] = await suite.format.deriveMessageKey(suite, dataKey, messageId)
  const pick = (isStored: boolean) =>
    pickContext(encryptionContext, (name) => requiredContext.includes(name) !== isStored)
  const header = { suite: suite.id, messageId, encryptionContext: pick(true), encryptedDataKeys, frameLength }
  const body = encodeHeader(header, suite, commitment)
  const iv = new Uint8Array(12)
  // The tag covers the pairs that are not stored too.
  const tag = await aesGcm(
    'encrypt',
    key,
    iv,
    joinBytes([body, encodeContext(pick(false))]),
  )(none, 'headerNotAuthentic')
  return { header, headerBytes: joinBytes([body, iv.subarray(0, ivBytes), tag]), key, signer }
}
