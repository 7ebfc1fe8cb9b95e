import { createMemoryStorage } from '../../../src/adapters/memory/storage'
import { EnvelopeError, type EnvelopeErrorCode, type Keyring, rawAes } from '../../../src/envelope'
import { kmsClient } from '../../../src/service/client'
import { composeKms, rootPrincipal } from '../compose'

export const random = (length: number): Bytes => {
  const bytes = new Uint8Array(length)
  for (let at = 0; at < length; at += 65_536) crypto.getRandomValues(bytes.subarray(at, at + 65_536))
  return bytes
}

/** Chromium has no AES-192. */
export const hasAes192 = () =>
  crypto.subtle.importKey('raw', new Uint8Array(24), 'AES-GCM', false, ['encrypt']).then(
    () => true,
    () => false,
  )

/** A raw AES keyring of a fixed key. */
export const aesKeyring = (name = 'k1', fill = 7): Keyring =>
  rawAes({ namespace: 'tests', name, key: new Uint8Array(32).fill(fill) })

/** A keyring whose data keys are all the same, wrapped by leaving them as they are. */
export const openKeyring = (dataKey: Bytes): Keyring => ({
  wrap: async () => ({
    dataKey: dataKey.slice(),
    encryptedDataKeys: [{ providerId: 'tests', providerInfo: new Uint8Array(0), ciphertext: new Uint8Array(1) }],
  }),
  unwrap: async () => dataKey.slice(),
})

/** The error that `work` fails with; fails the test when it does not fail, or with another kind of error. */
export async function refusal(work: Promise<unknown>): Promise<EnvelopeError> {
  const outcome = await work.then(
    () => undefined,
    (error: unknown) => error,
  )
  if (outcome instanceof EnvelopeError) return outcome
  throw new Error(outcome === undefined ? 'was not refused' : 'another kind of error', { cause: outcome })
}

export const codeOf = async (work: Promise<unknown>): Promise<EnvelopeErrorCode> => (await refusal(work)).code

/** An in-process KMS whose calls are counted, and how to make a key in it. */
export async function newKms() {
  const kms = await composeKms(createMemoryStorage())
  const client = kmsClient(kms, rootPrincipal)
  const calls: string[] = []
  const counted =
    <I, O>(name: string, call: (input: I) => Promise<O>) =>
    (input: I) => {
      calls.push(name)
      return call(input)
    }
  return {
    calls,
    inProcess: client,
    client: {
      generateDataKey: counted('GenerateDataKey', client.generateDataKey),
      encrypt: counted('Encrypt', client.encrypt),
      decrypt: counted('Decrypt', client.decrypt),
    },
    async newKey(settings: { readonly MultiRegion?: boolean } = {}): Promise<string> {
      const { KeyMetadata } = await client.createKey(settings)
      if (!KeyMetadata?.Arn) throw new Error('CreateKey gave no key')
      return KeyMetadata.Arn
    },
  }
}
