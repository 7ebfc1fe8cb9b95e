import { type EncryptionContext, encodeContext, invalidContext, pickContext } from './context'
import { failure } from './errors'
import {
  encodeHeader,
  headerAad,
  headerCode,
  type MessageHeader,
  messageIdBytes,
  requireFewKeys,
  serializedBytes,
} from './header'
import type { Keyring } from './keyring'
import { aesGcm, aesParams, deriveMessageKey } from './keys'
import { type Materials, materialsOf, type Signer } from './materials'
import { none, requireCount, requireMaxKeys } from './numbers'
import { type SuiteOptions, suiteFor } from './suites'

export interface EncryptOptions extends SuiteOptions {
  /** Wraps the data key; or cachingMaterials in front of a keyring. */
  readonly keyring: Keyring | Materials
  readonly encryptionContext?: EncryptionContext
  /** Keys of `encryptionContext` that are authenticated but not stored: a reader must bring those pairs. */
  readonly requiredContext?: readonly string[]
  /** Plaintext bytes of a frame, 1 to 2^32 - 1; 65,536 unless given. */
  readonly frameLength?: number
  /** 0x0478 unless given; 0x0178 under `forbid-encrypt-allow-decrypt`. */
  readonly suite?: number
  /** 16 unless given. */
  readonly maxEncryptedDataKeys?: number
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
  const { keyring, encryptionContext: given = {}, requiredContext = [], signatures } = options
  const suite = suiteFor(options.suite, options, true)
  const frameLength = requireCount('frameLength', options.frameLength ?? 65_536, 0xffffffff)
  const maxKeys = requireMaxKeys(options.maxEncryptedDataKeys)
  encodeContext(given)
  if (Object.keys(given).some((name) => name.startsWith('aws-crypto-'))) throw invalidContext('reserved key')
  if (!requiredContext.every((name) => Object.hasOwn(given, name))) throw invalidContext('requiredContext')

  // A copy: what is authenticated is what was looked at.
  const request = { suite, encryptionContext: { ...given }, plaintextBytes, signatures }
  const { dataKey, encryptedDataKeys, encryptionContext, signer } = await materialsOf(keyring).toEncrypt(request)
  if (!encryptedDataKeys.length) throw failure('keyringFailed')
  requireFewKeys(encryptedDataKeys.length, maxKeys)

  const messageId = crypto.getRandomValues(new Uint8Array(messageIdBytes(suite)))
  const [key, commitment] = await deriveMessageKey(suite, dataKey, messageId)
  const pick = (isStored: boolean) =>
    pickContext(encryptionContext, (name) => requiredContext.includes(name) !== isStored)
  const header = { suite: suite.id, messageId, encryptionContext: pick(true), encryptedDataKeys, frameLength }
  const body = encodeHeader(header, suite, commitment)
  const iv = new Uint8Array(12)
  const tag = await aesGcm('encrypt', key, aesParams(iv, headerAad(body, pick(false))), none, headerCode)
  return { header, headerBytes: serializedBytes({ suite, body, iv, tag }), key, signer }
}
