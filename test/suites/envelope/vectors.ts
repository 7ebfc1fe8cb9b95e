import { decodeBase64, decodeUtf8, encodeUtf8 } from '../../../src/codec/bytes'
import {
  type DecryptStreamOptions,
  decrypt,
  decryptStream,
  EnvelopeError,
  ecdsa,
  type Keyring,
  multi,
  rawAes,
  rawRsa,
  requireEncryptAllowDecrypt,
} from '../../../src/envelope'
import { through } from './streaming'
import { readZip } from './zip'

/** One message of a vector file. */
export interface VectorCase {
  readonly name: string
  /** Why it cannot be tried here, if it cannot. */
  readonly skipped?: string
  /** Opens the message whole and as a stream. Throws where the outcome is not the expected one. */
  run(): Promise<void>
}

/** Keyrings for what this package leaves out; a driver may bring some. */
export interface MoreKeyrings {
  rsaPkcs1?(namespace: string, name: string, pem: string): Keyring
}

/** The cases of a file: a zip with a manifest of `awses-decrypt`, or a table of messages with their data keys. */
export const readVectors = (file: Bytes, more: MoreKeyrings = {}): Promise<VectorCase[]> =>
  file[0] === 0x50 && file[1] === 0x4b ? readManifest(file, more) : Promise.resolve(readTable(file))

type Outcome = { readonly plaintext: Bytes } | { readonly refused: true }

async function check(message: Bytes, options: DecryptStreamOptions, expected: Outcome): Promise<void> {
  const whole = () => decrypt(message, options).then(({ plaintext }) => plaintext)
  const streamed = () => through(decryptStream(options), message, 1000)
  for (const [way, open] of Object.entries({ whole, streamed })) {
    const outcome = await open().then(
      (plaintext) => ({ plaintext }),
      (error: unknown) => ({ error }),
    )
    if ('error' in outcome) {
      if ('refused' in expected && outcome.error instanceof EnvelopeError) continue
      throw outcome.error
    }
    if ('refused' in expected) throw new Error(`${way}: opened, but must not`)
    const { plaintext } = outcome
    const isRight =
      plaintext.length === expected.plaintext.length && plaintext.every((b, i) => b === expected.plaintext[i])
    if (!isRight) throw new Error(`${way}: another plaintext`)
  }
}

interface Table {
  readonly tests: readonly {
    readonly comment: string
    readonly ciphertext: string
    readonly 'decrypted-dek': string
    readonly 'plaintext-frames'?: readonly string[]
    readonly status: boolean
  }[]
}

function readTable(file: Bytes): VectorCase[] {
  const { tests } = JSON.parse(decodeUtf8(file)) as Table
  if (!Array.isArray(tests)) throw new Error('neither a zip with a manifest nor a table of messages')
  return tests.map((test) => {
    const keyring: Keyring = {
      wrap: () => Promise.reject(new Error('for reading only')),
      unwrap: async () => base64(test['decrypted-dek']),
    }
    const expected = test.status
      ? { plaintext: encodeUtf8((test['plaintext-frames'] ?? []).join('')) }
      : ({ refused: true } as const)
    return {
      name: test.comment,
      run: () => check(base64(test.ciphertext), { keyring, signatures: ecdsa }, expected),
    }
  })
}

interface MasterKey {
  readonly type: string
  readonly key?: string
  readonly 'provider-id'?: string
  readonly 'encryption-algorithm'?: 'aes' | 'rsa'
  readonly 'padding-algorithm'?: string
  readonly 'padding-hash'?: string
}

interface ManifestTest {
  readonly ciphertext: string
  readonly 'master-keys': readonly MasterKey[]
  readonly 'encryption-context'?: Readonly<Record<string, string>>
  readonly cmm?: string
  /** Version 1 of the manifest. */
  readonly plaintext?: string
  readonly result?: { readonly output?: { readonly plaintext: string }; readonly error?: unknown }
}

interface KeyEntry {
  readonly type: string
  readonly encoding?: string
  readonly material?: string | readonly string[]
  readonly 'line-separator'?: string
  readonly 'key-id': string
}

async function readManifest(archive: Bytes, more: MoreKeyrings): Promise<VectorCase[]> {
  const files = await readZip(archive)
  const manifestName = [...files.keys()].find((name) => /(^|\/)manifest\.json$/.test(name))
  if (manifestName === undefined) throw new Error('the archive has no manifest.json')
  const folder = manifestName.slice(0, -'manifest.json'.length)
  const file = (uri: string): Bytes => {
    const bytes = files.get(folder + uri.replace(/^file:\/\//, '').replace(/^\.?\//, ''))
    if (!bytes) throw new Error(`the archive has no ${uri}`)
    return bytes
  }
  const json = <T>(uri: string) => JSON.parse(decodeUtf8(file(uri))) as T
  const manifest = json<{ keys: string; manifest: { type: string }; tests: Record<string, ManifestTest> }>(
    'manifest.json',
  )
  if (manifest.manifest.type !== 'awses-decrypt') throw new Error(`a manifest of ${manifest.manifest.type}`)
  const { keys } = json<{ keys: Record<string, KeyEntry> }>(manifest.keys)

  return Object.entries(manifest.tests).map(([name, test]) => {
    const children: Keyring[] = []
    const reasons: string[] = []
    for (const master of test['master-keys']) {
      const made = keyringOf(master, keys[master.key ?? ''], more)
      if (typeof made === 'string') reasons.push(made)
      else children.push(made)
    }
    const plaintext = test.plaintext ?? test.result?.output?.plaintext
    const options: DecryptStreamOptions = {
      keyring: multi({ children }),
      signatures: ecdsa,
      commitmentPolicy: requireEncryptAllowDecrypt,
      maxEncryptedDataKeys: 0xffff,
      ...(test.cmm === 'RequiredEncryptionContext' && { requiredContext: test['encryption-context'] ?? {} }),
    }
    return {
      name,
      ...(children.length === 0 && { skipped: reasons.join(', ') }),
      run: () =>
        check(
          file(test.ciphertext),
          options,
          plaintext === undefined ? { refused: true } : { plaintext: file(plaintext) },
        ),
    }
  })
}

/** A keyring, or why there is none. */
function keyringOf(master: MasterKey, entry: KeyEntry | undefined, more: MoreKeyrings): Keyring | string {
  if (master.type !== 'raw' || !entry?.material) return `needs ${master.type}`
  const { 'provider-id': namespace = '', 'padding-algorithm': padding } = master
  const name = entry['key-id']
  const { material } = entry
  const text = typeof material === 'string' ? material : material.join(entry['line-separator'] ?? '\n')
  if (master['encryption-algorithm'] === 'aes') {
    return rawAes({ namespace, name, key: base64(text), localeOrder: true })
  }
  if (padding === 'pkcs1') return more.rsaPkcs1?.(namespace, name, text) ?? 'needs RSA with PKCS #1 v1.5'
  const hash = master['padding-hash']?.replace('sha', 'SHA-') as 'SHA-256'
  const privateKey = base64(text.replace(/-----[A-Z ]+-----|\s/g, ''))
  return rawRsa({ namespace, name, hash, privateKey })
}

function base64(text: string): Bytes {
  const bytes = decodeBase64(text)
  if (!bytes) throw new Error('not base64')
  return bytes
}
