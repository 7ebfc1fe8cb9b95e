import { randomBytes } from 'node:crypto'
import * as kms from '@aws-sdk/client-kms'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { newSecrets } from '../../scripts/dev-vars.mjs'
import type { ServedProcess } from '../../scripts/serve-process.mjs'
import {
  accountId,
  type Credentials,
  newStateFolder,
  region,
  removeFolder,
  rootUser,
  secrets,
  startServer,
} from './server'

const otherSecrets = JSON.parse(newSecrets().KMS_ACCOUNTS) as Record<string, Credentials>
const [otherEntry] = Object.entries(otherSecrets)
if (!otherEntry) throw new Error('newSecrets made no account')
const [otherAccountId, otherUser] = otherEntry
const vars = {
  KMS_ACCOUNTS: JSON.stringify({ ...JSON.parse(secrets.KMS_ACCOUNTS), ...otherSecrets }),
  KMS_REGIONS: 'us-east-1,eu-west-1',
}

/** Three homes on one server, filled before the first test and asked again after its end. */
describe('accounts and Regions', () => {
  let folder: string
  let server: ServedProcess
  const Plaintext = Uint8Array.from(randomBytes(100))
  const EncryptionContext = { home: 'sweet' }
  const places = {
    first: { region, credentials: rootUser, account: accountId },
    otherRegion: { region: 'eu-west-1', credentials: rootUser, account: accountId },
    otherAccount: { region, credentials: otherUser, account: otherAccountId },
  }
  type Place = keyof typeof places
  const names = Object.keys(places) as Place[]
  const made = new Map<Place, { arn: string; keyId: string; blob: Uint8Array }>()
  const at = (place: Place) => made.get(place) ?? expect.fail(`nothing was made at ${place}`)

  async function using<T>(place: Place, work: (client: kms.KMSClient) => Promise<T>): Promise<T> {
    const { region: here, credentials } = places[place]
    const client = new kms.KMSClient({ endpoint: server.url, region: here, credentials, maxAttempts: 1 })
    try {
      return await work(client)
    } finally {
      client.destroy()
    }
  }
  const start = async () => {
    server = await startServer(folder, vars)
  }

  beforeAll(async () => {
    folder = await newStateFolder()
    await start()
    for (const place of names) {
      await using(place, async (client) => {
        const { KeyMetadata } = await client.send(new kms.CreateKeyCommand({ Description: place }))
        const { KeyId: keyId, Arn: arn } = KeyMetadata ?? {}
        if (!keyId || !arn) throw new Error('CreateKey gave no key')
        await client.send(new kms.CreateAliasCommand({ AliasName: 'alias/same', TargetKeyId: keyId }))
        const sealed = await client.send(new kms.EncryptCommand({ KeyId: keyId, Plaintext, EncryptionContext }))
        made.set(place, { arn, keyId, blob: sealed.CiphertextBlob ?? new Uint8Array() })
      })
    }
  })
  afterAll(async () => {
    await server.stop()
    await removeFolder(folder)
  })

  const hasItsOwn = (place: Place) =>
    using(place, async (client) => {
      const { arn, keyId, blob } = at(place)
      expect(arn).toBe(`arn:aws:kms:${places[place].region}:${places[place].account}:key/${keyId}`)
      const { Keys } = await client.send(new kms.ListKeysCommand({}))
      expect(Keys).toEqual([{ KeyId: keyId, KeyArn: arn }])
      const { KeyMetadata } = await client.send(new kms.DescribeKeyCommand({ KeyId: 'alias/same' }))
      expect(KeyMetadata).toMatchObject({ KeyId: keyId, Description: place })
      const opened = await client.send(new kms.DecryptCommand({ CiphertextBlob: blob, EncryptionContext }))
      expect(Uint8Array.from(opened.Plaintext ?? [])).toEqual(Plaintext)
    })

  it.each(names)('%s has its own key, alias and blob alone', hasItsOwn)

  const strangers = names.flatMap((place) =>
    names.filter((other) => other !== place).map((other) => [place, other] as const),
  )
  it.each(strangers)('%s neither sees nor opens what belongs to %s', async (place, other) => {
    await using(place, async (client) => {
      const { keyId, blob } = at(other)
      await expect(client.send(new kms.DescribeKeyCommand({ KeyId: keyId }))).rejects.toBeInstanceOf(
        kms.NotFoundException,
      )
      await expect(
        client.send(new kms.DecryptCommand({ CiphertextBlob: blob, EncryptionContext })),
      ).rejects.toMatchObject({ name: expect.stringMatching(/^(AccessDenied|InvalidCiphertext)Exception$/) })
    })
  })

  it("refuses another Region's ARN", () =>
    using('first', (client) =>
      expect(client.send(new kms.DescribeKeyCommand({ KeyId: at('otherRegion').arn }))).rejects.toMatchObject({
        name: 'NotFoundException',
        message: 'Invalid arn eu-west-1',
      }),
    ))

  it("refuses another account's ARN without telling what is there", () =>
    using('first', async (client) => {
      const { arn, keyId } = at('otherAccount')
      const ask = (KeyId: string) => client.send(new kms.DescribeKeyCommand({ KeyId })).catch((error: Error) => error)
      const [present, absent] = [await ask(arn), await ask(arn.replace(keyId, crypto.randomUUID()))]
      expect(present).toMatchObject({ name: 'AccessDeniedException' })
      expect(absent).toMatchObject({ name: 'AccessDeniedException', message: (present as Error).message })
    }))

  it('refuses a Region that is not served', async () => {
    const client = new kms.KMSClient({
      endpoint: server.url,
      region: 'ap-south-1',
      credentials: rootUser,
      maxAttempts: 1,
    })
    await expect(client.send(new kms.ListKeysCommand({}))).rejects.toMatchObject({ name: 'InvalidSignatureException' })
    client.destroy()
  })

  it('keeps all of it over a stop and a start', async () => {
    await server.stop()
    await expect(fetch(`${server.url}/healthz`)).rejects.toThrow()
    await start()
    for (const place of names) await hasItsOwn(place)
  })
})
