import * as node from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import * as kms from '@aws-sdk/client-kms'
import { afterAll, beforeAll, describe } from 'vitest'
import { isThere, newStateFolder, region, removeFolder, rootUser, run, runAws, shellLines, startServer } from './server'

/** What the tests of asymmetric, HMAC and imported keys share: a server with its clients, and how they are called. */

/** A message, and its SHA-256. */
export const message = Buffer.from('a message for somebody else')
export const digest = node.createHash('sha256').update(message).digest()

/** `bytes` with the last bit changed. */
export function changed(bytes: Uint8Array): Buffer {
  const copy = Buffer.from(bytes)
  copy.writeUInt8(copy.readUInt8(copy.length - 1) ^ 1, copy.length - 1)
  return copy
}

/** A server of its own with an SDK client; `close` ends all of it. */
export async function openHome(leaseSeconds: number) {
  const folder = await newStateFolder()
  const server = await startServer(folder, { KMS_LEASE_SECONDS: String(leaseSeconds) })
  const client = new kms.KMSClient({ endpoint: server.url, region, credentials: rootUser, maxAttempts: 1 })
  return {
    folder,
    url: server.url,
    client,
    async close() {
      client.destroy()
      await server.stop()
      await removeFolder(folder)
    },
  }
}

export type Home = Awaited<ReturnType<typeof openHome>>

/** A member of an answer that must be there, as Node's own bytes. */
export function bytes(member: Uint8Array | undefined): Buffer {
  if (!(member instanceof Uint8Array) || member.length === 0) throw new Error('the answer has no such bytes')
  return Buffer.from(member)
}

/** CreateKey by the SDK. */
export async function newKeyId(client: kms.KMSClient, settings: kms.CreateKeyCommandInput): Promise<string> {
  const { KeyMetadata } = await client.send(new kms.CreateKeyCommand(settings))
  if (!KeyMetadata?.KeyId) throw new Error('CreateKey gave no key')
  return KeyMetadata.KeyId
}

export const publicKeyOf = (spki: Uint8Array) =>
  node.createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' })

/** What the CLI printed. */
export type Answer = Readonly<Record<string, string>>

export const bytesOf = (base64: string | undefined) => Buffer.from(base64 ?? '', 'base64')

/** The AWS CLI in the shell of a user of this server, and OpenSSL beside it. */
async function openShell({ folder, url }: Home) {
  const lines = await shellLines(url)
  let files = 0
  const pathOf = (name: string) => join(folder, name)
  async function put(bytes: Uint8Array): Promise<string> {
    const path = pathOf(`file-${files++}`)
    await writeFile(path, bytes)
    return path
  }
  const blob = async (bytes: Uint8Array) => `fileb://${await put(bytes)}`

  /** The words of one line, and then what has bytes for a value. */
  async function aws(words: string, blobs: Readonly<Record<string, Uint8Array>> = {}): Promise<Answer> {
    const args = ['kms', ...words.split(' ')]
    for (const [name, bytes] of Object.entries(blobs)) args.push(`--${name}`, await blob(bytes))
    return ((await runAws(lines, ...args)) ?? {}) as Answer
  }
  async function openssl(words: string, ...paths: string[]): Promise<string> {
    const { exitCode, stdout, stderr } = await run('openssl', [...words.split(' '), ...paths])
    if (exitCode !== 0) throw new Error(`openssl ${words}: ${stdout}${stderr}`)
    return stdout
  }
  async function newKey(words: string): Promise<string> {
    const made = (await aws(`create-key ${words}`)) as unknown as { KeyMetadata: { KeyId: string } }
    return made.KeyMetadata.KeyId
  }
  const publicKeyFile = async (keyId: string) => put(bytesOf((await aws(`get-public-key --key-id ${keyId}`)).PublicKey))

  /** To whom a KMS key with Origin EXTERNAL belongs: wrapped by OpenSSL, brought by the CLI. */
  async function bring(keyId: string, material: Uint8Array) {
    const wrapping = '--wrapping-algorithm RSAES_OAEP_SHA_256 --wrapping-key-spec RSA_4096'
    const { PublicKey, ImportToken } = await aws(`get-parameters-for-import --key-id ${keyId} ${wrapping}`)
    const wrapped = await oaep('-encrypt -pubin', await put(bytesOf(PublicKey)), material)
    return aws(`import-key-material --key-id ${keyId} --expiration-model KEY_MATERIAL_DOES_NOT_EXPIRE`, {
      'encrypted-key-material': wrapped,
      'import-token': bytesOf(ImportToken),
    })
  }
  async function oaep(direction: string, keyFile: string, bytes: Uint8Array): Promise<Buffer> {
    const out = pathOf(`oaep-${files++}`)
    const padding = '-pkeyopt rsa_padding_mode:oaep -pkeyopt rsa_oaep_md:sha256 -pkeyopt rsa_mgf1_md:sha256'
    await openssl(`pkeyutl ${direction} -keyform DER ${padding} -inkey`, keyFile, '-in', await put(bytes), '-out', out)
    return readFile(out)
  }

  return { pathOf, put, aws, openssl, newKey, publicKeyFile, bring, oaep }
}

type Shell = Awaited<ReturnType<typeof openShell>>

/**
 * Tests in one shell, with a server of their own; skipped where there is no AWS CLI. In strong mode: the CLI is slow,
 * so leased mode is the SDK's part (asymmetric-sdk.test.ts).
 */
export async function withShell(name: string, tests: (shell: () => Shell) => void): Promise<void> {
  describe.skipIf(!(await isThere('aws', '--version')))(name, () => {
    let home: Home
    let shell: Shell
    beforeAll(async () => {
      home = await openHome(0)
      shell = await openShell(home)
    })
    afterAll(() => home.close())
    tests(() => shell)
  })
}
